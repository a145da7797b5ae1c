//! Bad input of every kind, at both doors: refused with the field's name, and nothing is started.

use serde_json::{Value, json};

use crate::support::{Client, Controller};
use protocol::client::Response;

/// A job that would be fine, changed at these places.
fn job(changes: Value) -> Value {
    let mut job = json!({ "language": "c", "files": [{ "path": "main.c", "content": "" }] });
    if let (Value::Object(job), Value::Object(changes)) = (&mut job, changes) {
        job.extend(changes);
    }
    job
}

fn cases() -> Vec<(Value, &'static str, &'static str)> {
    let file = |path: &str| json!({ "files": [{ "path": path, "content": "" }] });
    let two = json!({ "files": [{ "path": "main.c", "content": "" }, { "path": "main.c", "content": "" }] });
    vec![
        (json!({ "language": "cobol" }), "unknown_language", "language"),
        (json!({ "language": "" }), "invalid", "language"),
        (file("/etc/passwd"), "invalid", "files[0].path"),
        (file("../main.c"), "invalid", "files[0].path"),
        (file(&"x".repeat(256)), "invalid", "files[0].path"),
        (file("a\0b"), "invalid", "files[0].path"),
        (two, "invalid", "files[1].path"),
        (json!({ "files": [] }), "invalid", "files"),
        (json!({ "main": "other.c" }), "invalid", "main"),
        (file("notes.txt"), "invalid", "files"),
        (json!({ "args": ["a\0b"] }), "invalid", "args[0]"),
        (json!({ "env": { "A": "\0" } }), "invalid", "env.A"),
        (json!({ "limits": { "cpu_seconds": 11 } }), "limit_too_high", "limits.cpu_seconds"),
        (json!({ "limits": { "cpu_seconds": 0 } }), "invalid", "limits.cpu_seconds"),
        (
            json!({ "runs": [{}, { "limits": { "memory_bytes": 1_u64 << 40 } }] }),
            "limit_too_high",
            "runs[1].limits.memory_bytes",
        ),
        (json!({ "runs": [] }), "invalid", "runs"),
        (json!({ "priority": 101 }), "invalid", "priority"),
        (json!({ "stdin": "x".repeat(1500) }), "too_large", "files"),
        (json!({ "limits": { "cpu_seconds": "much" } }), "invalid", "limits.cpu_seconds"),
        (json!({ "files": [{ "path": "main.c", "base64": "?" }] }), "invalid", "files[0]"),
    ]
}

async fn controller() -> Controller {
    Controller::start_with(|config| config.max_body = 1000).await
}

async fn over_tcp(client: &mut Client, stream: u32, spec: &Value) -> Value {
    client.peer.say(stream, &json!({ "type": "submit", "spec": spec })).await;
    match client.response(stream).await {
        Response::Refused { problem } => serde_json::to_value(problem).unwrap(),
        other => panic!("{spec} is taken: {other:?}"),
    }
}

#[tokio::test]
async fn both_doors_name_the_field_at_fault() {
    let controller = controller().await;
    let _runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    for (stream, (changes, kind, field)) in (1..).zip(cases()) {
        let spec = job(changes);
        let over_http = controller.http().post("/api/v1/jobs", &spec).await.problem();
        for problem in [over_http, over_tcp(&mut client, stream, &spec).await] {
            assert_eq!(
                (&problem["kind"], &problem["field"]),
                (&kind.into(), &field.into()),
                "{spec}: {problem}"
            );
        }
    }
    let cobol = controller.http().post("/api/v1/jobs", &job(json!({ "language": "cobol" }))).await.problem();
    let detail = cobol["detail"].as_str().unwrap();
    assert!(detail.contains("c, python"), "the languages that there are: {detail}");
    assert_eq!(controller.http().get("/api/v1/jobs").await.json()["jobs"], json!([]), "nothing was kept");
}

#[tokio::test]
async fn what_json_cannot_be_is_named_over_http() {
    let controller = controller().await;
    let http = controller.http();
    for (changes, field) in [
        (json!({ "limts": {} }), "limts"),
        (json!({ "limits": { "cpu": 1 } }), "limits.cpu"),
        (json!({ "files": [{ "path": "a", "size": 3 }] }), "files[0].content"),
        (json!({ "stdin": { "size": 3 } }), "stdin"),
    ] {
        let problem = http.post("/api/v1/jobs", &job(changes.clone())).await.problem();
        assert_eq!((&problem["kind"], &problem["field"]), (&"invalid".into(), &field.into()), "{changes}");
    }
}

#[tokio::test]
async fn what_no_frame_to_a_runner_can_hold_is_refused() {
    let controller = Controller::start().await;
    let _runner = controller.runner("a", 1).await;
    let args: Vec<String> = (0..200).map(|_| "x".repeat(8000)).collect();
    let reply = controller.http().post("/api/v1/jobs", &job(json!({ "args": args }))).await;
    assert_eq!(reply.problem()["kind"], "too_large");
}

#[tokio::test]
async fn sizes_beyond_counting_are_refused() {
    let controller = controller().await;
    let _runner = controller.runner("a", 1).await;
    let file = |path: &str| json!({ "path": path, "size": u64::MAX });
    let spec = job(json!({ "files": [file("main.c"), file("b.c")] }));
    let problem = over_tcp(&mut controller.client().await, 1, &spec).await;
    assert_eq!(problem["kind"], "too_large");
}

#[tokio::test]
async fn whoever_sends_far_too_much_before_listening_hears_that_it_was_too_much() {
    let controller = Controller::start_with(|config| config.max_body = 1000).await;
    let body = " ".repeat(4_000_000);
    for _ in 0..20 {
        let reply =
            controller.http().send("POST", "/api/v1/jobs", "content-type: application/json\r\n", &body).await;
        assert_eq!(reply.status, 413, "{reply:?}");
    }
}
