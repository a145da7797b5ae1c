//! Languages: what the conformance programs prove in a sandbox (`runner languages check`), what of it people see through
//! a cluster, and how an operator adds a language.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test helper may fail its test")]

use std::process::Command;

use protocol::Verdict;
use runner::conformance::case::{self, Case, EXPECTED};
use serde_json::Value;
use tests::process::binary;
use tests::{Cluster, Ran, docker, nonce};

/// What `make test` builds.
const BASIC: [&str; 6] = ["python", "c", "cpp", "java", "javascript", "typescript"];

/// `runner languages check`, and the reports that it prints.
fn languages_check(arguments: &[&str]) -> (Ran, Vec<Value>) {
    let run_dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(binary("runner"));
    command.args(["languages", "check", "--json", "--run-dir"]).arg(run_dir.path()).args(arguments);
    let ran: Ran = command.output().expect("the runner runs").into();
    let reports = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    (ran, reports)
}

#[test]
fn every_language_whose_image_is_here_proves_what_it_has_to() {
    let (ran, reports) = languages_check(&[]);
    let complaints = |report: &Value| {
        let cases = report["cases"].as_array().unwrap().iter();
        let failed: Vec<&Value> = cases.filter(|case| !case["complaint"].is_null()).collect();
        format!("{}: {} {failed:?}", report["id"], report["trouble"])
    };
    let all: Vec<String> = reports.iter().map(complaints).collect();
    assert_eq!(ran.code, 0, "{}\n{}", ran.stderr, all.join("\n"));
    for id in BASIC {
        let report =
            reports.iter().find(|report| report["id"] == id).unwrap_or_else(|| panic!("{id} is missing"));
        let cases: Vec<&Value> =
            report["cases"].as_array().unwrap().iter().map(|case| &case["name"]).collect();
        assert!(EXPECTED.iter().all(|name| cases.iter().any(|case| *case == name)), "{id}: {cases:?}");
        assert!(report["hello_ms"].is_u64() && report["version"].is_string(), "{report}");
    }
}

/// What people see of the programs: the cases that need no further file and no limit.
#[test]
fn the_cli_ends_as_the_program_does_in_every_language() {
    let cluster = Cluster::offering(&BASIC.join(","));
    let languages = runner::languages::built_in().unwrap();
    for id in BASIC {
        let language = languages.iter().find(|language| language.id == id).unwrap();
        let cases = case::of_language(language, None).unwrap();
        for case in
            cases.iter().filter(|case| ["stdin", "args", "error", "exit"].contains(&case.name.as_str()))
        {
            see(&cluster, case);
        }
    }
}

fn see(cluster: &Cluster, case: &Case) {
    let what = format!("{} {}", case.spec.language, case.name);
    let source = &case.spec.files[0];
    let file = cluster.file(&format!("{}/{}", case.spec.language, source.path), &source.content.to_text());
    let mut arguments = vec!["--"];
    arguments.extend(case.spec.args.iter().map(String::as_str));
    let stdin = case.spec.stdin.as_ref().map(|stdin| stdin.bytes());
    let ran = cluster.run_with_stdin(&file, &arguments, stdin.as_deref());
    let code = match case.expected.verdict {
        Verdict::CompileError => 120,
        _ => case.expected.exit_code.unwrap_or(i32::from(case.expected.verdict != Verdict::Ok)),
    };
    assert_eq!(ran.code, code, "{what}: {}", ran.stderr);
    if let Some(stdout) = &case.expected.stdout {
        assert_eq!(&ran.stdout, stdout, "{what}: {}", ran.stderr);
    }
    if let Some(says) = &case.expected.says {
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(says), "{what}: the error names its line: {said}");
    }
}

/// An image that goes with its test.
struct Image(String);

impl Drop for Image {
    fn drop(&mut self) {
        // Where the test has failed already, there may be none.
        if !std::thread::panicking() {
            docker::remove_image(&self.0);
        }
    }
}

