//! What is known of every job. Each change is one compare-and-set in spirit: it names the state that it expects
//! and says whether it found it, so that two controllers on one store cannot both win.
//!
//! A store object is one controller's view of the jobs. A queued job is **at home** with one controller, which
//! alone dispatches it and normally has its client's connection too. The jobs of a controller that has not
//! been heard of for [`HOME_TIMEOUT`] are at home nowhere, and others [adopt](Store::adopt) them. The order in
//! which jobs start is the scheduler's business, not the store's.

mod averages;
mod codec;
#[cfg(test)]
pub(crate) mod conformance;
mod holder;
mod listing;
mod memory;
mod open;
mod postgres;
mod record;
mod records;
mod specs;
mod sqlite;
mod traits;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::client::JobQuery;
use protocol::cluster::Sample;
use protocol::runner::Registration;
use protocol::{
    Attempt, AttemptEnd, Job, JobAttempt, JobId, JobPage, JobSpec, LimitsRequest, Score, StepResult,
    Timestamp, Verdict,
};
use tokio::sync::broadcast;

use crate::needs::Needs;

pub use averages::{Averages, Whose};
pub use memory::{Memory, MemoryLimits};
pub use open::{OpenError, open};
pub use postgres::Postgres;
pub use records::{Document, NewDocument, Records, Version};
pub use sqlite::Sqlite;

/// Changes that may wait for whoever listens; a listener that is slower than that polls.
const CHANGES: usize = 1024;

/// After this many lost attempts a job is given up.
pub const MAX_LOST: u32 = 3;

/// A controller that has not been heard of for so long is dead: its jobs are at home nowhere.
pub const HOME_TIMEOUT: Duration = Duration::from_secs(10);

/// A lease that has been over for so long is anybody's to end, not only its home's.
pub const ORPHANED: Duration = Duration::from_secs(5);

/// A store that could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The cursor is none that this store gave out.
    #[error("not a cursor that this controller gave out")]
    Cursor,
    /// The store itself failed.
    #[error("the store failed: {0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }
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
    /// The program, with all its contents. Its `idempotency_key` makes it the only one with this key.
    pub spec: Arc<JobSpec>,
    /// The most it asks for in any step, for the scheduler.
    pub peak: LimitsRequest,
    /// Whose share of the cluster it uses.
    pub share: String,
    /// Whose it is: the name of a user, where one submitted it.
    pub owner: Option<String>,
    /// Whether its standard input is streamed to it.
    pub stdin_follows: bool,
}

impl NewJob {
    /// What makes it the only one with its owner's word for it. Users' names have no control characters.
    fn key(&self) -> Option<String> {
        const MARK: char = '\u{1f}';
        let key = self.spec.idempotency_key.as_ref()?;
        Some(match &self.owner {
            Some(owner) => format!("{MARK}{owner}{MARK}{key}"),
            None if key.starts_with(MARK) => format!("{MARK}{key}"),
            None => key.clone(),
        })
    }
}

/// What became of a job to be queued.
#[derive(Debug, Clone, PartialEq)]
pub enum Enqueued {
    /// It waits, at home here.
    New(Queued),
    /// There is one with its idempotency key already; nothing changed.
    Existing(JobId),
}

/// A job that waits, as the scheduler needs to know it.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// Which job.
    pub id: JobId,
    /// Its number in the order of submission. It keeps it, so a job that comes back is where it was.
    pub number: u64,
    /// Higher ones start first.
    pub priority: i8,
    /// Its language as it was stored: an id, or in lower case what nobody knew then.
    pub language: String,
    /// The most it asks for in any step.
    pub peak: LimitsRequest,
    /// Labels that its runner must have.
    pub requires: BTreeMap<String, String>,
    /// What else its runner must have.
    pub needs: Needs,
    /// Whose share of the cluster it uses.
    pub share: String,
    /// When it was submitted.
    pub queued_at: Timestamp,
    /// Whether its standard input is streamed to it: then it cannot be run by another controller than the one
    /// that took it in.
    pub stdin_follows: bool,
    /// Whether its client wants to hear at once that nobody can take it.
    pub no_wait: bool,
}

