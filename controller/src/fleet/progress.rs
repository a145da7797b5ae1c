//! What a runner may report of an attempt, and in which order. Pure. Runners are not trusted: what does not fit
//! ends the attempt as lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use protocol::{Attempt, Check, Content, JobSpec, Step, StepResult, Verdict};

use crate::live::StepOutput;
use crate::store::Outcome;
use crate::text;

/// The most that is kept of what a job's own judge writes: of one run, and of all.
const MAX_CHECK: usize = 64 << 10;
const MAX_CHECKS: usize = 1 << 20;

/// The reports of one attempt so far. Runs begin in their order; as many as the job allows may be under way at once.
#[derive(Debug)]
pub struct Progress {
    spec: Arc<JobSpec>,
    open: BTreeSet<Step>,
    /// How many runs have begun.
    begun: usize,
    results: BTreeMap<Step, StepResult>,
    truncated: BTreeSet<Step>,
    /// How much of what judges write may still be kept, in bytes.
    checks_left: usize,
    /// Which attempt it is, for messages.
    attempt: Attempt,
}

/// A report that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("attempt {attempt}: {what}")]
pub struct Impossible {
    attempt: Attempt,
    what: String,
}

impl Progress {
    /// Nothing is reported yet of a job.
    pub fn new(attempt: Attempt, spec: Arc<JobSpec>) -> Self {
        Self {
            spec,
            open: BTreeSet::new(),
            begun: 0,
            results: BTreeMap::new(),
            truncated: BTreeSet::new(),
            checks_left: MAX_CHECKS,
            attempt,
        }
    }

    /// A step begins.
    ///
    /// # Errors
    /// Where too many are under way, or it is not its turn.
    pub fn begin(&mut self, step: Step) -> Result<(), Impossible> {
        let expected = match step.run_index() {
            Some(index) => {
                let at_once = self.spec.parallel.unwrap_or(1).max(1) as usize;
                let is_next = index == self.begun && index < self.spec.run_count();
                is_next && self.open.len() < at_once && !self.open.contains(&Step::COMPILE)
            }
            None => self.begun == 0 && self.results.is_empty() && self.open.is_empty(),
        };
        if !expected {
            return Err(self.impossible(format!("step {} cannot begin now", step.0)));
        }
        self.begun += usize::from(step != Step::COMPILE);
        self.open.insert(step);
        Ok(())
    }

    /// The program writes during a step.
    ///
    /// # Errors
    /// Where that step is not under way.
    pub fn writes(&self, step: Step) -> Result<(), Impossible> {
        match self.open.contains(&step) {
            true => Ok(()),
            false => Err(self.impossible(format!("there cannot be output of step {} now", step.0))),
        }
    }

    /// Not all of a step's output is kept.
    pub fn truncate(&mut self, step: Step) {
        self.truncated.insert(step);
    }

    /// A step has ended. Returns the result as it is recorded.
    ///
    /// # Errors
    /// Where that step is not under way.
    pub fn end(&mut self, step: Step, result: StepResult) -> Result<StepResult, Impossible> {
        self.writes(step)?;
        self.open.remove(&step);
        let truncated = result.truncated || self.truncated.contains(&step);
        let judged = step != Step::COMPILE && self.spec.judges().next().is_some();
        let check = result.check.filter(|_| judged).map(|check| self.within_bounds(check));
        let partial = result.partial.filter(|part| judged && part.is_finite());
        let partial = partial.map(|part| part.clamp(0.0, 1.0));
        let result = StepResult { stdout: None, stderr: None, truncated, check, partial, ..result };
        self.results.insert(step, result.clone());
        Ok(result)
    }

    /// Whether the runner has begun with it.
    pub fn has_begun(&self) -> bool {
        !self.open.is_empty() || !self.results.is_empty()
    }

    /// Checks whether the attempt can end with this verdict now.
    ///
    /// # Errors
    /// Where a step is still under way, or the verdict needs runs that were not made.
    pub fn may_finish(&self, verdict: Verdict) -> Result<(), Impossible> {
        let cut_off = !self.open.is_empty() && verdict != Verdict::Cancelled;
        let runs_made = self.results.keys().filter(|step| step.run_index().is_some()).count();
        let incomplete = verdict == Verdict::Ok && runs_made != self.spec.run_count();
        match cut_off || incomplete {
            true => Err(self.impossible(format!("it cannot be {verdict} now"))),
            false => Ok(()),
        }
    }

