//! What happens to a job where nothing goes wrong.

use protocol::event::{JobEvent, OutputStream};
use protocol::runner::FromRunner;
use protocol::{JobSpec, JobState, Step, StepResult, Verdict};

use crate::support::{Controller, program};

#[tokio::test]
async fn a_job_goes_to_a_runner_and_its_output_comes_back() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let (stream, id) = client.submit(JobSpec { language: "C17".into(), ..program() }).await;

    let job = runner.given().await;
    assert_eq!(job.assignment.job, id);
    assert_eq!(job.assignment.spec, program(), "the alias is resolved, the contents are whole");
    runner.tell(&job, FromRunner::StepStarted { step: Step::COMPILE }).await;
    let result = StepResult::new(Verdict::Ok);
    runner.tell(&job, FromRunner::StepFinished { step: Step::COMPILE, result }).await;
    runner.write(&job, "hello ").await;
    runner.output(&job, OutputStream::Stderr, b"careful").await;
    runner.output(&job, OutputStream::Stdout, b"world").await;
    runner.finish(&job, Verdict::Ok).await;

    let told = client.finished(stream).await;
    assert_eq!((told.stdout.as_slice(), told.stderr.as_slice()), (&b"hello world"[..], &b"careful"[..]));
    assert_eq!(told.numbers(), (1..=told.events.len() as u64).collect::<Vec<_>>());
    assert!(matches!(told.events[0].1, JobEvent::Queued { position: 0 }));
    assert!(matches!(&told.events[1].1, JobEvent::Started { runner, .. } if runner == "a"));
    let job = told.job();
    assert_eq!((job.state, job.verdict), (JobState::Finished, Some(Verdict::Ok)));
    assert_eq!(job.runs[0].stdout, None, "output travels beside the result");

    let stored = controller.http().get(&format!("/api/v1/jobs/{id}")).await.json();
    assert_eq!(stored["runs"][0]["stdout"], "hello world");
    assert_eq!(stored["runs"][0]["stderr"], "careful");
    assert_eq!(stored["language"], "c");
}

#[tokio::test]
async fn every_client_gets_its_own_answer() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 2).await;
    let (mut one, mut other) = (controller.client().await, controller.client().await);
    let (first, first_id) = one.submit(program()).await;
    let (second, second_id) = other.submit(program()).await;
    let (job, later) = (runner.given().await, runner.given().await);
    for job in [&later, &job] {
        runner.write(job, &job.assignment.job.to_string()).await;
        runner.finish(job, Verdict::Ok).await;
    }
    assert_eq!(one.finished(first).await.stdout, first_id.to_string().as_bytes());
    assert_eq!(other.finished(second).await.stdout, second_id.to_string().as_bytes());
}

#[tokio::test]
async fn input_is_streamed_to_its_job() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let (stream, _) = client.submit_as(program(), true, false).await.unwrap();
    client.stdin(stream, b"one ").await;
    client.stdin(stream, b"two").await;
    client.peer.send(protocol::frame::Frame::empty(protocol::frame::FrameKind::StdinEnd, stream)).await;
    let job = runner.given().await;
    assert!(job.assignment.stdin_follows);
    assert_eq!(runner.stdin(&job).await, b"one two");
}

#[tokio::test]
async fn too_much_input_ends_the_job_and_says_so() {
    let controller = Controller::start_with(|config| config.max_stdin = 5).await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let (stream, _) = client.submit_as(program(), true, false).await.unwrap();
    let job = runner.given().await;
    client.stdin(stream, b"123456").await;
    runner.cancelled(&job).await;
    runner.tell(&job, FromRunner::Finished { verdict: Verdict::Cancelled, message: None }).await;
    let told = client.finished(stream).await;
    assert_eq!(told.job().verdict, Some(Verdict::Cancelled));
    assert!(told.job().message.as_ref().unwrap().contains("maximum of 5 bytes"), "{told:?}");
}

#[tokio::test]
async fn input_that_breaks_off_with_its_connection_ends_the_job_rather_than_the_input() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let (_, id) = client.submit_as(program(), true, false).await.unwrap();
    client.stdin(1, b"half").await;
    let job = runner.given().await;
    assert_eq!(runner.peer.next().await.unwrap().payload, "half");
    // Somebody else watches: it is not for want of that.
    let mut watcher = controller.client().await;
    watcher.watch(id, 0).await.unwrap();
    drop(client);
    // No end of the input comes first.
    runner.cancelled(&job).await;
    runner.tell(&job, FromRunner::Finished { verdict: Verdict::Cancelled, message: None }).await;
    let told = controller.http().get(&format!("/api/v1/jobs/{id}?wait=20")).await.json();
    assert_eq!(told["verdict"], "cancelled");
    assert!(told["message"].as_str().unwrap().contains("broke off"), "{told}");
}

#[tokio::test]
async fn large_contents_and_output_pass_through_their_windows() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let mut spec = program();
    spec.stdin = Some(vec![7; 200_000].into());
    let (stream, _) = client.submit(spec.clone()).await;
    let job = runner.given().await;
    assert_eq!(job.assignment.spec.stdin, spec.stdin);
    runner.write(&job, "").await;
    for _ in 0..3 {
        runner.output(&job, OutputStream::Stdout, &[8; 60_000]).await;
    }
    runner.finish(&job, Verdict::Ok).await;
    assert_eq!(client.finished(stream).await.stdout, vec![8; 180_000]);
}

#[tokio::test]
async fn a_job_is_watched_from_where_one_was() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let (stream, id) = client.submit(program()).await;
    runner.run_next("hello").await;
    let all = client.finished(stream).await;

    let last = all.events.len() as u64;
    for after in [0, 3, last, last + 5] {
        let watched = client.watch(id, after).await.unwrap();
        let seen = client.finished(watched).await;
        let expected: Vec<u64> = (after.min(last - 1) + 1..=last).collect();
        assert_eq!(seen.numbers(), expected, "after {after}");
    }
    let unknown = client.watch(protocol::JobId::random(), 0).await.unwrap_err();
    assert_eq!(unknown.kind, protocol::ProblemKind::NotFound);
}
