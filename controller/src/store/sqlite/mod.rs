//! The default store: one SQLite file, for one controller. One thread writes and commits what is queued together;
//! a few connections read beside it. Enqueued jobs and ends are synced before they are answered; a claim may be
//! lost with the machine's power, and then the job waits again.

mod ledger;
mod listing;
mod open;
mod read;
mod records;
mod retention;
mod rows;
mod samples;
#[cfg(test)]
mod tests;
mod writer;

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::client::JobQuery;
use protocol::cluster::Sample;
use protocol::runner::Registration;
use protocol::{Attempt, Job, JobAttempt, JobId, JobPage, JobSpec, Timestamp};
use rusqlite::params;
use tokio::sync::{RwLock, broadcast};

use super::codec::{self, to_json};
use super::specs::Specs;
use super::traits::Traits;
use super::{
    Averages, CHANGES, Cancelled, Change, Claim, Counts, EnqueueError, Enqueued, Expired, KnownRunner,
    NewJob, OpenError, Outcome, Queued, Recorded, Release, Released, Renewed, Retention, Store, StoreError,
    TakenOver,
};
use crate::lock::lock;
use ledger::{Entry, Ledger, Room, Tally};
use read::Readers;
use writer::{Durable, Writer};

/// Bytes of programs that are kept at hand, at most.
const SPECS: u64 = 64 << 20;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::failed(error)
    }
}

/// Jobs in a file.
#[derive(Debug)]
pub struct Sqlite {
    /// `None` once it is closed.
    writer: RwLock<Option<Writer>>,
    readers: Readers,
    specs: Specs,
    tally: Arc<Tally>,
    changes: broadcast::Sender<Change>,
    /// Held for as long as the file is open.
    lock: Mutex<Option<File>>,
}

impl Sqlite {
    /// Opens the store in this folder. So many jobs may wait, and so many bytes of programs wait or run.
    ///
    /// # Errors
    /// One line that names the file and says what to do.
    pub fn open(folder: &Path, max_queue: u64, max_queue_bytes: u64) -> Result<Self, OpenError> {
        let opened = open::open(folder)?;
        let changes = broadcast::Sender::new(CHANGES);
        let tally = Arc::<Tally>::default();
        let room = Room { jobs: max_queue, bytes: max_queue_bytes };
        let unreadable = |error: &dyn std::error::Error| {
            OpenError(format!("{}: {error}: restore a backup in its place", opened.path.display()))
        };
        let ledger = Ledger::load(&opened.writer, room, Arc::clone(&tally), changes.clone());
        let ledger = ledger.map_err(|error| unreadable(&error))?;
        let writer = Writer::start(opened.writer, open::log(&opened.path), ledger)
            .map_err(|error| unreadable(&error))?;
        Ok(Self {
            writer: RwLock::new(Some(writer)),
            readers: Readers::new(opened.path),
            specs: Specs::new(SPECS),
            tally,
            changes,
            lock: Mutex::new(Some(opened.lock)),
        })
    }

    async fn write<T: Send + 'static>(
        &self,
        durable: Durable,
        operation: impl FnOnce(&mut Ledger, &rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &*self.writer.read().await {
            Some(writer) => writer.write(durable, operation).await,
            None => Err(StoreError::failed("the store is closed")),
        }
    }
}

