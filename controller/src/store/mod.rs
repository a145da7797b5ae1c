//! What is known of every job. Each change is one compare-and-set in spirit: it names the state that it expects
//! and says whether it found it, so that two controllers on one store cannot both win.

#[cfg(test)]
pub(crate) mod conformance;
mod memory;
mod order;
mod record;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use protocol::client::JobQuery;
use protocol::{Attempt, Job, JobId, JobPage, JobSpec, LimitsRequest, StepResult, Verdict};
use tokio::sync::Notify;

pub use memory::{Memory, MemoryLimits};
pub use order::Place;

/// After this many lost attempts a job is given up.
pub const MAX_LOST: u32 = 3;

/// A store that could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The cursor is none that this store gave out.
    #[error("not a cursor that this controller gave out")]
    Cursor,
    /// The store itself failed.
    #[error("the store failed")]
    #[expect(dead_code, reason = "memory cannot fail; stores with a disk or a network can")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A job that was not taken into the queue.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError {
    /// The queue holds as many jobs, or bytes, as it may.
    #[error("{waiting} jobs wait already")]
    Full {
        /// How many wait.
        waiting: u64,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A job to be queued.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its identifier.
    pub id: JobId,
    /// The program, with all its contents.
    pub spec: Arc<JobSpec>,
    /// The most it asks for in any step, for the scheduler.
    pub peak: LimitsRequest,
    /// Whether its standard input is streamed to it.
    pub stdin_follows: bool,
}

/// A job that waits, as the scheduler needs to know it.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// Which job.
    pub id: JobId,
    /// Its language as it was stored: an id, or in lower case what nobody knew then.
    pub language: String,
    /// The most it asks for in any step.
    pub peak: LimitsRequest,
    /// Where in the queue it stands.
    pub place: Place,
}

/// A job that has been given to a runner.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Which job.
    pub id: JobId,
    /// The number that fences this attempt.
    pub attempt: Attempt,
    /// The program.
    pub spec: Arc<JobSpec>,
    /// Whether its standard input is streamed to it.
    pub stdin_follows: bool,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The judgement on the whole.
    pub verdict: Verdict,
    /// What people should know beside it.
    pub message: Option<String>,
    /// How the compilation ended.
    pub compile: Option<StepResult>,
    /// How each run ended.
    pub runs: Vec<StepResult>,
}

impl Outcome {
    /// The end of a job that never ran to its end.
    pub fn without_results(verdict: Verdict, message: impl Into<String>) -> Self {
        Self { verdict, message: Some(message.into()), compile: None, runs: Vec::new() }
    }
}

/// Why an attempt ended without an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// The runner did not take it. That does not count against the job.
    Refused,
    /// It was lost with its runner, or its runner failed.
    Lost {
        /// How.
        reason: String,
    },
}

/// What became of a job whose attempt ended without an outcome.
#[derive(Debug, Clone, PartialEq)]
pub enum Released {
    /// It waits again, at the place it had.
    Requeued {
        /// How many jobs are before it.
        position: u64,
    },
    /// It was lost too often, or somebody wanted it stopped anyway.
    Finished(Box<Job>),
    /// The attempt was over already; nothing changed.
    Stale,
}

/// An attempt whose lease ran out, and what became of its job.
#[derive(Debug, Clone, PartialEq)]
pub struct Expired {
    /// Which job.
    pub id: JobId,
    /// Which attempt.
    pub attempt: Attempt,
    /// Where the job went.
    pub released: Released,
}

/// What came of a wish to stop a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Cancelled {
    /// It was still queued and is finished now.
    Finished(Box<Job>),
    /// It runs; its runner has to stop it.
    Requested(Box<Job>),
    /// It had ended already.
    TooLate,
    /// There is no such job.
    Unknown,
}

/// How many jobs there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that wait.
    pub queued: u64,
    /// Those that a runner has.
    pub running: u64,
}

/// Where jobs are kept.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Notified when a job may have come into the queue, by whoever. A wake-up can be missing: poll, too.
    fn queue_changed(&self) -> &Notify;

    /// Takes a job in. Returns how many jobs are before it.
    async fn enqueue(&self, job: NewJob) -> Result<u64, EnqueueError>;

    /// A job with its output, if it is known.
    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError>;

    /// A page of jobs, newest first. The limit of the query has been checked by the caller.
    async fn list(&self, query: &JobQuery) -> Result<JobPage, StoreError>;

    /// The next jobs behind `after` that wait for one of these languages, the first to start first.
    async fn queued(
        &self,
        languages: &[String],
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<Queued>, StoreError>;

    /// A job while it waits.
    async fn waiting(&self, id: JobId) -> Result<Option<Queued>, StoreError>;

    /// Hands a queued job to a runner for as long as the lease lasts. `None` where it is not queued any more.
    async fn claim(&self, id: JobId, runner: &str, lease: Duration) -> Result<Option<Claim>, StoreError>;

    /// Makes the leases of these attempts last so long from now; stale ones are passed over.
    async fn renew(&self, attempts: &[(JobId, Attempt)], lease: Duration) -> Result<(), StoreError>;

    /// Records how a job ended and returns it; `None` where this attempt is not the one that has it.
    async fn finish(&self, id: JobId, attempt: Attempt, outcome: Outcome) -> Result<Option<Job>, StoreError>;

    /// Ends an attempt without an outcome.
    async fn release(&self, id: JobId, attempt: Attempt, release: Release) -> Result<Released, StoreError>;

    /// Stops a job: at once where it is queued, else with the help of its runner. The message says why.
    async fn cancel(&self, id: JobId, message: &str) -> Result<Cancelled, StoreError>;

    /// Forgets a job that waits, as if it had never been submitted. Returns it, if it did wait.
    async fn withdraw(&self, id: JobId) -> Result<Option<Queued>, StoreError>;

    /// Ends every attempt whose lease has run out as lost.
    async fn expire(&self) -> Result<Vec<Expired>, StoreError>;

    /// How many jobs there are.
    async fn counts(&self) -> Result<Counts, StoreError>;
}
