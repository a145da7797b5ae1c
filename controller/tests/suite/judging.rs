//! Jobs that are judged: who may know what judges say, what their runs are worth, and which runners get them.

use protocol::event::JobEvent;
use protocol::runner::{FromRunner, Registration};
use protocol::{Check, JobSpec, Judge, Step, StepResult, Verdict};
use serde_json::{Value, json};

use crate::support::{Controller, Given, Runner, Someone, program, registration, soon, telemetry};

const SECRET: &str = "test 7 has a cycle";

/// A runner that knows how to judge.
async fn judging(controller: &Controller) -> Runner {
    let features = ["judging".to_owned()].into();
    let itself = Registration { features, ..registration("judging", 2) };
    let mut runner = Runner::join(controller.runners, itself).await.unwrap();
    runner.measured(telemetry()).await;
    controller.until_available("judging").await;
    runner
}

/// A job whose runs are judged by a checker in Python.
fn judged() -> Value {
    let mut spec = serde_json::to_value(program()).unwrap();
    spec["checker"] = json!({ "language": "PY", "files": [{ "path": "check.py", "content": "" }] });
    let expect = json!({ "stdout": "1", "checker": "custom" });
    spec["runs"] = json!([{ "weight": 3, "expect": expect }, { "name": "second", "expect": expect }]);
    spec["parallel"] = 2.into();
    spec
}

/// Begins both runs and ends the second one.
async fn halfway(runner: &mut Runner) -> Given {
    let job = runner.given().await;
    for step in [Step(1), Step(2)] {
        runner.tell(&job, FromRunner::StepStarted { step }).await;
    }
    let check = Check { fault: None, output: Some(SECRET.into()), ..Check::default() };
    let result =
        StepResult { partial: Some(7.5), check: Some(check), ..StepResult::new(Verdict::WrongAnswer) };
    runner.tell(&job, FromRunner::StepFinished { step: Step(2), result }).await;
    job
}

async fn end(runner: &mut Runner, job: &Given) {
    let check = Check { fault: Some(SECRET.to_owned()), ..Check::default() };
    let result = StepResult { check: Some(check), ..StepResult::new(Verdict::InternalError) };
    runner.tell(job, FromRunner::StepFinished { step: Step(1), result }).await;
    runner.tell(job, FromRunner::Finished { verdict: Verdict::InternalError, message: None }).await;
}

/// All that somebody is told of a job while it is followed to its end.
async fn followed(someone: &Someone, id: &str) -> String {
    let (status, mut events) = someone.follow(&format!("/jobs/{id}/events")).await;
    assert_eq!(status, 200);
    let mut told = String::new();
    while let Some((name, data)) = events.next().await {
        told.push_str(&data.to_string());
        if name == "finished" {
            break;
        }
    }
    told
}

#[tokio::test]
async fn what_judges_say_is_for_the_owner_of_the_job_alone() {
    let controller = Controller::start().await;
    let mut runner = judging(&controller).await;
    let root = controller.first_admin().await;
    let ada = controller.add_user(&root, "ada", "user").await;
    let id = ada.post("/jobs", &judged()).await.json()["id"].as_str().unwrap().to_owned();
    let job = halfway(&mut runner).await;
    let (ended, to_ada, to_root) =
        tokio::join!(end(&mut runner, &job), followed(&ada, &id), followed(&root, &id));
    let () = ended;
    assert_eq!(
        to_ada.matches(SECRET).count(),
        3,
        "as each run ends, and why the one is none at the end: {to_ada}"
    );
    assert!(to_root.contains("step_finished") && !to_root.contains(SECRET), "{to_root}");

    let path = format!("/jobs/{id}");
    let seen = ada.get(&path).await;
    assert_eq!(seen.body.matches(SECRET).count(), 2, "{seen:?}");
    assert_eq!(seen.json()["runs"][1]["check"]["output"], SECRET);
    assert_eq!(seen.json()["runs"][0]["check"]["fault"], SECRET);
    assert_eq!(
        (&seen.json()["score"], &seen.json()["runs"][1]["partial"]),
        (&json!({ "points": 1.0, "of": 4.0 }), &json!(1.0))
    );
    let link =
        ada.post(&format!("{path}/share"), &json!({})).await.json()["token"].as_str().unwrap().to_owned();
    let stranger = controller.anonymous();
    for (who, path) in [
        (&root, path.clone()),
        (&root, format!("{path}?wait=1")),
        (&stranger, format!("/shared/{link}")),
        (&ada, format!("/shared/{link}")),
    ] {
        let seen = who.get(&path).await;
        assert_eq!(seen.status, 200);
        assert!(seen.body.contains("internal_error") && !seen.body.contains(SECRET), "{path}: {seen:?}");
    }
    assert!(!followed(&root, &id).await.contains(SECRET), "nor from what is stored");
}

