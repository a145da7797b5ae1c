//! `cli test`: what is sent, what is shown, what it ends with.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use protocol::client::Request;
use protocol::event::{JobEvent, OutputStream};
use protocol::{Checker, Job, JobSpec, Score, Step, StepResult, Tolerance, Verdict};

use crate::support::*;

/// A folder with a program and three tests, one of them in a group.
fn tests() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("sol.py", "print(sum(map(int, input().split())))"),
        ("check.py", "import sys"),
        ("tests/1.in", "1 2\n"),
        ("tests/1.out", "3\n"),
        ("tests/10.in", "5 5\n"),
        ("tests/10.ans", "10\n"),
        ("tests/big/2.in", "7 7\n"),
        ("tests/big/2.out", "14\n"),
    ];
    fs::create_dir_all(folder.path().join("tests/big")).unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn arguments(folder: &tempfile::TempDir, more: &[&str]) -> Vec<String> {
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let own = ["test".to_owned(), at("tests"), "--program".to_owned(), at("sol.py")];
    own.into_iter()
        .chain(more.iter().map(|word| word.replace("HERE", folder.path().to_str().unwrap())))
        .collect()
}

fn run(controller: &FakeController, folder: &tempfile::TempDir, more: &[&str]) -> Finished {
    let arguments = arguments(folder, more);
    cli(&controller.address, &arguments.iter().map(String::as_str).collect::<Vec<_>>()).finish()
}

/// How the three tests end: the second is wrong.
fn results() -> Vec<StepResult> {
    let named = |name: &str, verdict| StepResult { name: Some(name.into()), ..step(verdict, Some(0)) };
    let half = StepResult { partial: Some(0.5), ..named("10", Verdict::WrongAnswer) };
    vec![named("1", Verdict::Ok), half, named("big/2", Verdict::Ok)]
}

fn finished(runs: Vec<StepResult>) -> Job {
    let failed = runs.iter().find(|run| run.verdict != Verdict::Ok);
    let verdict = failed.map_or(Verdict::Ok, |run| run.verdict);
    Job { score: Some(Score { points: 2.5, of: 3.0 }), verdict: Some(verdict), runs, ..ok() }
}

/// Says how the tests went, step by step.
fn play(client: &mut Client) -> JobSpec {
    let submission = client.start_job();
    assert!(!submission.stdin_follows && !submission.keep);
    for (index, result) in results().into_iter().enumerate() {
        let text = ["3\n", "11\n", "14\n"][index];
        client.output(Step::run(index), OutputStream::Stdout, text.as_bytes());
        client.event(JobEvent::StepFinished { step: Step::run(index), result });
    }
    client.finished(finished(results()));
    submission.spec
}

#[test]
fn tests_are_the_runs_of_one_job_and_become_a_table() {
    let folder = tests();
    let controller = FakeController::start(|client| {
        let spec = play(client);
        assert_eq!((spec.language.as_str(), spec.files[0].path.as_str()), ("python", "sol.py"));
        assert_eq!((spec.parallel, spec.stop_on_failure), (Some(4), true));
        assert_eq!(spec.limits.cpu_seconds, Some(2.0));
        let runs = spec.runs.unwrap();
        let names: Vec<_> = runs.iter().map(|run| run.name.as_deref().unwrap()).collect();
        assert_eq!(names, ["1", "10", "big/2"]);
        let groups: Vec<_> = runs.iter().map(|run| run.group.as_deref()).collect();
        assert_eq!(groups, [None, None, Some("big")]);
        assert_eq!(runs[1].stdin, Some("5 5\n".into()));
        let expect = runs[1].expect.clone().unwrap();
        assert_eq!((expect.stdout, expect.checker), ("10\n".into(), Checker::Trimmed));
    });
    let end = run(&controller, &folder, &["--parallel", "4", "--stop-on-failure", "--cpu", "2s"]);
    controller.end();
    assert_eq!((end.code, end.stderr.as_str()), (Some(1), ""));
    assert_eq!(
        end.stdout,
        "TEST   VERDICT         CPU  MEMORY    POINTS\n\
         1      ok            12 ms  3.4 MB\n\
         10     wrong answer  12 ms  3.4 MB  0.5 of 1\n\
         big/2  ok            12 ms  3.4 MB\n\
         10: wrong answer: the program ran well, but did not write what was expected\n\
         - is what was expected, + is what the program wrote\n\
         line 1:\n\
         - 10\n\
         + 11\n\
         2 of 3 tests ok · 2.5 of 3 points\n"
    );
}

