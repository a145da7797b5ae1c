//! Files that programs leave come back, and nothing else does, whatever lies in their folder.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};
use tests::cluster::job;
use tests::http::{self, Download};
use tests::{Cluster, Postgres, wait_until};

/// A picture of one pixel, and files in folders.
const PLOT: &str = r#"
import os, zlib, struct
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
picture += chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
open("plot.png", "wb").write(picture)
os.makedirs("data/raw")
open("data/table.csv", "w").write("a,b\n" * 50000)
open("data/raw/bytes.bin", "wb").write(bytes(range(256)) * 1000)
open("notes.txt", "w").write("")
print("drawn")
"#;

/// All that a folder can hold to lead somebody astray.
const HOSTILE: &str = r#"
import os
open("good.txt", "w").write("good")
for name, target in [("passwd", "/etc/passwd"), ("up", ".."), ("slash", "/"), ("self", "/proc/self/root"), ("loop", "loop")]:
    os.symlink(target, name)
os.link("good.txt", "hard.txt")
os.mkfifo("fifo")
try:
    os.mknod("device", 0o20666, os.makedev(1, 3))
except OSError:
    pass
open("locked", "w").write("x")
os.chmod("locked", 0)
sparse = open("sparse", "wb")
try:
    sparse.truncate(1 << 40)
except OSError:
    sparse.truncate(60 << 20)
for name in [b"raw\xff", b"line\nbreak", b"bell\x07", b"...", b"-rf", b"a b", "é".encode()]:
    open(name, "w").write("named")
os.mkdir("up\nwards")
os.mkdir("shut")
open("shut/inner", "w").write("x")
os.chmod("shut", 0)
"#;

const CROWD: &str = r#"
import os
os.mkdir("many")
made = 0
for number in range(100000):
    try:
        open(f"many/{number:06}", "w").close()
        made += 1
    except OSError:
        break
print(made)
"#;

const DEEP: &str = r#"
import os
open("top", "w").write("x")
for depth in range(300):
    os.mkdir("d")
    os.chdir("d")
    open("f", "w").write("x")
"#;

fn with_patterns(mut spec: Value, patterns: &[&str]) -> Value {
    spec["artifacts"] = json!(patterns);
    spec
}

/// The paths that a job's run left, and whether there were more.
fn left(job: &Value, run: usize) -> (Vec<String>, bool) {
    let result = &job["runs"][run];
    let artifacts = result["artifacts"].as_array().cloned().unwrap_or_default();
    let paths = artifacts.iter().map(|artifact| artifact["path"].as_str().unwrap().to_owned()).collect();
    (paths, result["flags"].as_array().unwrap().contains(&json!("artifacts_cut")))
}

fn download(cluster: &Cluster, job: &Value, path: &str) -> Download {
    http::download(&cluster.url(&format!("/jobs/{}/artifacts/{path}", job["id"].as_str().unwrap())))
}

#[test]
fn pictures_and_nested_files_come_back_as_they_were() {
    let cluster = Cluster::offering("python");
    let spec = with_patterns(job("python", "main.py", PLOT), &["*.png", "data/**", "*.txt"]);
    let job = cluster.job(&spec);
    assert_eq!(job["verdict"], "ok", "{job}");
    let expected = ["data/raw/bytes.bin", "data/table.csv", "notes.txt", "plot.png"];
    assert_eq!(left(&job, 0), (expected.map(str::to_owned).to_vec(), false));
    assert_eq!(job["runs"][0]["artifacts"][1]["size"], 200_000);

    let picture = download(&cluster, &job, "plot.png");
    assert_eq!((picture.status, picture.content_type.as_str()), (200, "image/png"));
    assert!(picture.bytes.starts_with(b"\x89PNG") && picture.disposition.is_none());
    let table = download(&cluster, &job, "data/table.csv?run=0");
    assert_eq!(table.content_type, "application/octet-stream");
    assert!(table.disposition.unwrap().starts_with("attachment"));
    assert_eq!(table.bytes, b"a,b\n".repeat(50_000));
    let bytes: Vec<u8> = (0..=255).cycle().take(256_000).collect();
    assert_eq!(download(&cluster, &job, "data/raw/bytes.bin").bytes, bytes);
    assert_eq!(download(&cluster, &job, "notes.txt").bytes, b"");
    for path in ["main.py", "plot.png?run=1", "data", "..%2f..%2fetc%2fpasswd", "data//table.csv"] {
        assert_eq!(download(&cluster, &job, path).status, 404, "{path}");
    }
    let none = cluster.job(&tests::cluster::job("python", "main.py", PLOT));
    assert_eq!(left(&none, 0), (vec![], false), "nobody asked for files");
}

