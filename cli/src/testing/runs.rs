//! The jobs that tests become.

use bytes::Bytes;
use protocol::{Checker, Expect, JobId, JobSpec, Judge, MAX_RUNS, RunSpec};

use super::Case;
use crate::failure::Failure;
use crate::source;

/// What decides whether an answer is right.
#[derive(Debug, Clone)]
pub enum Judging {
    /// A checker that every runner has.
    BuiltIn(Checker),
    /// A program that looks at each answer.
    Checker(Judge),
    /// A program that talks with the one that is tested.
    Interactor(Judge),
}

impl Judging {
    /// The checker of each run.
    pub fn checker(&self) -> Checker {
        match self {
            Self::BuiltIn(checker) => *checker,
            Self::Checker(_) => Checker::Custom,
            Self::Interactor(_) => Checker::default(),
        }
    }
}

/// The runs that tests are, their files read.
///
/// # Errors
/// Where a file cannot be read, or nothing is expected and only a comparison could tell.
pub fn runs(cases: &[Case], judging: &Judging) -> Result<Vec<RunSpec>, Failure> {
    let run = |case: &Case| {
        let expected = case.expected.as_deref().map(source::read).transpose()?;
        let stdout = match (expected, judging) {
            (Some(expected), _) => Some(expected),
            (None, Judging::BuiltIn(_)) => return Err(Failure::NoAnswer(case.input.clone())),
            // A checker may do without; that it is asked has to be said all the same.
            (None, Judging::Checker(_)) => Some(Bytes::new()),
            (None, Judging::Interactor(_)) => None,
        };
        Ok(RunSpec {
            name: Some(case.name.clone()),
            stdin: Some(source::read(&case.input)?.into()),
            expect: stdout.map(|stdout| Expect { stdout: stdout.into(), checker: judging.checker() }),
            group: case.group.clone(),
            ..RunSpec::default()
        })
    };
    cases.iter().map(run).collect()
}

/// A job for each thousand of them.
pub fn jobs(program: &JobSpec, runs: &[RunSpec], judging: &Judging) -> Vec<JobSpec> {
    let (checker, interactor) = match judging {
        Judging::BuiltIn(_) => (None, None),
        Judging::Checker(judge) => (Some(judge), None),
        Judging::Interactor(judge) => (None, Some(judge)),
    };
    let job = |runs: &[RunSpec]| JobSpec {
        runs: Some(runs.to_vec()),
        checker: checker.cloned(),
        interactor: interactor.cloned(),
        // A connection that is lost before the answer leaves open whether the job was taken in.
        idempotency_key: Some(JobId::random().to_string()),
        ..program.clone()
    };
    runs.chunks(MAX_RUNS).map(job).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use protocol::SourceFile;

    use super::*;

    fn judge() -> Judge {
        let file = SourceFile { path: "check.py".into(), content: "".into() };
        Judge { language: "python".into(), files: vec![file], ..Judge::default() }
    }

    fn program() -> JobSpec {
        let file = SourceFile { path: "a.c".into(), content: "".into() };
        JobSpec { language: "c".into(), files: vec![file], ..JobSpec::default() }
    }

    #[test]
    fn what_is_expected_may_be_missing_where_a_program_judges() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("1.in");
        fs::write(&input, "5").unwrap();
        let case = Case { name: "g/1".into(), group: Some("g".into()), input: input.clone(), expected: None };
        let expected =
            |judging| runs(std::slice::from_ref(&case), &judging).map(|runs| runs[0].expect.clone());
        assert!(
            matches!(expected(Judging::BuiltIn(Checker::Exact)), Err(Failure::NoAnswer(path)) if path == input)
        );
        assert_eq!(expected(Judging::Interactor(judge())).unwrap(), None);
        let nothing = Expect { stdout: "".into(), checker: Checker::Custom };
        assert_eq!(expected(Judging::Checker(judge())).unwrap(), Some(nothing));
    }

    #[test]
    fn jobs_are_valid_whoever_judges_and_never_have_too_many_runs() {
        for judging in
            [Judging::BuiltIn(Checker::Tokens), Judging::Checker(judge()), Judging::Interactor(judge())]
        {
            let expect = Expect { stdout: "1".into(), checker: judging.checker() };
            let runs = vec![RunSpec { expect: Some(expect), ..RunSpec::default() }; 2500];
            let jobs = jobs(&program(), &runs, &judging);
            assert_eq!(jobs.iter().map(JobSpec::run_count).collect::<Vec<_>>(), [1000, 1000, 500]);
            for job in &jobs {
                assert_eq!(job.validate(), Ok(()), "{judging:?}");
            }
            assert_ne!(jobs[0].idempotency_key, jobs[1].idempotency_key);
        }
    }
}
