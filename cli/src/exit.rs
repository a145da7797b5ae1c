//! What a command ends with.

use std::process::ExitCode;

use protocol::{Job, StepResult, Verdict};

/// An exit status. A program that ran ends the command with its own; the rest is listed here and in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    /// All went well.
    pub const OK: Self = Self(0);
    /// The output is not the expected one.
    pub const WRONG_ANSWER: Self = Self(1);
    /// Not all tests are ok.
    pub const TESTS_FAILED: Self = Self(1);
    /// The command cannot be carried out as it was given; nothing was sent.
    pub const USAGE: Self = Self(2);
    /// The program could not be compiled.
    pub const COMPILE_ERROR: Self = Self(120);
    /// It used up its processor time.
    pub const CPU_TIME: Self = Self(121);
    /// It used up its time on the clock.
    pub const WALL_TIME: Self = Self(122);
    /// It used up its memory.
    pub const MEMORY: Self = Self(123);
    /// It wrote more than it may.
    pub const OUTPUT: Self = Self(124);
    /// The controller refused the request.
    pub const REFUSED: Self = Self(125);
    /// The cluster could not run it.
    pub const INTERNAL: Self = Self(126);
    /// No connection, or lost for good.
    pub const NO_CONNECTION: Self = Self(127);
    /// The job was cancelled.
    pub const CANCELLED: Self = Self(130);
    /// Nobody takes the output any more, as if by SIGPIPE.
    pub const BROKEN_PIPE: Self = Self(141);

    /// The status that a finished job stands for.
    pub fn of(job: &Job) -> Self {
        match job.verdict {
            Some(Verdict::Ok) => Self::OK,
            Some(Verdict::WrongAnswer) => Self::WRONG_ANSWER,
            Some(Verdict::RuntimeError) => decisive(job).map_or(Self(1), of_program),
            Some(Verdict::CompileError) => Self::COMPILE_ERROR,
            Some(Verdict::CpuTimeExceeded) => Self::CPU_TIME,
            Some(Verdict::WallTimeExceeded) => Self::WALL_TIME,
            Some(Verdict::MemoryExceeded) => Self::MEMORY,
            Some(Verdict::OutputExceeded) => Self::OUTPUT,
            Some(Verdict::Cancelled) => Self::CANCELLED,
            Some(Verdict::InternalError) | None => Self::INTERNAL,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}

/// The step that the job's verdict comes from: the compilation that failed, else the first run that is not
/// `ok`, else the last run.
pub fn decisive(job: &Job) -> Option<&StepResult> {
    let mut steps = job.compile.iter().chain(&job.runs);
    steps.find(|step| step.verdict != Verdict::Ok).or(job.runs.last()).or(job.compile.as_ref())
}

/// As a shell has it: the program's own code, or 128 and the signal's number. A program that failed never
/// passes for one that did not.
fn of_program(step: &StepResult) -> Exit {
    let code = match (step.signal, step.exit_code) {
        (Some(signal), _) => signal.saturating_add(128),
        (None, Some(code)) => code & 0xff,
        (None, None) => 1,
    };
    Exit(u8::try_from(code).unwrap_or(u8::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::fixtures::job;

    #[test]
    fn a_program_ends_the_command_as_it_ended_itself() {
        let failed = |signal, exit_code| {
            let step = StepResult { signal, exit_code, ..StepResult::new(Verdict::RuntimeError) };
            Exit::of(&job(Verdict::RuntimeError, vec![step]))
        };
        assert_eq!(failed(None, Some(3)), Exit(3));
        assert_eq!(failed(None, Some(255)), Exit(255));
        assert_eq!(failed(None, Some(256)), Exit(1));
        assert_eq!(failed(Some(11), None), Exit(139));
        assert_eq!(failed(None, None), Exit(1));
        assert_eq!(Exit::of(&job(Verdict::RuntimeError, vec![])), Exit(1));
    }

    #[test]
    fn each_other_verdict_has_its_own_status() {
        let of = |verdict| Exit::of(&job(verdict, vec![StepResult::new(verdict)])).0;
        let others = Verdict::ALL.into_iter().filter(|verdict| *verdict != Verdict::RuntimeError);
        let codes: Vec<u8> = others.map(of).collect();
        assert_eq!(codes, [0, 1, 120, 121, 122, 123, 124, 130, 126]);
    }

    #[test]
    fn the_first_run_that_failed_decides() {
        let run = |verdict, exit_code| StepResult { exit_code, ..StepResult::new(verdict) };
        let runs = vec![
            run(Verdict::Ok, Some(0)),
            run(Verdict::RuntimeError, Some(7)),
            run(Verdict::RuntimeError, Some(8)),
        ];
        assert_eq!(Exit::of(&job(Verdict::RuntimeError, runs)), Exit(7));
    }
}