    /// The attempt has its verdict. Puts what it wrote to its results. Runs that were under way are stopped with it, so that
    /// none is missing before one that is there.
    pub fn finish(
        &mut self,
        verdict: Verdict,
        message: Option<String>,
        mut written: BTreeMap<Step, StepOutput>,
    ) -> Outcome {
        let mut results = std::mem::take(&mut self.results);
        let stopped = std::mem::take(&mut self.open).into_iter().filter(|step| step.run_index().is_some());
        results.extend(stopped.map(|step| (step, self.stopped(step))));
        let mut compile = None;
        let mut runs = Vec::new();
        for (step, result) in results {
            let output = written.remove(&step).unwrap_or_default();
            let (stdout, stderr) = (Some(output.stdout.into()), Some(output.stderr.into()));
            let result = StepResult { stdout, stderr, ..result };
            match step {
                Step::COMPILE => compile = Some(result),
                _ => runs.push(result),
            }
        }
        let message = message.map(|message| text::line(&message));
        let of = self.spec.runs.as_deref();
        let score = of.and_then(|of| protocol::score(of, &runs, self.spec.interactor.is_some()));
        Outcome { verdict, message, compile, runs, score, artifacts: Vec::new() }
    }

    fn stopped(&self, step: Step) -> StepResult {
        let run = step.run_index().and_then(|index| self.spec.runs.as_ref()?.get(index));
        let truncated = self.truncated.contains(&step);
        let name = run.and_then(|run| run.name.clone());
        StepResult { name, truncated, ..StepResult::new(Verdict::Cancelled) }
    }

    /// As much of what a judge said as is kept.
    fn within_bounds(&mut self, check: Check) -> Check {
        let most = MAX_CHECK.min(self.checks_left);
        let output = check.output.map(|output| output.bytes()).unwrap_or_default();
        let output = output.slice(..output.len().min(most));
        self.checks_left -= output.len();
        Check {
            fault: check.fault.map(|fault| text::line(&fault)),
            output: (!output.is_empty()).then(|| Content::Inline(output)),
            usage: check.usage,
        }
    }

    /// A report that cannot be, of this attempt.
    pub fn impossible(&self, what: String) -> Impossible {
        Impossible { attempt: self.attempt, what }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Checker, Expect, Judge, RunSpec, Score};

    use super::*;

    fn ok() -> StepResult {
        StepResult::new(Verdict::Ok)
    }

    fn progress(runs: usize) -> Progress {
        of(JobSpec { runs: Some(vec![RunSpec::default(); runs]), ..JobSpec::default() })
    }

    fn of(spec: JobSpec) -> Progress {
        Progress::new(Attempt(1), Arc::new(spec))
    }

    fn judged(runs: usize) -> JobSpec {
        let expect = Some(Expect { stdout: "1".into(), checker: Checker::Custom });
        let run = |index: usize| RunSpec {
            name: Some(index.to_string()),
            expect: expect.clone(),
            ..RunSpec::default()
        };
        let runs = Some((0..runs).map(run).collect());
        JobSpec { runs, parallel: Some(2), checker: Some(Judge::default()), ..JobSpec::default() }
    }

    #[test]
    fn results_get_the_output_of_their_steps() {
        let mut progress = progress(1);
        for step in [Step::COMPILE, Step(1)] {
            progress.begin(step).unwrap();
            progress.writes(step).unwrap();
            progress.end(step, ok()).unwrap();
        }
        let output = StepOutput { stdout: "out".into(), stderr: "err".into() };
        progress.may_finish(Verdict::Ok).unwrap();
        let outcome = progress.finish(Verdict::Ok, None, [(Step(1), output)].into());
        assert_eq!(outcome.compile.unwrap().stdout, Some("".into()));
        assert_eq!(outcome.runs[0].stdout, Some("out".into()));
        assert_eq!(outcome.runs[0].stderr, Some("err".into()));
    }

    #[test]
    fn what_cannot_be_is_not_believed() {
        assert!(progress(1).begin(Step(2)).is_err(), "the job has one run");
        assert!(progress(1).writes(Step(1)).is_err(), "no step is under way");
        assert!(progress(1).end(Step(1), ok()).is_err());
        assert!(progress(1).may_finish(Verdict::Ok).is_err(), "a run is missing");
        let mut twice = progress(2);
        assert!(twice.begin(Step(2)).is_err(), "no run is passed over");
        twice.begin(Step(1)).unwrap();
        assert!(twice.begin(Step(2)).is_err(), "another is under way");
        twice.end(Step(1), ok()).unwrap();
        assert!(twice.begin(Step(1)).is_err(), "no step is made twice");
        assert!(twice.begin(Step::COMPILE).is_err(), "it is too late to compile");
        let mut open = progress(1);
        open.begin(Step(1)).unwrap();
        assert!(open.may_finish(Verdict::RuntimeError).is_err(), "it is still under way");
        assert!(open.may_finish(Verdict::Cancelled).is_ok(), "unless it was stopped");
    }

