//! The store that forgets everything at exit: for one controller, tests and simulations. Several controllers of
//! one process can share one: see [`Memory::share`].

mod records;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::client::JobQuery;
use protocol::cluster::Sample;
use protocol::runner::Registration;
use protocol::{Attempt, ControllerId, Job, JobAttempt, JobId, JobPage, JobSpec, JobState, Timestamp};
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::listing::{LOOKED_AT, PAGE, cursor, is_candidate, is_sifted, is_wanted, next_cursor};
use super::record::Record;
use super::{
    Averages, CHANGES, Cancelled, Change, Claim, Counts, Document, EnqueueError, Enqueued, Expired,
    HOME_TIMEOUT, KnownRunner, NewJob, ORPHANED, Outcome, Queued, Recorded, Release, Released, Renewed,
    Retention, Store, StoreError, TakenOver,
};
use crate::clock;
use crate::lock::lock;

/// What a memory store may hold.
#[derive(Debug, Clone, Copy)]
pub struct MemoryLimits {
    /// Jobs that wait.
    pub max_queue: u64,
    /// Bytes of the programs that wait or run.
    pub max_queue_bytes: u64,
    /// Finished jobs.
    pub keep_finished: usize,
    /// Bytes of programs and output of finished jobs.
    pub keep_bytes: u64,
}

/// Jobs in memory, as one controller sees them.
#[derive(Debug)]
pub struct Memory {
    home: ControllerId,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    limits: MemoryLimits,
    state: Mutex<State>,
    /// Beside the jobs: there are many of them, and to look through them takes a while.
    samples: Mutex<VecDeque<Sample>>,
    changes: broadcast::Sender<Change>,
}

#[derive(Debug, Default)]
struct State {
    records: HashMap<JobId, Record>,
    specs: HashMap<JobId, Arc<JobSpec>>,
    /// All jobs by number, for the list.
    numbers: BTreeMap<u64, JobId>,
    /// The numbers of those that wait.
    queued: BTreeSet<u64>,
    running: BTreeSet<u64>,
    /// Finished jobs, the oldest first.
    finished: VecDeque<JobId>,
    keys: HashMap<String, JobId>,
    /// When controllers were last heard of.
    alive: HashMap<ControllerId, Instant>,
    /// Whether jobs wait that a controller has left behind.
    disowned: bool,
    runners: BTreeMap<String, KnownRunner>,
    /// By kind and key.
    documents: BTreeMap<(String, String), Document>,
    /// Bytes of the programs that wait or run.
    work_bytes: u64,
    /// Bytes of programs and output of finished jobs.
    kept_bytes: u64,
    last_number: u64,
}

impl Memory {
    /// An empty store, seen by the first controller on it.
    pub fn new(limits: MemoryLimits) -> Self {
        let (state, samples) = (Mutex::default(), Mutex::default());
        let shared = Shared { limits, state, samples, changes: broadcast::Sender::new(CHANGES) };
        Self::at(Arc::new(shared))
    }

    /// The same jobs, seen by another controller.
    pub fn share(&self) -> Self {
        Self::at(Arc::clone(&self.shared))
    }

    fn at(shared: Arc<Shared>) -> Self {
        let home = ControllerId::random();
        lock(&shared.state).alive.insert(home, Instant::now());
        Self { home, shared }
    }

    fn tell(&self, change: Change) {
        // Nobody may be listening.
        let _ = self.shared.changes.send(change);
    }

    /// Ends the attempt, if it is the one that has the job.
    fn end_attempt(&self, state: &mut State, id: JobId, attempt: Attempt, release: &Release) -> Released {
        let Some(record) = state.records.get_mut(&id).filter(|record| record.runs_as(attempt)) else {
            return Released::Stale;
        };
        let outcome = record.released(release);
        if let Some(outcome) = outcome {
            let job = self.conclude(state, id, outcome);
            return job.map_or(Released::Stale, |job| Released::Finished(Box::new(job)));
        }
        record.requeue(self.home);
        state.running.remove(&record.number);
        state.queued.insert(record.number);
        Released::Requeued(record.queued())
    }

    fn conclude(&self, state: &mut State, id: JobId, outcome: Outcome) -> Option<Job> {
        let record = state.records.get_mut(&id)?;
        state.queued.remove(&record.number);
        state.running.remove(&record.number);
        state.work_bytes -= record.bytes;
        record.finish(outcome);
        state.kept_bytes += record.bytes + record.output_bytes();
        let job = record.job().clone();
        state.finished.push_back(id);
        let limits = &self.shared.limits;
        state.forget_beyond(Some(limits.keep_finished as u64), Some(limits.keep_bytes));
        self.tell(Change::Finished(id));
        Some(job)
    }
}

