//! The HTTP door.

use protocol::Verdict;
use serde_json::json;

use crate::support::{Controller, Reply};

fn job() -> serde_json::Value {
    json!({ "language": "c", "files": [{ "path": "main.c", "content": "" }] })
}

/// The numbers of server-sent events.
fn numbers(reply: &Reply) -> Vec<u64> {
    reply.body.lines().filter_map(|line| line.strip_prefix("id: ")?.parse().ok()).collect()
}

#[tokio::test]
async fn a_job_is_taken_in_or_waited_for() {
    let controller = Controller::start().await;
    let http = controller.http();
    let accepted = http.post("/api/v1/jobs", &job()).await;
    let id = accepted.json()["id"].as_str().unwrap().to_owned();
    assert_eq!((accepted.status, accepted.json()["state"].as_str()), (202, Some("queued")));
    assert_eq!(accepted.header("location"), Some(format!("/api/v1/jobs/{id}").as_str()));

    let mut runner = controller.runner("a", 1).await;
    runner.run_next("first").await;
    let first = http.get(&format!("/api/v1/jobs/{id}?wait=20")).await.json();
    assert_eq!(first["runs"][0]["stdout"], "first");

    let second = job();
    let (reply, _) = tokio::join!(http.post("/api/v1/jobs?wait=20", &second), runner.run_next("second"));
    assert_eq!((reply.status, &reply.json()["runs"][0]["stdout"]), (200, &"second".into()));
}

#[tokio::test]
async fn events_go_on_behind_the_last_one_seen() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let http = controller.http();
    let id = http.post("/api/v1/jobs", &job()).await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/jobs/{id}/events");
    let (all, _) = tokio::join!(http.get(&path), runner.run_next("hello"));
    let last = numbers(&all).len() as u64;
    assert_eq!(numbers(&all), (1..=last).collect::<Vec<_>>());
    assert!(all.body.contains("hello") && all.body.contains("\"finished\""), "{}", all.body);

    let resumed = http.send("GET", &path, "last-event-id: 3\r\n", "").await;
    assert_eq!(numbers(&resumed), (4..=last).collect::<Vec<_>>());
    let wrong = http.send("GET", &path, "last-event-id: x\r\n", "").await;
    assert_eq!(wrong.problem()["field"], "Last-Event-ID");
}

#[tokio::test]
async fn everything_that_is_wrong_is_a_problem() {
    let controller = Controller::start_with(|config| config.max_body = 1000).await;
    let http = controller.http();
    let unknown = format!("/api/v1/jobs/{}", protocol::JobId::random());
    let large = "x".repeat(10_000);
    let typed = "content-type: application/json\r\n";
    for (method, path, headers, body, status) in [
        ("GET", "/nothing", "", "", 404),
        ("GET", unknown.as_str(), "", "", 404),
        ("GET", "/api/v1/jobs/xyz", "", "", 400),
        ("PUT", "/api/v1/jobs", "", "", 405),
        ("POST", "/api/v1/jobs", "", "{}", 415),
        ("POST", "/api/v1/jobs", typed, "{", 400),
        ("POST", "/api/v1/jobs", typed, large.as_str(), 413),
        ("GET", "/api/v1/jobs?limit=0", "", "", 400),
        ("GET", "/api/v1/jobs?limit=x", "", "", 400),
        ("GET", "/api/v1/jobs?colour=red", "", "", 400),
        ("GET", "/api/v1/jobs?cursor=%3F", "", "", 400),
        ("GET", "/api/v1/jobs?wait=-1", "", "", 400),
    ] {
        let reply = http.send(method, path, headers, body).await;
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
        reply.problem();
    }
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_back() {
    let controller = Controller::start_with(|config| config.max_queue = 1).await;
    let http = controller.http();
    assert_eq!(http.post("/api/v1/jobs", &job()).await.status, 202);
    let refused = http.post("/api/v1/jobs", &job()).await;
    assert_eq!((refused.status, &refused.problem()["kind"]), (429, &"queue_full".into()));
    assert!(refused.header("retry-after").is_some());
}

#[tokio::test]
async fn jobs_are_listed_and_cancelled() {
    let controller = Controller::start().await;
    let http = controller.http();
    for _ in 0..3 {
        http.post("/api/v1/jobs", &job()).await;
    }
    let page = http.get("/api/v1/jobs?limit=2").await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = http.get(&format!("/api/v1/jobs?limit=2&cursor={cursor}")).await.json();
    assert_eq!((page["jobs"].as_array().unwrap().len(), rest["jobs"].as_array().unwrap().len()), (2, 1));

    let path = format!("/api/v1/jobs/{}/cancel", rest["jobs"][0]["id"].as_str().unwrap());
    let cancelled = http.post(&path, &json!({})).await.json();
    assert_eq!(cancelled["verdict"], serde_json::to_value(Verdict::Cancelled).unwrap());
    assert_eq!(http.post(&path, &json!({})).await.problem()["kind"], "conflict");
    let queued = http.get("/api/v1/jobs?state=queued").await.json();
    assert_eq!(queued["jobs"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_cluster_is_described() {
    let controller = Controller::start().await;
    let _runner = controller.runner("a", 3).await;
    let http = controller.http();
    assert_eq!(http.get("/api/v1/runners").await.json()[0]["name"], "a");
    assert_eq!(http.get("/api/v1/languages").await.json()[0]["id"], "c");
    assert_eq!(http.get("/api/v1/cluster").await.json()["slots"], 3);
    assert_eq!(http.get("/healthz").await.status, 200);
    assert_eq!(http.get("/readyz").await.status, 200);
    assert!(http.get("/openapi.json").await.json()["paths"]["/api/v1/jobs"]["post"].is_object());
}
