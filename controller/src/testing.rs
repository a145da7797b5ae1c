//! What several tests need: a store in which things go wrong, and a runner.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::client::JobQuery;
use protocol::cluster::Sample;
use protocol::runner::{LanguageOffer, Registration, Telemetry};
use protocol::{
    Attempt, Job, JobAttempt, JobId, JobPage, JobSpec, JobState, Limits, RunnerId, Timestamp, Verdict,
};
use tokio::sync::broadcast;
use tokio::time::sleep;

use crate::callbacks;
use crate::store::*;

/// A memory store that fails while it is told to.
pub(crate) struct Flaky {
    inner: Memory,
    /// Whether most calls fail.
    pub(crate) fails: AtomicBool,
    /// How long the answer to an enqueued job takes to be lost, in milliseconds; 0 where it is not.
    pub(crate) loses_after: AtomicU64,
    /// How long the answer to a claim takes, in milliseconds.
    pub(crate) claims_take: AtomicU64,
    /// How often a job was claimed.
    pub(crate) claims: AtomicUsize,
}

/// Room for a few jobs.
pub(crate) fn memory() -> Memory {
    Memory::new(MemoryLimits {
        max_queue: 100,
        max_queue_bytes: 1 << 20,
        keep_finished: 100,
        keep_bytes: 1 << 20,
    })
}

/// What an operator says who wants no callbacks.
pub(crate) fn no_callbacks() -> callbacks::Settings {
    let (first_pause, timeout) = (Duration::from_millis(20), Duration::from_secs(2));
    callbacks::Settings { enabled: false, allow_private: Vec::new(), first_pause, timeout }
}

/// A job that has ended well.
pub(crate) fn finished_job() -> Job {
    let now = crate::clock::now();
    Job {
        id: JobId::random(),
        state: JobState::Finished,
        position: None,
        verdict: Some(Verdict::Ok),
        message: None,
        language: "c".to_owned(),
        labels: Default::default(),
        owner: None,
        compile: None,
        runs: Vec::new(),
        score: None,
        runner: Some("a".to_owned()),
        attempts: Attempt(1),
        queued_at: now,
        started_at: Some(now),
        finished_at: Some(now),
    }
}

impl Flaky {
    /// All is well yet.
    pub(crate) fn new(inner: Memory) -> Self {
        let (fails, loses_after, claims_take, claims) = Default::default();
        Self { inner, fails, loses_after, claims_take, claims }
    }

    fn check(&self) -> Result<(), StoreError> {
        // Which error it is does not matter here.
        if self.fails.load(Ordering::SeqCst) { Err(StoreError::Cursor) } else { Ok(()) }
    }
}

#[async_trait]
impl Records for Flaky {
    async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, StoreError> {
        self.inner.document(kind, key).await
    }
    async fn documents(
        &self,
        kind: &str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        self.inner.documents(kind, prefix, after, limit).await
    }
    async fn put_document(
        &self,
        kind: &str,
        key: &str,
        new: NewDocument,
        expected: Option<Version>,
    ) -> Result<Option<Version>, StoreError> {
        self.inner.put_document(kind, key, new, expected).await
    }
    async fn remove_document(&self, kind: &str, key: &str) -> Result<bool, StoreError> {
        self.inner.remove_document(kind, key).await
    }
    async fn forget_expired(&self) -> Result<(), StoreError> {
        self.inner.forget_expired().await
    }
}