impl State {
    fn admits(&self, bytes: u64, limits: &MemoryLimits) -> bool {
        (self.queued.len() as u64) < limits.max_queue
            && self.work_bytes.saturating_add(bytes) <= limits.max_queue_bytes
    }

    /// Whether a controller is there to look after its jobs.
    fn is_alive(&self, home: Option<ControllerId>) -> bool {
        let seen = home.and_then(|home| self.alive.get(&home));
        seen.is_some_and(|seen| seen.elapsed() < HOME_TIMEOUT)
    }

    fn running(&self, id: JobId, attempt: Attempt) -> Option<&Record> {
        self.records.get(&id).filter(|record| record.runs_as(attempt))
    }

    /// Forgets the oldest finished jobs. The one that finished last is always kept, however large it is.
    fn forget_beyond(&mut self, jobs: Option<u64>, bytes: Option<u64>) -> u64 {
        let mut forgotten = 0;
        while self.finished.len() > 1
            && (jobs.is_some_and(|jobs| self.finished.len() as u64 > jobs)
                || bytes.is_some_and(|bytes| self.kept_bytes > bytes))
        {
            self.forget_oldest();
            forgotten += 1;
        }
        forgotten
    }

    fn forget_oldest(&mut self) {
        let Some(id) = self.finished.pop_front() else { return };
        let Some(record) = self.forget(id) else { return };
        self.kept_bytes -= record.bytes + record.output_bytes();
    }

    fn forget(&mut self, id: JobId) -> Option<Record> {
        let record = self.records.remove(&id)?;
        self.numbers.remove(&record.number);
        self.specs.remove(&id);
        if let Some(key) = &record.key {
            self.keys.remove(key);
        }
        Some(record)
    }

    fn page(&self, query: &JobQuery, before: u64) -> JobPage {
        let limit = query.limit.unwrap_or(PAGE) as usize;
        let candidates = self
            .numbers
            .range(..before)
            .rev()
            .filter_map(|(number, id)| Some((*number, self.records.get(id)?)))
            .filter(|(_, record)| is_candidate(query, record.job()));
        let last = || candidates.clone().map(|(number, _)| number).nth(LOOKED_AT as usize - 1);
        let down_to = if is_sifted(query) { last() } else { None };
        let mut found = candidates
            .take_while(|(number, _)| down_to.is_none_or(|last| *number >= last))
            .filter(|(_, record)| is_wanted(query, record.job()));
        let page: Vec<_> = found.by_ref().take(limit).collect();
        let last = found.next().and(page.last()).map(|(number, _)| *number);
        let jobs = page.into_iter().map(|(_, record)| record.job().summary()).collect();
        JobPage { jobs, next_cursor: next_cursor(last, down_to) }
    }
}

#[async_trait]
impl Store for Memory {
    fn is_durable(&self) -> bool {
        false
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.shared.changes.subscribe()
    }

    async fn heartbeat(&self) -> Result<(), StoreError> {
        lock(&self.shared.state).alive.insert(self.home, Instant::now());
        Ok(())
    }

