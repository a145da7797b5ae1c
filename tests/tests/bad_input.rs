//! Whatever is wrong with a request is refused with the field at fault, and nothing is started or lost.

use std::process::Command;

use serde_json::{Value, json};
use tests::cluster::job;
use tests::process::binary;
use tests::{Cluster, http};

fn with(field: &str, value: Value) -> Value {
    let mut spec = job("python", "main.py", "print(1)");
    spec[field] = value;
    spec
}

fn files(paths: &[&str]) -> Value {
    let files: Vec<Value> = paths.iter().map(|path| json!({ "path": path, "content": "" })).collect();
    with("files", json!(files))
}

#[test]
fn http_names_the_field_at_fault() {
    let cluster = Cluster::offering("python");
    let long = "x".repeat(256);
    let cases = [
        (with("language", json!("cobol")), 422, "language"),
        (with("files", json!([])), 400, "files"),
        (files(&["/etc/passwd"]), 400, "files[0].path"),
        (files(&["main.py", "../up.py"]), 400, "files[1].path"),
        (files(&["main.py", "main.py"]), 400, "files[1].path"),
        (files(&[&long]), 400, "files[0].path"),
        (files(&["a\0b"]), 400, "files[0].path"),
        (with("main", json!("other.py")), 400, "main"),
        (with("args", json!(["a\0b"])), 400, "args[0]"),
        (with("env", json!({ "A=B": "1" })), 400, "env.A=B"),
        (with("limits", json!({ "cpu_seconds": -1 })), 400, "limits.cpu_seconds"),
        (with("limits", json!({ "cpu_seconds": 1e9 })), 422, "limits.cpu_seconds"),
        (with("limits", json!({ "memory_bytes": "much" })), 400, "limits.memory_bytes"),
        (with("runs", json!([])), 400, "runs"),
        (with("limts", json!({})), 400, "limts"),
        (with("files", json!([{ "path": "main.py", "base64": "%%%" }])), 400, "files[0]"),
        (with("files", json!([{ "path": "main.py", "size": 3 }])), 400, "files[0].content"),
    ];
    for (spec, status, field) in cases {
        let answer = http::post(&cluster.url("/jobs"), &spec);
        assert_eq!(answer.status, status, "{field}: {}", answer.body);
        assert_eq!(answer.content_type, "application/problem+json");
        let named = answer.body["field"].as_str().unwrap_or_default();
        assert!(
            named.starts_with(field) || field.starts_with(named) && !named.is_empty(),
            "{field}: {}",
            answer.body
        );
        assert!(!answer.body["detail"].as_str().unwrap().is_empty());
    }
    let unknown = http::post(&cluster.url("/jobs"), &with("language", json!("cobol")));
    assert!(unknown.body["detail"].as_str().unwrap().contains("python"), "it lists what there is");
    assert_eq!(cluster.job_ids(), Vec::<String>::new(), "nothing was recorded");
}

#[test]
fn http_refuses_what_is_no_request() {
    let cluster = Cluster::with_flags(&["--max-body", "65536"]);
    let jobs = cluster.url("/jobs");
    assert_eq!(http::post_raw(&jobs, b"{").status, 400);
    assert_eq!(http::post_raw(&jobs, b"[]").status, 400);
    assert_eq!(http::post_raw(&jobs, &vec![b' '; 200_000]).status, 413);
    assert_eq!(http::get(&cluster.url("/nothing")).status, 404);
    assert_eq!(http::get(&cluster.url("/jobs/nonsense")).status, 400);
    assert_eq!(http::get(&cluster.url("/jobs/00000000000000000000000000000000")).status, 404);
    assert_eq!(http::get(&cluster.url("/jobs?state=sleeping")).status, 400);
    for path in ["/nothing", "/jobs/nonsense", "/jobs?state=sleeping"] {
        assert_eq!(http::get(&cluster.url(path)).content_type, "application/problem+json", "{path}");
    }
}

#[test]
fn a_full_queue_refuses_with_a_time_to_come_back() {
    let cluster = Cluster::with_flags(&["--max-queue", "1"]);
    cluster.submit(&job("python", "main.py", "print(1)"));
    let refused = http::post(&cluster.url("/jobs"), &job("python", "main.py", "print(2)"));
    assert!(matches!(refused.status, 429 | 503), "{}", refused.body);
    assert!(refused.retry_after.is_some());
}

#[test]
fn the_cli_says_what_is_wrong_in_one_line() {
    let cluster = Cluster::offering("python");
    let unknown = cluster.file("main.cob", "DISPLAY 'HI'.");
    let missing = cluster.folder.path().join("missing.py");
    let empty = tempfile::tempdir().unwrap();
    let fine = cluster.file("main.py", "print(1)");
    for (file, arguments, code, says) in [
        (unknown.as_path(), &[][..], 125, "main.cob"),
        (unknown.as_path(), &["--lang", "cobol"][..], 125, "cobol"),
        (missing.as_path(), &[][..], 2, "missing.py"),
        (empty.path(), &[][..], 2, "folder"),
        (fine.as_path(), &["--cpu", "1000h"][..], 125, "cpu_seconds"),
        (fine.as_path(), &["--memory", "lots"][..], 2, "lots"),
    ] {
        let ran = cluster.run(file, arguments);
        assert_eq!(ran.code, code, "{says}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked") && !ran.stderr.contains("backtrace"), "{}", ran.stderr);
    }
    assert_eq!(cluster.job_ids(), Vec::<String>::new());
}

#[test]
fn no_controller_is_one_clear_line() {
    let file = tests::root().join("examples/main.py");
    let ran =
        Command::new(binary("cli")).arg("run").arg(file).args(["--master", "127.0.0.1:1"]).output().unwrap();
    assert_eq!(ran.status.code(), Some(127));
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("error: ") && said.contains("127.0.0.1:1"), "{said}");
}

#[test]
fn a_wrong_configuration_stops_the_start_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("bad.toml");
    std::fs::write(&config, "max_jbos = 3\n").unwrap();
    for arguments in [&["start", "--config"][..], &["--config"][..]] {
        let program = binary(if arguments.len() == 2 { "runner" } else { "controller" });
        let ran = Command::new(program).args(arguments).arg(&config).output().unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert!(!ran.status.success());
        assert!(said.contains("max_jbos") && said.contains("bad.toml"), "{said}");
    }
    let mut open = Command::new(binary("controller"));
    open.args(["--http", "0.0.0.0:0", "--tls", "never"]);
    let open = open.output().unwrap();
    assert!(!open.status.success(), "a door to the world needs more than a default");
    assert!(String::from_utf8(open.stderr).unwrap().contains("insecure"));
}
