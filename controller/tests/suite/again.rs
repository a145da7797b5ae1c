//! A job's program once it was submitted: had again, run again, and found again.

use protocol::client::{Request, Response};
use protocol::hello::Hello;
use protocol::{JobId, JobSpec, ProblemKind, Secret};
use serde_json::{Value, json};

use crate::support::{Client, Controller, Someone, program};

fn spec() -> Value {
    let mut spec = serde_json::to_value(JobSpec {
        args: vec!["-v".to_owned()],
        stdin: Some("1 2".into()),
        labels: [("class".to_owned(), "3B".to_owned())].into(),
        ..program()
    })
    .unwrap();
    spec["idempotency_key"] = "once".into();
    spec["files"][0]["content"] = "int main(){return 0;}".into();
    spec
}

async fn submit(someone: &Someone) -> String {
    let submitted = someone.post("/jobs", &spec()).await;
    assert_eq!(submitted.status, 202, "{submitted:?}");
    submitted.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_program_comes_back_as_it_was_submitted() {
    let controller = Controller::start().await;
    let someone = controller.anonymous();
    let id = submit(&someone).await;
    let again = someone.get(&format!("/jobs/{id}/spec")).await;
    assert_eq!(again.status, 200);
    let (again, submitted): (JobSpec, JobSpec) =
        (serde_json::from_value(again.json()).unwrap(), serde_json::from_value(spec()).unwrap());
    assert_eq!(again, submitted);
    let unknown = someone.get(&format!("/jobs/{}/spec", JobId::random())).await;
    assert_eq!((unknown.status, unknown.problem()["kind"].as_str()), (404, Some("not_found")));
}

#[tokio::test]
async fn a_job_is_run_again_as_a_new_one() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 2).await;
    let someone = controller.anonymous();
    let first = submit(&someone).await;
    let given = runner.run_next("one").await;
    someone.get(&format!("/jobs/{first}?wait=20")).await;

    let accepted = someone.post(&format!("/jobs/{first}/rerun"), &json!({})).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    let second = accepted.json()["id"].as_str().unwrap().to_owned();
    assert_ne!(first, second, "its key is not the first one's");
    assert_eq!(accepted.header("location"), Some(format!("/api/v1/jobs/{second}").as_str()));
    let again = runner.run_next("two").await;
    assert_eq!(again.assignment.job.to_string(), second);
    assert_eq!(again.assignment.spec.files, given.assignment.spec.files);
    assert_eq!(again.assignment.spec.args, given.assignment.spec.args);
    assert_eq!(again.assignment.spec.stdin, given.assignment.spec.stdin);
    let told = someone.get(&format!("/jobs/{second}?wait=20")).await.json();
    assert_eq!((&told["runs"][0]["stdout"], &told["labels"]["class"]), (&"two".into(), &"3B".into()));
    assert_eq!(someone.get(&format!("/jobs/{first}")).await.json()["runs"][0]["stdout"], "one");

    let mut client = controller.client().await;
    let answer = client.answer(&Request::Rerun { id: second.parse().unwrap() }).await;
    let Response::Job { job } = answer else { panic!("{answer:?}") };
    drop(client);
    runner.run_next("three").await;
    let told = someone.get(&format!("/jobs/{}?wait=20", job.id)).await.json();
    assert_eq!(told["runs"][0]["stdout"], "three", "it goes on without whoever asked for it");
}

#[tokio::test]
async fn whose_job_one_may_not_see_one_may_not_have_or_run_again() {
    let controller = Controller::start().await;
    let _runner = controller.runner("a", 4).await;
    let root = controller.first_admin().await;
    let ada = controller.add_user(&root, "ada", "user").await;
    let bob = controller.add_user(&root, "bob", "user").await;
    let tom = controller.add_user(&root, "tom", "teacher").await;
    let change = json!({ "add": ["ada", "tom"] });
    assert_eq!(root.call("PATCH", "/groups/3b", Some(&change)).await.status, 200);
    let id = submit(&ada).await;
    let (program, rerun) = (format!("/jobs/{id}/spec"), format!("/jobs/{id}/rerun"));
    for stranger in [&bob, &controller.anonymous()] {
        assert_eq!(stranger.get(&program).await.status, 404);
        assert_eq!(stranger.post(&rerun, &json!({})).await.status, 404);
    }
    let token = bob.token.clone().map(Secret::from);
    let mut client =
        Client::connect_as(controller.clients, &Hello { token, ..Hello::new("test", 10_000) }).await;
    let answer = client.answer(&Request::Rerun { id: id.parse().unwrap() }).await;
    assert!(
        matches!(&answer, Response::Refused { problem } if problem.kind == ProblemKind::NotFound),
        "{answer:?}"
    );
    let submitter = ada.with_token(&json!({ "scopes": ["submit"] })).await;
    assert_eq!(submitter.post(&rerun, &json!({})).await.status, 403, "it may not see the old one");

    assert_eq!(tom.get(&program).await.status, 200);
    for (someone, owner) in [(&tom, "tom"), (&ada, "ada")] {
        let accepted = someone.post(&rerun, &json!({})).await;
        assert_eq!(accepted.status, 202, "{accepted:?}");
        let new = accepted.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(root.get(&format!("/jobs/{new}")).await.json()["owner"], owner);
    }
}

#[tokio::test]
async fn jobs_are_found_by_verdict_runner_and_words() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("lab-1", 1).await;
    let someone = controller.anonymous();
    let done = submit(&someone).await;
    runner.run_next("").await;
    someone.get(&format!("/jobs/{done}?wait=20")).await;
    let other = someone.post("/jobs", &serde_json::to_value(program()).unwrap()).await.json();
    let other = other["id"].as_str().unwrap();
    runner.given().await;
    for (query, found) in [
        ("verdict=ok".to_owned(), vec![done.as_str()]),
        ("verdict=runtime_error".to_owned(), vec![]),
        ("runner=lab-1".to_owned(), vec![other, &done]),
        ("runner=lab".to_owned(), vec![]),
        ("search=3b".to_owned(), vec![&done]),
        (format!("search={done}"), vec![&done]),
        (format!("search=%20{}%20", &other[..16]), vec![other]),
        ("search=".to_owned(), vec![other, &done]),
        ("runner=lab-1&verdict=ok&search=3B&state=finished".to_owned(), vec![&done]),
    ] {
        let page = someone.get(&format!("/jobs?{query}")).await.json();
        let ids: Vec<&str> =
            page["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect();
        assert_eq!(ids, found, "{query}");
    }
    for (query, field) in [
        ("verdict=splendid".to_owned(), "query"),
        ("search=a%00b".to_owned(), "search"),
        ("runner=%00".to_owned(), "runner"),
        ("owner=%00".to_owned(), "owner"),
        ("label=a=%00".to_owned(), "label"),
        (format!("search={}", "x".repeat(1000)), "search"),
    ] {
        let refused = someone.get(&format!("/jobs?{query}")).await;
        assert_eq!((refused.status, refused.problem()["field"].as_str()), (400, Some(field)), "{query}");
    }
}
