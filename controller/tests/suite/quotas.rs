//! What a user or token may have, and what it hears when that is used up.

use protocol::runner::FromRunner;
use protocol::{StepResult, Usage, Verdict};
use serde_json::{Value, json};

use crate::support::{Controller, Given, RUN, Reply, Runner, Someone, program, soon};

fn spec() -> Value {
    serde_json::to_value(program()).unwrap()
}

async fn submit(someone: &Someone) -> Reply {
    someone.post("/jobs", &spec()).await
}

async fn submitted(someone: &Someone) -> String {
    let reply = submit(someone).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    reply.json()["id"].as_str().unwrap().to_owned()
}

/// What a refusal says, whose quota is used up.
fn used_up(reply: &Reply) -> (String, Option<u32>) {
    let problem = reply.problem();
    assert_eq!((problem["kind"].as_str(), reply.status), (Some("quota_exceeded"), 429), "{reply:?}");
    let after = reply.header("retry-after").map(|seconds| seconds.parse().unwrap());
    (problem["detail"].as_str().unwrap().to_owned(), after)
}

/// An admin, and a user who may have so much.
async fn limited(controller: &Controller, limits: Value) -> (Someone, Someone) {
    let root = controller.first_admin().await;
    controller.add_user(&root, "ada", "user").await;
    let changed = root.call("PATCH", "/users/ada", Some(&json!({ "limits": limits }))).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let ada = controller.log_in("ada").await;
    (root, ada)
}

/// Ends a job that has used so much processor time, and waits until that is known.
async fn finish(runner: &mut Runner, job: &Given, cpu_ms: u64, someone: &Someone) {
    let usage = Usage { cpu_ms, ..Usage::default() };
    let result = StepResult { usage, ..StepResult::new(Verdict::Ok) };
    runner.tell(job, FromRunner::StepStarted { step: RUN }).await;
    runner.tell(job, FromRunner::StepFinished { step: RUN, result }).await;
    runner.tell(job, FromRunner::Finished { verdict: Verdict::Ok, message: None }).await;
    let ended = someone.get(&format!("/jobs/{}?wait=20", job.assignment.job)).await;
    assert_eq!(ended.json()["state"], "finished");
}

#[tokio::test]
async fn a_user_runs_as_many_jobs_at_once_as_its_own_limit_says() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 3).await;
    let (root, ada) = limited(&controller, json!({ "max_running": 1 })).await;
    submitted(&ada).await;
    let first = runner.given().await;
    let second = submitted(&ada).await;
    let others = submitted(&root).await;
    let given = runner.given().await;
    assert_eq!(given.assignment.job.to_string(), others);
    let message = ada.get(&format!("/jobs/{second}")).await.json()["message"].clone();
    assert_eq!(message, "the same user runs as many jobs as allowed: max_running is 1");
    finish(&mut runner, &first, 1, &ada).await;
    assert_eq!(runner.given().await.assignment.job.to_string(), second);

    let third = submitted(&ada).await;
    root.call("PATCH", "/users/ada", Some(&json!({ "limits": { "max_running": 2 } }))).await;
    let given = soon("more is allowed", runner.given()).await;
    assert_eq!(given.assignment.job.to_string(), third);
}

#[tokio::test]
async fn a_users_queue_has_an_end() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let (root, ada) = limited(&controller, json!({ "max_queued": 1 })).await;
    submitted(&root).await;
    let running = runner.given().await;
    let waiting = submitted(&ada).await;
    let (detail, after) = used_up(&submit(&ada).await);
    assert!(detail.contains("max_queued is 1") && after.is_some(), "{detail}");
    submitted(&root).await;
    finish(&mut runner, &running, 1, &root).await;
    let given = runner.given().await;
    assert_eq!(given.assignment.job.to_string(), waiting);
    submitted(&ada).await;
}