/// A runner that refuses a job does so at once. Whoever watches an attempt of another controller for longer takes it
/// for one that has begun.
pub const REFUSING: Duration = Duration::from_secs(2);

/// Whether a runner may have begun with a job that has had these attempts, or somebody may think so.
pub fn may_have_begun(attempts: &[JobAttempt]) -> bool {
    let was_refused = |attempt: &JobAttempt| {
        let took = attempt.ended_at.map(|ended| ended.duration_since(attempt.started_at).unsigned_abs());
        attempt.end == Some(AttemptEnd::Refused) && took.is_some_and(|took| took < REFUSING)
    };
    !attempts.iter().all(was_refused)
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
    /// Whose share of the cluster it uses.
    pub share: String,
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
    /// What the runs are worth together, where they were judged.
    pub score: Option<Score>,
    /// The files that the runs left.
    pub artifacts: Vec<Produced>,
}

/// A file that a run left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Produced {
    /// Which run, from 0.
    pub run: u32,
    /// Where it was, relative to the program's folder.
    pub path: String,
    /// What is in it.
    pub content: Bytes,
}

impl Outcome {
    /// The end of a job that never ran to its end.
    pub fn without_results(verdict: Verdict, message: impl Into<String>) -> Self {
        let (message, runs, artifacts) = (Some(message.into()), Vec::new(), Vec::new());
        Self { verdict, message, compile: None, runs, score: None, artifacts }
    }
}

/// What came of an outcome.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// It is the job's verdict.
    Now(Box<Job>),
    /// This attempt has ended the job before: it is told twice.
    Before,
    /// The job is another attempt's, or unknown.
    Stale,
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
    /// It waits again, at home here.
    Requeued(Queued),
    /// It was lost too often, or somebody wanted it stopped anyway.
    Finished(Box<Job>),
    /// The attempt was over already; nothing changed.
    Stale,
}

/// What a runner that holds an attempt is to do with it.
#[derive(Debug, Clone)]
pub enum TakenOver {
    /// Go on: the job is at home here now.
    Resumed(Claim),
    /// Forget it: the attempt's end is recorded.
    Recorded,
    /// Forget it: the job is another attempt's, or unknown.
    Stale,
}

/// Attempts whose leases were to be renewed and that want attention.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renewed {
    /// They are over, or another controller has taken them over.
    pub gone: Vec<(JobId, Attempt)>,
    /// They are to be stopped.
    pub cancelled: Vec<(JobId, Attempt)>,
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

/// Something that happened in the store and that other controllers may want to know at once. They can be
/// missing: poll, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// There may be jobs that are at home nowhere.
    Adoptable,
    /// Somebody wants this running job stopped.
    Cancel(JobId),
    /// This job has its verdict.
    Finished(JobId),
}

/// How long finished jobs are kept; whatever is reached first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// So long after their end.
    pub age: Option<Duration>,
    /// So many, the newest.
    pub jobs: Option<u64>,
    /// So many bytes of sources and output, as stored, the newest.
    pub bytes: Option<u64>,
}

/// A runner that was once here.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownRunner {
    /// What it last said of itself.
    pub registration: Registration,
    /// When it was last connected to any controller.
    pub seen_at: Timestamp,
}

/// Where jobs are kept.
#[async_trait]
pub trait Store: Records {
    /// Whether what is stored outlives this process.
    fn is_durable(&self) -> bool;

    /// What other controllers, or other parts of this one, change from now on.
    fn changes(&self) -> broadcast::Receiver<Change>;

    /// Says that this controller lives. To be called several times within [`HOME_TIMEOUT`].
    async fn heartbeat(&self) -> Result<(), StoreError>;

    /// Takes a job in.
    async fn enqueue(&self, job: NewJob) -> Result<Enqueued, EnqueueError>;

    /// A job with its output, if it is known. Its `position` is not the store's to know.
    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError>;

    /// What was submitted, if the job is known.
    async fn spec(&self, id: JobId) -> Result<Option<Arc<JobSpec>>, StoreError>;

    /// A file that a run of a finished job left; where no run is named, the first that left such a one.
    async fn artifact(&self, id: JobId, run: Option<u32>, path: &str) -> Result<Option<Bytes>, StoreError>;

