//! All runs of a job, each in a box of its own.

use protocol::runner::FromRunner;
use protocol::{RunSpec, Step, StepResult, Verdict};

use super::program::Place;
use super::tally::Tally;
use super::{Outcome, Work};
use crate::comparison::matches;
use crate::pool::Lease;
use crate::sandbox::SandboxError;
use crate::sandbox::step::StepOutcome;
use crate::stdin::Stdin;

impl Work<'_> {
    /// All runs, one after the other.
    pub(super) async fn runs(
        &self,
        mut place: Place,
        mut stdin: Option<Stdin>,
    ) -> Result<(Outcome, Lease), SandboxError> {
        let runs = self.spec.effective_runs();
        let mut tally = Tally::new(runs.len(), self.spec.stop_on_failure);
        while let Some((index, run)) = tally.begin().and_then(|index| Some((index, runs.get(index)?))) {
            let step = Step::run(index);
            self.report(FromRunner::StepStarted { step }).await;
            let result = self.one_run(&mut place, step, run, stdin.take()).await?;
            tally.end(index, result.verdict);
            self.step_finished(step, result).await;
        }
        Ok((tally.verdict().into(), place.lease))
    }

    async fn one_run(
        &self,
        place: &mut Place,
        step: Step,
        run: &RunSpec,
        stdin: Option<Stdin>,
    ) -> Result<StepResult, SandboxError> {
        let limits = self.program.run_limits(run.limits);
        let mut plan = self.program.run_plan(step, &run.args, &limits);
        plan.capture = run.expect.is_some();
        let sandbox = place.lease.sandbox()?;
        let id = self.program.open(sandbox, place.compiled, &plan.limits).await?;
        let given = || run.stdin.as_ref().map(|content| Stdin::Given(content.bytes()));
        let mut stdin = stdin.or_else(given);
        let StepOutcome { mut result, stdout, .. } =
            self.audience().step(sandbox, id, &plan, stdin.as_mut()).await?;
        sandbox.discard(id);
        result.name.clone_from(&run.name);
        if let (Verdict::Ok, Some(expect)) = (result.verdict, &run.expect)
            && !matches(&stdout, &expect.stdout.bytes(), expect.checker)
        {
            result.verdict = Verdict::WrongAnswer;
        }
        Ok(result)
    }
}