#[test]
fn all_ok_ends_with_nothing_wrong() {
    let folder = tests();
    let controller = FakeController::start(|client| {
        client.start_job();
        client.finished(finished(vec![step(Verdict::Ok, Some(0)); 3]));
    });
    let end = run(&controller, &folder, &[]);
    controller.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    assert!(end.stdout.ends_with("3 of 3 tests ok · 3 of 3 points\n"), "{}", end.stdout);
}

#[test]
fn whoever_judges_travels_with_the_job() {
    let folder = tests();
    let spec = |more: &[&str]| {
        let (sender, received) = std::sync::mpsc::channel();
        let controller = FakeController::start(move |client| sender.send(play(client)).unwrap());
        run(&controller, &folder, more);
        controller.end();
        let spec = received.recv().unwrap();
        assert_eq!(spec.validate(), Ok(()));
        spec
    };
    let checker = |spec: &JobSpec| spec.runs.as_ref().unwrap()[0].expect.clone().unwrap().checker;
    let close = Checker::Float(Tolerance { absolute: 0.5, relative: 0.5 });
    assert_eq!(checker(&spec(&["--checker", "float:0.5"])), close);
    assert_eq!(checker(&spec(&["--checker", "unordered_lines"])), Checker::UnorderedLines);

    let custom = spec(&["--checker", "HERE/check.py"]);
    assert_eq!(checker(&custom), Checker::Custom);
    let judge = custom.checker.unwrap();
    assert_eq!((judge.language.as_str(), judge.files[0].path.as_str()), ("python", "check.py"));
    let interactive = spec(&["--interactor", "HERE/check.py"]);
    assert_eq!((interactive.checker, interactive.interactor.unwrap().language.as_str()), (None, "python"));
}

#[test]
fn a_program_that_cannot_be_compiled_shows_what_its_compiler_says() {
    let folder = tests();
    let controller = FakeController::start(|client| {
        client.start_job();
        client.output(Step::COMPILE, OutputStream::Stderr, b"sol.py:1: what is this?\n");
        let failed = step(Verdict::CompileError, Some(1));
        client.finished(Job { compile: Some(failed.clone()), runs: vec![], ..job(failed) });
    });
    let end = run(&controller, &folder, &["--junit", "HERE/report.xml"]);
    controller.end();
    assert_eq!((end.code, end.stdout.as_str()), (Some(120), ""));
    assert!(end.stderr.starts_with("sol.py:1: what is this?\ncompile error · exit 1"), "{}", end.stderr);
    let report = fs::read_to_string(folder.path().join("report.xml")).unwrap();
    assert!(report.contains("<system-err>sol.py:1: what is this?"), "{report}");
}

#[test]
fn json_is_the_job_with_all_that_was_written() {
    let folder = tests();
    let controller = FakeController::start(|client| drop(play(client)));
    let end = run(&controller, &folder, &["--json"]);
    controller.end();
    assert_eq!((end.code, end.stderr.as_str(), end.stdout.lines().count()), (Some(1), "", 1));
    let job: Job = serde_json::from_str(&end.stdout).unwrap();
    assert_eq!(job.runs[1].stdout, Some("11\n".into()));
    assert_eq!(job.score, Some(Score { points: 2.5, of: 3.0 }));
}

/// What readers of JUnit's XML agree on: the elements in each element, and their attributes.
const SCHEMA: &str = r#"
import sys, xml.etree.ElementTree as tree
children = {"testsuites": {"testsuite"}, "testsuite": {"testcase", "system-err"}, "system-err": set(),
            "testcase": {"skipped", "error", "failure"}, "skipped": set(), "error": set(), "failure": set()}
required = {"testsuites": {"name", "tests", "failures", "errors", "time"}, "system-err": set(), "skipped": set(),
            "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
            "testcase": {"name", "classname", "time"}, "error": {"type", "message"}, "failure": {"type", "message"}}
def check(element):
    assert set(element.attrib) == required[element.tag], element.tag
    for child in element:
        assert child.tag in children[element.tag], child.tag
        check(child)
root = tree.fromstring(sys.stdin.buffer.read())
assert root.tag == "testsuites"
check(root)
for suite in root:
    count = lambda tag: str(len(suite.findall("testcase/" + tag)))
    assert suite.get("tests") == str(len(suite.findall("testcase")))
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == tuple(map(count, ["failure", "error", "skipped"]))
    for case in suite.findall("testcase"):
        print(case.get("classname"), case.get("name"), *[child.tag + " " + child.get("type", "") for child in case])
    for failure in suite.findall("testcase/failure"):
        print(repr(failure.text))
"#;

