//! Connections, and runners, that are lost while a job runs.

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
    assert_eq!(client.request(), (1, Request::Watch { id: id(), after: 3 }));
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
fn a_loss_before_the_job_is_accepted_is_an_error() {
    let controller = FakeController::start(|client| {
        client.submission();
    });
    let end = cli(&controller.address, &["run", "main.py"]).finish();
    let address = controller.address.clone();
    controller.end();
    assert_eq!(end.code, Some(127));
    let expected = format!("error: the connection to the controller at {address} was lost: ");
    assert!(end.stderr.starts_with(&expected), "{}", end.stderr);
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
