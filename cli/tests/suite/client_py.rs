//! `examples/client.py`, against the same controller as the cli. Its standard input: see `stdin`.

use nix::sys::signal::Signal;
use protocol::client::{Request, Response};
use protocol::event::OutputStream;
use protocol::frame::FrameKind;
use protocol::{Problem, Step, StepResult, Verdict};

use crate::support::*;

#[test]
fn it_shows_both_outputs_and_ends_with_the_programs_code() {
    let controller = FakeController::start(|client| {
        let spec = client.start_job().spec;
        assert_eq!((spec.language.as_str(), spec.args), ("python", vec!["a".to_owned(), "--b".to_owned()]));
        assert_eq!(spec.files[0].content, "print(1)\n".into());
        client.stdout("out\n");
        client.stderr("err\n");
        client.finished(job(step(Verdict::RuntimeError, Some(3))));
    });
    let end = python_client(&controller.address, &["main.py", "--lang", "python", "--", "a", "--b"]).finish();
    controller.end();
    assert_eq!((end.code, end.stdout.as_str()), (Some(3), "out\n"), "{}", end.stderr);
    assert_eq!(end.stderr, "err\nruntime_error · 12 ms CPU · 15 ms · on lab-1\n");
}

#[test]
fn it_gives_credit_for_more_output_than_the_window() {
    let controller = FakeController::start(|client| {
        client.start_job();
        for _ in 0..20 {
            client.output(Step(1), OutputStream::Stdout, &[b'x'; 60_000]);
        }
        client.finished(job(StepResult { signal: Some(9), ..step(Verdict::RuntimeError, None) }));
    });
    let end = python_client(&controller.address, &["main.py"]).finish();
    controller.end();
    assert_eq!((end.code, end.stdout.len()), (Some(137), 20 * 60_000));
}

#[test]
fn it_ends_although_its_input_stays_open() {
    let controller = FakeController::start(|client| {
        client.start_job();
        client.finished(job(step(Verdict::WallTimeExceeded, None)));
    });
    let end = python_client(&controller.address, &["main.py"]).wait();
    controller.end();
    assert_eq!(end.code, Some(122));
}

#[test]
fn it_stops_the_job_at_ctrl_c() {
    let controller = FakeController::start(|client| {
        client.start_job();
        client.stdout("on\n");
        let cancel = loop {
            let frame = client.read().expect("a cancel");
            if frame.kind == FrameKind::Control {
                break frame.parse::<Request>().unwrap();
            }
        };
        assert_eq!(cancel, Request::Cancel { id: id() });
        client.finished(job(step(Verdict::Cancelled, None)));
    });
    let mut run = python_client(&controller.address, &["main.py"]);
    assert_eq!(run.line(), "on\n");
    run.signal(Signal::SIGINT);
    let end = run.finish();
    controller.end();
    assert_eq!(end.code, Some(130));
}

#[test]
fn it_says_why_there_is_no_answer() {
    let controller = FakeController::start(|client| {
        client.submission();
        client.respond(1, &Response::Refused { problem: Problem::invalid("files[0].path", "no") });
    });
    let end = python_client(&controller.address, &["main.py"]).finish();
    controller.end();
    assert_eq!((end.code, end.stderr.as_str()), (Some(125), "error: refused: files[0].path: no\n"));

    let end = python_client("127.0.0.1:1", &["main.py"]).finish();
    assert_eq!(end.code, Some(127));
    assert!(end.stderr.contains("refused") && !end.stderr.contains("Traceback"), "{}", end.stderr);

    let end = python_client("127.0.0.1:1", &["none.py"]).finish();
    assert_eq!(end.code, Some(127), "the connection comes first");
}
