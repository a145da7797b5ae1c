//! Connections, and runners, that are lost while a job runs.

use std::io::Write as _;

use nix::sys::signal::Signal;
use protocol::client::{Request, Response};
use protocol::{Problem, ProblemKind, Verdict};

use crate::support::*;

/// Takes a job, shows a line and drops the connection.
fn begin_and_drop(listener: &std::net::TcpListener) {
    let mut client = Client::accept(listener);
    client.greet();
    client.start_job();
    client.stdout("before\n");
}

/// Takes the connection that follows, and the request to go on.
fn come_back(listener: &std::net::TcpListener) -> Client {
    let mut client = Client::accept(listener);
    client.greet();
    // `queued`, `started` and one piece of output were seen.
    assert_eq!(client.request(), (1, Request::Watch { id: id(), after: 3, stdin_follows: false }));
    client.seen(3);
    client
}

#[test]
fn a_job_is_taken_up_again_after_the_last_event_seen() {
    let controller = FakeController::raw(|listener| {
        begin_and_drop(listener);
        let mut client = come_back(listener);
        client.accepted();
        client.stdout("after\n");
        client.finished(ok());
    });
    let mut run = cli(&controller.address, &["run", "main.py"]);
    run.stdin = None;
    let end = run.wait();
    controller.end();
    assert_eq!((end.code, end.stdout.as_str()), (Some(0), "before\nafter\n"));
    assert!(end.stderr.starts_with("the connection to the controller was lost: trying"), "{}", end.stderr);
}

#[test]
fn a_job_that_the_cluster_stopped_for_the_loss_says_so() {
    let controller = FakeController::raw(|listener| {
        begin_and_drop(listener);
        let mut client = come_back(listener);
        client.accepted();
        client.finished(job(step(Verdict::Cancelled, None)));
    });
    let end = cli(&controller.address, &["run", "main.py", "-q"]).finish();
    controller.end();
    assert_eq!(end.code, Some(127));
    assert_eq!(
        end.stderr,
        format!(
            "error: the connection to the controller was lost, and the cluster has stopped job {ID} for that\n"
        )
    );
}

#[test]
fn a_controller_that_has_forgotten_the_job_is_the_end_of_it() {
    let controller = FakeController::raw(|listener| {
        begin_and_drop(listener);
        let mut client = come_back(listener);
        let problem = Problem::new(ProblemKind::NotFound, "there is no such job");
        client.respond(1, &Response::Refused { problem });
    });
    let end = cli(&controller.address, &["run", "main.py", "-q"]).finish();
    controller.end();
    assert_eq!(end.code, Some(127));
    assert!(end.stderr.contains("does not know job"), "{}", end.stderr);
}

#[test]
fn a_submission_whose_answer_is_lost_is_made_again_with_its_key() {
    let controller = FakeController::raw(|listener| {
        let mut client = Client::accept(listener);
        client.greet();
        let first = client.submission();
        drop(client);
        let mut client = Client::accept(listener);
        client.greet();
        let second = client.start_job();
        assert!(first.spec.idempotency_key.is_some());
        assert_eq!(first.spec, second.spec);
        client.stdout("once\n");
        client.finished(ok());
    });
    let end = cli(&controller.address, &["run", "main.py"]).finish();
    controller.end();
    assert_eq!((end.code, end.stdout.as_str()), (Some(0), "once\n"));
}

#[test]
fn a_submission_whose_answer_is_lost_is_made_again_at_the_next_controller() {
    let one = FakeController::start(|client| {
        client.submission();
        assert_eq!(client.read().unwrap().payload, "input");
    });
    let other = FakeController::start(|client| {
        client.start_job();
        assert_eq!(client.read().unwrap().payload, "input");
        client.finished(ok());
    });
    let mut run = cli(&format!("{},{}", one.address, other.address), &["run", "main.py"]);
    run.stdin.as_mut().unwrap().write_all(b"input").unwrap();
    let end = run.wait();
    one.end();
    other.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
}