fn checked(report: &str) -> String {
    let mut python = Command::new("python3");
    python.args(["-c", SCHEMA]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.spawn().unwrap();
    python.stdin.take().unwrap().write_all(report.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{report}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_report_is_what_other_programs_read_whatever_a_program_writes() {
    let folder = tests();
    let controller = FakeController::start(|client| {
        client.start_job();
        client.output(Step::run(0), OutputStream::Stdout, b"3\n");
        client.output(Step::run(1), OutputStream::Stdout, b"]]> & <x a=\"\x00\x1b\xff\xef\xbf\xbe\n");
        let wrong = step(Verdict::WrongAnswer, Some(0));
        client.finished(finished(vec![step(Verdict::Ok, Some(0)), wrong]));
    });
    let end = run(&controller, &folder, &["--junit", "HERE/report.xml", "--stop-on-failure"]);
    controller.end();
    assert_eq!(end.code, Some(1));
    assert!(end.stdout.contains("big/2  not run"), "{}", end.stdout);
    let report = checked(&fs::read_to_string(folder.path().join("report.xml")).unwrap());
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines[..3], ["tests 1", "tests 10 failure wrong_answer", "tests.big big/2 skipped "]);
    assert!(lines[3].contains(r#"]]> & <x a="\\u{0}\\u{1b}\\xff"#), "{}", lines[3]);
}

#[test]
fn more_tests_than_a_job_may_have_runs_are_several_jobs() {
    let folder = tests();
    for number in 0..1000 {
        fs::write(folder.path().join(format!("tests/more{number}.in")), "").unwrap();
        fs::write(folder.path().join(format!("tests/more{number}.out")), "").unwrap();
    }
    let controller = FakeController::raw(|listener| {
        let mut names = Vec::new();
        for runs in [1000, 3] {
            let mut client = Client::accept(listener);
            client.greet();
            let spec = client.start_job().spec;
            assert_eq!(spec.run_count(), runs);
            names.extend(spec.runs.unwrap().into_iter().filter_map(|run| run.name));
            client.finished(finished(vec![step(Verdict::Ok, Some(0)); runs]));
        }
        assert_eq!([&names[0], &names[1], &names[1002]], ["1", "10", "more999"]);
    });
    let end = run(&controller, &folder, &[]);
    controller.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    assert!(end.stdout.ends_with("1003 of 1003 tests ok · 1003 of 1003 points\n"));
}

#[test]
fn ctrl_c_stops_the_job_and_shows_what_was_run() {
    let folder = tests();
    let (started, was_started) = std::sync::mpsc::channel();
    let controller = FakeController::start(move |client| {
        client.start_job();
        started.send(()).unwrap();
        assert!(matches!(client.request(), (2, Request::Cancel { .. })));
        let cancelled =
            Job { verdict: Some(Verdict::Cancelled), ..finished(vec![step(Verdict::Ok, Some(0))]) };
        client.finished(cancelled);
    });
    let arguments = arguments(&folder, &[]);
    let running = cli(&controller.address, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    was_started.recv().unwrap();
    running.signal(nix::sys::signal::Signal::SIGINT);
    let end = running.finish();
    controller.end();
    assert_eq!(end.code, Some(130));
    assert!(end.stdout.ends_with("1 of 3 tests ok · 2 not run · 1 of 3 points\n"), "{}", end.stdout);
    assert!(end.stderr.contains("stopped before all tests had been run"), "{}", end.stderr);
}

#[test]
fn what_cannot_be_tested_is_told_before_anybody_is_asked() {
    let folder = tests();
    let refused = |more: &[&str]| {
        let arguments = arguments(&folder, more);
        let end = cli("127.0.0.1:1", &arguments.iter().map(String::as_str).collect::<Vec<_>>()).finish();
        assert_eq!(end.code, Some(2), "{}", end.stderr);
        end.stderr
    };
    assert!(refused(&["--checker", "fuzzy"]).contains("neither a file nor one of trimmed"));
    assert!(refused(&["--junit", "HERE/no/report.xml"]).contains("report.xml: cannot be written"));
    assert!(refused(&["--interactor", "HERE/none.py"]).contains("none.py: there is no such file"));
    fs::remove_file(folder.path().join("tests/10.ans")).unwrap();
    assert!(refused(&[]).contains("10.in: what is expected is missing"));
    fs::remove_dir_all(folder.path().join("tests")).unwrap();
    assert!(refused(&[]).contains("tests: there is no such file"));
    fs::create_dir(folder.path().join("tests")).unwrap();
    assert!(refused(&[]).contains("there are no tests in this folder"));
}
