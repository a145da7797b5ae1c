//! The jobs that tests become.

use bytes::Bytes;
use protocol::{Checker, Expect, JobId, JobSpec, MAX_RUNS, RunSpec};

use super::Case;
use crate::failure::Failure;
use crate::source;

/// The runs that tests are, their files read.
///
/// # Errors
/// Where a file cannot be read, or nothing is expected and only a comparison could tell.
pub fn runs(cases: &[Case], checker: Checker, interactive: bool) -> Result<Vec<RunSpec>, Failure> {
    let run = |case: &Case| {
        let expected = case.expected.as_deref().map(source::read).transpose()?;
        let stdout = match expected {
            Some(expected) => Some(expected),
            None if interactive => None,
            // A program that judges may do without; that it is asked has to be said all the same.
            None if checker == Checker::Custom => Some(Bytes::new()),
            None => return Err(Failure::NoAnswer(case.input.clone())),
        };
        Ok(RunSpec {
            name: Some(case.name.clone()),
            stdin: Some(source::read(&case.input)?.into()),
            expect: stdout.map(|stdout| Expect { stdout: stdout.into(), checker }),
            group: case.group.clone(),
            ..RunSpec::default()
        })
    };
    cases.iter().map(run).collect()
}

/// A job for each thousand of them.
pub fn jobs(program: &JobSpec, runs: &[RunSpec]) -> Vec<JobSpec> {
    let job = |runs: &[RunSpec]| JobSpec {
        runs: Some(runs.to_vec()),
        // A connection that is lost before the answer leaves open whether the job was taken in.
        idempotency_key: Some(JobId::random().to_string()),
        ..program.clone()
    };
    runs.chunks(MAX_RUNS).map(job).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_expected_may_be_missing_where_a_program_judges() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("1.in");
        fs::write(&input, "5").unwrap();
        let case = Case { name: "g/1".into(), group: Some("g".into()), input: input.clone(), expected: None };
        let expected = |checker, interactive| {
            runs(std::slice::from_ref(&case), checker, interactive).map(|runs| runs[0].expect.clone())
        };
        assert!(matches!(expected(Checker::Exact, false), Err(Failure::NoAnswer(path)) if path == input));
        assert_eq!(expected(Checker::Trimmed, true).unwrap(), None);
        let nothing = Expect { stdout: "".into(), checker: Checker::Custom };
        assert_eq!(expected(Checker::Custom, false).unwrap(), Some(nothing));
    }

    #[test]
    fn no_job_has_too_many_runs() {
        let jobs = jobs(&JobSpec::default(), &vec![RunSpec::default(); 2500]);
        assert_eq!(jobs.iter().map(JobSpec::run_count).collect::<Vec<_>>(), [1000, 1000, 500]);
        assert_ne!(jobs[0].idempotency_key, jobs[1].idempotency_key);
    }
}
