//! Attempts that outlive their links and their controllers.

use protocol::client::{Request, Response};
use protocol::event::JobEvent;
use protocol::runner::{FromRunner, HeldAttempt, ToRunner};
use protocol::{JobSpec, ProblemKind, StepResult, Verdict};

use crate::support::{Client, Controller, Given, RUN, Runner, program, registration, soon};

/// Reports again, from the first, a run that has written this so far.
async fn replay(runner: &mut Runner, job: &Given, output: &str) {
    runner.write(job, output).await;
}

/// Waits until this much output was told of a job, and returns it with the number of the last event.
async fn read(client: &mut Client, stream: u32, length: usize) -> (String, u64) {
    let mut output = String::new();
    loop {
        let (number, event) = client.event(stream).await;
        if let JobEvent::Output { data, .. } = event {
            output.push_str(&data.to_text());
        }
        if output.len() >= length {
            return (output, number);
        }
    }
}

/// Waits until the runner hears that the end of a job is recorded.
async fn recorded(runner: &mut Runner, job: &Given) {
    assert_eq!(runner.told().await, (job.stream, ToRunner::Recorded));
}

#[tokio::test]
async fn an_attempt_outlives_its_link_and_nothing_is_told_twice() {
    let controller = Controller::start().await;
    let itself = registration("a", 1);
    let mut runner = controller.holder(&itself, &[]).await;
    let mut client = controller.client().await;
    let (stream, id) = client.submit(program()).await;
    let job = runner.given().await;
    runner.write(&job, "one ").await;
    let (before, _) = read(&mut client, stream, 4).await;
    drop(runner);

    let mut runner = controller.holder(&itself, &[job.held()]).await;
    let job = runner.resumed(&job).await;
    replay(&mut runner, &job, "one two ").await;
    runner.output(&job, protocol::event::OutputStream::Stdout, b"three").await;
    runner.finish(&job, Verdict::Ok).await;
    recorded(&mut runner, &job).await;

    let told = client.finished(stream).await;
    assert_eq!(before + std::str::from_utf8(&told.stdout).unwrap(), "one two three");
    assert_eq!((told.restarts(), told.job().attempts.0), (0, 1));
    let stored = controller.http().get(&format!("/api/v1/jobs/{id}")).await.json();
    assert_eq!(stored["runs"][0]["stdout"], "one two three");
    // What is asked for from the start has the same numbers.
    let again = client.watch(id, 0).await.unwrap();
    let all = client.finished(again).await;
    assert_eq!(all.numbers(), (1..=all.events.len() as u64).collect::<Vec<_>>());
    assert_eq!(all.stdout, b"one two three");
    assert_eq!(all.events.last().map(|(number, _)| *number), told.numbers().last().copied());
}

#[tokio::test]
async fn a_result_that_was_not_heard_of_as_recorded_is_told_again_and_counts_once() {
    let controller = Controller::start().await;
    let itself = registration("a", 1);
    let mut runner = controller.holder(&itself, &[]).await;
    let mut client = controller.client().await;
    let (stream, _) = client.submit(program()).await;
    let job = runner.given().await;
    runner.write(&job, "once").await;
    runner.finish(&job, Verdict::Ok).await;
    recorded(&mut runner, &job).await;
    assert_eq!(client.finished(stream).await.stdout, b"once");
    drop(runner);
    let mut runner = controller.holder(&itself, &[job.held()]).await;
    let HeldAttempt { job, attempt, .. } = job.held();
    assert_eq!(runner.told().await, (0, ToRunner::Forget { job, attempt }));
}

