//! What a web page elsewhere can do through somebody's browser: nothing.

use serde_json::json;

use crate::support::{Controller, Reply};

fn assert_protected(reply: &Reply) {
    for (header, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(reply.header(header), Some(value), "{reply:?}");
    }
    for header in ["access-control-allow-origin", "strict-transport-security", "server"] {
        assert_eq!(reply.header(header), None, "{reply:?}");
    }
}

#[tokio::test]
async fn every_answer_is_protected() {
    let controller = Controller::start().await;
    let http = controller.http();
    for path in
        ["/healthz", "/openapi.json", "/api/v1/cluster", "/api/v1/jobs/xyz", "/assets/nothing.js", "/nothing"]
    {
        assert_protected(&http.get(path).await);
    }
    assert_protected(&http.send("DELETE", "/api/v1/jobs", "", "").await);
    assert_protected(&http.send("POST", "/api/v1/jobs", "", "").await);
    let asked = http.send("OPTIONS", "/api/v1/jobs", "origin: https://evil.example\r\n", "").await;
    assert_eq!(asked.status, 405, "nobody elsewhere is allowed to ask for more");
    assert_protected(&asked);
}

#[tokio::test]
async fn no_form_elsewhere_changes_anything() {
    let controller = Controller::start().await;
    let _runner = controller.runner("a", 1).await;
    let http = controller.http();
    for kind in ["", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"] {
        let header = if kind.is_empty() { String::new() } else { format!("content-type: {kind}\r\n") };
        for path in ["/api/v1/runners/a/drain", "/api/v1/jobs", "/api/v1/archives"] {
            let reply = http.send("POST", path, &header, "{}").await;
            // A job may come as a form, but not from a page elsewhere.
            if path.ends_with("jobs") && kind.starts_with("multipart") {
                assert_eq!(reply.status, 403, "{path} {kind}: {reply:?}");
                continue;
            }
            assert_eq!(reply.status, 415, "{path} {kind}: {reply:?}");
            assert_eq!(reply.problem()["field"], "content-type");
        }
    }
    assert_eq!(http.get("/api/v1/runners").await.json()[0]["state"], "available");
    assert_eq!(http.post("/api/v1/runners/nobody/drain", &json!({})).await.status, 404);
}

#[tokio::test]
async fn a_door_on_loopback_answers_to_its_own_names_only() {
    let controller = Controller::start_with(|config| {
        config.doors.http_hosts = vec!["ruche.school.example".to_owned()];
    })
    .await;
    let http = controller.http();
    for (host, status) in [
        ("localhost:7080", 200),
        ("127.0.0.1", 200),
        ("[::1]:7080", 200),
        ("ruche.school.example", 200),
        ("evil.example", 421),
        ("localhost.evil.example:7080", 421),
        ("", 421),
    ] {
        let reply = http.get_as(host, "/api/v1/cluster").await;
        assert_eq!(reply.status, status, "{host}: {reply:?}");
        assert_protected(&reply);
    }
    let reply = http.send("GET", "http://evil.example/api/v1/cluster", "", "").await;
    assert_eq!(reply.status, 421, "{reply:?}");
}

#[tokio::test]
async fn a_refusal_does_not_give_back_all_that_it_refuses() {
    let controller = Controller::start().await;
    let secret = "x".repeat(100_000);
    let reply = controller.http().post("/api/v1/jobs", &json!({ "priority": secret })).await;
    assert_eq!(reply.status, 400);
    assert!(reply.body.len() < 2000, "{} bytes", reply.body.len());
}
