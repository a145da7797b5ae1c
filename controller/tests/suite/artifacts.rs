//! Files that runs leave, as runners report them: kept once, and only as long as the report is one that can be.

use protocol::frame::{Frame, FrameKind};
use protocol::runner::{FEATURES, FromRunner, Registration};
use protocol::{Flag, JobSpec, Step, Verdict};

use crate::support::{Controller, Given, RUN, Runner, program, registration, telemetry};

fn wanting_files() -> JobSpec {
    JobSpec { artifacts: vec!["*".to_owned()], ..program() }
}

/// A runner that knows what to do about files.
fn able() -> Registration {
    Registration { features: FEATURES.map(str::to_owned).into(), ..registration("a", 1) }
}

async fn able_runner(controller: &Controller) -> Runner {
    let mut runner = Runner::join(controller.runners, able()).await.unwrap();
    runner.measured(telemetry()).await;
    runner
}

async fn announce(runner: &mut Runner, job: &Given, step: Step, path: &str, size: u64) {
    runner.tell(job, FromRunner::Artifact { step, path: path.to_owned(), size }).await;
}

async fn leave(runner: &mut Runner, job: &Given, path: &str, content: &'static [u8]) {
    announce(runner, job, RUN, path, content.len() as u64).await;
    runner.send(Frame { kind: FrameKind::Blob, stream: job.stream, payload: content.into() }).await;
}

#[tokio::test]
async fn files_that_come_again_over_another_link_are_kept_once() {
    let controller = Controller::start().await;
    let itself = able();
    let mut runner = controller.holder(&itself, &[]).await;
    let mut client = controller.client().await;
    let (stream, id) = client.submit(wanting_files()).await;
    let job = runner.given().await;
    runner.write(&job, "x").await;
    leave(&mut runner, &job, "a.txt", b"first").await;
    announce(&mut runner, &job, RUN, "b.txt", 100).await;
    drop(runner);

    let mut runner = controller.holder(&itself, &[job.held()]).await;
    let job = runner.resumed(&job).await;
    runner.write(&job, "x").await;
    leave(&mut runner, &job, "a.txt", b"first").await;
    leave(&mut runner, &job, "b.txt", b"second").await;
    runner.finish(&job, Verdict::Ok).await;

    let told = client.finished(stream).await;
    let kept = |artifacts: &[protocol::Artifact]| {
        artifacts.iter().map(|artifact| (artifact.path.clone(), artifact.size)).collect::<Vec<_>>()
    };
    let expected = [("a.txt".to_owned(), 5), ("b.txt".to_owned(), 6)];
    assert_eq!((kept(&told.job().runs[0].artifacts), told.restarts()), (expected.to_vec(), 0));
    let read = controller.http().get(&format!("/api/v1/jobs/{id}/artifacts/b.txt")).await;
    assert_eq!((read.status, read.body.as_str()), (200, "second"));
}

#[tokio::test]
async fn what_a_lost_attempt_left_is_not_kept() {
    let controller = Controller::start().await;
    let mut runner = able_runner(&controller).await;
    let mut client = controller.client().await;
    let (stream, id) = client.submit(wanting_files()).await;
    let job = runner.given().await;
    runner.write(&job, "x").await;
    leave(&mut runner, &job, "void.txt", b"void").await;
    runner.tell(&job, FromRunner::Failed { reason: "broken".to_owned() }).await;
    runner.cancelled(&job).await;
    runner.run_next("done").await;
    let told = client.finished(stream).await;
    assert_eq!((told.restarts(), told.job().runs[0].artifacts.len()), (1, 0));
    let read = controller.http().get(&format!("/api/v1/jobs/{id}/artifacts/void.txt")).await;
    assert_eq!(read.status, 404);
}

#[tokio::test]
async fn a_file_that_does_not_come_whole_is_left_out() {
    let controller = Controller::start().await;
    let mut runner = able_runner(&controller).await;
    let mut client = controller.client().await;
    let (stream, _) = client.submit(wanting_files()).await;
    let job = runner.given().await;
    runner.write(&job, "x").await;
    announce(&mut runner, &job, RUN, "half", 1 << 40).await;
    runner.finish(&job, Verdict::Ok).await;
    let told = client.finished(stream).await;
    let run = &told.job().runs[0];
    assert_eq!((run.artifacts.len(), run.flags.as_slice()), (0, &[Flag::ArtifactsCut][..]));
}

#[tokio::test]
async fn an_attempt_whose_files_cannot_be_is_lost() {
    let controller = Controller::start().await;
    let mut runner = able_runner(&controller).await;
    let mut client = controller.client().await;
    for (step, path) in
        [(RUN, "../../x"), (RUN, "/etc/passwd"), (RUN, "a\u{1b}"), (Step(2), "a"), (Step::COMPILE, "a")]
    {
        let (stream, _) = client.submit(wanting_files()).await;
        let job = runner.given().await;
        runner.tell(&job, FromRunner::StepStarted { step: RUN }).await;
        announce(&mut runner, &job, step, path, 1).await;
        runner.cancelled(&job).await;
        runner.run_next("done").await;
        assert_eq!(client.finished(stream).await.restarts(), 1, "{path:?} of {step:?}");
    }
    // Nobody asked this job for any.
    let (stream, _) = client.submit(program()).await;
    let job = runner.given().await;
    runner.tell(&job, FromRunner::StepStarted { step: RUN }).await;
    leave(&mut runner, &job, "a", b"x").await;
    runner.cancelled(&job).await;
    runner.run_next("done").await;
    assert_eq!(client.finished(stream).await.restarts(), 1);
}