#[tokio::test]
async fn a_runner_that_comes_back_without_its_attempt_does_not_have_it_and_is_not_waited_for() {
    let controller = Controller::start().await;
    let itself = registration("a", 1);
    let mut runner = controller.holder(&itself, &[]).await;
    let mut client = controller.client().await;
    let (stream, _) = client.submit(program()).await;
    let job = runner.given().await;
    drop(runner);
    let mut runner = controller.holder(&itself, &[]).await;
    // The same life holds whatever reached it: this never did.
    let again = runner.given().await;
    assert_eq!((again.assignment.job, again.assignment.attempt.0), (job.assignment.job, 2));
    drop(runner);
    // Another life under the same name has lost it.
    let mut runner = controller.holder(&registration("a", 1), &[]).await;
    let again = runner.run_next("good").await;
    assert_eq!(again.assignment.attempt.0, 3);
    let told = client.finished(stream).await;
    assert_eq!((told.restarts(), told.job().verdict), (1, Some(Verdict::Ok)));
}

#[tokio::test]
async fn an_attempt_whose_runner_does_not_come_back_is_tried_elsewhere() {
    let controller = Controller::start().await;
    let mut lost = controller.holder(&registration("a", 1), &[]).await;
    let mut client = controller.client().await;
    let (stream, _) = client.submit(program()).await;
    let job = lost.given().await;
    lost.write(&job, "void").await;
    drop(lost);
    let mut other = controller.holder(&registration("b", 1), &[]).await;
    let again = other.run_next("good").await;
    assert_eq!(again.assignment.attempt.0, 2);
    let told = client.finished(stream).await;
    assert_eq!((told.restarts(), told.job().runner.as_deref()), (1, Some("b")));
    // The first one is not wanted any more.
    let mut late = controller.holder(&registration("a", 1), &[job.held()]).await;
    let HeldAttempt { job, attempt, .. } = job.held();
    assert_eq!(late.told().await, (0, ToRunner::Forget { job, attempt }));
}

#[tokio::test]
async fn a_cancelled_job_is_stopped_when_its_runner_comes_back() {
    let controller = Controller::start().await;
    let itself = registration("a", 1);
    let mut runner = controller.holder(&itself, &[]).await;
    let mut client = controller.client().await;
    let (stream, id) = client.submit(program()).await;
    let job = runner.given().await;
    drop(runner);
    let cancelled = controller.client().await.answer(&Request::Cancel { id }).await;
    assert!(matches!(cancelled, Response::Job { .. }), "{cancelled:?}");
    let mut runner = controller.holder(&itself, &[job.held()]).await;
    let job = runner.resumed(&job).await;
    runner.cancelled(&job).await;
    runner.tell(&job, FromRunner::Finished { verdict: Verdict::Cancelled, message: None }).await;
    assert_eq!(client.finished(stream).await.job().verdict, Some(Verdict::Cancelled));
}

#[tokio::test]
async fn streamed_input_goes_on_where_the_runner_needs_it() {
    let controller = Controller::start().await;
    let itself = registration("a", 1);
    let mut runner = controller.holder(&itself, &[]).await;
    let mut client = controller.client().await;
    let (stream, _) = client.submit_as(program(), true, false).await.unwrap();
    client.stdin(stream, b"first ").await;
    let job = runner.given().await;
    assert_eq!(runner.peer.next().await.unwrap().payload, "first ");
    drop(runner);
    let held = HeldAttempt { stdin: Some(2), ..job.held() };
    let mut runner = controller.holder(&itself, &[held]).await;
    let job = runner.resumed(&job).await;
    client.stdin(stream, b"second").await;
    client.peer.send(protocol::frame::Frame::empty(protocol::frame::FrameKind::StdinEnd, stream)).await;
    assert_eq!(runner.stdin(&job).await, b"rst second");
}

