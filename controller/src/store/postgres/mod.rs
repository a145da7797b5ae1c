//! The store for several controllers: one PostgreSQL database, with its replication and failover. Every change is
//! one compare-and-set by the server's clock; requests of one kind share statements; notices wake other controllers
//! up. A database that fails over is waited for, and what was under way is done once.

mod address;
mod attempts;
mod batch;
mod fate;
mod keep;
mod link;
mod listing;
mod notices;
mod read;
mod records;
mod retention;
mod rows;
mod schema;
mod submit;
mod tally;
#[cfg(test)]
mod tests;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::client::JobQuery;
use protocol::cluster::Sample;
use protocol::runner::Registration;
use protocol::{Attempt, ControllerId, Job, JobAttempt, JobId, JobPage, JobSpec, Timestamp};
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::codec::{self, to_json};
use super::specs::Specs;
use super::traits::Traits;
use super::{
    Averages, CHANGES, Cancelled, Change, Claim, Counts, EnqueueError, Enqueued, Expired, KnownRunner,
    NewJob, OpenError, Outcome, Queued, Recorded, Release, Released, Renewed, Retention, Store, StoreError,
    TakenOver,
};
use crate::config::PostgresUrl;
use attempts::{End, Ended, Granted, Leases, Wish};
use batch::Batcher;
use link::Link;
use schema::Version;
use submit::Entry;
use tally::Tally;
use tls::Tls;

/// Bytes of programs that are kept at hand, at most.
const SPECS: u64 = 64 << 20;

/// Jobs in a database, as one controller sees them.
#[derive(Debug)]
pub struct Postgres {
    home: ControllerId,
    link: Link,
    room: (u64, u64),
    load: Arc<Tally>,
    specs: Specs,
    changes: broadcast::Sender<Change>,
    told: mpsc::Sender<Change>,
    submits: Batcher<Entry, Enqueued>,
    claims: Batcher<Wish, Option<Granted>>,
    renewals: Batcher<Leases, Renewed>,
    ends: Batcher<End, Ended>,
    /// This controller leaves: it takes nothing in any more.
    leaving: AtomicBool,
    _tasks: DropGuard,
}

impl Postgres {
    /// Opens the database as a new controller. So many jobs may wait, and so many bytes of programs wait or run,
    /// over all controllers.
    ///
    /// # Errors
    /// One line that says what is wrong, without the password.
    pub async fn open(url: &PostgresUrl, max_queue: u64, max_queue_bytes: u64) -> Result<Self, OpenError> {
        let wrong = |error: String| OpenError(format!("store: {error}"));
        let address = address::parse(url).map_err(wrong)?;
        let tls = Tls::new(&address.trust).map_err(wrong)?;
        let link = Link::new(&address, tls.clone()).map_err(wrong)?;
        prepare(&link).await?;
        let home = ControllerId::random();
        keep::heartbeat(&link, home).await.map_err(|error| wrong(error.to_string()))?;
        let load = Arc::<Tally>::default();
        load.set(keep::load(&link).await.map_err(|error| wrong(error.to_string()))?);
        let changes = broadcast::Sender::new(CHANGES);
        let (told, queue) = mpsc::channel(notices::QUEUE);
        let stop = CancellationToken::new();
        tokio::spawn(notices::tell(link.clone(), home, queue));
        tokio::spawn(notices::listen(address, tls, home, changes.clone(), stop.clone()));
        tokio::spawn(tally::recount(link.clone(), Arc::clone(&load), stop.clone()));
        Ok(Self {
            home,
            room: (max_queue, max_queue_bytes),
            load,
            specs: Specs::new(SPECS),
            changes,
            told,
            submits: Batcher::start(Entry::weight, {
                let link = link.clone();
                move |entries| {
                    let link = link.clone();
                    async move { submit::enqueue(&link, home, &entries).await }
                }
            }),
            claims: Batcher::start(|_| 0, {
                let link = link.clone();
                move |wishes| {
                    let link = link.clone();
                    async move { attempts::claim(&link, home, &wishes).await }
                }
            }),
            renewals: Batcher::start(|_| 0, {
                let link = link.clone();
                move |leases| {
                    let link = link.clone();
                    async move { attempts::renew(&link, home, &leases).await }
                }
            }),
            ends: Batcher::start(End::weight, {
                let link = link.clone();
                move |ends| {
                    let link = link.clone();
                    async move { attempts::finish(&link, ends).await }
                }
            }),
            leaving: AtomicBool::new(false),
            _tasks: stop.drop_guard(),
            link,
        })
    }

