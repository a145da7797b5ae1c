//! A program of the runner's own, in a box like any other: to ask a toolchain its version, or to look at a sandbox.

use bytes::Bytes;
use protocol::{Limits, Step};
use tokio_util::sync::CancellationToken;

use super::step::{StepOutcome, StepPlan};
use super::{Sandbox, SandboxError};
use crate::report::queue;

impl Sandbox {
    /// Runs a program to its end, with these files around it and nobody to watch. What it writes to standard output
    /// is in the outcome.
    ///
    /// # Errors
    /// [`SandboxError`], where the sandbox failed rather than the program.
    pub async fn run_alone(
        &mut self,
        argv: &[impl AsRef<str>],
        limits: Limits,
        files: &[(String, Bytes)],
    ) -> Result<StepOutcome, SandboxError> {
        let id = self.open_box(&limits, files).await?;
        let plan = StepPlan {
            step: Step::COMPILE,
            argv: argv.iter().map(|word| word.as_ref().to_owned()).collect(),
            env: vec!["PATH=/usr/local/bin:/usr/bin:/bin".to_owned()],
            limits,
            out_of_memory_exit_code: None,
            capture: true,
        };
        let (reporter, mut reports) = queue();
        let discard = async { while reports.recv().await.is_some() {} };
        let run = async {
            let outcome = self.run_step(id, &plan, None, &reporter, &CancellationToken::new()).await;
            drop(reporter);
            outcome
        };
        tokio::join!(run, discard).0
    }
}