    #[test]
    fn output_that_was_not_kept_shows() {
        let mut progress = progress(1);
        progress.begin(Step(1)).unwrap();
        progress.truncate(Step(1));
        assert!(progress.end(Step(1), ok()).unwrap().truncated);
    }

    #[test]
    fn runs_of_a_parallel_job_interleave_and_begin_in_order() {
        let mut progress = of(judged(3));
        progress.begin(Step(1)).unwrap();
        assert!(progress.begin(Step(3)).is_err(), "no run is passed over");
        progress.begin(Step(2)).unwrap();
        assert!(progress.begin(Step(3)).is_err(), "two at once, no more");
        assert!(progress.begin(Step(2)).is_err(), "it is under way");
        progress.writes(Step(1)).unwrap();
        progress.writes(Step(2)).unwrap();
        progress.end(Step(2), ok()).unwrap();
        progress.begin(Step(3)).unwrap();
        assert!(progress.writes(Step(2)).is_err(), "it has ended");
        assert!(progress.may_finish(Verdict::Ok).is_err(), "two are under way");
        progress.end(Step(3), ok()).unwrap();
        progress.end(Step(1), ok()).unwrap();
        progress.may_finish(Verdict::Ok).unwrap();
        let outcome = progress.finish(Verdict::Ok, None, BTreeMap::new());
        assert_eq!(outcome.score, Some(Score { points: 3.0, of: 3.0 }));
        let mut compiling = of(judged(1));
        compiling.begin(Step::COMPILE).unwrap();
        assert!(compiling.begin(Step(1)).is_err(), "it is not compiled yet");
    }

    #[test]
    fn results_of_a_job_that_was_stopped_are_a_prefix_of_its_runs() {
        let mut progress = of(judged(3));
        progress.begin(Step(1)).unwrap();
        progress.begin(Step(2)).unwrap();
        progress.end(Step(2), StepResult { name: Some("1".to_owned()), ..ok() }).unwrap();
        let output = StepOutput { stdout: "so far".into(), ..StepOutput::default() };
        let outcome = progress.finish(Verdict::Cancelled, None, [(Step(1), output)].into());
        let names: Vec<&str> = outcome.runs.iter().map(|run| run.name.as_deref().unwrap()).collect();
        let verdicts: Vec<Verdict> = outcome.runs.iter().map(|run| run.verdict).collect();
        assert_eq!((names, verdicts), (vec!["0", "1"], vec![Verdict::Cancelled, Verdict::Ok]));
        assert_eq!(outcome.runs[0].stdout, Some("so far".into()));
        assert_eq!(outcome.score, Some(Score { points: 1.0, of: 3.0 }));
    }

    #[test]
    fn what_a_judge_says_is_believed_within_bounds_and_only_where_there_is_one() {
        let said = |partial| StepResult {
            partial: Some(partial),
            check: Some(Check {
                fault: Some("a\nb".to_owned()),
                output: Some(vec![b'x'; MAX_CHECK + 1].into()),
                ..Check::default()
            }),
            ..StepResult::new(Verdict::WrongAnswer)
        };
        let end = |progress: &mut Progress, step, partial| {
            progress.begin(step).unwrap();
            progress.end(step, said(partial)).unwrap()
        };
        let mut judged = of(judged(30));
        let result = end(&mut judged, Step(1), 17.0);
        let check = result.check.unwrap();
        assert_eq!((result.partial, check.fault.as_deref()), (Some(1.0), Some("a b")));
        assert_eq!(check.output.unwrap().size(), MAX_CHECK as u64);
        assert_eq!(end(&mut judged, Step(2), f64::NAN).partial, None);
        let last = (3..=30).map(|step| end(&mut judged, Step(step), 0.5)).last().unwrap();
        assert_eq!(last.check.unwrap().output, None, "all of it together has a bound");

        let plain = end(&mut progress(1), Step(1), 0.5);
        assert_eq!((plain.partial, plain.check), (None, None));
    }
}
