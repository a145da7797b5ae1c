//! Which jobs start, and where.

use protocol::{JobSpec, Verdict};
use serde_json::json;

use crate::support::{Controller, Runner, program, registration, telemetry};

fn of_user(name: &str) -> JobSpec {
    JobSpec { labels: [("user".to_owned(), name.to_owned())].into(), ..program() }
}

#[tokio::test]
async fn a_job_waits_for_a_runner_with_the_label_that_it_requires() {
    let controller = Controller::start().await;
    let _other = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let spec = JobSpec { requires: [("room".to_owned(), "12".to_owned())].into(), ..program() };
    let (stream, id) = client.submit(spec).await;
    let job = controller.http().get(&format!("/api/v1/jobs/{id}")).await.json();
    assert_eq!(job["message"], "runner a: does not have the label room=12");

    let mut labelled = registration("b", 1);
    labelled.labels = [("room".to_owned(), "12".to_owned())].into();
    let mut runner = Runner::join(controller.runners, labelled).await.unwrap();
    runner.measured(telemetry()).await;
    runner.run_next("here").await;
    assert_eq!(client.finished(stream).await.job().runner.as_deref(), Some("b"));
    let runners = controller.http().get("/api/v1/runners").await.json();
    assert_eq!(runners[1]["labels"], json!({ "room": "12" }));
}

#[tokio::test]
async fn a_user_who_runs_as_much_as_is_allowed_does_not_hold_up_others() {
    let controller = Controller::start_with(|config| config.rules.max_running_per_share = Some(1)).await;
    let mut runner = controller.runner("a", 3).await;
    let mut ada = controller.client().await;
    let (first, _) = ada.submit(of_user("ada")).await;
    let running = runner.given().await;
    let (_, waiting) = controller.client().await.submit_as(of_user("ada"), false, true).await.unwrap();
    let mut ben = controller.client().await;
    let (bens, _) = ben.submit(of_user("ben")).await;
    runner.run_next("ben's").await;
    assert_eq!(ben.finished(bens).await.stdout, b"ben's");
    let job = controller.http().get(&format!("/api/v1/jobs/{waiting}")).await.json();
    assert_eq!(job["message"], "the same user runs as many jobs as allowed: max_running_per_user is 1");

    runner.write(&running, "ada's").await;
    runner.finish(&running, Verdict::Ok).await;
    assert_eq!(ada.finished(first).await.stdout, b"ada's");
    assert_eq!(runner.run_next("her second").await.assignment.job, waiting);
}