#[tokio::test]
async fn a_job_without_an_owner_is_judged_for_whoever_has_its_id() {
    let controller = Controller::start().await;
    let mut runner = judging(&controller).await;
    let mut client = controller.client().await;
    let spec: JobSpec = serde_json::from_value(judged()).unwrap();
    let (stream, id) = client.submit(spec).await;
    let job = halfway(&mut runner).await;
    assert_eq!(job.assignment.spec.checker.as_ref().map(|judge| judge.language.as_str()), Some("python"));
    end(&mut runner, &job).await;
    let said = |event: &JobEvent| match event {
        JobEvent::StepFinished { result, .. } => {
            result.check.as_ref().and_then(|check| Some(check.output.as_ref()?.to_text()))
        }
        _ => None,
    };
    let mut told = None;
    let finished = loop {
        let (_, event) = client.event(stream).await;
        told = told.or(said(&event));
        if let JobEvent::Finished { job } = event {
            break job;
        }
    };
    assert_eq!(told.as_deref(), Some(SECRET));
    let runs: Vec<Verdict> = finished.runs.iter().map(|run| run.verdict).collect();
    assert_eq!(runs, [Verdict::InternalError, Verdict::WrongAnswer]);
    let seen = controller.http().get(&format!("/api/v1/jobs/{id}")).await;
    assert_eq!(seen.json()["runs"][1]["check"]["output"], SECRET);
}

#[tokio::test]
async fn judged_jobs_wait_for_a_runner_that_can_judge_them() {
    let controller = Controller::start().await;
    let _old = controller.runner("old", 1).await;
    let http = controller.http();
    let id = http.post("/api/v1/jobs", &judged()).await.json()["id"].as_str().unwrap().to_owned();
    let waiting = http.get(&format!("/api/v1/jobs/{id}")).await.json();
    assert_eq!(waiting["message"], "runner old: is too old for this job: it does not know judging");
    let mut unknown = judged();
    unknown["checker"]["language"] = "cobol".into();
    let refused = http.post("/api/v1/jobs", &unknown).await.problem();
    assert_eq!(
        (&refused["kind"], &refused["field"]),
        (&json!("unknown_language"), &json!("checker.language"))
    );
    let mut greedy = judged();
    greedy["checker"]["limits"] = json!({ "cpu_seconds": 11 });
    let refused = http.post("/api/v1/jobs", &greedy).await.problem();
    assert_eq!(
        (&refused["kind"], &refused["field"]),
        (&json!("limit_too_high"), &json!("checker.limits.cpu_seconds"))
    );

    let mut runner = judging(&controller).await;
    let job = soon("it is handed over", runner.given()).await;
    assert_eq!(
        job.assignment.spec.checker,
        Some(Judge { language: "python".to_owned(), ..job.assignment.spec.checker.clone().unwrap() })
    );
}

#[tokio::test]
async fn a_job_that_is_stopped_keeps_results_of_the_runs_that_had_begun() {
    let controller = Controller::start().await;
    let mut runner = judging(&controller).await;
    let http = controller.http();
    let id = http.post("/api/v1/jobs", &judged()).await.json()["id"].as_str().unwrap().to_owned();
    let job = halfway(&mut runner).await;
    http.post(&format!("/api/v1/jobs/{id}/cancel"), &json!({})).await;
    runner.cancelled(&job).await;
    runner.tell(&job, FromRunner::Finished { verdict: Verdict::Cancelled, message: None }).await;
    let stopped = http.get(&format!("/api/v1/jobs/{id}?wait=20")).await.json();
    let verdicts: Vec<&Value> =
        stopped["runs"].as_array().unwrap().iter().map(|run| &run["verdict"]).collect();
    assert_eq!(verdicts, ["cancelled", "wrong_answer"]);
    assert_eq!(stopped["runs"][1]["partial"], 1.0);
}
