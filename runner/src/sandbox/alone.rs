//! A program of the runner's own, in a box like any other: to ask a toolchain its version, or to look at a sandbox.

use bytes::Bytes;
use protocol::{Limits, Step, StepResult};
use tokio_util::sync::CancellationToken;

use super::step::{Keep, StepPlan};
use super::{Sandbox, SandboxError};
use crate::report::{Report, queue};

impl Sandbox {
    /// Runs a program to its end, with these files around it and nobody to watch. Returns how it ended, and what it
    /// wrote to either output.
    ///
    /// # Errors
    /// [`SandboxError`], where the sandbox failed rather than the program.
    pub async fn run_alone(
        &mut self,
        argv: &[impl AsRef<str>],
        limits: Limits,
        files: &[(String, Bytes)],
    ) -> Result<(StepResult, Vec<u8>), SandboxError> {
        let id = self.open_box(&limits, files).await?;
        let plan = StepPlan {
            step: Step::COMPILE,
            argv: argv.iter().map(|word| word.as_ref().to_owned()).collect(),
            env: vec!["PATH=/usr/local/bin:/usr/bin:/bin".to_owned()],
            limits,
            out_of_memory_exit_code: None,
            keep: Keep::Nothing,
            onward: None,
            terminal: None,
            gestures: None,
        };
        let (reporter, mut reports) = queue();
        let listen = async {
            let mut said = Vec::new();
            while let Some(report) = reports.recv().await {
                if let Report::Output { data, .. } = report {
                    said.extend_from_slice(&data);
                }
            }
            said
        };
        let run = async {
            let outcome = self.run_step(id, &plan, None, &reporter, &CancellationToken::new()).await;
            drop(reporter);
            outcome
        };
        let (outcome, said) = tokio::join!(run, listen);
        Ok((outcome?.result, said))
    }
}
