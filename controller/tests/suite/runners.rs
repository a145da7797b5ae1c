//! Runners that fail, refuse, lie, or are full.

use protocol::client::Request;
use protocol::event::OutputStream;
use protocol::runner::{FromRunner, Telemetry};
use protocol::{JobSpec, ProblemKind, Step, StepResult, Verdict};

use crate::support::{Controller, Runner, program, registration, soon, telemetry};

#[tokio::test]
async fn a_job_that_loses_its_runner_is_tried_on_another() {
    let controller = Controller::start().await;
    let mut first = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let (stream, _) = client.submit(program()).await;
    let job = first.given().await;
    first.write(&job, "void").await;
    drop(first);
    let mut second = controller.runner("b", 1).await;
    let job = second.run_next("good").await;
    assert_eq!(job.assignment.attempt.0, 2);

    let told = client.finished(stream).await;
    assert_eq!((told.restarts(), told.job().runner.as_deref()), (1, Some("b")));
    assert_eq!(told.numbers(), (1..=told.events.len() as u64).collect::<Vec<_>>());
    let stored = controller.http().get(&format!("/api/v1/jobs/{}", told.job().id)).await.json();
    assert_eq!(stored["runs"][0]["stdout"], "good");
}

#[tokio::test]
async fn a_job_that_is_lost_three_times_is_given_up() {
    let controller = Controller::start().await;
    let mut client = controller.client().await;
    let (stream, _) = client.submit(program()).await;
    for _ in 0..3 {
        let mut runner = controller.runner("a", 1).await;
        runner.given().await;
        drop(runner);
        soon("the runner is gone", async {
            while controller.http().get("/api/v1/cluster").await.json()["runners"] != 0 {}
        })
        .await;
    }
    let told = client.finished(stream).await;
    assert_eq!((told.restarts(), told.job().verdict), (2, Some(Verdict::InternalError)));
    assert!(told.job().message.as_ref().unwrap().contains("lost 3 times"), "{told:?}");
}

#[tokio::test]
async fn a_runner_that_comes_back_takes_the_place_of_its_former_self() {
    let controller = Controller::start().await;
    let itself = registration("a", 1);
    let mut old = Runner::join(controller.runners, itself.clone()).await.unwrap();
    old.measured(telemetry()).await;
    let mut client = controller.client().await;
    let (stream, _) = client.submit(program()).await;
    let stale = old.given().await;

    let other = Runner::join(controller.runners, registration("a", 1)).await.err().unwrap();
    assert_eq!(other.field.as_deref(), Some("name"));
    let mut new = Runner::join(controller.runners, itself).await.unwrap();
    new.measured(telemetry()).await;
    let job = new.given().await;
    old.write(&stale, "stale").await;
    old.finish(&stale, Verdict::WrongAnswer).await;
    new.write(&job, "good").await;
    new.finish(&job, Verdict::Ok).await;
    let told = client.finished(stream).await;
    assert_eq!((told.job().verdict, told.stdout.as_slice()), (Some(Verdict::Ok), &b"good"[..]));
}

#[tokio::test]
async fn a_full_or_refusing_runner_leaves_jobs_to_others() {
    let controller = Controller::start().await;
    let (mut a, mut b) = (controller.runner("a", 1).await, controller.runner("b", 1).await);
    let (mut client, mut other_client) = (controller.client().await, controller.client().await);
    let (first, _) = client.submit(program()).await;
    let (second, _) = other_client.submit(program()).await;
    let (one, other) = (a.given().await, b.given().await);
    a.write(&one, "a").await;
    a.finish(&one, Verdict::Ok).await;
    b.tell(&other, FromRunner::Refused { reason: "no room".to_owned() }).await;
    let again = a.run_next("a").await;
    assert_eq!(again.assignment.job, other.assignment.job);
    for (client, stream) in [(&mut client, first), (&mut other_client, second)] {
        let told = client.finished(stream).await;
        assert_eq!((told.job().verdict, told.restarts()), (Some(Verdict::Ok), 0));
    }
}

