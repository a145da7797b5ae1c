//! Programs of many files, and programs that are tested, on a real cluster.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tests::cluster::Ran;
use tests::{Cluster, root};

/// `cli test` of these tests with this program.
fn test(cluster: &Cluster, tests: &Path, program: &Path, more: &[&str]) -> Ran {
    let mut command = cluster.cli(&["test"]);
    command.arg(tests).arg("--program").arg(program).args(more);
    command.output().unwrap().into()
}

/// Writes a test.
fn case(cluster: &Cluster, folder: &str, name: &str, input: &str, expected: &str) {
    cluster.file(&format!("{folder}/{name}.in"), input);
    cluster.file(&format!("{folder}/{name}.out"), expected);
}

fn folder(cluster: &Cluster, name: &str) -> std::path::PathBuf {
    cluster.file(&format!("{name}/.keep"), "").parent().unwrap().to_owned()
}

#[test]
fn the_example_passes_its_tests_and_a_wrong_program_shows_where_it_fails() {
    let cluster = Cluster::offering("cpp,python");
    let sum = root().join("examples/sum");
    let ran = test(&cluster, &sum.join("tests"), &sum.join("sol.cpp"), &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.ends_with("5 of 5 tests ok · 5 of 5 points\n"), "{}", ran.stdout);

    let report = cluster.file("report.xml", "");
    let careless = "n = int(input())\nprint(sum(map(int, input().split())) if n != 4 else 'four')\n";
    let careless = cluster.file("careless.py", careless);
    let ran = test(&cluster, &sum.join("tests"), &careless, &["--junit", report.to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    for line in
        ["2        runtime error", "3        wrong answer", "large/1  ok", "EOFError", "3 of 5 tests ok"]
    {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.contains("tests=\"5\" failures=\"2\" errors=\"0\""), "{report}");
    assert!(report.contains("- 0\n+ four"), "{report}");

    let broken = cluster.file("broken.cpp", "int main() { retrun 0; }\n");
    let ran = test(&cluster, &sum.join("tests"), &broken, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (120, ""));
    assert!(ran.stderr.contains("broken.cpp:1") && ran.stderr.contains("compile error"), "{}", ran.stderr);
}

#[test]
fn each_checker_passes_over_what_it_should_and_nothing_else() {
    let cluster = Cluster::offering("python");
    let echo = cluster.file("echo.py", "import sys\nsys.stdout.write(sys.stdin.read())\n");
    for (checker, right, wrong) in [
        ("exact", ("a\n", "a\n"), ("a \n", "a\n")),
        ("trimmed", ("a \nb\n\n", "a\nb"), ("a  b\n", "a b\n")),
        ("tokens", ("a  b\n", "a\nb"), ("a b", "b a")),
        ("unordered_lines", ("b\na\n", "a\nb\n"), ("a\na\n", "a\nb\n")),
        ("float:0.01", ("1.004 x", "1.0 x"), ("1.02", "1.0")),
    ] {
        let name = format!("checker-{checker}");
        case(&cluster, &name, "right", right.0, right.1);
        case(&cluster, &name, "wrong", wrong.0, wrong.1);
        let ran = test(&cluster, &folder(&cluster, &name), &echo, &["--checker", checker, "--json"]);
        let job: Value = serde_json::from_str(&ran.stdout).unwrap();
        let verdicts = [&job["runs"][0]["verdict"], &job["runs"][1]["verdict"]];
        assert_eq!((ran.code, verdicts), (1, [&json!("ok"), &json!("wrong_answer")]), "{checker}: {job}");
        let ran = test(&cluster, &folder(&cluster, &name), &echo, &["--checker", checker]);
        assert!(ran.stdout.contains("\n- ") && ran.stdout.contains("\n+ "), "{checker}: {}", ran.stdout);
        assert!(ran.stdout.ends_with("1 of 2 tests ok · 1 of 2 points\n"), "{checker}: {}", ran.stdout);
    }
}

#[test]
fn nothing_begins_after_a_failure_where_that_is_wished() {
    let cluster = Cluster::offering("python");
    for (name, expected) in [("1", "1"), ("2", "no"), ("3", "3")] {
        case(&cluster, "stop", name, name, expected);
    }
    let echo = cluster.file("echo.py", "print(input())\n");
    let ran = test(&cluster, &folder(&cluster, "stop"), &echo, &["--stop-on-failure"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("3     not run"), "{}", ran.stdout);
    assert!(ran.stdout.contains("1 of 3 tests ok · 1 not run"), "{}", ran.stdout);
}

#[test]
fn a_folder_and_its_archives_run_as_one_program() {
    let cluster = Cluster::offering("cpp,python");
    cluster.file("game/main.py", "from lib.greet import hello\nhello(open('data.txt').read())\n");
    cluster.file("game/lib/greet.py", "def hello(name): print('hello ' + name)\n");
    cluster.file("game/data.txt", "ada");
    let game = folder(&cluster, "game");
    let parent = game.parent().unwrap();
    for (program, arguments) in [
        ("tar", vec!["cf", "game.tar", "game"]),
        ("tar", vec!["czf", "game.tar.gz", "-C", "game", "."]),
        ("python3", vec!["-m", "zipfile", "-c", "game.zip", "game"]),
    ] {
        assert!(Command::new(program).args(arguments).current_dir(parent).status().unwrap().success());
    }
    for name in ["game", "game.tar", "game.tar.gz", "game.zip"] {
        let ran = cluster.run(&parent.join(name), &["--main", "main.py"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "hello ada\n"), "{name}: {}", ran.stderr);
    }

    cluster.file("seven/a.cpp", "#include \"b.h\"\nint main() { return seven() - 7; }\n");
    cluster.file("seven/b.cpp", "#include \"b.h\"\nint seven() { return 7; }\n");
    cluster.file("seven/b.h", "int seven();\n");
    let seven = folder(&cluster, "seven");
    let [a, b, header] = ["a.cpp", "b.cpp", "b.h"].map(|name| seven.join(name));
    let more = [b.to_str().unwrap(), header.to_str().unwrap(), "--main", a.to_str().unwrap()];
    let ran = cluster.run(&a, &more);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(cluster.run(&seven, &[]).code, 0, "the folder is the same program");
}

/// A page, or `curl -F`, sends an archive beside the job.
#[test]
fn an_archive_comes_over_http() {
    let cluster = Cluster::offering("python");
    cluster.file("up/main.py", "from x import answer\nprint(answer)\n");
    cluster.file("up/x.py", "answer = 42\n");
    let up = folder(&cluster, "up");
    let archive = up.with_extension("tgz");
    let mut tar = Command::new("tar");
    tar.arg("czf").arg(&archive).arg("-C").arg(up.parent().unwrap()).arg("up");
    assert!(tar.status().unwrap().success());
    let mut body = b"--X\r\nContent-Disposition: form-data; name=\"spec\"\r\n\r\n".to_vec();
    body.extend(json!({ "language": "python", "main": "main.py" }).to_string().bytes());
    body.extend(b"\r\n--X\r\nContent-Disposition: form-data; name=\"archive\"; filename=\"up.tgz\"\r\n\r\n");
    body.extend(std::fs::read(archive).unwrap());
    body.extend(b"\r\n--X--\r\n");
    let headers = [("content-type", "multipart/form-data; boundary=X"), ("x-ruche", "1")];
    let answer = tests::http::post_as(&cluster.url("/jobs?wait=60"), &headers, &body);
    assert_eq!((answer.status, &answer.body["runs"][0]["stdout"]), (200, &json!("42\n")), "{}", answer.body);
}
