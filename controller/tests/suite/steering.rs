//! Runners that are told what to take.

use protocol::client::{Request, Response};
use protocol::cluster::{RunnerChange, RunnerState};
use protocol::hello::Hello;
use protocol::{ProblemKind, Verdict};
use serde_json::{Value, json};

use crate::support::{Controller, Reply, Runner, Someone, program, registration, soon, telemetry};

/// A runner that is not taken for dead while nobody listens to it.
async fn quiet(controller: &Controller, slots: u32) -> Runner {
    let hello = Hello::new("test", 20_000);
    let mut runner = Runner::join_as(controller.runners, &hello, registration("a", slots)).await.unwrap();
    runner.measured(telemetry()).await;
    runner
}

async fn tell(someone: &Someone, what: &str) -> Reply {
    someone.post(&format!("/runners/a/{what}"), &json!({})).await
}

async fn change(someone: &Someone, change: Value) -> Reply {
    someone.call("PATCH", "/runners/a", Some(&change)).await
}

/// The runner, once this is true of it.
async fn until(controller: &Controller, what: impl Fn(&Value) -> bool) -> Value {
    soon("the runner is so", async {
        loop {
            let runners = controller.http().get("/api/v1/runners").await.json();
            if let Some(runner) = runners.as_array().and_then(|runners| runners.first()).filter(|it| what(it))
            {
                return runner.clone();
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn a_paused_runner_is_given_nothing_until_it_is_resumed() {
    let controller = Controller::start().await;
    let mut runner = quiet(&controller, 2).await;
    let admin = controller.first_admin().await;
    let mut client = controller.client().await;
    let (before, _) = client.submit(program()).await;
    let job = runner.given().await;

    let paused = tell(&admin, "pause").await;
    assert_eq!(paused.status, 200, "{paused:?}");
    let paused = paused.json();
    assert_eq!((&paused["state"], &paused["reason"]), (&json!("unavailable"), &json!("paused by root")));
    assert_eq!(paused["settings"], json!({ "paused": true, "paused_by": "root" }));
    runner.write(&job, "what it has goes on").await;
    runner.finish(&job, Verdict::Ok).await;
    assert_eq!(client.finished(before).await.stdout, b"what it has goes on");

    let mut other = controller.client().await;
    let (waits, id) = other.submit(program()).await;
    let job = controller.http().get(&format!("/api/v1/jobs/{id}")).await.json();
    assert_eq!((&job["state"], &job["message"]), (&json!("queued"), &json!("runner a: paused by root")));
    let resumed = tell(&admin, "resume").await.json();
    assert_eq!((&resumed["state"], &resumed["settings"]["paused"]), (&json!("available"), &json!(false)));
    runner.run_next("now").await;
    assert_eq!(other.finished(waits).await.stdout, b"now");

    let audit = admin.get("/audit").await.json();
    let done: Vec<_> = audit["entries"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(done[..2], [&json!("runner_resumed"), &json!("runner_paused")]);
}

#[tokio::test]
async fn a_runner_takes_what_it_is_told_to_and_never_more_than_it_offers() {
    let controller = Controller::start().await;
    let mut runner = quiet(&controller, 2).await;
    let operator = controller.anonymous();
    let less = change(&operator, json!({ "max_jobs": 1, "max_cpu_percent": 80 })).await.json();
    assert_eq!((&less["max_jobs"], &less["offers_jobs"]), (&json!(1), &json!(2)));
    let mut client = controller.client().await;
    let (stream, _) = client.submit(program()).await;
    let job = runner.given().await;
    let mut other = controller.client().await;
    let (waits, id) = other.submit(program()).await;
    let why = controller.http().get(&format!("/api/v1/jobs/{id}")).await.json()["message"].take();
    assert_eq!(why, json!("runner a: 1 of 1 slots busy"));
    runner.measured(protocol::runner::Telemetry { cpu_percent: 99.0, active_jobs: 1, ..telemetry() }).await;
    let busy = until(&controller, |runner| runner["state"] == "unavailable").await;
    assert_eq!(busy["reason"], "cpu 99 % over max_cpu_percent 80");
    let more = change(&operator, json!({ "max_jobs": 100, "max_cpu_percent": null })).await.json();
    assert_eq!((&more["max_jobs"], &more["state"]), (&json!(2), &json!("available")));
    assert_eq!(more["settings"], json!({ "paused": false, "max_jobs": 100 }));
    let next = runner.given().await;
    for job in [&job, &next] {
        runner.write(job, "").await;
        runner.finish(job, Verdict::Ok).await;
    }
    client.finished(stream).await;
    other.finished(waits).await;
    for (wrong, field) in [
        (json!({ "max_jobs": 0 }), "max_jobs"),
        (json!({ "max_cpu_percent": 101 }), "max_cpu_percent"),
        (json!({ "max_memory_percent": 0 }), "max_memory_percent"),
        (json!({ "max_job": 1 }), "max_job"),
    ] {
        let reply = change(&operator, wrong).await;
        assert_eq!((reply.status, &reply.problem()["field"]), (400, &json!(field)));
    }
}

#[tokio::test]
async fn every_controller_heeds_it_and_whoever_comes_by_the_name() {
    let [one, other] = Controller::several().await;
    let first = quiet(&one, 1).await;
    until(&one, |runner| runner["state"] == "available").await;
    assert_eq!(tell(&one.anonymous(), "pause").await.status, 200);
    let _second = quiet(&other, 1).await;
    let paused = until(&other, |runner| runner["settings"]["paused"] == true).await;
    assert_eq!((&paused["state"], &paused["reason"]), (&json!("unavailable"), &json!("paused")));
    drop(first);
    until_gone(&one).await;
    let _again = quiet(&one, 1).await;
    until(&one, |runner| runner["reason"] == "paused" && runner["telemetry"] != json!(null)).await;
    assert_eq!(tell(&other.anonymous(), "resume").await.status, 200);
    until(&one, |runner| runner["state"] == "available").await;
}

async fn until_gone(controller: &Controller) {
    soon("the runner is gone", async {
        while controller.http().get("/api/v1/runners").await.json() != json!([]) {}
    })
    .await;
}

#[tokio::test]
async fn a_runner_that_leaves_is_not_called_back() {
    let controller = Controller::start().await;
    let _runner = controller.holder(&registration("a", 1), &[]).await;
    let operator = controller.anonymous();
    assert_eq!(tell(&operator, "drain").await.status, 200);
    let refused = tell(&operator, "resume").await;
    assert_eq!(refused.status, 409);
    assert!(refused.problem()["detail"].as_str().unwrap().contains("cannot be called back"), "{refused:?}");
    assert_eq!(operator.post("/runners/b/pause", &json!({})).await.status, 404);
}

#[tokio::test]
async fn the_clients_door_does_the_same() {
    let controller = Controller::start().await;
    let _runner = quiet(&controller, 4).await;
    let mut client = controller.client().await;
    let runner = || "a".to_owned();
    let Response::Runners { runners } = client.answer(&Request::PauseRunner { runner: runner() }).await
    else {
        panic!()
    };
    assert_eq!((runners[0].state, runners[0].settings.paused), (RunnerState::Unavailable, true));
    let wanted = RunnerChange { max_jobs: Some(Some(3)), ..RunnerChange::default() };
    let asked = Request::ChangeRunner { runner: runner(), change: wanted };
    let Response::Runners { runners } = client.answer(&asked).await else { panic!() };
    assert_eq!((runners[0].max_jobs, runners[0].offers_jobs, runners[0].settings.paused), (3, 4, true));
    let Response::Runners { runners } = client.answer(&Request::ResumeRunner { runner: runner() }).await
    else {
        panic!()
    };
    assert!(!runners[0].settings.paused);
    let wanted = RunnerChange { max_jobs: Some(Some(0)), ..RunnerChange::default() };
    let asked = Request::ChangeRunner { runner: runner(), change: wanted };
    let Response::Refused { problem } = client.answer(&asked).await else { panic!() };
    assert_eq!((problem.kind, problem.field.as_deref()), (ProblemKind::Invalid, Some("max_jobs")));
}
