//! All runs of a job, each in a box of its own: one after the other, or several at once where the job allows it.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use protocol::runner::FromRunner;
use protocol::{Checker, RunSpec, Step, StepResult, Verdict};
use tokio::sync::watch;

use super::lanes::Lane;
use super::program::Place;
use super::tally::Tally;
use super::{Outcome, Work};
use crate::comparison::matches;
use crate::pool::Lease;
use crate::sandbox::SandboxError;
use crate::sandbox::step::{Keep, StepOutcome};
use crate::stdin::Stdin;

/// What happens among the lanes.
enum Event {
    /// A run has ended, and its lane is free.
    Ended(Lane, usize, Verdict),
    /// A lane is open, unless that failed.
    Opened(Option<Lane>),
}

/// What is under way.
type UnderWay<'f> = FuturesUnordered<BoxFuture<'f, Result<Event, SandboxError>>>;

impl Work<'_> {
    /// All runs. They begin in their order.
    pub(super) async fn runs(
        &self,
        place: Place,
        mut stdin: Option<Stdin>,
    ) -> Result<(Outcome, Lease), SandboxError> {
        let runs = self.spec.effective_runs();
        let mut tally = Tally::new(runs.len(), self.spec.stop_on_failure);
        let mut lane = self.first_lane(place).await?;
        let at_once = self.most_at_once(runs.len());
        let most = self.most_lanes(runs.len(), at_once);
        let kits = if most > 1 { self.kits(&mut lane).await? } else { None };
        let (mut free, mut lanes, mut own, mut running) = (VecDeque::from([lane]), 1, None, 0);
        let turn = watch::Sender::new(0);
        let mut under_way = UnderWay::new();
        loop {
            while lanes < most
                && tally.left() > free.len()
                && let Some(kits) = &kits
                && let Some(right) = self.right(at_once)
            {
                lanes += 1;
                under_way.push(Box::pin(async { Ok(Event::Opened(self.open_lane(kits, right).await)) }));
            }
            while (running < at_once || tally.left() == 0)
                && let Some(lane) = free.pop_front()
            {
                match tally.begin().and_then(|index| Some((index, runs.get(index)?))) {
                    Some((index, run)) => {
                        running += 1;
                        let run = self.run(lane, index, run, stdin.take(), &turn);
                        under_way.push(Box::pin(run));
                    }
                    None => own = lane.close().or(own),
                }
            }
            // A lane that is still being opened then is not waited for.
            if running == 0 {
                break;
            }
            match under_way.next().await.transpose()? {
                Some(Event::Ended(lane, index, verdict)) => {
                    running -= 1;
                    tally.end(index, verdict);
                    free.push_back(lane);
                }
                Some(Event::Opened(lane)) => free.extend(lane),
                None => break,
            }
        }
        drop(under_way);
        if let Some(checker) = &self.checker {
            checker.leave().await;
        }
        Ok((tally.verdict().into(), own.ok_or(SandboxError::Stuck)?))
    }

    /// One run, from its beginning, which waits for those before it to have begun, to its result.
    async fn run(
        &self,
        mut lane: Lane,
        index: usize,
        run: &RunSpec,
        stdin: Option<Stdin>,
        turn: &watch::Sender<usize>,
    ) -> Result<Event, SandboxError> {
        let step = Step::run(index);
        // The sender is here as long as this is.
        let _ = turn.subscribe().wait_for(|next| *next == index).await;
        self.report(FromRunner::StepStarted { step }).await;
        turn.send_replace(index + 1);
        let mut result = self.one_run(&mut lane, step, run, stdin).await?;
        result.name.clone_from(&run.name);
        let verdict = result.verdict;
        self.step_finished(step, result).await;
        Ok(Event::Ended(lane, index, verdict))
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
        plan.terminal = self.spec.terminal;
        // Of several programs at once nobody can mean one.
        let is_alone = self.spec.parallel.is_none_or(|parallel| parallel <= 1);
        plan.gestures = is_alone.then(|| Arc::clone(&self.program.workshop.gestures));
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