#[tokio::test]
async fn another_controller_goes_on_with_what_a_runner_holds_and_the_first_ones_clients_hear_of_it() {
    let [here, there] = Controller::several().await;
    let itself = registration("a", 1);
    let mut runner = here.holder(&itself, &[]).await;
    let mut client = here.client().await;
    let (stream, id) = client.submit(program()).await;
    let job = runner.given().await;
    runner.write(&job, "one ").await;
    read(&mut client, stream, 4).await;
    let mut watcher = there.client().await;
    let watching = watcher.watch(id, 0).await.unwrap();
    let (1, JobEvent::Started { .. }) = watcher.event(watching).await else { panic!("not started") };
    drop(runner);

    let mut runner = there.holder(&itself, &[job.held()]).await;
    let job = runner.resumed(&job).await;
    replay(&mut runner, &job, "one two").await;
    let mut late = there.client().await;
    let late_stream = late.watch(id, 0).await.unwrap();
    assert_eq!(read(&mut late, late_stream, 7).await.0, "one two");
    runner.finish(&job, Verdict::Ok).await;
    recorded(&mut runner, &job).await;

    let told = client.finished(stream).await;
    assert_eq!((told.stdout.as_slice(), told.restarts()), (&b"two"[..], 0));
    assert_eq!(told.job().verdict, Some(Verdict::Ok));
    assert_eq!(watcher.finished(watching).await.stdout, b"one two");
    let stored = here.http().get(&format!("/api/v1/jobs/{id}?wait=1")).await.json();
    assert_eq!((&stored["attempts"], &stored["runs"][0]["stdout"]), (&1.into(), &"one two".into()));
}

#[tokio::test]
async fn input_that_is_lost_with_its_controller_ends_the_job_and_says_so() {
    let [here, there] = Controller::several().await;
    let itself = registration("a", 1);
    let mut runner = here.holder(&itself, &[]).await;
    let mut client = here.client().await;
    let (stream, _) = client.submit_as(program(), true, false).await.unwrap();
    let job = runner.given().await;
    drop(runner);
    let held = HeldAttempt { stdin: Some(0), ..job.held() };
    let mut runner = there.holder(&itself, &[held]).await;
    let HeldAttempt { job, attempt, .. } = held;
    assert_eq!(runner.told().await, (0, ToRunner::Forget { job, attempt }));
    let told = client.finished(stream).await;
    assert_eq!(told.job().verdict, Some(Verdict::InternalError));
    assert!(told.job().message.as_ref().unwrap().contains("standard input was lost"), "{told:?}");
}

#[tokio::test]
async fn an_attempt_that_had_all_its_input_and_is_lost_elsewhere_is_not_tried_again_without_it() {
    let [here, there] = Controller::several().await;
    let itself = registration("a", 1);
    let mut runner = here.holder(&itself, &[]).await;
    let mut client = here.client().await;
    let (stream, _) = client.submit_as(program(), true, false).await.unwrap();
    let job = runner.given().await;
    drop(runner);
    let mut runner = there.holder(&itself, &[job.held()]).await;
    let job = runner.resumed(&job).await;
    runner.tell(&job, FromRunner::Failed { reason: "its host is on fire".to_owned() }).await;
    let told = client.finished(stream).await;
    assert_eq!(told.job().verdict, Some(Verdict::InternalError));
    assert!(told.job().message.as_ref().unwrap().contains("standard input was lost"), "{told:?}");
}

#[tokio::test]
async fn a_job_of_another_controller_can_be_stopped_and_waited_for() {
    let [here, there] = Controller::several().await;
    let mut runner = here.runner("a", 1).await;
    let mut client = here.client().await;
    let (stream, id) = client.submit(program()).await;
    let job = runner.given().await;
    let path = format!("/api/v1/jobs/{id}?wait=20");
    let http = there.http();
    let (waited, ()) = tokio::join!(http.get(&path), async {
        http.post(&format!("/api/v1/jobs/{id}/cancel"), &serde_json::json!({})).await;
        runner.cancelled(&job).await;
        runner.tell(&job, FromRunner::Finished { verdict: Verdict::Cancelled, message: None }).await;
    });
    assert_eq!(waited.json()["verdict"], "cancelled");
    assert_eq!(client.finished(stream).await.job().verdict, Some(Verdict::Cancelled));
}

