//! All runs of a job, each in a box of its own.

use protocol::runner::FromRunner;
use protocol::{Checker, RunSpec, Step, StepResult, Verdict};

use super::judge::Seat;
use super::program::Place;
use super::tally::Tally;
use super::{Outcome, Work};
use crate::comparison::matches;
use crate::pool::Lease;
use crate::sandbox::SandboxError;
use crate::sandbox::step::{Keep, StepOutcome};
use crate::stdin::Stdin;

/// Where one run at a time is made: the program's sandbox, and the interactor's where there is one.
pub(super) struct Lane {
    pub(super) place: Place,
    pub(super) seat: Option<Seat>,
}

impl Work<'_> {
    /// All runs, one after the other.
    pub(super) async fn runs(
        &self,
        place: Place,
        mut stdin: Option<Stdin>,
    ) -> Result<(Outcome, Lease), SandboxError> {
        let seat = match &self.interactor {
            Some(interactor) => Some(interactor.get_ready(self.cancel).await?),
            None => None,
        };
        let mut lane = Lane { place, seat };
        let runs = self.spec.effective_runs();
        let mut tally = Tally::new(runs.len(), self.spec.stop_on_failure);
        while let Some((index, run)) = tally.begin().and_then(|index| Some((index, runs.get(index)?))) {
            let step = Step::run(index);
            self.report(FromRunner::StepStarted { step }).await;
            let mut result = self.one_run(&mut lane, step, run, stdin.take()).await?;
            result.name.clone_from(&run.name);
            tally.end(index, result.verdict);
            self.step_finished(step, result).await;
        }
        if let Some(checker) = &self.checker {
            checker.leave().await;
        }
        if let Some(seat) = lane.seat {
            seat.leave();
        }
        Ok((tally.verdict().into(), lane.place.lease))
    }

    async fn one_run(
        &self,
        lane: &mut Lane,
        step: Step,
        run: &RunSpec,
        stdin: Option<Stdin>,
    ) -> Result<StepResult, SandboxError> {
        let place = &mut lane.place;
        if let (Some(interactor), Some(seat)) = (&self.interactor, &mut lane.seat) {
            return self.interact(interactor, place, seat, step, run).await;
        }
        let limits = self.program.run_limits(run.limits);
        let mut plan = self.program.run_plan(step, &run.args, &limits);
        plan.keep = if run.expect.is_some() { Keep::Stdout } else { Keep::Nothing };
        let sandbox = place.lease.sandbox()?;
        let id = self.program.open(sandbox, place.compiled, &plan.limits).await?;
        let given = || run.stdin.as_ref().map(|content| Stdin::Given(content.bytes()));
        let mut stdin = stdin.or_else(given);
        let StepOutcome { mut result, stdout, .. } =
            self.audience().step(sandbox, id, &plan, stdin.as_mut()).await?;
        self.keep_artifacts(sandbox, id, place.compiled, step, &mut result).await?;
        sandbox.discard(id);
        if result.verdict == Verdict::Ok {
            self.judge(run, stdout, &mut result).await?;
        }
        Ok(result)
    }

    /// Judges a run that ended well by what it wrote.
    async fn judge(
        &self,
        run: &RunSpec,
        stdout: Vec<u8>,
        result: &mut StepResult,
    ) -> Result<(), SandboxError> {
        let Some(expect) = &run.expect else { return Ok(()) };
        match (expect.checker, &self.checker) {
            (Checker::Custom, Some(checker)) => checker.check(run, stdout, result, self.cancel).await?,
            (checker, _) if matches(&stdout, &expect.stdout.bytes(), checker) => {}
            _ => result.verdict = Verdict::WrongAnswer,
        }
        Ok(())
    }
}
