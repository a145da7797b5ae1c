//! Ctrl-C, and output that nobody reads.

use std::sync::mpsc;

use nix::sys::signal::Signal;
use protocol::Verdict;
use protocol::client::Request;
use protocol::frame::FrameKind;

use crate::support::*;

/// Reads until the client asks for the job's end.
fn wait_for_cancel(client: &mut Client) {
    let frame = loop {
        let frame = client.read().expect("a cancel");
        if frame.kind == FrameKind::Control {
            break frame;
        }
    };
    assert_eq!(frame.parse::<Request>().unwrap(), Request::Cancel { id: id() });
    assert_ne!(frame.stream, 1);
}

#[test]
fn ctrl_c_stops_the_job_and_waits_for_its_end() {
    let controller = FakeController::start(|client| {
        client.start_job();
        client.stdout("on\n");
        wait_for_cancel(client);
        client.stdout("last words\n");
        client.finished(job(step(Verdict::Cancelled, None)));
    });
    let mut run = cli(&controller.address, &["run", "main.py"]);
    assert_eq!(run.line(), "on\n");
    run.signal(Signal::SIGINT);
    let end = run.finish();
    controller.end();
    assert_eq!((end.code, end.stdout.as_str()), (Some(130), "last words\n"));
    assert!(end.stderr.contains("\ncancelled · "), "{}", end.stderr);
}

#[test]
fn ctrl_c_before_the_job_is_accepted_stops_it_as_soon_as_it_is() {
    let (interrupted, was_interrupted) = mpsc::channel();
    let (submitted, was_submitted) = mpsc::channel();
    let controller = FakeController::start(move |client| {
        client.submission();
        submitted.send(()).unwrap();
        was_interrupted.recv().unwrap();
        client.accepted();
        wait_for_cancel(client);
        client.finished(job(step(Verdict::Cancelled, None)));
    });
    let mut run = cli(&controller.address, &["run", "main.py"]);
    was_submitted.recv().unwrap();
    run.signal(Signal::SIGINT);
    assert!(run.error_line().starts_with("stopping the job"));
    interrupted.send(()).unwrap();
    assert_eq!(run.finish().code, Some(130));
    controller.end();
}

#[test]
fn a_second_ctrl_c_leaves_at_once() {
    let controller = FakeController::start(|client| {
        client.start_job();
        client.stdout("on\n");
        wait_for_cancel(client);
        // Says nothing more until the client has gone.
        while client.read().is_some() {}
    });
    let mut run = cli(&controller.address, &["run", "main.py"]);
    assert_eq!(run.line(), "on\n");
    run.signal(Signal::SIGINT);
    assert!(run.error_line().starts_with("stopping the job"));
    run.signal(Signal::SIGINT);
    let end = run.finish();
    controller.end();
    assert_eq!((end.code, end.stderr.as_str()), (Some(130), ""));
}

#[test]
fn a_controller_that_does_not_confirm_is_not_waited_for() {
    let controller = FakeController::start(|client| {
        client.start_job();
        client.stdout("on\n");
        while client.read().is_some() {}
    });
    let mut run = cli(&controller.address, &["run", "main.py"]);
    assert_eq!(run.line(), "on\n");
    run.signal(Signal::SIGINT);
    let end = run.finish();
    controller.end();
    assert_eq!(end.code, Some(130));
    assert!(end.stderr.contains("has not confirmed"), "{}", end.stderr);
}

#[test]
fn ctrl_c_leaves_a_watched_job_alone() {
    let controller = FakeController::start(|client| {
        client.request();
        client.accepted();
        client.stdout("on\n");
        assert!(client.read().is_none(), "watching ends without a word");
    });
    let mut run = cli(&controller.address, &["watch", ID]);
    assert_eq!(run.line(), "on\n");
    run.signal(Signal::SIGINT);
    let end = run.finish();
    controller.end();
    assert_eq!(end.code, Some(130));
    assert!(end.stderr.starts_with("the job goes on"), "{}", end.stderr);
}

#[test]
fn a_pipe_that_nobody_reads_stops_the_job_without_a_word() {
    let (closed, was_closed) = mpsc::channel();
    let controller = FakeController::start(move |client| {
        client.start_job();
        client.stdout("one\n");
        was_closed.recv().unwrap();
        client.stdout("two\n");
        wait_for_cancel(client);
        client.finished(job(step(Verdict::Cancelled, None)));
    });
    let mut run = cli(&controller.address, &["run", "main.py"]);
    assert_eq!(run.line(), "one\n");
    run.stdout = None;
    closed.send(()).unwrap();
    let end = run.finish();
    controller.end();
    assert_eq!((end.code, end.stderr.as_str()), (Some(141), ""));
}

#[test]
fn a_reader_that_pauses_does_not_hold_up_ctrl_c() {
    let controller = FakeController::start(|client| {
        client.start_job();
        // More than the pipe holds, less than the window: the client cannot write it all.
        for _ in 0..3 {
            client.output(protocol::Step(1), protocol::event::OutputStream::Stdout, &[b'x'; 60_000]);
        }
        client.stderr("never seen");
        wait_for_cancel(client);
        client.finished(job(step(Verdict::Cancelled, None)));
    });
    let mut run = cli(&controller.address, &["run", "main.py", "--quiet"]);
    // Begins to read, and then no more.
    std::io::Read::read_exact(run.stdout.as_mut().unwrap(), &mut [0]).unwrap();
    let stdout = run.stdout.take();
    run.signal(Signal::SIGINT);
    let end = run.finish();
    controller.end();
    drop(stdout);
    assert_eq!(end.code, Some(130));
}
