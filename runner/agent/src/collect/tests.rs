use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use nix::sys::stat::Mode;

use super::*;

/// What came: paths with their contents, and whether something was left out.
type Got = (Vec<(String, Vec<u8>)>, bool);

fn opened(folder: &Path) -> OwnedFd {
    File::open(folder).unwrap().into()
}

fn wanted(patterns: &[&str], most_files: u32, most_bytes: u64) -> Wanted {
    Wanted { patterns: patterns.iter().map(|&pattern| pattern.to_owned()).collect(), most_files, most_bytes }
}

fn collect(folder: &Path, unlike: Option<&Path>, wanted: &Wanted) -> Got {
    let mut collection = Collection::new(7, opened(folder), unlike.map(opened), wanted).unwrap();
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut open = false;
    loop {
        match collection.reply().unwrap() {
            Reply::File { id: 7, path, data, end, .. } => {
                if !open {
                    files.push((path.clone(), Vec::new()));
                }
                let (current, content) = files.last_mut().unwrap();
                assert_eq!(*current, path);
                content.extend(data);
                open = !end;
            }
            Reply::Collected { id: 7, left_out, .. } => return (files, left_out),
            other => panic!("{other:?}"),
        }
    }
}

fn names(got: &Got) -> Vec<&str> {
    got.0.iter().map(|(path, _)| path.as_str()).collect()
}

fn folder_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

#[test]
fn files_come_in_order_and_whole() {
    let large: Vec<u8> = (0..MAX_DATA * 2 + 1).map(|at| at as u8).collect();
    let exact = vec![1; MAX_DATA];
    let folder = folder_with(&[
        ("b/large", &large),
        ("a.png", b"png"),
        ("b/exact", &exact),
        ("empty", b""),
        ("no.txt", b""),
    ]);
    let got = collect(folder.path(), None, &wanted(&["*.png", "b/*", "empty"], 10, u64::MAX));
    assert_eq!(names(&got), ["a.png", "b/exact", "b/large", "empty"]);
    assert_eq!((&got.0[1].1, &got.0[2].1, got.1), (&exact, &large, false));
}

#[test]
fn nothing_but_regular_files_below_the_folder_comes() {
    let outside = folder_with(&[("secret", b"secret")]);
    let folder = folder_with(&[("real", b"real"), ("d/inner", b"inner")]);
    let at = |name: &str| folder.path().join(name);
    symlink("/etc/passwd", at("passwd")).unwrap();
    symlink(outside.path().join("secret"), at("link")).unwrap();
    symlink(outside.path(), at("folder")).unwrap();
    symlink("..", at("up")).unwrap();
    symlink("real", at("inside")).unwrap();
    fs::hard_link(at("real"), at("hard")).unwrap();
    nix::unistd::mkfifo(&at("fifo"), Mode::S_IRWXU).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    let got = collect(folder.path(), None, &wanted(&["**", "folder/secret", "up/*"], 100, u64::MAX));
    assert_eq!(names(&got), ["d/inner", "hard", "real"]);
    assert!(!got.1, "links and pipes are no files");
}

#[test]
fn caps_leave_out_whole_files_and_say_so() {
    let folder = folder_with(&[("a", b"12345"), ("b", b"123456789"), ("c", b"12345")]);
    let got = collect(folder.path(), None, &wanted(&["*"], 10, 10));
    assert_eq!((names(&got), got.1), (vec!["a", "c"], true));
    let got = collect(folder.path(), None, &wanted(&["*"], 2, u64::MAX));
    assert_eq!((names(&got), got.1), (vec!["a", "b"], true));
    let got = collect(folder.path(), None, &wanted(&["[ab]"], 2, 14));
    assert_eq!((names(&got), got.1), (vec!["a", "b"], false));
}

#[test]
fn a_huge_sparse_file_costs_nothing() {
    let folder = folder_with(&[("z", b"small")]);
    File::create(folder.path().join("huge")).unwrap().set_len(1 << 40).unwrap();
    let got = collect(folder.path(), None, &wanted(&["*"], 10, 1 << 20));
    assert_eq!((names(&got), got.1), (vec!["z"], true));
}

#[test]
fn names_that_cannot_be_said_are_left_out() {
    let folder = folder_with(&[("fine é", b""), ("bell\u{7}", b""), ("line\nbreak/inner", b"")]);
    fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"raw\xff")), b"").unwrap();
    let got = collect(folder.path(), None, &wanted(&["**"], 10, 100));
    assert_eq!((names(&got), got.1), (vec!["fine é"], true));
    let got = collect(folder.path(), None, &wanted(&["fine*"], 10, 100));
    assert!(!got.1, "what nobody asked for is not missed");
}

#[test]
fn deep_folders_and_long_paths_end_somewhere() {
    let folder = folder_with(&[("a/top", b"")]);
    let deep = vec!["d"; 70].join("/");
    let long = vec!["e".repeat(100); 3].join("/");
    for (path, name) in [(deep, "deep"), (long, "long")] {
        fs::create_dir_all(folder.path().join(&path)).unwrap();
        fs::write(folder.path().join(path).join(name), b"").unwrap();
    }
    let got = collect(folder.path(), None, &wanted(&["**"], 10, 100));
    assert_eq!((names(&got), got.1), (vec!["a/top"], true));
    let got = collect(folder.path(), None, &wanted(&["a/*"], 10, 100));
    assert!(!got.1);
}

#[test]
fn many_files_are_counted_and_hostile_patterns_given_up() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..3000 {
        fs::write(folder.path().join(format!("{number:04}{}", "a".repeat(240))), b"").unwrap();
    }
    let got = collect(folder.path(), None, &wanted(&["*"], 3, 100));
    assert_eq!((got.0.len(), got.1), (3, true));
    let pattern = format!("*{}b", "a".repeat(120));
    let got = collect(folder.path(), None, &wanted(&[pattern.as_str(); 32], 3, 100));
    assert_eq!((got.0.len(), got.1), (0, true));
}

#[test]
fn what_is_as_it_was_is_not_wanted() {
    let before = folder_with(&[("same", b"same"), ("changed", b"12345"), ("longer", b"1"), ("d/same", b"x")]);
    let after = folder_with(&[
        ("same", b"same"),
        ("changed", b"12346"),
        ("longer", b"12"),
        ("d/same", b"x"),
        ("new", b"new"),
    ]);
    let got = collect(after.path(), Some(before.path()), &wanted(&["**"], 3, 100));
    assert_eq!(names(&got), ["changed", "longer", "new"]);
}

#[test]
fn what_may_be_executed_is_told() {
    let folder = folder_with(&[("program", b"")]);
    fs::set_permissions(folder.path().join("program"), Permissions::from_mode(0o755)).unwrap();
    let mut collection = Collection::new(1, opened(folder.path()), None, &wanted(&["*"], 1, 1)).unwrap();
    assert!(matches!(collection.reply(), Ok(Reply::File { executable: true, end: true, .. })));
}

#[test]
fn folders_with_nothing_in_them_are_told_of() {
    let tells = |folder: &Path| {
        let mut collection = Collection::new(7, opened(folder), None, &wanted(&["**"], 9, 99)).unwrap();
        loop {
            if let Reply::Collected { empty_folders, .. } = collection.reply().unwrap() {
                return empty_folders;
            }
        }
    };
    let folder = folder_with(&[("a/b", b"x")]);
    assert!(!tells(folder.path()));
    assert!(!tells(folder_with(&[]).path()), "the box's own folder is everywhere");
    fs::create_dir_all(folder.path().join("a/c")).unwrap();
    assert!(tells(folder.path()));
}