/// Takes the connection that follows at another life of a controller, and the request to tell it all.
fn start_over(client: &mut Client) {
    assert_eq!(client.request(), (1, Request::Watch { id: id(), after: 0, stdin_follows: false }));
    client.accepted();
    client.started(1);
}

#[test]
fn a_job_is_followed_at_the_next_controller_and_shown_once() {
    let one = FakeController::raw(begin_and_drop);
    let other = FakeController::start(|client| {
        start_over(client);
        client.stdout("bef");
        client.stdout("ore\nafter\n");
        client.finished(ok());
    });
    let end = cli(&format!("{},{}", one.address, other.address), &["run", "main.py"]).finish();
    one.end();
    other.end();
    assert_eq!((end.code, end.stdout.as_str()), (Some(0), "before\nafter\n"));
    assert!(!end.stderr.contains("started again"), "{}", end.stderr);
}

#[test]
fn a_controller_that_was_started_anew_counts_anew() {
    let controller = FakeController::raw(|listener| {
        let mut client = Client::accept(listener);
        client.greet_as("first");
        client.start_job();
        client.stdout("before\n");
        drop(client);
        let mut client = Client::accept(listener);
        client.greet_as("second");
        start_over(&mut client);
        client.stdout("before\nafter\n");
        client.finished(ok());
    });
    let end = cli(&controller.address, &["run", "main.py"]).finish();
    controller.end();
    assert_eq!((end.code, end.stdout.as_str()), (Some(0), "before\nafter\n"));
}

#[test]
fn a_job_is_stopped_at_the_controller_where_it_is_followed_by_then() {
    let one = FakeController::raw(begin_and_drop);
    let other = FakeController::start(|client| {
        start_over(client);
        client.stdout("before\nthere\n");
        while client.request() != (2, Request::Cancel { id: id() }) {}
        client.finished(job(step(Verdict::Cancelled, None)));
    });
    let mut run = cli(&format!("{},{}", one.address, other.address), &["run", "main.py"]);
    assert_eq!((run.line(), run.line()), ("before\n".to_owned(), "there\n".to_owned()));
    run.signal(Signal::SIGINT);
    let end = run.wait();
    one.end();
    other.end();
    assert_eq!(end.code, Some(130), "{}", end.stderr);
}

#[test]
fn a_controller_that_is_down_is_passed_over() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = listener.local_addr().unwrap().to_string();
    drop(listener);
    let controller = FakeController::start(|client| {
        client.start_job();
        client.finished(ok());
    });
    let end = cli(&format!("{gone},{}", controller.address), &["run", "main.py"]).finish();
    controller.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    let end = cli(&format!("{gone},{gone}"), &["run", "main.py"]).finish();
    assert_eq!(end.code, Some(127));
    assert!(end.stderr.starts_with("error: none of the controllers can be used: no controller answers at"));
}

#[test]
fn the_same_again_after_a_restart_is_shown_once() {
    let controller = FakeController::start(|client| {
        client.start_job();
        client.stdout("one\ntwo\n");
        client.restarted(1);
        client.started(2);
        client.stdout("one\n");
        client.stdout("two\nthree\n");
        client.finished(ok());
    });
    let end = cli(&controller.address, &["run", "main.py"]).finish();
    controller.end();
    assert_eq!(end.stdout, "one\ntwo\nthree\n");
    assert!(!end.stderr.contains("started again"));
}

#[test]
fn another_answer_after_a_restart_is_shown_and_said() {
    let controller = FakeController::start(|client| {
        client.start_job();
        client.stdout("seed 1\n");
        client.restarted(1);
        client.started(2);
        client.stdout("seed 2\nend\n");
        client.finished(ok());
    });
    let end = cli(&controller.address, &["run", "main.py"]).finish();
    controller.end();
    assert_eq!(end.stdout, "seed 1\n2\nend\n");
    assert!(
        end.stderr.starts_with("the program was started again on another runner and wrote something else\n")
    );
}
