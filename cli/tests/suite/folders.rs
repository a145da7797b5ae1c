//! `cli run` of folders and archives.

use std::fs;
use std::path::Path;
use std::process::Command;

use protocol::client::{Request, Response};

use crate::support::*;

/// A folder with a program in Python, what is not a part of it, and an archive of it.
fn game() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let game = folder.path().join("game");
    fs::create_dir_all(game.join("lib")).unwrap();
    fs::create_dir_all(game.join(".git")).unwrap();
    for (name, text) in [("main.py", "1"), ("lib/x.py", "2"), ("data.txt", "3"), (".git/config", "4")] {
        fs::write(game.join(name), text).unwrap();
    }
    std::os::unix::fs::symlink("/etc/passwd", game.join("passwd")).unwrap();
    let mut tar = Command::new("tar");
    tar.args(["czf", "game.tgz", "--exclude", "passwd", "--exclude", ".git", "game"]);
    assert!(tar.current_dir(folder.path()).status().unwrap().success());
    folder
}

/// The files that reach the controller, the language, and how the command ended.
fn sent(arguments: &[&str]) -> (Vec<String>, String, Finished) {
    let (sender, received) = std::sync::mpsc::channel();
    let controller = FakeController::start(move |client| {
        let (stream, request) = client.request();
        assert_eq!(request, Request::Languages, "a folder is held against all languages");
        let languages = vec![language("python", "Python", "py"), language("c", "C", "c")];
        client.respond(stream, &Response::Languages { languages });
        let spec = client.start_job().spec;
        client.finished(ok());
        sender.send(spec).unwrap();
    });
    let end = cli(&controller.address, &[&["run"], arguments].concat()).finish();
    controller.end();
    let spec = received.recv().unwrap();
    (spec.files.into_iter().map(|file| file.path).collect(), spec.language, end)
}

#[test]
fn a_folder_is_sent_without_what_is_hidden_and_no_link_is_followed_out_of_it() {
    let folder = game();
    let game = folder.path().join("game");
    let (files, language, end) = sent(&[game.to_str().unwrap()]);
    assert_eq!(files, ["data.txt", "lib/x.py", "main.py"]);
    assert_eq!((language.as_str(), end.code), ("python", Some(0)));
    assert!(end.stderr.contains("passwd is left out: it is a link"), "{}", end.stderr);
}

#[test]
fn an_archive_is_sent_as_what_is_in_it() {
    let folder = game();
    let archive = folder.path().join("game.tgz");
    let (files, language, end) = sent(&[archive.to_str().unwrap(), "--main", "lib/x.py"]);
    assert_eq!(files, ["data.txt", "lib/x.py", "main.py"]);
    assert_eq!((language.as_str(), end.code), ("python", Some(0)));
}

/// What is said without anybody being asked.
fn refused(arguments: &[&str]) -> String {
    let end = cli("127.0.0.1:1", &[&["run"], arguments].concat()).finish();
    assert_eq!((end.code, end.stdout.as_str()), (Some(2), ""), "{}", end.stderr);
    end.stderr
}

#[test]
fn what_cannot_be_sent_is_told_before_anybody_is_asked() {
    let folder = game();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (game, archive) = (at("game"), at("game.tgz"));
    assert!(refused(&[&game, &archive]).contains("give one folder, one archive, or files"));
    assert!(refused(&[&game, "main.py"]).contains("give one folder, one archive, or files"));
    assert!(refused(&[&archive, "--main", "other.py"]).contains("other.py is none of the files"));

    let empty = at("empty");
    fs::create_dir(&empty).unwrap();
    assert!(refused(&[&empty]).contains("empty: there is no file in this folder that could be sent"));

    let huge = fs::File::create(Path::new(&game).join("huge.bin")).unwrap();
    huge.set_len(300 << 20).unwrap();
    let words = refused(&[&game]);
    assert!(words.contains("300 MB together, and at most 256 MB; the largest is"), "{words}");
    assert!(words.contains("huge.bin, 300 MB"), "{words}");

    fs::write(at("fake.zip"), "no zip").unwrap();
    assert!(refused(&[&at("fake.zip")]).contains("fake.zip: this is neither a zip nor a tar nor a tar.gz"));
    let mut tar = Command::new("tar");
    tar.args(["cf", "link.tar", "game/main.py", "game/passwd"]).current_dir(folder.path());
    assert!(tar.status().unwrap().success());
    assert!(refused(&[&at("link.tar")]).contains("\"game/passwd\" in the archive is a link"));
}

#[test]
fn a_folder_in_several_languages_needs_a_word() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.py"), "").unwrap();
    fs::write(folder.path().join("b.c"), "").unwrap();
    let controller = FakeController::start(|client| {
        let (stream, _) = client.request();
        let languages = vec![language("python", "Python", "py"), language("c", "C", "c")];
        client.respond(stream, &Response::Languages { languages });
    });
    let end = cli(&controller.address, &["run", folder.path().to_str().unwrap()]).finish();
    controller.end();
    assert_eq!(end.code, Some(125));
    assert_eq!(
        end.stderr,
        "error: the files are in several languages (c: 1, python: 1): say --lang, or --main FILE\n"
    );
}
