//! What the writer knows of jobs that have not finished, so that it need not look: the same account that the
//! memory store keeps, and each change of it written down. Leases and homes are only here: after a restart all
//! jobs are at home nowhere, and what runs has its lease anew, so no clock that is set can end one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use protocol::{Attempt, ControllerId, JobId, JobSpec, JobState, Verdict};
use rusqlite::Connection;
use tokio::sync::broadcast;

use super::rows;
use crate::store::codec::{Packed, Results};
use crate::store::holder::Holder;
use crate::store::record::Record;
use crate::store::{
    Cancelled, Change, Claim, Counts, EnqueueError, Enqueued, Expired, NewJob, Outcome, Queued, Recorded,
    Release, Released, Renewed,
};

/// What may wait or run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Jobs that wait.
    pub(super) jobs: u64,
    /// Bytes of the programs that wait or run.
    pub(super) bytes: u64,
}

/// How many jobs there are, for everybody to read.
#[derive(Debug, Default)]
pub(super) struct Tally {
    queued: AtomicU64,
    running: AtomicU64,
}

impl Tally {
    pub(super) fn read(&self) -> Counts {
        Counts { queued: self.queued.load(Ordering::Relaxed), running: self.running.load(Ordering::Relaxed) }
    }
}

/// A job to be queued, ready to be stored.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) new: NewJob,
    pub(super) labels: String,
    pub(super) traits: String,
    pub(super) spec: Vec<u8>,
}

/// An account of the jobs that have not finished.
#[derive(Debug)]
pub(super) struct Ledger {
    home: ControllerId,
    room: Room,
    tally: Arc<Tally>,
    changes: broadcast::Sender<Change>,
    untold: Vec<Change>,
    records: HashMap<JobId, Record>,
    /// Those that wait, by number.
    queued: BTreeMap<u64, JobId>,
    running: HashSet<JobId>,
    /// Those of them that are at home nowhere.
    homeless: BTreeMap<u64, JobId>,
    work_bytes: u64,
    last_number: u64,
    /// This controller leaves: it takes nothing in any more.
    leaving: bool,
    /// Finished jobs, and the bytes stored for them.
    pub(super) finished: Finished,
}

/// How much is kept of what is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Finished {
    pub(super) jobs: u64,
    pub(super) bytes: u64,
}

impl Ledger {
    /// The account of a database.
    ///
    /// # Errors
    /// SQLite's.
    pub(super) fn load(
        db: &Connection,
        room: Room,
        tally: Arc<Tally>,
        changes: broadcast::Sender<Change>,
    ) -> rusqlite::Result<Self> {
        let mut ledger = Self {
            home: ControllerId::random(),
            room,
            tally,
            changes,
            untold: Vec::new(),
            records: HashMap::new(),
            queued: BTreeMap::new(),
            running: HashSet::new(),
            homeless: BTreeMap::new(),
            work_bytes: 0,
            last_number: 0,
            leaving: false,
            finished: Finished::default(),
        };
        ledger.reload(db)?;
        Ok(ledger)
    }

    /// Reads everything again. What is at home here stays so.
    ///
    /// # Errors
    /// SQLite's.
    pub(super) fn reload(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let ours = self.records.values().filter(|record| record.home.is_some());
        let ours: HashSet<JobId> = ours.map(|record| record.job().id).collect();
        self.untold.clear();
        self.records = rows::under_way(db)?;
        for id in ours {
            if let Some(record) = self.records.get_mut(&id) {
                record.home = Some(self.home);
            }
        }
        let in_state = |state| self.records.values().filter(move |record| record.state() == state);
        let numbered = |record: &Record| (record.number, record.job().id);
        let homeless = |record: &&Record| record.home.is_none();
        self.queued = in_state(JobState::Queued).map(numbered).collect();
        self.homeless = in_state(JobState::Queued).filter(homeless).map(numbered).collect();
        self.running = in_state(JobState::Running).map(|record| record.job().id).collect();
        self.work_bytes = self.records.values().map(|record| record.bytes).sum();
        (self.last_number, self.finished) = rows::totals(db)?;
        self.count();
        Ok(())
    }

    /// Tells whoever listens, and counts, after a commit.
    pub(super) fn announce(&mut self) {
        self.count();
        for change in self.untold.drain(..) {
            // Nobody may be listening.
            let _ = self.changes.send(change);
        }
    }