    fn tell(&self, change: Change) {
        // Nobody may be listening here, and others look from time to time.
        let _ = self.changes.send(change.clone());
        let _ = self.told.try_send(change);
    }

    fn moved(&self, released: &Released) {
        match released {
            Released::Finished(job) => self.ended(job, true),
            Released::Requeued(_) => self.load.moved(1, -1),
            Released::Stale => {}
        }
    }

    fn ended(&self, job: &Job, was_running: bool) {
        self.load.moved(if was_running { 0 } else { -1 }, if was_running { -1 } else { 0 });
        self.tell(Change::Finished(job.id));
    }
}

/// Brings the tables up to date.
async fn prepare(link: &Link) -> Result<(), OpenError> {
    let client = link.once().await.map_err(|error| {
        OpenError(format!("store: {error}: is the database up, and are user, password and name right?"))
    })?;
    match schema::migrate(client).await {
        Ok(Version::Current) => Ok(()),
        Ok(Version::Newer(version)) => Err(OpenError(format!(
            "store: the database was brought up to date by a newer controller (schema {version}, this one knows up \
             to {}): start that version",
            schema::newest()
        ))),
        Err(error) => Err(OpenError(format!("store: the tables cannot be made: {error}"))),
    }
}

#[async_trait]
impl Store for Postgres {
    fn is_durable(&self) -> bool {
        true
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    async fn heartbeat(&self) -> Result<(), StoreError> {
        Ok(keep::heartbeat(&self.link, self.home).await?)
    }

    async fn enqueue(&self, job: NewJob) -> Result<Enqueued, EnqueueError> {
        let (id, spec) = (job.id, Arc::clone(&job.spec));
        let keep::Load { queued: waiting, bytes, .. } = self.load.get();
        if waiting >= self.room.0 || bytes.saturating_add(spec.content_bytes()) > self.room.1 {
            return Err(EnqueueError::Full { waiting });
        }
        let entry = Entry {
            id,
            key: job.key(),
            owner: job.owner.clone(),
            language: spec.language.clone(),
            labels: to_json(&spec.labels)?,
            traits: to_json(&Traits::of(&job))?,
            bytes: spec.content_bytes(),
            spec: codec::pack_spec(&spec).await?,
        };
        let enqueued = self.submits.ask(entry).await?;
        if matches!(enqueued, Enqueued::New(_)) {
            self.load.moved(1, 0);
            self.load.filled(spec.content_bytes());
            self.specs.put(id, spec);
        }
        Ok(enqueued)
    }

    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        Ok(read::job(&self.link, id).await?)
    }

    async fn spec(&self, id: JobId) -> Result<Option<Arc<JobSpec>>, StoreError> {
        match self.specs.get(id) {
            Some(spec) => Ok(Some(spec)),
            None => Ok(read::spec(&self.link, id).await?.map(Arc::new)),
        }
    }

    async fn artifact(&self, id: JobId, run: Option<u32>, path: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(read::artifact(&self.link, id, run, path).await?)
    }

    async fn attempts(&self, id: JobId) -> Result<Vec<JobAttempt>, StoreError> {
        Ok(read::attempts(&self.link, id).await?)
    }

    async fn list(&self, query: &JobQuery) -> Result<JobPage, StoreError> {
        Ok(listing::page(&self.link, query, crate::store::listing::cursor(query)?).await?)
    }

    async fn adopt(&self, limit: usize) -> Result<Vec<Queued>, StoreError> {
        if self.leaving.load(Ordering::Acquire) {
            return Ok(Vec::new());
        }
        Ok(keep::adopt(&self.link, self.home, limit).await?)
    }

    async fn at_home(&self, after: u64, limit: usize) -> Result<Vec<Queued>, StoreError> {
        Ok(keep::at_home(&self.link, self.home, after, limit).await?)
    }

    async fn disown(&self) -> Result<(), StoreError> {
        self.leaving.store(true, Ordering::Release);
        keep::disown(&self.link, self.home).await?;
        self.tell(Change::Adoptable);
        Ok(())
    }