#[test]
fn what_the_job_brought_and_its_compilation_made_is_no_artifact_unless_changed() {
    let cluster = Cluster::offering("c,python");
    let source = r#"
        #include <stdio.h>
        int main(void) {
            FILE *file = fopen("out.txt", "w");
            fputs("made", file);
            fclose(file);
            file = fopen("data.txt", "a");
            fputs(" and more", file);
            return fclose(file);
        }"#;
    let mut spec = with_patterns(job("c", "main.c", source), &["**"]);
    spec["files"].as_array_mut().unwrap().extend([
        json!({ "path": "data.txt", "content": "given" }),
        json!({ "path": "same.txt", "content": "same" }),
    ]);
    spec["runs"] = json!([{}, {}]);
    let done = cluster.job(&spec);
    assert_eq!(done["verdict"], "ok", "{done}");
    for run in 0..2 {
        assert_eq!(left(&done, run).0, ["data.txt", "out.txt"], "run {run}");
    }
    assert_eq!(download(&cluster, &done, "data.txt?run=1").bytes, b"given and more");

    let python = "open('data.txt', 'w').write('given')\nopen('new.txt', 'w')\n";
    let mut spec = with_patterns(job("python", "main.py", python), &["*"]);
    spec["files"].as_array_mut().unwrap().push(json!({ "path": "data.txt", "content": "given" }));
    assert_eq!(left(&cluster.job(&spec), 0), (vec!["new.txt".to_owned()], false));
}

#[test]
fn nothing_of_the_host_comes_out_of_a_hostile_folder() {
    let cluster = Cluster::offering("python");
    let job = cluster
        .job(&with_patterns(job("python", "main.py", HOSTILE), &["**", "slash/**", "up/*", "self/etc/*"]));
    assert_eq!(job["verdict"], "ok", "{job}");
    let (paths, cut) = left(&job, 0);
    assert_eq!(paths, ["-rf", "...", "a b", "good.txt", "hard.txt", "é"]);
    assert!(cut, "what cannot be kept is told");
    for path in ["passwd", "slash/etc/passwd", "self/etc/passwd", "locked", "device", "fifo", "shut/inner"] {
        assert_eq!(download(&cluster, &job, path).status, 404, "{path}");
    }
    assert_eq!(download(&cluster, &job, "hard.txt").bytes, b"good");
}

#[test]
fn crowds_of_files_and_deep_folders_end_somewhere() {
    let cluster = Cluster::offering("python");
    let crowd = cluster.job(&with_patterns(job("python", "main.py", CROWD), &["**"]));
    let made: u32 = crowd["runs"][0]["stdout"].as_str().unwrap().trim().parse().unwrap();
    assert!(made > 10_000, "{made} files");
    let (paths, cut) = left(&crowd, 0);
    assert_eq!((paths.len(), cut), (100, true));
    assert_eq!(paths[0], "many/000000");

    let deep = cluster.job(&with_patterns(job("python", "main.py", DEEP), &["**/f"]));
    assert_eq!(deep["verdict"], "ok", "{deep}");
    let (paths, cut) = left(&deep, 0);
    assert!(cut && paths.len() > 50 && paths.iter().all(|path| path.len() < 256), "{paths:?}");

    let stars = "*a".repeat(100) + "b";
    let spec = with_patterns(job("python", "main.py", CROWD), &[stars.as_str(), "**/**/**/none"]);
    assert_eq!(left(&cluster.job(&spec), 0).0.len(), 0);
}

#[test]
fn a_run_leaves_its_files_however_it_ends() {
    let cluster = Cluster::offering("python");
    for (end, limits, verdict) in [
        ("raise SystemExit(3)", json!({}), "runtime_error"),
        ("import time\ntime.sleep(60)", json!({ "wall_seconds": 1.0 }), "wall_time_exceeded"),
        ("print('x' * 100_000_000)", json!({}), "output_exceeded"),
    ] {
        let source = format!("open('log.txt', 'w').write('so far')\n{end}\n");
        let mut spec = with_patterns(job("python", "main.py", &source), &["log.txt"]);
        spec["limits"] = limits;
        let job = cluster.job(&spec);
        assert_eq!(job["verdict"], verdict, "{job}");
        assert_eq!(download(&cluster, &job, "log.txt").bytes, b"so far", "{verdict}");
    }
}

#[test]
fn a_job_leaves_no_more_than_its_runner_allows() {
    let mut cluster = Cluster::empty();
    let config = cluster.file("runner.toml", "artifact_files = 3\nartifact_bytes = 1000\n");
    cluster.add_runner("a", &["--language", "python", "--config", config.to_str().unwrap()]);
    let source = "import sys\nfor name in 'abcd':\n    open(name, 'w').write('x' * int(sys.argv[1]))\n";
    let mut spec = with_patterns(job("python", "main.py", source), &["*"]);
    spec["runs"] = json!([{ "args": ["400"] }, { "args": ["100"] }]);
    let job = cluster.job(&spec);
    assert_eq!(left(&job, 0), (vec!["a".to_owned(), "b".to_owned()], true), "by their bytes");
    assert_eq!(left(&job, 1), (vec!["a".to_owned()], true), "all runs together");
}

