//! Signals and sizes for programs, and input that goes on over another connection.

use std::time::Duration;

use protocol::client::{Request, Response};
use protocol::frame::FrameKind;
use protocol::hello::Hello;
use protocol::runner::{FromRunner, Registration, TERMINAL, ToRunner};
use protocol::{JobId, Problem, ProblemKind, Secret, Signal, TerminalSize, Verdict};

use crate::support::{Client, Controller, RUN, Runner, Someone, program, registration, soon, telemetry};

const SIZE: TerminalSize = TerminalSize { rows: 50, columns: 132 };

/// A runner that takes signals.
async fn runner(controller: &Controller) -> Runner {
    let features = [TERMINAL.to_owned()].into();
    let registration = Registration { features, ..registration("a", 1) };
    let mut runner = Runner::join(controller.runners, registration).await.unwrap();
    runner.measured(telemetry()).await;
    runner
}

async fn client_of(controller: &Controller, someone: &Someone) -> Client {
    let token = someone.token.clone().map(Secret::from);
    Client::connect_as(controller.clients, &Hello { token, ..Hello::new("test", 10_000) }).await
}

async fn refusal(client: &mut Client, request: &Request) -> Problem {
    match client.answer(request).await {
        Response::Refused { problem } => problem,
        other => panic!("{request:?} is answered with {other:?}"),
    }
}

/// Asks until it is so.
async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon(what, asking).await;
}

/// Goes on with a job's input; returns the stream and the byte.
async fn attach(client: &mut Client, id: JobId) -> Result<(u32, Option<u64>), Problem> {
    let stream = client.ask(&Request::Watch { id, after: 0, stdin_follows: true }).await;
    match client.response(stream).await {
        Response::Accepted { stdin, .. } => Ok((stream, stdin)),
        Response::Refused { problem } => Err(problem),
        other => panic!("{other:?}"),
    }
}

/// So much input, as it comes to the runner.
async fn input(runner: &mut Runner, bytes: usize) -> String {
    let mut input = Vec::new();
    while input.len() < bytes {
        let frame = runner.peer.next().await.unwrap();
        assert_eq!(frame.kind, FrameKind::Stdin);
        input.extend_from_slice(&frame.payload);
    }
    String::from_utf8(input).unwrap()
}

#[tokio::test]
async fn a_running_program_gets_signals_and_sizes_from_whoever_submitted_it_alone() {
    let controller = Controller::start().await;
    let root = controller.first_admin().await;
    let ada = controller.add_user(&root, "ada", "user").await;
    let bob = controller.add_user(&root, "bob", "user").await;
    let mut runner = runner(&controller).await;
    let mut submitting = client_of(&controller, &ada).await;
    let (_, id) = submitting.submit(program()).await;
    let mut own = client_of(&controller, &ada).await;
    let int = Request::Signal { id, signal: Signal::Int };
    let resize = Request::Resize { id, size: SIZE };

    let job = runner.given().await;
    for request in [&int, &resize] {
        let problem = refusal(&mut own, request).await;
        assert_eq!(problem.kind, ProblemKind::Conflict, "it has yet to start: {problem:?}");
    }
    runner.tell(&job, FromRunner::StepStarted { step: RUN }).await;
    until("the program runs", async || matches!(own.answer(&int).await, Response::Job { .. })).await;
    assert_eq!(runner.told().await, (job.stream, ToRunner::Signal { signal: Signal::Int }));
    assert!(matches!(own.answer(&resize).await, Response::Job { .. }));
    assert_eq!(runner.told().await, (job.stream, ToRunner::Resize { size: SIZE }));

    for (someone, kind) in [(&bob, ProblemKind::NotFound), (&root, ProblemKind::Forbidden)] {
        let mut client = client_of(&controller, someone).await;
        for request in [&int, &resize] {
            assert_eq!(refusal(&mut client, request).await.kind, kind);
        }
    }
    let size = TerminalSize { rows: 0, columns: 80 };
    let problem = refusal(&mut own, &Request::Resize { id, size }).await;
    assert_eq!(problem.field.as_deref(), Some("size"));

    runner.finish(&job, Verdict::Ok).await;
    let over = async || refusal(&mut own, &int).await.kind == ProblemKind::Conflict;
    until("the program has ended", over).await;
}

#[tokio::test]
async fn a_runner_of_before_is_told_nothing_that_it_does_not_know() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = Client::connect(controller.clients).await;
    let (_, id) = client.submit(program()).await;
    let job = runner.given().await;
    runner.write(&job, "x").await;
    let mut other = Client::connect(controller.clients).await;
    let older = async || {
        let problem = refusal(&mut other, &Request::Signal { id, signal: Signal::Term }).await;
        problem.kind == ProblemKind::Conflict && problem.detail.contains("older")
    };
    until("the program runs", older).await;
    runner.finish(&job, Verdict::Ok).await;
}

#[tokio::test]
async fn input_of_a_kept_job_goes_on_over_any_connection_of_its_writer() {
    let controller = Controller::start().await;
    let root = controller.first_admin().await;
    let ada = controller.add_user(&root, "ada", "user").await;
    let mut runner = runner(&controller).await;
    let mut first = client_of(&controller, &ada).await;
    let (stream, id) = first.submit_as(program(), true, true).await.unwrap();
    first.stdin(stream, b"one ").await;
    let job = runner.given().await;
    runner.write(&job, "x").await;
    assert_eq!(input(&mut runner, 4).await, "one ");

    let mut stranger = client_of(&controller, &root).await;
    assert_eq!(attach(&mut stranger, id).await.unwrap_err().kind, ProblemKind::Forbidden);
    // The former connection is not gone for the controller yet.
    let mut second = client_of(&controller, &ada).await;
    let (stream_of_second, at) = attach(&mut second, id).await.unwrap();
    assert_eq!(at, Some(4));
    second.stdin(stream_of_second, b"two ").await;
    assert_eq!(input(&mut runner, 4).await, "two ");
    first.stdin(stream, b"lost").await;
    let problem = loop {
        let frame = first.peer.next().await.unwrap();
        if let (FrameKind::Control, Ok(Response::Refused { problem })) = (frame.kind, frame.parse()) {
            break problem;
        }
    };
    assert_eq!((problem.kind, problem.field.as_deref()), (ProblemKind::Conflict, Some("stdin")));
    drop(second);

    // Told again where it is, the former one goes on.
    let (stream, at) = attach(&mut first, id).await.unwrap();
    assert_eq!(at, Some(8));
    first.stdin(stream, b"three").await;
    assert_eq!(input(&mut runner, 5).await, "three");
    drop(first);
    assert_eq!(ada.get(&format!("/jobs/{id}")).await.json()["state"], "running");
    runner.finish(&job, Verdict::Ok).await;
    let over = async || ada.get(&format!("/jobs/{id}")).await.json()["state"] == "finished";
    until("the job has finished", over).await;
}

#[tokio::test]
async fn who_attaches_to_a_job_that_is_over_is_told_how_it_went() {
    let controller = Controller::start().await;
    let mut runner = runner(&controller).await;
    let mut client = Client::connect(controller.clients).await;
    let (stream, id) = client.submit(program()).await;
    runner.run_next("x").await;
    client.finished(stream).await;
    // Its input did not go on over connections.
    let problem = attach(&mut client, id).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Conflict);

    let (stream, id) = client.submit_as(program(), true, true).await.unwrap();
    runner.run_next("x").await;
    client.finished(stream).await;
    let (stream, at) = attach(&mut client, id).await.unwrap();
    assert_eq!(at, Some(0));
    assert_eq!(client.finished(stream).await.stdout, b"x");
}