#[tokio::test]
async fn whoever_does_not_want_to_wait_is_told_why_it_would() {
    let controller = Controller::start().await;
    let no_wait = JobSpec { no_wait: true, ..program() };
    let mut client = controller.client().await;
    let problem = client.submit_as(no_wait.clone(), false, false).await.unwrap_err();
    assert_eq!(
        (problem.kind, problem.detail.as_str()),
        (ProblemKind::NoRunnerFree, "no runner is connected")
    );

    let mut full = controller.runner("a", 1).await;
    let mut busy = controller.runner("b", 1).await;
    let reason = "cpu 93 % over max_cpu_percent 85".to_owned();
    busy.measured(Telemetry { unavailable: Some(reason), ..telemetry() }).await;
    soon("it is unavailable", async {
        while controller.http().get("/api/v1/cluster").await.json()["available_runners"] != 1 {}
    })
    .await;
    client.submit(program()).await;
    let job = full.given().await;
    let mut other = controller.client().await;
    let problem = other.submit_as(no_wait.clone(), false, false).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::NoRunnerFree);
    for reason in ["runner a: 1 of 1 slots busy", "runner b: cpu 93 % over max_cpu_percent 85"] {
        assert!(problem.detail.contains(reason), "{}", problem.detail);
    }
    full.write(&job, "").await;
    full.finish(&job, Verdict::Ok).await;
    let (submitted, _) =
        tokio::join!(other.submit_as(no_wait, false, false), async { full.run_next("at once").await });
    assert_eq!(other.finished(submitted.unwrap().0).await.stdout, b"at once");
}

#[tokio::test]
async fn a_waiting_job_says_why() {
    let controller = Controller::start().await;
    let _runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    client.submit(program()).await;
    let (_, id) = controller.client().await.submit_as(program(), false, true).await.unwrap();
    let job = controller.http().get(&format!("/api/v1/jobs/{id}")).await.json();
    assert_eq!((&job["state"], &job["position"]), (&"queued".into(), &0.into()));
    assert_eq!(job["message"], "runner a: 1 of 1 slots busy");
}

#[tokio::test]
async fn reports_that_cannot_be_lose_the_attempt() {
    let result = || StepResult::new(Verdict::Ok);
    let refused = || FromRunner::Refused { reason: "too late".to_owned() };
    let reports: [Vec<FromRunner>; 5] = [
        vec![FromRunner::Finished { verdict: Verdict::Ok, message: None }],
        vec![FromRunner::StepStarted { step: Step(2) }],
        vec![FromRunner::StepFinished { step: Step(1), result: result() }],
        vec![FromRunner::StepStarted { step: Step(1) }, refused()],
        vec![FromRunner::Failed { reason: "its disk is full".to_owned() }],
    ];
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    for report in reports {
        let (stream, _) = client.submit(program()).await;
        let job = runner.given().await;
        for message in report {
            runner.tell(&job, message).await;
        }
        runner.cancelled(&job).await;
        runner.run_next("good").await;
        let told = client.finished(stream).await;
        assert_eq!((told.restarts(), told.job().verdict), (1, Some(Verdict::Ok)));
    }
}

#[tokio::test]
async fn a_runner_that_ignores_its_credit_is_sent_away() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let (stream, id) = client.submit(program()).await;
    let job = runner.given().await;
    runner.write(&job, "").await;
    // One frame within the protocol's maximum, but far over the window.
    runner.output(&job, OutputStream::Stdout, &[0; 500_000]).await;
    let refused = runner.peer.next().await.unwrap();
    assert!(String::from_utf8_lossy(&refused.payload).contains("protocol"), "{refused:?}");
    client.ask(&Request::Cancel { id }).await;
    soon("the job ends", async {
        loop {
            let frame = client.peer.next().await.unwrap();
            if frame.stream == stream && String::from_utf8_lossy(&frame.payload).contains("cancelled") {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_runner_that_offers_other_languages_goes_on_with_what_it_runs() {
    let controller = Controller::start().await;
    let full = registration("a", 2);
    let mut runner = Runner::join(controller.runners, full.clone()).await.unwrap();
    runner.measured(telemetry()).await;
    let mut client = controller.client().await;
    let (running, _) = client.submit(program()).await;
    let job = runner.given().await;

    let mut less = full.clone();
    less.languages.retain(|offer| offer.id != "c");
    runner.register(less).await.unwrap();
    let c = || async {
        let languages = controller.http().get("/api/v1/languages").await.json();
        let c = languages.as_array().unwrap().iter().find(|language| language["id"] == "c").cloned();
        c.expect("a language stays known")["runners"].clone()
    };
    soon("the language is offered no more", async { while c().await != 0 {} }).await;
    let mut other = controller.client().await;
    let (waiting, _) = other.submit(program()).await;
    runner.write(&job, "first").await;
    runner.finish(&job, Verdict::Ok).await;
    assert_eq!(client.finished(running).await.job().attempts.0, 1);

    runner.register(full).await.unwrap();
    runner.run_next("second").await;
    assert_eq!(other.finished(waiting).await.job().verdict, Some(Verdict::Ok));
}
