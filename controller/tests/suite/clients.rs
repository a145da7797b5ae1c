//! Clients that cancel, vanish, or do not read.

use protocol::client::{Request, Response};
use protocol::event::OutputStream;
use protocol::hello::Hello;
use protocol::runner::FromRunner;
use protocol::{JobId, JobState, ProblemKind, Verdict};

use crate::support::{Client, Controller, program, soon};

async fn until(controller: &Controller, id: JobId, state: &str) -> serde_json::Value {
    soon(state, async {
        loop {
            let job = controller.http().get(&format!("/api/v1/jobs/{id}?wait=1")).await.json();
            if job["state"] == state {
                return job;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_running_job_is_stopped_by_its_runner() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let (stream, id) = client.submit(program()).await;
    let job = runner.given().await;
    runner.write(&job, "so far").await;

    let mut other = controller.client().await;
    let answer = other.answer(&Request::Cancel { id }).await;
    assert!(matches!(answer, Response::Job { job } if job.state == JobState::Running));
    runner.cancelled(&job).await;
    runner.finish(&job, Verdict::Cancelled).await;
    let told = client.finished(stream).await;
    assert_eq!((told.job().verdict, told.stdout.as_slice()), (Some(Verdict::Cancelled), &b"so far"[..]));

    let Response::Refused { problem } = other.answer(&Request::Cancel { id }).await else { panic!() };
    assert_eq!(problem.kind, ProblemKind::Conflict);
}

#[tokio::test]
async fn a_waiting_job_is_stopped_at_once() {
    let controller = Controller::start().await;
    let mut client = controller.client().await;
    let (stream, id) = client.submit(program()).await;
    let mut other = controller.client().await;
    other.answer(&Request::Cancel { id }).await;
    assert_eq!(client.finished(stream).await.job().verdict, Some(Verdict::Cancelled));
}

#[tokio::test]
async fn the_job_of_a_client_that_is_gone_is_stopped() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let (_, id) = client.submit(program()).await;
    let job = runner.given().await;
    drop(client);
    runner.cancelled(&job).await;
    runner.tell(&job, FromRunner::Finished { verdict: Verdict::Cancelled, message: None }).await;
    assert_eq!(until(&controller, id, "finished").await["message"], "its client went away");
}

#[tokio::test]
async fn a_job_goes_on_where_it_is_kept_or_somebody_else_watches() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 2).await;
    let mut watcher = controller.client().await;
    for keep in [true, false] {
        let mut client = controller.client().await;
        let (_, id) = client.submit_as(program(), false, keep).await.unwrap();
        let watched = if keep { None } else { Some(watcher.watch(id, 0).await.unwrap()) };
        drop(client);
        let job = runner.run_next("done").await;
        assert_eq!(job.assignment.job, id);
        if let Some(stream) = watched {
            assert_eq!(watcher.finished(stream).await.stdout, b"done");
        }
        assert_eq!(until(&controller, id, "finished").await["verdict"], "ok");
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_nobody() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 2).await;
    let hello = Hello { window: 64 * 1024, ..Hello::new("slow", 10_000) };
    let mut slow = Client::connect_as(controller.clients, &hello).await;
    let (stream, _) = slow.submit(program()).await;
    let job = runner.given().await;
    runner.write(&job, "").await;
    for _ in 0..4 {
        runner.output(&job, OutputStream::Stdout, &[1; 50_000]).await;
    }
    runner.finish(&job, Verdict::Ok).await;

    let mut quick = controller.client().await;
    let (other, _) = quick.submit(program()).await;
    runner.run_next("quick").await;
    assert_eq!(quick.finished(other).await.stdout, b"quick");
    assert_eq!(slow.finished(stream).await.stdout.len(), 200_000, "it lost nothing but time");
}

#[tokio::test]
async fn a_window_that_no_output_fits_through_is_refused() {
    let controller = Controller::start().await;
    let hello = Hello { window: 100, ..Hello::new("narrow", 10_000) };
    let mut client = Client::connect_as(controller.clients, &hello).await;
    let Response::Refused { problem } = client.response(0).await else { panic!() };
    assert_eq!((problem.kind, problem.field.as_deref()), (ProblemKind::Protocol, Some("window")));
}
