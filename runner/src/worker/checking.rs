//! Runs that the job's own checker judges. One at a time is: the others wait.

use protocol::{RunSpec, StepResult, Verdict};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::answer::{Said, agreed};
use super::judge::{Judge, Question, Seat};
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
            Seat::Cancelled => return Ok(stop(result)),
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
        let input = run.stdin.as_ref().map(|content| content.bytes()).unwrap_or_default();
        let expected = run.expect.as_ref().map(|expect| expect.stdout.bytes()).unwrap_or_default();
        let files = [("input", input), ("actual", actual.into()), ("expected", expected)];
        let files: Vec<_> = files.into_iter().map(|(name, content)| (name.to_owned(), content)).collect();
        let question = || Question { files: files.clone(), patience: 0.0, talk: None, cancel };
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