#[tokio::test]
async fn a_submission_with_the_same_key_is_the_same_job_at_any_controller() {
    let [here, there] = Controller::several().await;
    let mut runner = here.runner("a", 1).await;
    let keyed = JobSpec { idempotency_key: Some("k1".to_owned()), ..program() };
    let (mut one, mut other) = (here.client().await, there.client().await);
    let (stream, id) = one.submit(keyed.clone()).await;
    let (again, same) = other.submit(keyed.clone()).await;
    assert_eq!(same, id);
    let body = serde_json::to_value(program()).unwrap();
    let headers = "content-type: application/json\r\nidempotency-key: k1\r\n";
    let post = async |controller: &Controller| {
        controller.http().send("POST", "/api/v1/jobs", headers, &body.to_string()).await
    };
    for controller in [&here, &there] {
        let reply = post(controller).await;
        assert_eq!((reply.status, &reply.json()["id"]), (202, &id.to_string().into()));
    }
    runner.run_next("once").await;
    assert_eq!(one.finished(stream).await.stdout, b"once");
    assert_eq!(other.finished(again).await.stdout, b"once");
    assert_eq!(post(&there).await.json()["id"], id.to_string());
    let differing =
        serde_json::to_value(&JobSpec { idempotency_key: Some("k2".into()), ..program() }).unwrap();
    let refused = here.http().send("POST", "/api/v1/jobs", headers, &differing.to_string()).await;
    assert_eq!((refused.status, &refused.problem()["field"]), (400, &"Idempotency-Key".into()));
}

#[tokio::test]
async fn an_attempt_that_another_link_carries_is_left_to_that() {
    let [here, there] = Controller::several().await;
    let itself = registration("a", 1);
    let mut runner = here.holder(&itself, &[]).await;
    let mut client = here.client().await;
    let (stream, _) = client.submit(program()).await;
    let job = runner.given().await;
    let mut other_link = there.holder(&itself, &[job.held()]).await;
    let same = other_link.resumed(&job).await;
    other_link.tell(&same, FromRunner::Elsewhere).await;
    runner.write(&job, "here").await;
    runner.finish(&job, Verdict::Ok).await;
    recorded(&mut runner, &job).await;
    let told = client.finished(stream).await;
    assert_eq!((told.stdout.as_slice(), told.restarts()), (&b"here"[..], 0));
}

#[tokio::test]
async fn a_runner_can_be_told_to_leave() {
    let controller = Controller::start().await;
    let mut runner = controller.holder(&registration("a", 1), &[]).await;
    let _old = controller.runner("old", 1).await;
    let mut client = controller.client().await;
    let drain = |runner: &str| Request::Drain { runner: runner.to_owned() };
    let Response::Refused { problem } = client.answer(&drain("b")).await else { panic!() };
    assert_eq!((problem.kind, problem.field.as_deref()), (ProblemKind::NotFound, Some("runner")));
    assert!(problem.detail.contains("there are a, old"), "{problem:?}");
    let Response::Refused { problem } = client.answer(&drain("old")).await else { panic!() };
    assert_eq!(problem.kind, ProblemKind::Conflict);
    let Response::Runners { runners } = client.answer(&drain("a")).await else { panic!() };
    assert_eq!(runners[0].name, "a");
    assert_eq!(runner.told().await, (0, ToRunner::Drain));
    let reply = controller.http().post("/api/v1/runners/b/drain", &serde_json::json!({})).await;
    assert_eq!(reply.status, 404);
    let reply = controller.http().post("/api/v1/runners/a/drain", &serde_json::json!({})).await;
    assert_eq!((reply.status, &reply.json()["name"]), (200, &"a".into()));
}

#[tokio::test]
async fn a_runner_of_before_loses_its_attempts_with_its_link() {
    let controller = Controller::start().await;
    let mut old = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let (stream, _) = client.submit(program()).await;
    let job = old.given().await;
    old.tell(&job, FromRunner::StepStarted { step: RUN }).await;
    old.tell(&job, FromRunner::StepFinished { step: RUN, result: StepResult::new(Verdict::Ok) }).await;
    drop(old);
    soon("it is lost at once", async {
        while !matches!(client.event(stream).await.1, JobEvent::Restarted { .. }) {}
    })
    .await;
}
