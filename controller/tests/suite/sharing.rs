//! Links that show a job to whoever has them.

use controller::config::AnonymousUse;
use serde_json::{Value, json};

use crate::support::{Controller, Runner, Someone, program};

/// A job that has ended; its key and its owner are nobody's business.
async fn finished(someone: &Someone, runner: &mut Runner) -> String {
    let mut spec = serde_json::to_value(program()).unwrap();
    spec["idempotency_key"] = "my-key".into();
    let id = someone.post("/jobs", &spec).await.json()["id"].as_str().unwrap().to_owned();
    runner.run_next("the output").await;
    assert_eq!(someone.get(&format!("/jobs/{id}?wait=20")).await.json()["state"], "finished");
    id
}

async fn share(someone: &Someone, id: &str) -> Value {
    let shared = someone.post(&format!("/jobs/{id}/share"), &json!({})).await;
    assert_eq!(shared.status, 201, "{shared:?}");
    shared.json()
}

fn path(link: &Value) -> String {
    format!("/shared/{}", link["token"].as_str().unwrap())
}

#[tokio::test]
async fn whoever_has_a_link_sees_program_and_result_until_it_is_taken_back() {
    // Strangers may do nothing here.
    let controller = Controller::start_with(|config| config.anonymous_use = AnonymousUse::Off).await;
    let mut runner = controller.runner("a", 1).await;
    let root = controller.first_admin().await;
    let lovelace = controller.add_user(&root, "lovelace", "user").await;
    let id = finished(&lovelace, &mut runner).await;
    let (one, other) = (share(&lovelace, &id).await, share(&lovelace, &id).await);
    assert_ne!(one["token"], other["token"]);
    assert!(one["expires_at"].as_str().is_some_and(|end| end.ends_with('Z')), "{one}");

    let stranger = controller.anonymous();
    assert_eq!(stranger.get(&format!("/jobs/{id}")).await.status, 401);
    for link in [&one, &other] {
        let seen = stranger.get(&path(link)).await;
        assert_eq!((seen.status, seen.header("cache-control")), (200, Some("no-store")));
        let told = seen.json();
        assert_eq!(told["job"]["runs"][0]["stdout"], "the output");
        assert_eq!(told["spec"]["files"][0]["content"], "int main(){}");
        assert!(!seen.body.contains("lovelace") && !seen.body.contains("my-key"), "{seen:?}");
    }

    let unshare = format!("/jobs/{id}/share");
    for _ in 0..2 {
        assert_eq!(lovelace.call("DELETE", &unshare, None).await.status, 204);
    }
    for link in [&one, &other] {
        assert_eq!(stranger.get(&path(link)).await.status, 404);
    }
    let again = share(&lovelace, &id).await;
    assert_eq!(stranger.get(&path(&again)).await.status, 200);

    let audit = root.get("/audit?limit=100").await;
    let entries = audit.json()["entries"].clone();
    let done: Vec<(&str, &str)> = entries
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["subject"] == id.as_str())
        .map(|entry| (entry["who"].as_str().unwrap(), entry["action"].as_str().unwrap()))
        .collect();
    let (shared, unshared) = (("lovelace", "job_shared"), ("lovelace", "job_unshared"));
    assert_eq!(done, [shared, unshared, shared, shared]);
    assert!(!audit.body.contains(again["token"].as_str().unwrap()));
}

#[tokio::test]
async fn only_who_may_stop_a_job_makes_links_to_it() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let root = controller.first_admin().await;
    let ada = controller.add_user(&root, "ada", "user").await;
    let bob = controller.add_user(&root, "bob", "user").await;
    let tom = controller.add_user(&root, "tom", "teacher").await;
    let reader = ada.with_token(&json!({ "scopes": ["read"] })).await;
    let change = json!({ "add": ["ada", "tom"] });
    assert_eq!(root.call("PATCH", "/groups/3b", Some(&change)).await.status, 200);
    let id = finished(&ada, &mut runner).await;
    let address = format!("/jobs/{id}/share");
    for (someone, status) in [(&bob, 404), (&controller.anonymous(), 404), (&reader, 403)] {
        assert_eq!(someone.post(&address, &json!({})).await.status, status);
        assert_eq!(someone.call("DELETE", &address, None).await.status, status);
    }
    for someone in [&tom, &root] {
        share(someone, &id).await;
    }
    let nothing = format!("/jobs/{}/share", protocol::JobId::random());
    for method in ["POST", "DELETE"] {
        assert_eq!(root.call(method, &nothing, None).await.status, 404, "{method}: there is no such job");
    }
}

#[tokio::test]
async fn links_are_not_guessed_and_there_is_an_end_to_them() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let someone = controller.anonymous();
    let id = finished(&someone, &mut runner).await;
    let link = share(&someone, &id).await;
    let token = link["token"].as_str().unwrap();
    let other = protocol::JobId::random().to_string();
    for wrong in [
        "x",
        &id,
        &format!("{id}."),
        &format!("{id}.x"),
        &token[..token.len() - 1],
        &token.replace(&id, &other),
        "%00",
        "..",
    ] {
        assert_eq!(someone.get(&format!("/shared/{wrong}")).await.status, 404, "{wrong}");
    }
    let address = format!("/jobs/{id}/share");
    let mut made = 1;
    let refused = loop {
        let reply = someone.post(&address, &json!({})).await;
        match reply.status {
            201 => made += 1,
            _ => break reply,
        }
    };
    assert_eq!((made, refused.problem()["status"].as_u64()), (100, Some(409)));
    assert_eq!(someone.call("DELETE", &address, None).await.status, 204);
    assert_eq!(someone.get(&path(&link)).await.status, 404);
}

#[tokio::test]
async fn a_link_ends_with_its_job() {
    let controller = Controller::start_with(|config| config.keep_finished = 1).await;
    let mut runner = controller.runner("a", 1).await;
    let someone = controller.anonymous();
    let spec = serde_json::to_value(program()).unwrap();
    let mut links = Vec::new();
    for _ in 0..2 {
        let id = someone.post("/jobs", &spec).await.json()["id"].as_str().unwrap().to_owned();
        links.push(share(&someone, &id).await);
        assert_ne!(someone.get(&path(&links[links.len() - 1])).await.json()["job"]["state"], "finished");
        runner.run_next("").await;
        someone.get(&format!("/jobs/{id}?wait=20")).await;
    }
    assert_eq!(someone.get(&path(&links[0])).await.status, 404, "its job was forgotten for the second");
    assert_eq!(someone.get(&path(&links[1])).await.json()["job"]["state"], "finished");
}

#[tokio::test]
async fn where_the_operator_says_so_there_are_no_links() {
    let controller = Controller::start_with(|config| config.sharing = false).await;
    let mut runner = controller.runner("a", 1).await;
    let someone = controller.anonymous();
    let id = finished(&someone, &mut runner).await;
    assert_eq!(someone.get("/settings").await.json()["sharing"], false);
    for (method, path) in [
        ("POST", format!("/jobs/{id}/share")),
        ("DELETE", format!("/jobs/{id}/share")),
        ("GET", format!("/shared/{id}.ruche_share_x")),
    ] {
        let refused = someone.call(method, &path, None).await;
        assert_eq!(refused.status, 403, "{method} {path}: {refused:?}");
        assert!(refused.problem()["detail"].as_str().unwrap().contains("operator"));
    }
}
