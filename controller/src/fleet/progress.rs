//! What a runner may report of an attempt, and in which order. Pure. Runners are not trusted: what does not fit
//! ends the attempt as lost.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{Attempt, Step, StepResult, Verdict};

use crate::live::StepOutput;
use crate::store::Outcome;
use crate::text;

/// The reports of one attempt so far.
#[derive(Debug)]
pub struct Progress {
    runs: usize,
    current: Option<Step>,
    results: BTreeMap<Step, StepResult>,
    truncated: BTreeSet<Step>,
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
    /// Nothing is reported yet of a job with so many runs.
    pub fn new(attempt: Attempt, runs: usize) -> Self {
        Self { runs, current: None, results: BTreeMap::new(), truncated: BTreeSet::new(), attempt }
    }

    /// A step begins.
    ///
    /// # Errors
    /// Where another is under way, or it is not its turn.
    pub fn begin(&mut self, step: Step) -> Result<(), Impossible> {
        let expected = match step.run_index() {
            Some(index) => index == self.runs_made() && index < self.runs,
            None => self.results.is_empty(),
        };
        if !expected || self.current.is_some() {
            return Err(self.impossible(format!("step {} cannot begin now", step.0)));
        }
        self.current = Some(step);
        Ok(())
    }

    /// The program writes during a step.
    ///
    /// # Errors
    /// Where that step is not under way.
    pub fn writes(&self, step: Step) -> Result<(), Impossible> {
        match self.current == Some(step) {
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
        self.current = None;
        let truncated = result.truncated || self.truncated.contains(&step);
        let result = StepResult { stdout: None, stderr: None, truncated, ..result };
        self.results.insert(step, result.clone());
        Ok(result)
    }

    /// Whether the runner has begun with it.
    pub fn has_begun(&self) -> bool {
        self.current.is_some() || !self.results.is_empty()
    }

    /// Checks whether the attempt can end with this verdict now.
    ///
    /// # Errors
    /// Where a step is still under way, or the verdict needs runs that were not made.
    pub fn may_finish(&self, verdict: Verdict) -> Result<(), Impossible> {
        let cut_off = self.current.is_some() && verdict != Verdict::Cancelled;
        let incomplete = verdict == Verdict::Ok && self.runs_made() != self.runs;
        match cut_off || incomplete {
            true => Err(self.impossible(format!("it cannot be {verdict} now"))),
            false => Ok(()),
        }
    }

    /// The attempt has its verdict. Puts what it wrote to its results.
    pub fn finish(
        &mut self,
        verdict: Verdict,
        message: Option<String>,
        mut written: BTreeMap<Step, StepOutput>,
    ) -> Outcome {
        let mut results = std::mem::take(&mut self.results).into_iter().map(|(step, result)| {
            let output = written.remove(&step).unwrap_or_default();
            (
                step,
                StepResult {
                    stdout: Some(output.stdout.into()),
                    stderr: Some(output.stderr.into()),
                    ..result
                },
            )
        });
        let mut compile = None;
        let mut runs = Vec::new();
        for (step, result) in &mut results {
            match step {
                Step::COMPILE => compile = Some(result),
                _ => runs.push(result),
            }
        }
        let message = message.map(|message| text::line(&message));
        Outcome { verdict, message, compile, runs, score: None, artifacts: Vec::new() }
    }

    fn runs_made(&self) -> usize {
        self.results.keys().filter(|step| step.run_index().is_some()).count()
    }

    /// A report that cannot be, of this attempt.
    pub fn impossible(&self, what: String) -> Impossible {
        Impossible { attempt: self.attempt, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok() -> StepResult {
        StepResult::new(Verdict::Ok)
    }

    fn progress(runs: usize) -> Progress {
        Progress::new(Attempt(1), runs)
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
}