#[async_trait]
impl Store for Sqlite {
    fn is_durable(&self) -> bool {
        true
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// Nobody else can be there.
    async fn heartbeat(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn enqueue(&self, job: NewJob) -> Result<Enqueued, EnqueueError> {
        let (id, spec) = (job.id, Arc::clone(&job.spec));
        let entry = Entry {
            labels: to_json(&spec.labels)?,
            traits: to_json(&Traits::of(&job))?,
            spec: codec::pack_spec(&spec).await?,
            new: job,
        };
        let enqueued = self.write(Durable::Yes, move |ledger, db| ledger.enqueue(db, &entry)).await??;
        if matches!(enqueued, Enqueued::New(_)) {
            self.specs.put(id, spec);
        }
        Ok(enqueued)
    }

    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.readers.read(move |db| read::job(db, id)).await
    }

    async fn spec(&self, id: JobId) -> Result<Option<Arc<JobSpec>>, StoreError> {
        match self.specs.get(id) {
            Some(spec) => Ok(Some(spec)),
            None => Ok(self.readers.read(move |db| read::spec(db, id)).await?.map(Arc::new)),
        }
    }

    async fn artifact(&self, id: JobId, run: Option<u32>, path: &str) -> Result<Option<Bytes>, StoreError> {
        let path = path.to_owned();
        self.readers.read(move |db| read::artifact(db, id, run, &path)).await
    }

    async fn attempts(&self, id: JobId) -> Result<Vec<JobAttempt>, StoreError> {
        self.readers.read(move |db| read::attempts(db, id)).await
    }

    async fn list(&self, query: &JobQuery) -> Result<JobPage, StoreError> {
        let (query, before) = (query.clone(), crate::store::listing::cursor(query)?);
        self.readers.read(move |db| listing::page(db, &query, before)).await
    }

    async fn adopt(&self, limit: usize) -> Result<Vec<Queued>, StoreError> {
        self.write(Durable::No, move |ledger, _| Ok(ledger.adopt(limit))).await
    }

    async fn at_home(&self, after: u64, limit: usize) -> Result<Vec<Queued>, StoreError> {
        self.write(Durable::No, move |ledger, _| Ok(ledger.at_home(after, limit))).await
    }

    async fn disown(&self) -> Result<(), StoreError> {
        self.write(Durable::No, |ledger, _| {
            ledger.disown();
            Ok(())
        })
        .await
    }

    async fn claim(&self, id: JobId, runner: &str, lease: Duration) -> Result<Option<Claim>, StoreError> {
        let Some(spec) = self.spec(id).await? else { return Ok(None) };
        let runner = runner.to_owned();
        let claimed =
            self.write(Durable::No, move |ledger, db| ledger.claim(db, id, &runner, lease, spec)).await?;
        self.specs.forget(id);
        Ok(claimed)
    }

    async fn take_over(
        &self,
        id: JobId,
        attempt: Attempt,
        runner: &str,
        lease: Duration,
    ) -> Result<TakenOver, StoreError> {
        let runner = runner.to_owned();
        let taken = move |ledger: &mut Ledger, db: &rusqlite::Connection| {
            ledger.take_over(db, id, attempt, &runner, lease)
        };
        let holder = self.write(Durable::No, taken).await?;
        holder.told(id, attempt, || self.spec(id)).await
    }

    async fn renew(&self, attempts: &[(JobId, Attempt)], lease: Duration) -> Result<Renewed, StoreError> {
        let attempts = attempts.to_vec();
        self.write(Durable::No, move |ledger, _| Ok(ledger.renew(&attempts, lease))).await
    }

    async fn finish(&self, id: JobId, attempt: Attempt, outcome: Outcome) -> Result<Recorded, StoreError> {
        let packed = codec::pack_outcome(outcome).await?;
        self.write(Durable::Yes, move |ledger, db| ledger.finish(db, id, attempt, packed)).await
    }

    async fn release(&self, id: JobId, attempt: Attempt, release: Release) -> Result<Released, StoreError> {
        self.write(Durable::Yes, move |ledger, db| ledger.release(db, id, attempt, &release)).await
    }

    async fn cancel(&self, id: JobId, message: &str) -> Result<Cancelled, StoreError> {
        let message = message.to_owned();
        let cancelled = self.write(Durable::Yes, move |ledger, db| ledger.cancel(db, id, &message)).await?;
        if matches!(cancelled, Cancelled::Finished(_)) {
            self.specs.forget(id);
        }
        Ok(cancelled)
    }

    async fn withdraw(&self, id: JobId) -> Result<bool, StoreError> {
        self.specs.forget(id);
        self.write(Durable::Yes, move |ledger, db| ledger.withdraw(db, id)).await
    }

    async fn expire(&self) -> Result<Vec<Expired>, StoreError> {
        self.write(Durable::Yes, |ledger, db| ledger.expire(db)).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        Ok(self.tally.read())
    }

    async fn retain(&self, keep: &Retention) -> Result<u64, StoreError> {
        let keep = *keep;
        self.write(Durable::No, move |ledger, db| retention::forget(ledger, db, &keep)).await
    }

    async fn remember_runner(&self, registration: &Registration) -> Result<(), StoreError> {
        let (name, text) = (registration.name.clone(), to_json(registration)?);
        self.write(Durable::No, move |_, db| {
            let sql = "INSERT OR REPLACE INTO runners (name, registration, seen_at) VALUES (?, ?, ?)";
            let now = Timestamp::now().as_microsecond();
            db.prepare_cached(sql)?.execute(params![name, text, now]).map(drop)
        })
        .await
    }

    async fn forget_runner(&self, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.write(Durable::No, move |_, db| {
            Ok(db.prepare_cached("DELETE FROM runners WHERE name = ?")?.execute([name])? > 0)
        })
        .await
    }

    async fn runners(&self) -> Result<Vec<KnownRunner>, StoreError> {
        self.readers.read(read::runners).await
    }

    async fn record_samples(&self, samples: &[Sample], keep: Duration) -> Result<(), StoreError> {
        let samples = samples.to_vec();
        self.write(Durable::No, move |_, db| rows::record_samples(db, &samples, keep)).await
    }

    async fn samples(&self, runner: Option<&str>, since: Timestamp) -> Result<Vec<Sample>, StoreError> {
        let runner = runner.map(str::to_owned);
        self.readers.read(move |db| read::samples(db, runner.as_deref(), since)).await
    }

    async fn averages(&self, wanted: &Averages) -> Result<Vec<Sample>, StoreError> {
        let wanted = wanted.clone();
        self.readers.read(move |db| samples::averages(db, &wanted)).await
    }

    async fn close(&self) {
        let writer = self.writer.write().await.take();
        self.readers.close();
        if let Some(writer) = writer {
            writer.close().await;
        }
        lock(&self.lock).take();
    }
}
