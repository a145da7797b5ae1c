//! One step's program, and who hears of it.

use bytes::Bytes;
use protocol::event::OutputStream;
use protocol::{Flag, StepResult, Verdict};
use tokio_util::sync::CancellationToken;

use super::Work;
use crate::report::{Report, Reporter};
use crate::sandbox::step::{StepOutcome, StepPlan};
use crate::sandbox::{Sandbox, SandboxError};
use crate::stdin::Stdin;

/// The error number of a box in which the program's files do not fit.
const DISK_FULL: i32 = nix::libc::ENOSPC;

/// Who hears what a program writes, and stops it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Audience<'a> {
    pub(super) reporter: &'a Reporter,
    pub(super) cancel: &'a CancellationToken,
}

impl Work<'_> {
    /// Whoever watches the job.
    pub(super) fn audience(&self) -> Audience<'_> {
        Audience { reporter: self.reporter, cancel: self.cancel }
    }
}

impl Audience<'_> {
    /// Runs a step's program to its end. One that cannot even be started has failed, not the runner.
    ///
    /// # Errors
    /// [`SandboxError`].
    pub(super) async fn step(
        self,
        sandbox: &mut Sandbox,
        id: u32,
        plan: &StepPlan,
        stdin: Option<&mut Stdin>,
    ) -> Result<StepOutcome, SandboxError> {
        match sandbox.run_step(id, plan, stdin, self.reporter, self.cancel).await {
            Err(SandboxError::Box { stage, errno }) => match not_started(plan, &stage, errno) {
                Some((why, flag)) => Ok(self.not_started(plan, why, flag).await),
                None => Err(SandboxError::Box { stage, errno }),
            },
            outcome => outcome,
        }
    }

    /// What came of a step whose program never was: the reason goes where its own words would have gone.
    async fn not_started(self, plan: &StepPlan, why: String, flag: Option<Flag>) -> StepOutcome {
        let (step, stream, data) = (plan.step, OutputStream::Stderr, Bytes::from(why));
        let words = data.to_vec();
        let _ = self.reporter.send(Report::Output { step, stream, data }).await;
        let mut result = StepResult::new(Verdict::RuntimeError);
        result.flags.extend(flag);
        StepOutcome { result, stdout: Vec::new(), words, was_lost: false }
    }
}

/// Why a program could not be started, where that is not the sandbox's fault.
fn not_started(plan: &StepPlan, stage: &str, errno: i32) -> Option<(String, Option<Flag>)> {
    let most = plan.limits.disk_bytes;
    let full = |what: &str| {
        Some((format!("the {what} do not fit into {most} bytes (disk_bytes)\n"), Some(Flag::DiskFull)))
    };
    match stage {
        "execute" => {
            let why = nix::errno::Errno::from_raw(errno).desc();
            let program = plan.argv.first().map_or("", String::as_str);
            Some((format!("{program}: cannot be started: {why}\n"), None))
        }
        "copy" if errno == DISK_FULL => full("compiled files"),
        "write" if errno == DISK_FULL => full("program's files"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use nix::libc::{EIO, ENOENT};
    use protocol::Step;

    use super::*;
    use crate::sandbox::step::Keep;

    #[test]
    fn files_without_room_and_programs_that_are_none_are_nobody_elses_fault() {
        let limits = crate::config::DEFAULT_LIMITS;
        let (argv, env) = (vec!["./a.out".to_owned()], Vec::new());
        let plan = StepPlan {
            step: Step::run(0),
            argv,
            env,
            limits,
            out_of_memory_exit_code: None,
            keep: Keep::Nothing,
            onward: None,
            terminal: None,
            gestures: None,
        };
        let said = |stage, errno| not_started(&plan, stage, errno);
        assert_eq!(
            said("execute", ENOENT).unwrap().0,
            "./a.out: cannot be started: No such file or directory\n"
        );
        assert_eq!(said("copy", DISK_FULL).unwrap().1, Some(Flag::DiskFull));
        assert_eq!(said("write", DISK_FULL).unwrap().1, Some(Flag::DiskFull));
        assert_eq!(said("write", EIO), None);
        assert_eq!(said("clone", DISK_FULL), None);
    }
}