#[test]
fn files_outlive_their_controller_and_go_with_their_job() {
    let mut cluster = Cluster::offering("python");
    let source = "open('a.txt', 'w').write('kept')\n";
    let first = cluster.job(&with_patterns(job("python", "main.py", source), &["*"]));
    assert_eq!(download(&cluster, &first, "a.txt").bytes, b"kept");
    let runners = cluster.address("runners").to_owned();
    cluster.controller().kill();
    let doors =
        ["--clients", "127.0.0.1:0", "--runners", &runners, "--http", "127.0.0.1:0", "--keep-finished", "1"];
    cluster.replace_controller(&doors);
    assert_eq!(download(&cluster, &first, "a.txt").bytes, b"kept");
    wait_until("the runner to be back", || (cluster.runner_count() == 1).then_some(()));
    let second = cluster.job(&with_patterns(job("python", "main.py", source), &["*"]));
    wait_until("the first job to be forgotten", || {
        (download(&cluster, &first, "a.txt").status == 404).then_some(())
    });
    assert_eq!(download(&cluster, &second, "a.txt").bytes, b"kept");
}

#[test]
fn the_cli_writes_below_its_folder_only() {
    let cluster = Cluster::offering("python");
    let place = cluster.folder.path();
    let (out, outside) = (place.join("out"), place.join("outside"));
    fs::create_dir_all(&outside).unwrap();
    fs::create_dir_all(&out).unwrap();
    fs::write(outside.join("precious"), "precious").unwrap();
    symlink(&outside, out.join("folder")).unwrap();
    symlink(outside.join("precious"), out.join("link")).unwrap();
    fs::write(out.join("old"), "old").unwrap();
    let source = "import os\nos.mkdir('folder')\nfor name in ['link', 'old', 'new', 'folder/precious']:\n    \
                  open(name, 'w').write('written')\n";
    let file = cluster.file("main.py", source);
    let out_text = out.to_str().unwrap();
    let ran = cluster.run(&file, &["--artifact", "**", "--out", out_text]);
    assert_eq!(ran.code, 2, "one file cannot be written: {}", ran.stderr);
    assert!(ran.stderr.contains("folder/precious"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(outside.join("precious")).unwrap(), "precious");
    for name in ["link", "old", "new"] {
        assert_eq!(fs::read_to_string(out.join(name)).unwrap(), "written", "{name}");
    }

    let fresh = place.join("fresh/deeper");
    let ran = cluster.run(&file, &["--out", fresh.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("wrote") && ran.stderr.contains("fresh/deeper/new"), "{}", ran.stderr);
    assert_eq!(names(&fresh), ["link", "new", "old"], "new files beside the program, and not the program");
}

#[test]
fn files_of_several_runs_are_fetched_later() {
    let cluster = Cluster::offering("python");
    let source = "import sys\nopen('out.txt', 'w').write(sys.argv[1])\n";
    let mut spec = with_patterns(job("python", "main.py", source), &["*"]);
    spec["runs"] = json!([{ "args": ["one"] }, { "args": ["two"] }]);
    let job = cluster.job(&spec);
    let id = job["id"].as_str().unwrap();
    let listed = cluster.cli(&["artifacts", id]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(listed.matches("out.txt").count(), 2, "{listed}");
    let out = cluster.folder.path().join("out");
    let written = cluster.cli(&["artifacts", id, "--out", out.to_str().unwrap()]).output().unwrap();
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    assert_eq!(fs::read_to_string(out.join("run-0/out.txt")).unwrap(), "one");
    assert_eq!(fs::read_to_string(out.join("run-1/out.txt")).unwrap(), "two");
}

#[test]
fn whoever_has_a_link_sees_the_files_too() {
    let cluster = Cluster::offering("python");
    let job = cluster.job(&with_patterns(job("python", "main.py", PLOT), &["*.png"]));
    let id = job["id"].as_str().unwrap();
    let link = http::post(&cluster.url(&format!("/jobs/{id}/share")), &json!({}));
    let token = link.body["token"].as_str().unwrap();
    let picture = http::download(&cluster.url(&format!("/shared/{token}/artifacts/plot.png")));
    assert_eq!((picture.status, picture.content_type.as_str()), (200, "image/png"));
    assert_eq!(http::download(&cluster.url("/shared/nonsense/artifacts/plot.png")).status, 404);
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn whoever_asks_for_what_cannot_be_is_told() {
    let cluster = Cluster::with_flags(&[]);
    for pattern in ["../*", "/etc/*", ""] {
        let spec = with_patterns(job("python", "main.py", ""), &["*.png", pattern]);
        let answer = http::post(&cluster.url("/jobs"), &spec);
        assert_eq!(
            (answer.status, answer.body["field"].as_str()),
            (400, Some("artifacts[1]")),
            "{pattern:?}"
        );
    }
}

#[test]
fn names_that_no_file_can_have_are_not_there_in_a_database_either() {
    let server = Postgres::shared();
    let url = server.url(&server.database());
    let cluster = Cluster::with_flags(&["--store", &url]);
    let id = cluster.submit(&job("python", "main.py", ""));
    for name in ["a%00b", "a%2F..%2Fb", "%2Fetc"] {
        let answer = http::get(&cluster.url(&format!("/jobs/{id}/artifacts/{name}")));
        assert_eq!(answer.status, 404, "{name}: {}", answer.body);
    }
}