#[test]
fn an_operator_adds_a_language_with_one_entry_and_one_dockerfile() {
    let name = format!("shout-{}", nonce());
    // Before the cluster, whose containers are to be gone when it goes.
    let _image = Image(format!("ruche/{name}:latest"));
    let mut cluster = Cluster::empty();
    let languages = cluster.folder.path().join("languages");
    let write = |path: &str, text: &str| {
        let path = languages.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let entry = format!(
        "[[language]]\nid = \"shout\"\nname = \"Shout\"\nextensions = [\"shout\"]\nimage = \"{name}\"\n\
         version = [\"echo\", \"Shout 3\"]\nrun = [\"sh\", \"-c\", \"grep -v '^#' \\\"$0\\\" | tr a-z A-Z\", \"{{main}}\"]\n"
    );
    write("shout.toml", &entry);
    // On one of the images here: a test needs no package mirror.
    write(&format!("{name}.Dockerfile"), "ARG BASE\nFROM ruche/python:latest\nWORKDIR /box\n");
    write("shout/hello.shout", "#= stdout = \"HELLO\\n\"\nhello\n");
    let config = cluster.folder.path().join("runner.toml");
    std::fs::write(&config, format!("languages_dir = {languages:?}\n")).unwrap();
    let config = config.to_str().unwrap();

    let images = |arguments: &[&str]| -> Ran {
        let mut command = Command::new(binary("runner"));
        command.arg("images").args(arguments).args(["--config", config]).output().unwrap().into()
    };
    let built = images(&["build", "shout"]);
    assert_eq!(built.code, 0, "{}", built.stderr);
    assert!(built.stderr.contains(&format!("{name}: done")), "progress is told: {}", built.stderr);
    let listed: Value = serde_json::from_str(&images(&["list", "--json"]).stdout).unwrap();
    let own = listed.as_array().unwrap().iter().find(|image| image["name"] == name.as_str()).unwrap();
    assert_eq!(
        (&own["current"], &own["languages"][0]["version"]),
        (&true.into(), &"Shout 3".into()),
        "{own}"
    );

    let (ran, reports) = languages_check(&["shout", "--config", config]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(reports[0]["cases"][0]["name"], "hello");

    cluster.add_runner("a", &["--config", config, "--language", "shout"]);
    let program = cluster.file("news.shout", "# a comment\nall is well\n");
    let ran = cluster.run(&program, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "ALL IS WELL\n"), "{}", ran.stderr);
    assert!(see_versions(&cluster).contains("Shout 3"), "the cluster tells the version");
}

fn see_versions(cluster: &Cluster) -> String {
    let listed: Ran = cluster.cli(&["languages"]).output().unwrap().into();
    listed.stdout
}

#[test]
fn a_signal_ends_as_a_shell_says_it() {
    let cluster = Cluster::offering("c,python");
    let abort = cluster.file("abort.c", "#include <stdlib.h>\nint main(void) { abort(); }\n");
    assert_eq!(cluster.run(&abort, &[]).code, 128 + 6);
    let fault = cluster.file("fault.c", "int main(void) { return *(volatile int *)8; }\n");
    assert_eq!(cluster.run(&fault, &[]).code, 128 + 11);
    let killed = cluster.file("killed.py", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n");
    assert_eq!(cluster.run(&killed, &[]).code, 128 + 9);
}

#[test]
fn several_files_make_one_program() {
    let cluster = Cluster::offering("c,java,python");
    let main = cluster.file(
        "many/main.c",
        "#include \"lib/twice.h\"\n#include <stdio.h>\nint main(void) { printf(\"%d\\n\", twice(21)); }\n",
    );
    let source =
        cluster.file("many/lib/twice.c", "#include \"twice.h\"\nint twice(int n) { return 2 * n; }\n");
    let header = cluster.file("many/lib/twice.h", "int twice(int n);\n");
    let ran = cluster.run(&main, &[source.to_str().unwrap(), header.to_str().unwrap()]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "42\n"), "{}", ran.stderr);

    let app = cluster.file(
        "java/App.java",
        "class App { public static void main(String[] a) { System.out.println(Other.name()); } }\n",
    );
    let other =
        cluster.file("java/Other.java", "class Other { static String name() { return \"other\"; } }\n");
    let ran = cluster.run(&other, &[app.to_str().unwrap()]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "other\n"), "{}", ran.stderr);

    let start = cluster.file("py/start.py", "import helper\nprint(helper.x, open('data.txt').read())\n");
    let helper = cluster.file("py/helper.py", "x = 1\n");
    let data = cluster.file("py/data.txt", "data");
    let files = [helper.to_str().unwrap(), data.to_str().unwrap()];
    let ran = cluster.run(&start, &[files[0], files[1], "--main", "start.py"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "1 data\n"), "{}", ran.stderr);
}