    /// The attempts at a job, the first one first.
    async fn attempts(&self, id: JobId) -> Result<Vec<JobAttempt>, StoreError>;

    /// A page of jobs, newest first. It may have fewer than there are, even none, and say where to go on: a page looks at
    /// 10,000 jobs at most. The query has been checked by the caller.
    async fn list(&self, query: &JobQuery) -> Result<JobPage, StoreError>;

    /// Makes about `limit` queued jobs that are at home nowhere at home here, in the order of their numbers. There are
    /// fewer only where there are no more, or another controller adopts at the same time.
    async fn adopt(&self, limit: usize) -> Result<Vec<Queued>, StoreError>;

    /// Queued jobs that are at home here, up to `limit` with numbers above `after`, in the order of their
    /// numbers. For a controller that cannot be sure that it knows them all: a call failed that may have been done.
    async fn at_home(&self, after: u64, limit: usize) -> Result<Vec<Queued>, StoreError>;

    /// Makes all queued jobs that are at home here at home nowhere: this controller leaves,
    /// and a durable store gives it none to adopt any more.
    async fn disown(&self) -> Result<(), StoreError>;

    /// Hands a job that is queued and at home here to a runner for as long as the lease lasts. `None` where it
    /// is not, any more.
    async fn claim(&self, id: JobId, runner: &str, lease: Duration) -> Result<Option<Claim>, StoreError>;

    /// A runner of this name still holds this attempt: where the store knows it as running, and as that runner's, it
    /// goes on at home here.
    async fn take_over(
        &self,
        id: JobId,
        attempt: Attempt,
        runner: &str,
        lease: Duration,
    ) -> Result<TakenOver, StoreError>;

    /// Makes the leases of these attempts, at home here, last so long from now.
    async fn renew(&self, attempts: &[(JobId, Attempt)], lease: Duration) -> Result<Renewed, StoreError>;

    /// Records how a job ended.
    async fn finish(&self, id: JobId, attempt: Attempt, outcome: Outcome) -> Result<Recorded, StoreError>;

    /// Ends an attempt without an outcome.
    async fn release(&self, id: JobId, attempt: Attempt, release: Release) -> Result<Released, StoreError>;

    /// Stops a job: at once where it is queued, else with the help of its runner. The message says why.
    async fn cancel(&self, id: JobId, message: &str) -> Result<Cancelled, StoreError>;

    /// Forgets a job that waits, as if it had never been submitted. Returns whether it did wait.
    async fn withdraw(&self, id: JobId) -> Result<bool, StoreError>;

    /// Ends every attempt whose lease has run out as lost: those at home here or nowhere at once, others when
    /// they are [`ORPHANED`].
    async fn expire(&self) -> Result<Vec<Expired>, StoreError>;

    /// How many jobs there are; may lag by a second, or by some where many wait.
    async fn counts(&self) -> Result<Counts, StoreError>;

    /// Forgets finished jobs beyond what is to be kept, some at a time. Returns how many it forgot: until that
    /// is none there may be more.
    async fn retain(&self, keep: &Retention) -> Result<u64, StoreError>;

    /// Remembers what a runner says of itself.
    async fn remember_runner(&self, registration: &Registration) -> Result<(), StoreError>;

    /// Forgets a runner by name. Returns whether it was known.
    async fn forget_runner(&self, name: &str) -> Result<bool, StoreError>;

    /// All runners that are remembered, by name.
    async fn runners(&self) -> Result<Vec<KnownRunner>, StoreError>;

    /// Keeps how runners' hosts are doing, and forgets what is older than `keep`.
    async fn record_samples(&self, samples: &[Sample], keep: Duration) -> Result<(), StoreError>;

    /// What was kept since then, of one runner or of all, the oldest first.
    async fn samples(&self, runner: Option<&str>, since: Timestamp) -> Result<Vec<Sample>, StoreError>;

    /// Averages of what was kept, the oldest first, and by name.
    async fn averages(&self, wanted: &Averages) -> Result<Vec<Sample>, StoreError>;

    /// Writes what is still to be written and lets go of the store.
    async fn close(&self);
}