    pub(super) fn enqueue(
        &mut self,
        db: &Connection,
        entry: &Entry,
    ) -> rusqlite::Result<Result<Enqueued, EnqueueError>> {
        if let Some(key) = entry.new.key()
            && let Some(existing) = rows::by_key(db, &key)?
        {
            return Ok(Ok(Enqueued::Existing(existing)));
        }
        let bytes = entry.new.spec.content_bytes();
        let waiting = self.queued.len() as u64;
        if waiting >= self.room.jobs || self.work_bytes.saturating_add(bytes) > self.room.bytes {
            return Ok(Err(EnqueueError::Full { waiting }));
        }
        let record = Record::new(&entry.new, self.last_number + 1, self.home);
        rows::insert(db, &record, entry)?;
        let queued = record.queued();
        self.last_number += 1;
        self.queued.insert(self.last_number, entry.new.id);
        self.work_bytes += bytes;
        self.records.insert(entry.new.id, record);
        Ok(Ok(Enqueued::New(queued)))
    }

    pub(super) fn adopt(&mut self, limit: usize) -> Vec<Queued> {
        let mut adopted = Vec::new();
        while adopted.len() < limit && !self.leaving {
            let Some((_, id)) = self.homeless.pop_first() else { break };
            if let Some(record) = self.records.get_mut(&id) {
                record.home = Some(self.home);
                adopted.push(record.queued());
            }
        }
        adopted
    }

    pub(super) fn at_home(&self, after: u64, limit: usize) -> Vec<Queued> {
        let behind = self.queued.range(after.saturating_add(1)..);
        let waiting = behind.filter_map(|(_, id)| self.records.get(id));
        waiting.filter(|record| record.home.is_some()).take(limit).map(Record::queued).collect()
    }

    pub(super) fn disown(&mut self) {
        self.leaving = true;
        for record in self.records.values_mut().filter(|record| record.state() == JobState::Queued) {
            record.home = None;
            self.homeless.insert(record.number, record.job().id);
        }
        self.untold.push(Change::Adoptable);
    }

    pub(super) fn claim(
        &mut self,
        db: &Connection,
        id: JobId,
        runner: &str,
        lease: Duration,
        spec: Arc<JobSpec>,
    ) -> rusqlite::Result<Option<Claim>> {
        let here = |record: &&mut Record| record.state() == JobState::Queued && record.home.is_some();
        let Some(record) = self.records.get_mut(&id).filter(here) else { return Ok(None) };
        let claim = record.claim(runner, lease, spec);
        rows::claimed(db, record, lease)?;
        self.queued.remove(&record.number);
        self.running.insert(id);
        Ok(Some(claim))
    }

    pub(super) fn take_over(
        &mut self,
        db: &Connection,
        id: JobId,
        attempt: Attempt,
        runner: &str,
        lease: Duration,
    ) -> rusqlite::Result<Holder> {
        let Some(record) = self.records.get_mut(&id) else {
            let recorded = rows::ended_by(db, id, attempt, runner)?;
            return Ok(if recorded { Holder::Recorded } else { Holder::Stale });
        };
        if !record.runs_as(attempt) || !record.is_with(runner) {
            return Ok(Holder::Stale);
        }
        record.home = Some(self.home);
        record.renew(lease);
        let Queued { stdin_follows, share, .. } = record.queued();
        Ok(Holder::GoesOn { stdin_follows, share })
    }

    pub(super) fn renew(&mut self, attempts: &[(JobId, Attempt)], lease: Duration) -> Renewed {
        let mut renewed = Renewed::default();
        for (id, attempt) in attempts {
            let record = self.records.get_mut(id);
            match record.filter(|record| record.runs_as(*attempt) && record.home.is_some()) {
                Some(record) => {
                    record.renew(lease);
                    renewed.cancelled.extend(record.is_to_be_cancelled().then_some((*id, *attempt)));
                }
                None => renewed.gone.push((*id, *attempt)),
            }
        }
        renewed
    }

    pub(super) fn finish(
        &mut self,
        db: &Connection,
        id: JobId,
        attempt: Attempt,
        outcome: (Packed, Results),
    ) -> rusqlite::Result<Recorded> {
        if self.records.get(&id).is_some_and(|record| record.runs_as(attempt)) {
            let job = self.conclude(db, id, outcome)?;
            return Ok(job.map_or(Recorded::Stale, |job| Recorded::Now(Box::new(job))));
        }
        let before = rows::ended_with(db, id, attempt)?;
        Ok(if before { Recorded::Before } else { Recorded::Stale })
    }

