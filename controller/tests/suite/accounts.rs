//! Logging in, one's own jobs, tokens, and what is written down of it.

use std::time::Duration;

use protocol::client::{Request, Response};
use protocol::hello::Hello;
use protocol::{JobId, ProblemKind, Secret};
use serde_json::{Value, json};

use crate::support::{Client, Controller, PASSWORD, Someone, program, soon};

async fn submit(someone: &Someone) -> String {
    let submitted = someone.post("/jobs", &serde_json::to_value(program()).unwrap()).await;
    assert_eq!(submitted.status, 202, "{submitted:?}");
    submitted.json()["id"].as_str().unwrap().to_owned()
}

async fn listed(someone: &Someone) -> Vec<String> {
    let page = someone.get("/jobs").await.json();
    let mut owners: Vec<String> = page["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["owner"].as_str().unwrap_or("").to_owned())
        .collect();
    owners.sort();
    owners
}

#[tokio::test]
async fn one_sees_ones_own_jobs_a_teacher_its_pupils_and_an_admin_all() {
    let controller = Controller::start().await;
    let _runner = controller.runner("a", 1).await;
    let root = controller.first_admin().await;
    let (ada, bob, tom) = (
        controller.add_user(&root, "ada", "user").await,
        controller.add_user(&root, "bob", "user").await,
        controller.add_user(&root, "tom", "teacher").await,
    );
    let change = json!({ "add": ["ada", "tom"] });
    assert_eq!(root.call("PATCH", "/groups/3b", Some(&change)).await.status, 200);
    let (of_ada, of_bob, of_nobody) =
        (submit(&ada).await, submit(&bob).await, submit(&controller.anonymous()).await);

    for (someone, sees, lists) in [
        (&ada, [true, false, true], vec!["ada"]),
        (&bob, [false, true, true], vec!["bob"]),
        (&tom, [true, false, true], vec!["ada"]),
        (&root, [true, true, true], vec!["", "ada", "bob"]),
        (&controller.anonymous(), [false, false, true], vec![]),
    ] {
        for (id, sees) in [&of_ada, &of_bob, &of_nobody].into_iter().zip(sees) {
            for path in [format!("/jobs/{id}"), format!("/jobs/{id}?wait=0"), format!("/jobs/{id}/attempts")]
            {
                let status = someone.get(&path).await.status;
                assert_eq!(status, if sees { 200 } else { 404 }, "{path}");
            }
        }
        if someone.token.is_some() {
            assert_eq!(listed(someone).await, lists);
        }
    }
    let theirs = bob.get("/jobs?owner=ada").await.json();
    assert_eq!(theirs["jobs"], json!([]));
    assert_eq!(root.get("/jobs?owner=ada").await.json()["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(bob.call("POST", &format!("/jobs/{of_ada}/cancel"), None).await.status, 404);
    assert_eq!(bob.get(&format!("/jobs/{of_ada}/events")).await.status, 404);
    assert_eq!(tom.call("POST", &format!("/jobs/{of_ada}/cancel"), None).await.status, 200);

    let token = bob.token.clone().map(Secret::from);
    let mut client =
        Client::connect_as(controller.clients, &Hello { token, ..Hello::new("test", 10_000) }).await;
    let id: JobId = of_ada.parse().unwrap();
    for request in
        [Request::Job { id }, Request::Watch { id, after: 0, stdin_follows: false }, Request::Cancel { id }]
    {
        let Response::Refused { problem } = client.answer(&request).await else { panic!("{request:?}") };
        assert_eq!(problem.kind, ProblemKind::NotFound, "{request:?}");
    }
}

#[tokio::test]
async fn a_key_is_its_owners() {
    let controller = Controller::start().await;
    let _runner = controller.runner("a", 1).await;
    let root = controller.first_admin().await;
    let ada = controller.add_user(&root, "ada", "user").await;
    let mut spec = serde_json::to_value(program()).unwrap();
    spec["idempotency_key"] = "homework".into();
    let id = async |someone: &Someone| someone.post("/jobs", &spec).await.json()["id"].clone();
    let of_ada = id(&ada).await;
    assert_eq!(id(&ada).await, of_ada);
    assert_ne!(id(&root).await, of_ada);
    assert_ne!(id(&controller.anonymous()).await, of_ada);
}

#[tokio::test]
async fn whoever_logs_in_is_not_told_what_was_wrong_and_may_not_try_forever() {
    let controller = Controller::start().await;
    controller.first_admin().await;
    let try_as = async |name: &str| {
        let ask = json!({ "name": name, "password": "wrong, all wrong" });
        controller.anonymous().post("/session", &ask).await
    };
    let large = json!({ "name": "root", "password": "x".repeat(1 << 20) });
    let large = controller.anonymous().post("/session", &large).await;
    assert_eq!(large.status, 413, "nobody who is not known has much to say");
    let (known, unknown) = (try_as("root").await, try_as("nobody").await);
    assert_eq!((known.status, &known.body), (401, &unknown.body));
    let mut last = unknown;
    for _ in 0..20 {
        last = try_as("root").await;
        if last.status == 429 {
            break;
        }
    }
    assert_eq!(last.problem()["kind"], "quota_exceeded");
    assert!(last.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()));
}

#[tokio::test]
async fn a_page_has_its_session_in_a_cookie_that_other_pages_cannot_use() {
    let controller = Controller::start().await;
    controller.first_admin().await;
    let ask = json!({ "name": "root", "password": PASSWORD });
    let session = controller.anonymous().post("/session", &ask).await;
    assert_eq!(session.json()["token"], Value::Null);
    let cookie = session.header("set-cookie").unwrap().to_owned();
    for flag in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap();
    let http = controller.http();
    let call = async |method: &str, more: &str| {
        http.send(method, "/api/v1/session", &format!("cookie: {cookie}\r\n{more}"), "").await
    };
    assert_eq!(call("GET", "").await.json()["name"], "root");
    assert_eq!(call("DELETE", "").await.status, 403);
    assert_eq!(call("DELETE", "origin: http://evil\r\n").await.status, 403);
    let out = call("DELETE", "origin: http://localhost\r\n").await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(call("GET", "").await.status, 401);
}

#[tokio::test]
async fn tokens_are_never_good_for_more_than_what_they_are_made_with() {
    let controller = Controller::start().await;
    let _runner = controller.runner("a", 1).await;
    let root = controller.first_admin().await;
    let wide =
        root.with_token(&json!({ "scopes": ["submit", "read", "account"], "ttl_seconds": 3600 })).await;
    let narrow = wide.with_token(&json!({ "scopes": ["read"] })).await;
    assert_eq!(narrow.get("/jobs").await.status, 200);
    let refused = narrow.post("/jobs", &serde_json::to_value(program()).unwrap()).await;
    assert!(refused.problem()["detail"].as_str().unwrap().contains("submit"), "{refused:?}");
    submit(&wide).await;
    for wider in [json!({ "scopes": ["admin"] }), json!({ "scopes": ["read"], "ttl_seconds": 4000 })] {
        assert_eq!(wide.post("/tokens", &wider).await.status, 403, "{wider}");
    }

    let all = root.get("/tokens").await.json();
    let [first, second] = &all.as_array().unwrap()[..] else { panic!("{all}") };
    assert_eq!(second["parent"], first["id"]);
    let first = first["id"].as_str().unwrap();
    assert_eq!(root.call("DELETE", &format!("/tokens/{first}"), None).await.status, 204);
    for gone in [&wide, &narrow] {
        assert_eq!(gone.get("/jobs").await.status, 401, "it goes with what it was made with");
    }
    assert_eq!(root.get("/tokens").await.json(), json!([]));
}

#[tokio::test]
async fn a_new_password_ends_sessions_and_a_removed_user_is_gone_at_once() {
    let controller = Controller::start().await;
    let root = controller.first_admin().await;
    let ada = controller.add_user(&root, "ada", "user").await;
    let other = controller.log_in("ada").await;
    let wrong = json!({ "old": "something else", "new": "another horse battery" });
    assert_eq!(ada.post("/password", &wrong).await.problem()["field"], "old");
    let right = json!({ "old": PASSWORD, "new": "another horse battery" });
    assert_eq!(ada.post("/password", &right).await.status, 204);
    assert_eq!(ada.get("/session").await.status, 200);
    assert_eq!(other.get("/session").await.status, 401);

    let token = ada.with_token(&json!({})).await;
    assert_eq!(token.get("/session").await.json()["name"], "ada");
    assert_eq!(root.call("DELETE", "/users/ada", None).await.status, 204);
    assert_eq!(token.get("/session").await.status, 401);
    assert_eq!(ada.get("/session").await.status, 401);
    assert_eq!(root.call("DELETE", "/users/root", None).await.status, 409, "somebody has to be left");
    assert_eq!(root.call("PATCH", "/users/root", Some(&json!({ "role": "user" }))).await.status, 409);
}

#[tokio::test]
async fn what_is_revoked_at_one_controller_is_soon_good_for_nothing_at_others() {
    let [here, there] = Controller::several().await;
    let root = here.first_admin().await;
    soon("the other one knows that there are accounts", async {
        while there.anonymous().get("/users").await.status != 401 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let token = root.with_token(&json!({})).await;
    let elsewhere = there.anonymous().showing(token.token.as_ref().unwrap());
    assert_eq!(elsewhere.get("/jobs").await.status, 200);
    let id = root.get("/tokens").await.json()[0]["id"].as_str().unwrap().to_owned();
    root.call("DELETE", &format!("/tokens/{id}"), None).await;
    assert_eq!(token.get("/jobs").await.status, 401, "here at once");
    soon("it is noticed there", async {
        while elsewhere.get("/jobs").await.status != 401 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_done_is_written_down_without_secrets() {
    let controller = Controller::start().await;
    let root = controller.first_admin().await;
    let ada = controller.add_user(&root, "ada", "user").await;
    let token = ada.with_token(&json!({ "name": "ci" })).await;
    let failed = json!({ "name": "ada", "password": "not this one" });
    controller.anonymous().post("/session", &failed).await;
    root.call("DELETE", "/users/ada", None).await;

    let page = root.get("/audit?limit=3").await.json();
    let rest = root.get(&format!("/audit?cursor={}", page["next_cursor"].as_str().unwrap())).await.json();
    let entries =
        [page["entries"].as_array().unwrap().clone(), rest["entries"].as_array().unwrap().clone()].concat();
    let said: Vec<_> = entries
        .iter()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {} {}", text("who"), text("action"), text("subject"), entry["done"])
        })
        .collect();
    let expected = [
        "root user_removed ada true",
        "ada log_in - false",
        "ada token_created ",
        "ada log_in - true",
        "root user_added ada true",
        "root log_in - true",
        "- user_added root true",
    ];
    assert_eq!(said.len(), expected.len(), "{said:?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said} is not {expected}");
    }
    let all = format!("{entries:?}");
    for secret in [PASSWORD, "not this one", token.token.as_ref().unwrap(), ada.token.as_ref().unwrap()] {
        assert!(!all.contains(secret));
    }
}
