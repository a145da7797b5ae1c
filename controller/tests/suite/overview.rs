//! Watching the cluster.

use protocol::Verdict;
use serde_json::{Value, json};

use crate::support::{Controller, Events, program, soon};

const EVENTS: &str = "/api/v1/cluster/events";

fn names(runners: &Value) -> Vec<&str> {
    runners.as_array().unwrap().iter().map(|runner| runner["name"].as_str().unwrap()).collect()
}

/// The next change of which this is true.
async fn until(events: &mut Events, what: impl Fn(&Value) -> bool) -> Value {
    soon("the cluster changes so", async {
        loop {
            let (name, data) = events.next().await.expect("the events go on");
            assert_eq!(name, "change");
            if what(&data) {
                return data;
            }
        }
    })
    .await
}

#[tokio::test]
async fn whoever_watches_hears_what_has_changed() {
    let controller = Controller::start().await;
    let mut busy = controller.runner("busy", 1).await;
    let _idle = controller.runner("idle", 2).await;
    let (status, mut events) = controller.http().follow(EVENTS, "").await;
    assert_eq!(status, 200);
    let (name, snapshot) = events.next().await.unwrap();
    assert_eq!((name.as_str(), names(&snapshot["runners"])), ("snapshot", vec!["busy", "idle"]));
    assert_eq!((&snapshot["cluster"]["slots"], &snapshot["activity"]["finished"]), (&json!(3), &json!(0)));

    let mut client = controller.client().await;
    let (stream, _) = client.submit(program()).await;
    busy.run_next("hello").await;
    client.finished(stream).await;
    let change = until(&mut events, |change| change["activity"]["finished"] == 1).await;
    let activity = &change["activity"];
    assert_eq!((&activity["submitted"], &activity["started"]), (&json!(1), &json!(1)));
    assert_eq!((&activity["verdicts"], &activity["window_seconds"]), (&json!({ "ok": 1 }), &json!(60)));
    assert!(activity["wait_ms"]["max"].as_u64().unwrap() < 20_000, "{activity}");

    drop(busy);
    let change = until(&mut events, |change| change["gone"] != json!([])).await;
    assert_eq!(change["gone"], json!(["busy"]));
    assert_eq!(names(&change["runners"]), Vec::<&str>::new(), "the other one has not changed");
    let _new = controller.runner("new", 1).await;
    let change = until(&mut events, |change| change["runners"] != json!([])).await;
    assert_eq!(names(&change["runners"]), ["new"]);
}

#[tokio::test]
async fn the_cluster_tells_what_waits_in_which_language_and_how_jobs_ended() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let (stream, _) = client.submit(program()).await;
    let job = runner.given().await;
    let mut other = controller.client().await;
    other.submit(program()).await;
    let http = controller.http();
    let activity = async || http.get("/api/v1/cluster").await.json()["activity"].take();
    assert_eq!(activity().await["queued_by_language"], json!({ "c": 1 }));
    runner.write(&job, "no").await;
    runner.finish(&job, Verdict::RuntimeError).await;
    client.finished(stream).await;
    assert_eq!(activity().await["verdicts"], json!({ "runtime_error": 1 }));
}

#[tokio::test]
async fn nobody_watches_with_a_session_that_is_over() {
    let controller = Controller::start().await;
    let admin = controller.first_admin().await;
    let ada = controller.add_user(&admin, "ada", "user").await;
    let (status, mut events) = ada.follow("/cluster/events").await;
    assert_eq!(status, 200);
    assert_eq!(events.next().await.unwrap().0, "snapshot");
    assert_eq!(admin.call("DELETE", "/users/ada", None).await.status, 204);
    soon("the events end", async { while events.next().await.is_some() {} }).await;
    assert_eq!(ada.follow("/cluster/events").await.0, 401);
}

#[tokio::test]
async fn whoever_watches_does_not_hold_up_the_end() {
    let controller = Controller::start().await;
    let (_, mut events) = controller.http().follow(EVENTS, "").await;
    events.next().await.unwrap();
    controller.shutdown.drain.cancel();
    soon("the events end", async { while events.next().await.is_some() {} }).await;
    controller.ended().await;
}