    pub(super) fn release(
        &mut self,
        db: &Connection,
        id: JobId,
        attempt: Attempt,
        release: &Release,
    ) -> rusqlite::Result<Released> {
        let Some(record) = self.records.get_mut(&id).filter(|record| record.runs_as(attempt)) else {
            return Ok(Released::Stale);
        };
        if let Some(outcome) = record.released(release) {
            let job = self.conclude(db, id, without_results(outcome))?;
            return Ok(job.map_or(Released::Stale, |job| Released::Finished(Box::new(job))));
        }
        record.requeue(self.home);
        rows::requeued(db, record)?;
        self.running.remove(&id);
        self.queued.insert(record.number, id);
        Ok(Released::Requeued(record.queued()))
    }

    pub(super) fn cancel(
        &mut self,
        db: &Connection,
        id: JobId,
        message: &str,
    ) -> rusqlite::Result<Cancelled> {
        let Some(record) = self.records.get_mut(&id) else {
            let known = rows::is_known(db, id)?;
            return Ok(if known { Cancelled::TooLate } else { Cancelled::Unknown });
        };
        if record.state() == JobState::Running {
            record.want_cancelled(message);
            rows::cancelled(db, record)?;
            self.untold.push(Change::Cancel(id));
            return Ok(Cancelled::Requested(Box::new(record.job().clone())));
        }
        let outcome = Outcome::without_results(Verdict::Cancelled, message);
        let job = self.conclude(db, id, without_results(outcome))?;
        Ok(job.map_or(Cancelled::Unknown, |job| Cancelled::Finished(Box::new(job))))
    }

    pub(super) fn withdraw(&mut self, db: &Connection, id: JobId) -> rusqlite::Result<bool> {
        let Some(record) = self.records.get(&id).filter(|record| record.state() == JobState::Queued) else {
            return Ok(false);
        };
        rows::delete(db, record.number)?;
        let (number, bytes) = (record.number, record.bytes);
        self.records.remove(&id);
        self.homeless.remove(&number);
        self.queued.remove(&number);
        self.work_bytes -= bytes;
        Ok(true)
    }

    /// Ends every attempt whose lease is over. Every controller before this one is dead, so all are its own.
    pub(super) fn expire(&mut self, db: &Connection) -> rusqlite::Result<Vec<Expired>> {
        let records = self.running.iter().filter_map(|id| self.records.get(id));
        let over = records.filter(|record| record.overdue().is_some());
        let over: Vec<_> = over.map(|record| (record.job().id, record.job().attempts)).collect();
        let release = Release::Lost { reason: "nothing was heard of its runner".to_owned() };
        let expire =
            |(id, attempt)| Ok(Expired { id, attempt, released: self.release(db, id, attempt, &release)? });
        over.into_iter().map(expire).collect()
    }

    fn conclude(
        &mut self,
        db: &Connection,
        id: JobId,
        (packed, results): (Packed, Results),
    ) -> rusqlite::Result<Option<protocol::Job>> {
        let Some(mut record) = self.records.remove(&id) else { return Ok(None) };
        self.running.remove(&id);
        self.queued.remove(&record.number);
        self.homeless.remove(&record.number);
        self.work_bytes -= record.bytes;
        let (verdict, message) = (packed.verdict, packed.message.clone());
        let Results { compile, runs, score } = results;
        record.finish(Outcome { verdict, message, compile, runs, score, artifacts: Vec::new() });
        self.finished.jobs += 1;
        self.finished.bytes += rows::finished(db, &record, &packed)?;
        self.untold.push(Change::Finished(id));
        Ok(Some(record.job().clone()))
    }

    fn count(&self) {
        self.tally.queued.store(self.queued.len() as u64, Ordering::Relaxed);
        self.tally.running.store(self.running.len() as u64, Ordering::Relaxed);
    }
}

/// The end of a job that wrote nothing.
fn without_results(outcome: Outcome) -> (Packed, Results) {
    let Outcome { verdict, message, compile, runs, score, artifacts: _ } = outcome;
    let usage = "{\"cpu_ms\":0,\"wall_ms\":0,\"memory_bytes\":0}".to_owned();
    let packed = Packed { verdict, message, usage, results: None, artifacts: Vec::new() };
    (packed, Results { compile, runs, score })
}
