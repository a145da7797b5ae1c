//! Standard input: passed through under credit, and never in the way of the end.

use std::io::Write as _;

use protocol::frame::FrameKind;

use crate::support::*;

/// Plays a program that writes back what it reads, and lets so many bytes more come with each frame.
fn echo(credit: usize) -> FakeController {
    FakeController::start(move |client| {
        assert!(client.start_job().stdin_follows);
        loop {
            let frame = client.read().expect("input or its end");
            match frame.kind {
                FrameKind::Stdin => {
                    client.output(protocol::Step(1), protocol::event::OutputStream::Stdout, &frame.payload);
                    client.grant(credit.min(frame.payload.len()));
                }
                FrameKind::StdinEnd => break,
                kind => panic!("a {kind:?} frame"),
            }
        }
        client.finished(ok());
    })
}

/// Sends a megabyte through a program that takes it slowly.
fn passes_through(start: fn(&str, &[&str]) -> Running) {
    let controller = echo(10_000);
    let sent: String = (0..150_000).map(|number| format!("{number}\n")).collect();
    let mut run = start(&controller.address, &["main.py"]);
    let mut stdin = run.stdin.take().unwrap();
    let text = sent.clone();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let end = run.wait();
    writer.join().unwrap();
    controller.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    assert!(end.stdout == sent, "what came back is not what was sent");
}

#[test]
fn more_input_than_the_window_arrives_whole_however_slowly_credit_comes() {
    passes_through(|master, arguments| cli(master, &[&["run"], arguments].concat()));
}

#[test]
fn the_client_in_python_passes_input_through_too() {
    passes_through(python_client);
}

#[test]
fn input_that_never_comes_does_not_hold_up_the_end() {
    let controller = FakeController::start(|client| {
        client.start_job();
        client.finished(ok());
    });
    // Its input stays open until it has ended.
    let end = cli(&controller.address, &["run", "main.py"]).wait();
    controller.end();
    assert_eq!(end.code, Some(0));
}

#[test]
fn a_program_that_ends_without_reading_its_input_is_no_fault() {
    let controller = FakeController::start(|client| {
        client.start_job();
        // The window is full of input that nobody reads.
        while client.may_send() {
            assert_eq!(client.read().expect("input").kind, FrameKind::Stdin);
        }
        client.finished(ok());
    });
    let mut run = cli(&controller.address, &["run", "main.py"]);
    let mut stdin = run.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&vec![b'x'; 3_000_000]));
    let end = run.wait();
    controller.end();
    assert_eq!(end.code, Some(0));
    assert!(writer.join().unwrap().is_err(), "the pipe is closed when the command ends");
}
