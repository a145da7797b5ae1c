//! How far something is, on a terminal: where standard error is none, nothing is shown.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use protocol::{MAX_RUNS, Step, StepResult, Verdict};

use crate::messages;

/// What is done sooner is not worth a word.
const QUIET: Duration = Duration::from_secs(1);

/// Tests that are run.
#[derive(Debug)]
pub struct TestBar {
    bar: ProgressBar,
    /// Those of the jobs before this one, and how many of them failed.
    before: (usize, usize),
    /// Whether each run of this job has ended well, as far as it has ended.
    ended: Vec<Option<bool>>,
}

impl TestBar {
    /// So many of them in all.
    pub fn new(total: usize) -> Self {
        let bar = ProgressBar::new(total as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Self { bar, before: (0, 0), ended: Vec::new() }
    }

    /// A step has ended; the same may be told again.
    pub fn step(&mut self, step: Step, result: &StepResult) {
        let Some(index) = step.run_index().filter(|index| *index < MAX_RUNS) else { return };
        if self.ended.len() <= index {
            self.ended.resize(index + 1, None);
        }
        self.ended[index] = Some(result.verdict == Verdict::Ok);
        self.show();
    }

    /// The job starts anew.
    pub fn restart(&mut self) {
        self.ended.clear();
        self.show();
    }

    /// What comes now is another job.
    pub fn next_job(&mut self) {
        self.before = self.counts();
        self.ended.clear();
    }

    /// How many have ended, and how many of them not well.
    fn counts(&self) -> (usize, usize) {
        let (done, failed) = self.before;
        let ended = self.ended.iter().flatten();
        (done + ended.clone().count(), failed + ended.filter(|good| !**good).count())
    }

    fn show(&self) {
        let (done, failed) = self.counts();
        self.bar.set_position(done as u64);
        self.bar.set_message(messages::testing::failed_so_far(failed));
    }
}

impl Drop for TestBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Files that are read, told once it takes long.
#[derive(Debug)]
pub struct ReadingBar {
    since: Instant,
    spinner: Option<ProgressBar>,
}

impl ReadingBar {
    /// None yet.
    pub fn new() -> Self {
        Self { since: Instant::now(), spinner: None }
    }

    /// So many by now.
    pub fn read(&mut self, files: usize) {
        if self.since.elapsed() > QUIET {
            let spinner = self.spinner.get_or_insert_with(ProgressBar::new_spinner);
            spinner.set_message(messages::reading(files));
            spinner.tick();
        }
    }
}

impl Drop for ReadingBar {
    fn drop(&mut self) {
        self.spinner.iter().for_each(ProgressBar::finish_and_clear);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_twice_counts_once_and_what_starts_anew_not_at_all() {
        let mut bar = TestBar::new(5);
        let [ok, wrong] = [Verdict::Ok, Verdict::WrongAnswer].map(StepResult::new);
        bar.step(Step::COMPILE, &ok);
        assert_eq!(bar.counts(), (0, 0));
        bar.step(Step::run(1), &wrong);
        bar.step(Step::run(1), &wrong);
        bar.step(Step::run(0), &ok);
        assert_eq!(bar.counts(), (2, 1));
        bar.next_job();
        bar.step(Step::run(0), &ok);
        assert_eq!(bar.counts(), (3, 1));
        bar.restart();
        assert_eq!(bar.counts(), (2, 1));
    }
}
