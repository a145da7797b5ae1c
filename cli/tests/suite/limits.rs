//! What the command ends with, for every verdict and refusal.

use protocol::client::Response;
use protocol::{Job, Problem, ProblemKind, StepResult, Verdict};

use crate::support::*;

/// Runs a job that ends so. Returns the command's status and the last thing it said.
fn ends(job: Job) -> (i32, String) {
    let controller = FakeController::start(move |client| {
        client.start_job();
        client.finished(job);
    });
    let end = cli(&controller.address, &["run", "main.py", "--cpu", "2s", "--memory", "256M"]).finish();
    controller.end();
    (end.code.unwrap(), end.stderr.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn every_verdict_has_its_status_and_its_sentence() {
    let cases = [
        (Verdict::WrongAnswer, 1, "wrong answer: the program ran well, but did not write what was expected"),
        (Verdict::CpuTimeExceeded, 121, "time limit: the program used more than its 2 s of processor time"),
        (
            Verdict::WallTimeExceeded,
            122,
            "time limit: the program was still there after its limit of time on the clock",
        ),
        (Verdict::MemoryExceeded, 123, "memory limit: the program needed more than its 256 MB of memory"),
        (Verdict::OutputExceeded, 124, "output limit: the program wrote more than its limit of output"),
        (Verdict::Cancelled, 130, "cancelled: the job was stopped before its end"),
    ];
    for (verdict, code, sentence) in cases {
        assert_eq!(ends(job(step(verdict, None))), (code, sentence.to_owned()));
    }
}

#[test]
fn a_signal_is_128_and_its_number() {
    let killed = StepResult { signal: Some(11), ..step(Verdict::RuntimeError, None) };
    let (code, sentence) = ends(job(killed));
    assert_eq!(code, 139);
    assert!(sentence.contains("SIGSEGV"), "{sentence}");
}

#[test]
fn the_clusters_own_failure_says_why() {
    let lost = Job { message: Some("3 runners were lost".into()), ..job(step(Verdict::InternalError, None)) };
    let (code, sentence) = ends(lost);
    assert_eq!(code, 126);
    assert!(sentence.ends_with("(3 runners were lost)"), "{sentence}");
}

fn refused(arguments: &[&str], problem: Problem) -> Finished {
    let controller = FakeController::start(move |client| {
        client.submission();
        client.respond(1, &Response::Refused { problem });
    });
    let end = cli(&controller.address, &[&["run", "main.py"], arguments].concat()).finish();
    controller.end();
    end
}

#[test]
fn a_refusal_is_one_line_with_the_reason() {
    let busy = || Problem::new(ProblemKind::NoRunnerFree, "both runners are busy").retry_after(2);
    let end = refused(&["--no-wait"], busy());
    assert_eq!(end.code, Some(125));
    assert_eq!(
        end.stderr,
        "error: refused: both runners are busy; without --no-wait the job waits for its turn; try again in 2 s\n"
    );

    let end = refused(&["--json"], busy());
    assert_eq!((end.code, end.stderr.as_str()), (Some(125), ""));
    assert_eq!(serde_json::from_str::<Problem>(&end.stdout).unwrap(), busy());
}

#[test]
fn a_field_at_fault_is_named() {
    let problem = Problem::invalid("env.1A", "a variable's name has letters, digits and `_` only");
    let end = refused(&["--env", "1A=x"], problem);
    assert!(end.stderr.starts_with("error: refused: env.1A: a variable's name"), "{}", end.stderr);
}

#[test]
fn an_unknown_language_is_refused_with_the_list() {
    let problem = Problem::new(ProblemKind::UnknownLanguage, "there is no language \"basic\": c, python");
    let end = refused(&["--lang", "basic"], problem);
    assert_eq!(end.code, Some(125));
    assert!(end.stderr.contains("\"basic\": c, python; `cli languages` lists them"), "{}", end.stderr);
}