    async fn claim(&self, id: JobId, runner: &str, lease: Duration) -> Result<Option<Claim>, StoreError> {
        let Some(spec) = self.spec(id).await? else { return Ok(None) };
        let granted = self.claims.ask(Wish { id, runner: runner.to_owned(), lease }).await?;
        self.specs.forget(id);
        let Some(Granted { attempt, share, stdin_follows }) = granted else { return Ok(None) };
        self.load.moved(-1, 1);
        Ok(Some(Claim { id, attempt, spec, share, stdin_follows }))
    }

    async fn take_over(
        &self,
        id: JobId,
        attempt: Attempt,
        runner: &str,
        lease: Duration,
    ) -> Result<TakenOver, StoreError> {
        let holder = fate::take_over(&self.link, self.home, (id, attempt), runner, lease).await?;
        holder.told(id, attempt, || self.spec(id)).await
    }

    async fn renew(&self, attempts: &[(JobId, Attempt)], lease: Duration) -> Result<Renewed, StoreError> {
        match attempts {
            [] => Ok(Renewed::default()),
            attempts => self.renewals.ask(Leases { attempts: attempts.into(), lease }).await,
        }
    }

    async fn finish(&self, id: JobId, attempt: Attempt, outcome: Outcome) -> Result<Recorded, StoreError> {
        let (packed, results) = codec::pack_outcome(outcome).await?;
        let Ended { recorded, freed } = self.ends.ask(End { id, attempt, packed, results }).await?;
        self.load.freed(freed);
        if let Recorded::Now(job) = &recorded {
            self.ended(job, true);
        }
        Ok(recorded)
    }

    async fn release(&self, id: JobId, attempt: Attempt, release: Release) -> Result<Released, StoreError> {
        let released = fate::release(&self.link, self.home, id, attempt, &release).await?;
        self.moved(&released);
        Ok(released)
    }

    async fn cancel(&self, id: JobId, message: &str) -> Result<Cancelled, StoreError> {
        let cancelled = fate::cancel(&self.link, id, message).await?;
        match &cancelled {
            Cancelled::Finished(job) => {
                self.specs.forget(id);
                self.ended(job, false);
            }
            Cancelled::Requested(_) => self.tell(Change::Cancel(id)),
            Cancelled::TooLate | Cancelled::Unknown => {}
        }
        Ok(cancelled)
    }

    async fn withdraw(&self, id: JobId) -> Result<bool, StoreError> {
        self.specs.forget(id);
        let withdrawn = fate::withdraw(&self.link, id).await?;
        self.load.moved(-i64::from(withdrawn), 0);
        Ok(withdrawn)
    }

    async fn expire(&self) -> Result<Vec<Expired>, StoreError> {
        let expired = fate::expire(&self.link, self.home).await?;
        expired.iter().for_each(|one| self.moved(&one.released));
        Ok(expired)
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        let keep::Load { queued, running, .. } = self.load.get();
        Ok(Counts { queued, running })
    }

    async fn retain(&self, keep: &Retention) -> Result<u64, StoreError> {
        Ok(retention::retain(&self.link, keep).await?)
    }

    async fn remember_runner(&self, registration: &Registration) -> Result<(), StoreError> {
        Ok(keep::remember_runner(&self.link, &registration.name, &to_json(registration)?).await?)
    }

    async fn forget_runner(&self, name: &str) -> Result<bool, StoreError> {
        Ok(keep::forget_runner(&self.link, name).await?)
    }

    async fn runners(&self) -> Result<Vec<KnownRunner>, StoreError> {
        Ok(read::runners(&self.link).await?)
    }

    async fn record_samples(&self, samples: &[Sample], keep: Duration) -> Result<(), StoreError> {
        Ok(keep::record_samples(&self.link, samples, keep).await?)
    }

    async fn samples(&self, runner: Option<&str>, since: Timestamp) -> Result<Vec<Sample>, StoreError> {
        Ok(read::samples(&self.link, runner, since).await?)
    }

    async fn averages(&self, wanted: &Averages) -> Result<Vec<Sample>, StoreError> {
        Ok(read::averages(&self.link, wanted).await?)
    }

    async fn close(&self) {
        if let Err(error) = keep::leave(&self.link, self.home).await {
            // Others notice by its silence.
            tracing::warn!(%error, "other controllers cannot be told that this one leaves");
        }
        self.link.close();
    }
}
