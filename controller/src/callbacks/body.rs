//! What a callback says: the job as its owner sees it, with its outputs cut to what a message may hold. Pure.

use bytes::Bytes;
use protocol::{Content, Job};

/// The most bytes of one output, and of all of them.
const MOST: usize = 64 << 10;
const MOST_IN_ALL: usize = 256 << 10;

/// The job, cut. A step that lost something by that is marked as one whose output is not whole.
pub fn cut(mut job: Job) -> Job {
    let mut left = MOST_IN_ALL;
    for step in job.compile.iter_mut().chain(&mut job.runs) {
        let outputs = [step.stdout.as_mut(), step.stderr.as_mut()];
        for output in outputs.into_iter().flatten() {
            step.truncated |= shorten(output, &mut left);
        }
        if let Some(output) = step.check.as_mut().and_then(|check| check.output.as_mut()) {
            shorten(output, &mut left);
        }
    }
    job
}

/// Cuts an output to what it may have. Returns whether something is gone.
fn shorten(output: &mut Content, left: &mut usize) -> bool {
    let mut bytes = output.bytes();
    let whole = bytes.len();
    bytes.truncate(end(&bytes, MOST.min(*left)));
    *left -= bytes.len();
    let cut = bytes.len() < whole;
    if cut {
        *output = Content::from(bytes);
    }
    cut
}

/// Where to cut, so that text stays text.
fn end(bytes: &Bytes, most: usize) -> usize {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.floor_char_boundary(most),
        Err(_) => most.min(bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Check, StepResult, Verdict};

    use super::*;
    use crate::testing::finished_job;

    fn wrote(stdout: impl Into<Bytes>) -> StepResult {
        StepResult { stdout: Some(Content::from(stdout.into())), ..StepResult::new(Verdict::Ok) }
    }

    fn sizes(job: &Job) -> Vec<u64> {
        job.runs.iter().map(|run| run.stdout.as_ref().map_or(0, Content::size)).collect()
    }

    #[test]
    fn a_small_job_is_told_whole() {
        let job = Job { runs: vec![wrote("a"), wrote(vec![0xff; MOST])], ..finished_job() };
        assert_eq!(cut(job.clone()), job);
    }

    #[test]
    fn outputs_are_cut_each_and_together_and_that_is_said() {
        let runs = vec![wrote(vec![b'x'; MOST + 1]); 6];
        let job = cut(Job { runs, ..finished_job() });
        let most = MOST as u64;
        assert_eq!(sizes(&job), [most, most, most, most, 0, 0]);
        assert!(job.runs.iter().all(|run| run.truncated));
    }

    #[test]
    fn text_is_cut_between_characters() {
        let mut text = "x".repeat(MOST - 1);
        text.push('é');
        let job = cut(Job { runs: vec![wrote(text)], ..finished_job() });
        assert_eq!(sizes(&job), [MOST as u64 - 1]);
        assert!(serde_json::to_string(&job).unwrap().contains("\"stdout\":\"x"));
    }

    #[test]
    fn what_a_checker_said_counts_too() {
        let said = Content::from(vec![b'x'; 2 * MOST]);
        let run = StepResult { check: Some(Check { output: Some(said), ..Check::default() }), ..wrote("a") };
        let job = cut(Job { runs: vec![run], ..finished_job() });
        assert!(!job.runs[0].truncated);
        let output = job.runs[0].check.as_ref().and_then(|check| check.output.as_ref());
        assert_eq!(output.map(Content::size), Some(MOST as u64));
    }
}
