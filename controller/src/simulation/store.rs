//! A controller's store when it is not well: slow, failing before or after it did what it was asked, with a clock of
//! its own. What it really did is told to the oracle.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::client::JobQuery;
use protocol::cluster::Sample;
use protocol::runner::Registration;
use protocol::{Attempt, Job, JobAttempt, JobId, JobPage, JobSpec, Timestamp};
use tokio::sync::broadcast;
use tokio::time::sleep;

use super::chance::Chance;
use super::world::World;
use crate::lock::lock;
use crate::store::{
    Averages, Cancelled, Change, Claim, Counts, Document, EnqueueError, Enqueued, Expired, KnownRunner,
    Memory, NewDocument, NewJob, Outcome, Queued, Recorded, Records, Release, Released, Renewed, Retention,
    Store, StoreError, TakenOver, Version,
};

/// One controller's view of the store.
pub struct Faulty {
    world: Arc<World>,
    /// Whose: the controller's place and life.
    owner: (usize, u32),
    inner: Memory,
    chance: Mutex<Chance>,
    /// In how many of a hundred calls something goes wrong.
    trouble: AtomicU64,
    /// How fast the store's clock is for this controller, in percent.
    clock: u32,
    dead: AtomicBool,
}

impl Faulty {
    pub fn new(world: &Arc<World>, owner: (usize, u32), inner: Memory) -> Self {
        let mut chance = world.chance(("store", owner));
        let clock = if world.setup.faults.clocks { chance.within(60..141) as u32 } else { 100 };
        Self {
            world: Arc::clone(world),
            owner,
            inner,
            chance: Mutex::new(chance),
            trouble: AtomicU64::new(0),
            clock,
            dead: AtomicBool::new(false),
        }
    }

    /// Its controller is dead: nothing that it still asks for happens.
    pub fn die(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }

    /// From now on so many of a hundred calls go wrong.
    pub fn trouble(&self, percent: u64) {
        self.trouble.store(percent, Ordering::Relaxed);
    }

    /// A lease as the store's clock measures it.
    fn lease(&self, lease: Duration) -> Duration {
        lease * self.clock / 100
    }

    /// Before a call, and again after it: it may take a while, or fail, or find its controller dead.
    async fn hazard(&self, call: &str, when: &str) -> Result<(), StoreError> {
        let trouble = self.trouble.load(Ordering::Relaxed);
        let (slow, fails, delay) = {
            let mut chance = lock(&self.chance);
            (chance.percent(trouble), chance.percent(trouble), chance.millis(1..1500))
        };
        if trouble > 0 && slow {
            sleep(delay).await;
        }
        if self.dead.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
        if trouble > 0 && fails {
            let (place, _) = self.owner;
            self.world.trace.note(format_args!("controller {place}: {call} fails {when} it is done"));
            return Err(StoreError::Failed(format!("{call} fails {when} it is done").into()));
        }
        Ok(())
    }

    fn saw(&self, what: impl FnOnce(&World)) {
        what(&self.world);
    }
}

/// A call in whose result the oracle is interested, between its two hazards.
macro_rules! call {
    ($self:ident, $name:literal, $call:expr, |$world:ident, $result:ident| $saw:expr) => {{
        $self.hazard($name, "before").await?;
        let $result = $call.await?;
        $self.saw(|$world| $saw);
        $self.hazard($name, "after").await?;
        Ok($result)
    }};
    ($self:ident, $name:literal, $call:expr) => {{
        $self.hazard($name, "before").await?;
        let result = $call.await?;
        $self.hazard($name, "after").await?;
        Ok(result)
    }};
}

#[async_trait]
impl Records for Faulty {
    async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, StoreError> {
        call!(self, "document", self.inner.document(kind, key))
    }

    async fn documents(
        &self,
        kind: &str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        call!(self, "documents", self.inner.documents(kind, prefix, after, limit))
    }

    async fn put_document(
        &self,
        kind: &str,
        key: &str,
        new: NewDocument,
        expected: Option<Version>,
    ) -> Result<Option<Version>, StoreError> {
        call!(self, "put_document", self.inner.put_document(kind, key, new, expected))
    }

    async fn remove_document(&self, kind: &str, key: &str) -> Result<bool, StoreError> {
        call!(self, "remove_document", self.inner.remove_document(kind, key))
    }

    async fn forget_expired(&self) -> Result<(), StoreError> {
        call!(self, "forget_expired", self.inner.forget_expired())
    }
}

#[async_trait]
impl Store for Faulty {
    fn is_durable(&self) -> bool {
        true
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.inner.changes()
    }

    async fn heartbeat(&self) -> Result<(), StoreError> {
        call!(self, "heartbeat", self.inner.heartbeat())
    }