    async fn enqueue(&self, job: NewJob) -> Result<Enqueued, EnqueueError> {
        let state = &mut *lock(&self.shared.state);
        let key = job.key();
        if let Some(existing) = key.as_ref().and_then(|key| state.keys.get(key)) {
            return Ok(Enqueued::Existing(*existing));
        }
        if !state.admits(job.spec.content_bytes(), &self.shared.limits) {
            return Err(EnqueueError::Full { waiting: state.queued.len() as u64 });
        }
        state.last_number += 1;
        let (id, number) = (job.id, state.last_number);
        let record = Record::new(&job, number, self.home);
        let queued = record.queued();
        state.keys.extend(key.map(|key| (key, id)));
        state.numbers.insert(number, id);
        state.queued.insert(number);
        state.work_bytes += record.bytes;
        state.records.insert(id, record);
        state.specs.insert(id, job.spec);
        Ok(Enqueued::New(queued))
    }

    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        Ok(lock(&self.shared.state).records.get(&id).map(|record| record.job().clone()))
    }

    async fn spec(&self, id: JobId) -> Result<Option<Arc<JobSpec>>, StoreError> {
        Ok(lock(&self.shared.state).specs.get(&id).map(Arc::clone))
    }

    async fn artifact(&self, id: JobId, run: Option<u32>, path: &str) -> Result<Option<Bytes>, StoreError> {
        let state = lock(&self.shared.state);
        let mut files = state.records.get(&id).into_iter().flat_map(|record| &record.artifacts);
        let found = files.find(|file| file.path == path && run.is_none_or(|run| run == file.run));
        Ok(found.map(|file| file.content.clone()))
    }

    async fn attempts(&self, id: JobId) -> Result<Vec<JobAttempt>, StoreError> {
        let state = lock(&self.shared.state);
        Ok(state.records.get(&id).map(|record| record.attempts.clone()).unwrap_or_default())
    }

    async fn list(&self, query: &JobQuery) -> Result<JobPage, StoreError> {
        let before = cursor(query)?;
        Ok(lock(&self.shared.state).page(query, before))
    }

    async fn adopt(&self, limit: usize) -> Result<Vec<Queued>, StoreError> {
        let state = &mut *lock(&self.shared.state);
        // Whoever adopts lives: else it would be given its own again and again.
        state.alive.insert(self.home, Instant::now());
        if !state.disowned && state.alive.values().all(|seen| seen.elapsed() < HOME_TIMEOUT) {
            return Ok(Vec::new());
        }
        let waiting = state.queued.iter().filter_map(|number| state.numbers.get(number)).copied();
        let homeless =
            waiting.filter(|id| state.records.get(id).is_some_and(|record| !state.is_alive(record.home)));
        let homeless: Vec<JobId> = homeless.take(limit).collect();
        state.disowned &= homeless.len() == limit;
        let adopt = |id: &JobId| {
            let record = state.records.get_mut(id)?;
            record.home = Some(self.home);
            Some(record.queued())
        };
        Ok(homeless.iter().filter_map(adopt).collect())
    }

    async fn at_home(&self, after: u64, limit: usize) -> Result<Vec<Queued>, StoreError> {
        let state = &*lock(&self.shared.state);
        let behind = state.queued.range(after.saturating_add(1)..);
        let waiting = behind.filter_map(|number| state.records.get(state.numbers.get(number)?));
        let ours = waiting.filter(|record| record.home == Some(self.home));
        Ok(ours.take(limit).map(Record::queued).collect())
    }

    async fn disown(&self) -> Result<(), StoreError> {
        let state = &mut *lock(&self.shared.state);
        for record in state.records.values_mut() {
            if record.state() == JobState::Queued && record.home == Some(self.home) {
                record.home = None;
            }
        }
        state.disowned = true;
        self.tell(Change::Adoptable);
        Ok(())
    }

    async fn claim(&self, id: JobId, runner: &str, lease: Duration) -> Result<Option<Claim>, StoreError> {
        let state = &mut *lock(&self.shared.state);
        let here =
            |record: &&mut Record| record.state() == JobState::Queued && record.home == Some(self.home);
        let Some(record) = state.records.get_mut(&id).filter(here) else { return Ok(None) };
        let Some(spec) = state.specs.get(&id).map(Arc::clone) else { return Ok(None) };
        state.queued.remove(&record.number);
        state.running.insert(record.number);
        Ok(Some(record.claim(runner, lease, spec)))
    }

    async fn take_over(
        &self,
        id: JobId,
        attempt: Attempt,
        runner: &str,
        lease: Duration,
    ) -> Result<TakenOver, StoreError> {
        let state = &mut *lock(&self.shared.state);
        let record = state.records.get_mut(&id).filter(|record| record.is_with(runner));
        let (Some(record), Some(spec)) = (record, state.specs.get(&id)) else { return Ok(TakenOver::Stale) };
        if record.runs_as(attempt) {
            record.home = Some(self.home);
            record.renew(lease);
            return Ok(TakenOver::Resumed(record.current_claim(Arc::clone(spec))));
        }
        Ok(if record.ended_with(attempt) { TakenOver::Recorded } else { TakenOver::Stale })
    }

    async fn renew(&self, attempts: &[(JobId, Attempt)], lease: Duration) -> Result<Renewed, StoreError> {
        let mut state = lock(&self.shared.state);
        let mut renewed = Renewed::default();
        for (id, attempt) in attempts {
            let record = state.records.get_mut(id);
            match record.filter(|record| record.runs_as(*attempt) && record.home == Some(self.home)) {
                Some(record) => {
                    record.renew(lease);
                    renewed.cancelled.extend(record.is_to_be_cancelled().then_some((*id, *attempt)));
                }
                None => renewed.gone.push((*id, *attempt)),
            }
        }
        Ok(renewed)
    }

    async fn finish(&self, id: JobId, attempt: Attempt, outcome: Outcome) -> Result<Recorded, StoreError> {
        let state = &mut *lock(&self.shared.state);
        if state.running(id, attempt).is_some() {
            let job = self.conclude(state, id, outcome);
            return Ok(job.map_or(Recorded::Stale, |job| Recorded::Now(Box::new(job))));
        }
        let before = state.records.get(&id).is_some_and(|record| record.ended_with(attempt));
        Ok(if before { Recorded::Before } else { Recorded::Stale })
    }

    async fn release(&self, id: JobId, attempt: Attempt, release: Release) -> Result<Released, StoreError> {
        Ok(self.end_attempt(&mut lock(&self.shared.state), id, attempt, &release))
    }

    async fn cancel(&self, id: JobId, message: &str) -> Result<Cancelled, StoreError> {
        let state = &mut *lock(&self.shared.state);
        let Some(record) = state.records.get_mut(&id) else { return Ok(Cancelled::Unknown) };
        Ok(match record.state() {
            JobState::Finished => Cancelled::TooLate,
            JobState::Running => {
                record.want_cancelled(message);
                let job = record.job().clone();
                self.tell(Change::Cancel(id));
                Cancelled::Requested(Box::new(job))
            }
            JobState::Queued => {
                let outcome = Outcome::without_results(protocol::Verdict::Cancelled, message);
                let job = self.conclude(state, id, outcome);
                job.map_or(Cancelled::Unknown, |job| Cancelled::Finished(Box::new(job)))
            }
        })
    }

    async fn withdraw(&self, id: JobId) -> Result<bool, StoreError> {
        let state = &mut *lock(&self.shared.state);
        if state.records.get(&id).is_none_or(|record| record.state() != JobState::Queued) {
            return Ok(false);
        }
        let Some(record) = state.forget(id) else { return Ok(false) };
        state.queued.remove(&record.number);
        state.work_bytes -= record.bytes;
        Ok(true)
    }

    async fn expire(&self) -> Result<Vec<Expired>, StoreError> {
        let state = &mut *lock(&self.shared.state);
        let running = state.running.iter().filter_map(|number| state.records.get(state.numbers.get(number)?));
        let over = running.filter(|record| {
            let ours = record.home == Some(self.home) || !state.is_alive(record.home);
            record.overdue().is_some_and(|overdue| ours || overdue >= ORPHANED)
        });
        let over: Vec<_> = over.map(|record| (record.job().id, record.job().attempts)).collect();
        let release = Release::Lost { reason: "nothing was heard of its runner".to_owned() };
        let expire = |(id, attempt)| {
            let released = self.end_attempt(state, id, attempt, &release);
            Expired { id, attempt, released }
        };
        Ok(over.into_iter().map(expire).collect())
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        let state = lock(&self.shared.state);
        Ok(Counts { queued: state.queued.len() as u64, running: state.running.len() as u64 })
    }

    async fn retain(&self, keep: &Retention) -> Result<u64, StoreError> {
        let state = &mut *lock(&self.shared.state);
        let mut forgotten = state.forget_beyond(keep.jobs, keep.bytes);
        let oldest = keep.age.and_then(|age| clock::now().checked_sub(age).ok());
        let is_old = |state: &State| {
            let record = state.finished.front().and_then(|id| state.records.get(id));
            record.is_some_and(|record| record.job().finished_at < oldest)
        };
        while is_old(state) {
            state.forget_oldest();
            forgotten += 1;
        }
        Ok(forgotten)
    }

    async fn remember_runner(&self, registration: &Registration) -> Result<(), StoreError> {
        let known = KnownRunner { registration: registration.clone(), seen_at: clock::now() };
        lock(&self.shared.state).runners.insert(registration.name.clone(), known);
        Ok(())
    }

    async fn forget_runner(&self, name: &str) -> Result<bool, StoreError> {
        Ok(lock(&self.shared.state).runners.remove(name).is_some())
    }

    async fn runners(&self) -> Result<Vec<KnownRunner>, StoreError> {
        Ok(lock(&self.shared.state).runners.values().cloned().collect())
    }

    async fn record_samples(&self, samples: &[Sample], keep: Duration) -> Result<(), StoreError> {
        let mut kept = lock(&self.shared.samples);
        kept.extend(samples.iter().cloned());
        let Ok(oldest) = clock::now().checked_sub(keep) else { return Ok(()) };
        while kept.front().is_some_and(|sample| sample.at < oldest) {
            kept.pop_front();
        }
        Ok(())
    }

    async fn samples(&self, runner: Option<&str>, since: Timestamp) -> Result<Vec<Sample>, StoreError> {
        let kept = lock(&self.shared.samples);
        let wanted = kept
            .iter()
            .filter(|sample| sample.at >= since && runner.is_none_or(|runner| sample.runner == runner));
        Ok(wanted.cloned().collect())
    }

    async fn averages(&self, wanted: &Averages) -> Result<Vec<Sample>, StoreError> {
        Ok(wanted.of(lock(&self.shared.samples).iter()))
    }

    async fn close(&self) {}
}
