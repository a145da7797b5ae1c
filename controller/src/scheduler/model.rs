//! What the scheduler is told and what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use protocol::{JobId, Limits, LimitsRequest, RunnerId, Timestamp};

use crate::needs::Needs;

/// What its operator decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How long a job waits to count as one priority higher; `None` for never.
    pub aging: Option<Duration>,
    /// How many jobs of one share may run at once; `None` for any number.
    pub max_running_per_share: Option<u32>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { aging: Some(Duration::from_secs(60)), max_running_per_share: None }
    }
}

/// A job that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Which job.
    pub id: JobId,
    /// Its number in the order of submission, which it keeps when it comes back.
    pub number: u64,
    /// Higher ones start first.
    pub priority: i8,
    /// The language's id.
    pub language: String,
    /// The most it asks for in any of its steps.
    pub limits: LimitsRequest,
    /// Labels that its runner must have.
    pub requires: BTreeMap<String, String>,
    /// What else its runner must have.
    pub needs: Needs,
    /// Whose share of the cluster it uses.
    pub share: String,
    /// When it was submitted.
    pub queued_at: Timestamp,
    /// Whether it is to be placed at once or not at all.
    pub no_wait: bool,
}

/// A runner that comes in.
#[derive(Debug, Clone, PartialEq)]
pub struct Newcomer {
    /// This life of it.
    pub id: RunnerId,
    /// What people call it; how reliable it is, is remembered by this.
    pub name: String,
    /// The languages it offers, with the most that a job may ask for.
    pub languages: BTreeMap<String, Limits>,
    /// What its operator says of it.
    pub labels: BTreeMap<String, String>,
    /// What jobs may need that older runners do not know.
    pub features: BTreeSet<String>,
    /// How many jobs it takes at once.
    pub max_jobs: u32,
}

/// What a runner is to take at most, by its cluster's word; never more than it takes by its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Why it is given nothing, where it is not.
    pub paused: Option<String>,
    /// How many jobs it is given at once.
    pub max_jobs: Option<u32>,
    /// It is given nothing while its host's processors are busier.
    pub max_cpu_percent: Option<u32>,
    /// It is given nothing while its host uses more of its memory.
    pub max_memory_percent: Option<u32>,
}

/// How a runner says that it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Why it takes none, where it does not.
    pub unavailable: Option<String>,
    /// How many jobs it runs, whoever gave them to it.
    pub active_jobs: u32,
    /// How busy its host's processors are.
    pub cpu_percent: f32,
    /// How much of its host's memory is used.
    pub memory_percent: f32,
    /// Sandboxes that stand ready, by language.
    pub warm: BTreeMap<String, u32>,
}

/// Who gets which job. The slot is taken, and the job does not wait any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The job.
    pub job: JobId,
    /// The runner.
    pub runner: RunnerId,
    /// The runner's name.
    pub name: Arc<str>,
    /// When the job was submitted.
    pub queued_at: Timestamp,
}

/// How it ended that a runner had a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With a verdict.
    Finished,
    /// The attempt was lost: the runner failed, or was not understood.
    Lost,
    /// The runner did not take it. It gets no other job before it says anew how it is.
    Refused,
    /// It goes on elsewhere, or is over there.
    Void,
}
