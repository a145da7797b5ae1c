//! Runs that the job's own checker judges. One at a time is: the others wait.

use protocol::{Content, RunSpec, StepResult, Verdict};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::answer::{Said, agreed};
use super::judge::{Judge, Question, Seat, beside};
use crate::sandbox::SandboxError;

/// A job's own checker.
pub(super) struct Checker<'a> {
    judge: Judge<'a>,
    seat: Mutex<Option<Seat>>,
}

impl<'a> Checker<'a> {
    /// It is got ready when the first run is to be judged.
    pub(super) fn new(judge: Judge<'a>) -> Self {
        Self { judge, seat: Mutex::new(None) }
    }

    /// Judges a run that ended well and wrote this.
    ///
    /// # Errors
    /// [`SandboxError`].
    pub(super) async fn check(
        &self,
        run: &RunSpec,
        actual: Vec<u8>,
        result: &mut StepResult,
        cancel: &CancellationToken,
    ) -> Result<(), SandboxError> {
        let mut seat = self.seat.lock().await;
        let seat = match &mut *seat {
            Some(seat) => seat,
            None => seat.insert(self.judge.get_ready(cancel).await?),
        };
        let said = match seat {
            Seat::Faulty(said) => said.clone(),
            Seat::Cancelled => {
                stop(result);
                return Ok(());
            }
            Seat::Ready(..) => self.ask_twice(seat, run, actual, cancel).await?,
        };
        match cancel.is_cancelled() {
            true => stop(result),
            false => said.judge(result),
        }
        Ok(())
    }

    /// Gives its sandbox back.
    pub(super) async fn leave(&self) {
        if let Some(seat) = self.seat.lock().await.take() {
            seat.leave();
        }
    }

    async fn ask_twice(
        &self,
        seat: &mut Seat,
        run: &RunSpec,
        actual: Vec<u8>,
        cancel: &CancellationToken,
    ) -> Result<Said, SandboxError> {
        let Seat::Ready(place, _) = seat else { return Err(SandboxError::Stuck) };
        let expected = run.expect.as_ref().map(|expect| &expect.stdout);
        let actual = Content::from(actual);
        let files = [
            beside("input", run.stdin.as_ref()),
            beside("actual", Some(&actual)),
            beside("expected", expected),
        ];
        let question = || Question { files: files.to_vec(), patience: 0.0, talk: None, cancel };
        let first = self.judge.ask(place, question()).await?;
        let mut said = match first.answer {
            Ok(_) => agreed(first, self.judge.ask(place, question()).await?),
            Err(_) => first,
        };
        seat.charge(&mut said);
        Ok(said)
    }
}

fn stop(result: &mut StepResult) {
    result.verdict = Verdict::Cancelled;
}
