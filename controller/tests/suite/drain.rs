//! Shutting down.

use std::time::Duration;

use protocol::{ProblemKind, Verdict};

use crate::support::{Controller, program, soon};

#[tokio::test]
async fn what_runs_may_finish_and_what_waits_gets_an_answer() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let (running, _) = client.submit(program()).await;
    let job = runner.given().await;
    let mut waiting = controller.client().await;
    let (queued, _) = waiting.submit(program()).await;

    controller.shutdown.drain.cancel();
    let told = waiting.finished(queued).await;
    assert_eq!(told.job().verdict, Some(Verdict::Cancelled));
    assert!(told.job().message.as_ref().unwrap().contains("shut down"), "{told:?}");
    let refused = waiting.submit_as(program(), false, false).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Draining);
    let ready = controller.http().get("/readyz").await;
    assert_eq!(ready.status, 503);

    runner.write(&job, "to the end").await;
    runner.finish(&job, Verdict::Ok).await;
    assert_eq!(client.finished(running).await.stdout, b"to the end");
    drop((client, waiting));
    controller.ended().await;
}

#[tokio::test]
async fn what_takes_too_long_gets_an_answer_too() {
    let controller = Controller::start_with(|config| config.drain = Duration::from_millis(100)).await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let (stream, _) = client.submit(program()).await;
    runner.given().await;
    controller.shutdown.drain.cancel();
    let told = client.finished(stream).await;
    assert_eq!(told.job().verdict, Some(Verdict::Cancelled));
    assert!(told.job().message.as_ref().unwrap().contains("shut down"), "{told:?}");
    drop(client);
    controller.ended().await;
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    client.submit(program()).await;
    runner.given().await;
    controller.shutdown.drain.cancel();
    controller.shutdown.now.cancel();
    soon("it ends", controller.ended()).await;
}