#[tokio::test]
async fn processor_time_is_used_up_by_the_day() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let (root, ada) = limited(&controller, json!({ "cpu_seconds_per_day": 2.0 })).await;
    for _ in 0..2 {
        submitted(&ada).await;
        let job = runner.given().await;
        finish(&mut runner, &job, 1500, &ada).await;
    }
    let (detail, after) = used_up(&submit(&ada).await);
    assert!(detail.contains("3.0 s of the 2 s") && detail.contains("00:00 UTC"), "{detail}");
    assert!(after.is_some_and(|seconds| (1..=86_401).contains(&seconds)));
    let limits = ada.get("/limits").await.json();
    assert_eq!(
        limits,
        json!({ "limits": { "cpu_seconds_per_day": 2.0, "maximum": {} }, "cpu_seconds_today": 3.0 })
    );
    submitted(&root).await;

    root.call("PATCH", "/users/ada", Some(&json!({ "limits": {} }))).await;
    submitted(&ada).await;
}

#[tokio::test]
async fn a_group_limits_its_members_and_its_teacher_says_how() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let root = controller.first_admin().await;
    let ada = controller.add_user(&root, "ada", "user").await;
    let tom = controller.add_user(&root, "tom", "teacher").await;
    for (group, members) in [("3b", json!(["ada", "tom"])), ("4a", json!(["ada"]))] {
        let made = root.call("PATCH", &format!("/groups/{group}"), Some(&json!({ "add": members }))).await;
        assert_eq!(made.status, 200);
    }
    let limits = json!({ "maximum": { "memory_bytes": 1 << 20 } });
    assert_eq!(tom.call("PUT", "/groups/4a/limits", Some(&limits)).await.status, 404, "it is not his");
    assert_eq!(ada.call("PUT", "/groups/3b/limits", Some(&limits)).await.status, 403);
    assert_eq!(tom.call("PUT", "/groups/3b/limits", Some(&limits)).await.status, 200);

    let mut large = spec();
    large["limits"] = json!({ "memory_bytes": 2 << 20 });
    let refused = ada.post("/jobs", &large).await.problem();
    assert_eq!(
        (refused["kind"].as_str(), refused["field"].as_str()),
        (Some("limit_too_high"), Some("limits.memory_bytes"))
    );
    submitted(&ada).await;
    let given = runner.given().await;
    assert_eq!(given.assignment.spec.limits.memory_bytes, Some(1 << 20), "no more where it does not say");
}

#[tokio::test]
async fn a_token_has_a_budget() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 2).await;
    let root = controller.first_admin().await;
    let few =
        root.with_token(&json!({ "budget": { "jobs": 2 }, "scopes": ["submit", "read", "account"] })).await;
    let child = few.with_token(&json!({})).await;
    submitted(&few).await;
    submitted(&child).await;
    for token in [&few, &child] {
        let (detail, after) = used_up(&submit(token).await);
        assert!(detail.contains("budget of 2 jobs") && after.is_none(), "{detail}");
    }
    let jobs = [runner.given().await, runner.given().await];

    let brief = root.with_token(&json!({ "budget": { "cpu_seconds": 1.0 } })).await;
    finish(&mut runner, &jobs[0], 5000, &root).await;
    finish(&mut runner, &jobs[1], 5000, &root).await;
    submitted(&brief).await;
    let job = runner.given().await;
    finish(&mut runner, &job, 1500, &root).await;
    assert!(used_up(&submit(&brief).await).0.contains("1 s of processor time"));

    let other = root.with_token(&json!({ "budget": { "languages": ["python"] } })).await;
    let refused = submit(&other).await;
    assert_eq!((refused.status, refused.problem()["field"].as_str()), (403, Some("language")));
}

#[tokio::test]
async fn what_is_refused_costs_nothing() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let root = controller.first_admin().await;
    let once = root.with_token(&json!({ "budget": { "jobs": 1 } })).await;
    let mut unplaceable = spec();
    unplaceable["requires"] = json!({ "gpu": "yes" });
    unplaceable["no_wait"] = true.into();
    assert_eq!(once.post("/jobs", &unplaceable).await.status, 503);
    submitted(&once).await;
    runner.given().await;
    used_up(&submit(&once).await);
}