    async fn enqueue(&self, job: NewJob) -> Result<Enqueued, EnqueueError> {
        let (id, spec) = (job.id, Arc::clone(&job.spec));
        call!(self, "enqueue", self.inner.enqueue(job), |world, enqueued| {
            world.oracle.enqueued(world, id, &spec, &enqueued)
        })
    }

    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        call!(self, "get", self.inner.get(id))
    }

    async fn spec(&self, id: JobId) -> Result<Option<Arc<JobSpec>>, StoreError> {
        call!(self, "spec", self.inner.spec(id))
    }

    async fn artifact(&self, id: JobId, run: Option<u32>, path: &str) -> Result<Option<Bytes>, StoreError> {
        call!(self, "artifact", self.inner.artifact(id, run, path))
    }

    async fn attempts(&self, id: JobId) -> Result<Vec<JobAttempt>, StoreError> {
        call!(self, "attempts", self.inner.attempts(id))
    }

    async fn list(&self, query: &JobQuery) -> Result<JobPage, StoreError> {
        call!(self, "list", self.inner.list(query))
    }

    async fn adopt(&self, limit: usize) -> Result<Vec<Queued>, StoreError> {
        call!(self, "adopt", self.inner.adopt(limit))
    }

    async fn at_home(&self, after: u64, limit: usize) -> Result<Vec<Queued>, StoreError> {
        call!(self, "at_home", self.inner.at_home(after, limit))
    }

    async fn disown(&self) -> Result<(), StoreError> {
        call!(self, "disown", self.inner.disown())
    }

    async fn claim(&self, id: JobId, runner: &str, lease: Duration) -> Result<Option<Claim>, StoreError> {
        let lease = self.lease(lease);
        call!(self, "claim", self.inner.claim(id, runner, lease), |world, claim| {
            world.oracle.claimed(world, claim.as_ref(), runner)
        })
    }

    async fn take_over(
        &self,
        id: JobId,
        attempt: Attempt,
        runner: &str,
        lease: Duration,
    ) -> Result<TakenOver, StoreError> {
        let lease = self.lease(lease);
        call!(self, "take_over", self.inner.take_over(id, attempt, runner, lease), |world, taken| {
            world.oracle.taken_over(world, (id, attempt), &taken)
        })
    }

    async fn renew(&self, attempts: &[(JobId, Attempt)], lease: Duration) -> Result<Renewed, StoreError> {
        let lease = self.lease(lease);
        call!(self, "renew", self.inner.renew(attempts, lease))
    }

    async fn finish(&self, id: JobId, attempt: Attempt, outcome: Outcome) -> Result<Recorded, StoreError> {
        call!(self, "finish", self.inner.finish(id, attempt, outcome), |world, recorded| {
            world.oracle.recorded(world, (id, attempt), &recorded)
        })
    }

    async fn release(&self, id: JobId, attempt: Attempt, release: Release) -> Result<Released, StoreError> {
        let why = release.clone();
        call!(self, "release", self.inner.release(id, attempt, release), |world, released| {
            world.oracle.released(world, (id, attempt), &why, &released)
        })
    }

    async fn cancel(&self, id: JobId, message: &str) -> Result<Cancelled, StoreError> {
        call!(self, "cancel", self.inner.cancel(id, message), |world, cancelled| {
            world.oracle.cancelled(world, id, &cancelled)
        })
    }

    async fn withdraw(&self, id: JobId) -> Result<bool, StoreError> {
        call!(self, "withdraw", self.inner.withdraw(id), |world, withdrawn| {
            world.oracle.withdrawn(world, id, withdrawn)
        })
    }

    async fn expire(&self) -> Result<Vec<Expired>, StoreError> {
        call!(self, "expire", self.inner.expire(), |world, expired| world.oracle.expired(world, &expired))
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        call!(self, "counts", self.inner.counts())
    }

    async fn retain(&self, keep: &Retention) -> Result<u64, StoreError> {
        call!(self, "retain", self.inner.retain(keep))
    }

    async fn remember_runner(&self, registration: &Registration) -> Result<(), StoreError> {
        call!(self, "remember_runner", self.inner.remember_runner(registration))
    }

    async fn forget_runner(&self, name: &str) -> Result<bool, StoreError> {
        call!(self, "forget_runner", self.inner.forget_runner(name))
    }

    async fn runners(&self) -> Result<Vec<KnownRunner>, StoreError> {
        call!(self, "runners", self.inner.runners())
    }

    async fn record_samples(&self, samples: &[Sample], keep: Duration) -> Result<(), StoreError> {
        call!(self, "record_samples", self.inner.record_samples(samples, keep))
    }

    async fn samples(&self, runner: Option<&str>, since: Timestamp) -> Result<Vec<Sample>, StoreError> {
        call!(self, "samples", self.inner.samples(runner, since))
    }

    async fn averages(&self, wanted: &Averages) -> Result<Vec<Sample>, StoreError> {
        call!(self, "averages", self.inner.averages(wanted))
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