#[async_trait]
impl Store for Flaky {
    fn is_durable(&self) -> bool {
        self.inner.is_durable()
    }
    fn changes(&self) -> broadcast::Receiver<Change> {
        self.inner.changes()
    }
    async fn heartbeat(&self) -> Result<(), StoreError> {
        self.check()?;
        self.inner.heartbeat().await
    }
    async fn enqueue(&self, job: NewJob) -> Result<Enqueued, EnqueueError> {
        let enqueued = self.inner.enqueue(job).await;
        match self.loses_after.load(Ordering::SeqCst) {
            0 => enqueued,
            millis => {
                sleep(Duration::from_millis(millis)).await;
                Err(StoreError::Cursor.into())
            }
        }
    }
    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.inner.get(id).await
    }
    async fn spec(&self, id: JobId) -> Result<Option<Arc<JobSpec>>, StoreError> {
        self.inner.spec(id).await
    }
    async fn artifact(&self, id: JobId, run: Option<u32>, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.inner.artifact(id, run, path).await
    }
    async fn attempts(&self, id: JobId) -> Result<Vec<JobAttempt>, StoreError> {
        self.check()?;
        self.inner.attempts(id).await
    }
    async fn list(&self, query: &JobQuery) -> Result<JobPage, StoreError> {
        self.inner.list(query).await
    }
    async fn adopt(&self, limit: usize) -> Result<Vec<Queued>, StoreError> {
        self.check()?;
        self.inner.adopt(limit).await
    }
    async fn at_home(&self, after: u64, limit: usize) -> Result<Vec<Queued>, StoreError> {
        self.check()?;
        self.inner.at_home(after, limit).await
    }
    async fn disown(&self) -> Result<(), StoreError> {
        self.inner.disown().await
    }
    async fn claim(&self, id: JobId, runner: &str, lease: Duration) -> Result<Option<Claim>, StoreError> {
        self.claims.fetch_add(1, Ordering::SeqCst);
        self.check()?;
        let claim = self.inner.claim(id, runner, lease).await;
        let millis = self.claims_take.load(Ordering::SeqCst);
        if millis > 0 {
            sleep(Duration::from_millis(millis)).await;
        }
        self.check()?;
        claim
    }
    async fn take_over(
        &self,
        id: JobId,
        attempt: Attempt,
        runner: &str,
        lease: Duration,
    ) -> Result<TakenOver, StoreError> {
        self.inner.take_over(id, attempt, runner, lease).await
    }
    async fn renew(&self, attempts: &[(JobId, Attempt)], lease: Duration) -> Result<Renewed, StoreError> {
        self.inner.renew(attempts, lease).await
    }
    async fn finish(&self, id: JobId, attempt: Attempt, outcome: Outcome) -> Result<Recorded, StoreError> {
        self.check()?;
        self.inner.finish(id, attempt, outcome).await
    }
    async fn release(&self, id: JobId, attempt: Attempt, release: Release) -> Result<Released, StoreError> {
        self.check()?;
        self.inner.release(id, attempt, release).await
    }
    async fn cancel(&self, id: JobId, message: &str) -> Result<Cancelled, StoreError> {
        self.inner.cancel(id, message).await
    }
    async fn withdraw(&self, id: JobId) -> Result<bool, StoreError> {
        self.check()?;
        self.inner.withdraw(id).await
    }
    async fn expire(&self) -> Result<Vec<Expired>, StoreError> {
        self.check()?;
        self.inner.expire().await
    }
    async fn counts(&self) -> Result<Counts, StoreError> {
        self.inner.counts().await
    }
    async fn retain(&self, keep: &Retention) -> Result<u64, StoreError> {
        self.inner.retain(keep).await
    }
    async fn remember_runner(&self, registration: &Registration) -> Result<(), StoreError> {
        self.inner.remember_runner(registration).await
    }
    async fn forget_runner(&self, name: &str) -> Result<bool, StoreError> {
        self.inner.forget_runner(name).await
    }
    async fn runners(&self) -> Result<Vec<KnownRunner>, StoreError> {
        self.inner.runners().await
    }
    async fn record_samples(&self, samples: &[Sample], keep: Duration) -> Result<(), StoreError> {
        self.inner.record_samples(samples, keep).await
    }
    async fn samples(&self, runner: Option<&str>, since: Timestamp) -> Result<Vec<Sample>, StoreError> {
        self.inner.samples(runner, since).await
    }
    async fn averages(&self, wanted: &Averages) -> Result<Vec<Sample>, StoreError> {
        self.inner.averages(wanted).await
    }
    async fn close(&self) {
        self.inner.close().await
    }
}

/// A runner that takes two jobs in C.
pub(crate) fn registration(name: &str) -> Registration {
    let limits = Limits {
        cpu_seconds: 10.0,
        wall_seconds: 20.0,
        memory_bytes: 1 << 28,
        processes: 64,
        output_bytes: 1 << 20,
        disk_bytes: 1 << 20,
    };
    let offer = LanguageOffer {
        id: "c".to_owned(),
        name: "C".to_owned(),
        aliases: Vec::new(),
        extensions: Vec::new(),
        version: None,
        default_limits: limits,
        maximum_limits: limits,
    };
    Registration {
        id: RunnerId::random(),
        name: name.to_owned(),
        version: "1".to_owned(),
        languages: vec![offer],
        max_jobs: 2,
        cpus: 1,
        memory_bytes: 1 << 30,
        selftest: None,
        started_at: None,
        labels: Default::default(),
        features: Default::default(),
        held: Vec::new(),
    }
}

/// It is idle.
pub(crate) fn telemetry() -> Telemetry {
    Telemetry {
        cpu_percent: 0.0,
        memory_percent: 0.0,
        load: 0.0,
        active_jobs: 0,
        active_containers: 0,
        warm: Default::default(),
        unavailable: None,
        draining: false,
    }
}
