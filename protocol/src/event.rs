//! What happens to a job, as those who watch it are told.

use serde::{Deserialize, Serialize};

use crate::{Attempt, Content, Job, Step, StepResult};

/// One of a program's two outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Something that happened to a job. Every event of a job has a number, from 1 without gaps, so that a watcher
/// who comes back asks for what came after the last one it saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum JobEvent {
    /// It waits for a runner.
    Queued {
        /// How many jobs are before it.
        position: u64,
    },
    /// A runner has it.
    Started {
        /// The runner's name.
        runner: String,
        /// Which attempt this is.
        attempt: Attempt,
    },
    /// A step begins.
    StepStarted {
        /// Which.
        step: Step,
    },
    /// The program wrote something. On the TCP doors a stdout or stderr frame stands for this.
    Output {
        /// During which step.
        step: Step,
        /// Where to.
        stream: OutputStream,
        /// What.
        data: Content,
    },
    /// A step has ended.
    StepFinished {
        /// Which.
        step: Step,
        /// How, without its output.
        result: StepResult,
    },
    /// The attempt was lost with its runner and the job is queued again: what it wrote so far is void.
    Restarted {
        /// The attempt that was lost.
        attempt: Attempt,
        /// Why.
        reason: String,
    },
    /// The job has its verdict. The last event.
    Finished {
        /// The job, without its output.
        job: Box<Job>,
    },
}
