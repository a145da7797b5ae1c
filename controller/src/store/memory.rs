//! The store that forgets everything at exit: for one controller, tests and simulations.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use protocol::client::JobQuery;
use protocol::{Attempt, Job, JobId, JobPage, JobState};
use tokio::sync::Notify;

use super::order::Queue;
use super::record::Record;
use super::{
    Cancelled, Claim, Counts, EnqueueError, Expired, NewJob, Outcome, Place, Queued, Release, Released,
    Store, StoreError,
};
use crate::lock::lock;

/// How many jobs a page has where the query does not say.
const PAGE: u32 = 20;

/// What a memory store may hold.
#[derive(Debug, Clone, Copy)]
pub struct MemoryLimits {
    /// Jobs that wait.
    pub max_queue: u64,
    /// Bytes of the programs that wait or run.
    pub max_queue_bytes: u64,
    /// Finished jobs.
    pub keep_finished: usize,
    /// Bytes of output of finished jobs.
    pub keep_output: u64,
}

/// Jobs in memory.
#[derive(Debug)]
pub struct Memory {
    limits: MemoryLimits,
    state: Mutex<State>,
    queue_changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    records: HashMap<JobId, Record>,
    /// All jobs by number, for the list.
    numbers: BTreeMap<u64, JobId>,
    queue: Queue,
    running: u64,
    /// Finished jobs, the oldest first.
    finished: VecDeque<JobId>,
    work_bytes: u64,
    output_bytes: u64,
    last_number: u64,
}

impl Memory {
    /// An empty store.
    pub fn new(limits: MemoryLimits) -> Self {
        Self { limits, state: Mutex::default(), queue_changed: Notify::new() }
    }

    /// Ends the attempt, if it is the one that has the job.
    fn end_attempt(&self, state: &mut State, id: JobId, attempt: Attempt, release: &Release) -> Released {
        let Some(record) = state.records.get_mut(&id).filter(|record| record.runs_as(attempt)) else {
            return Released::Stale;
        };
        state.running -= 1;
        if let Some(outcome) = record.released(release) {
            let job = state.conclude(id, outcome, &self.limits);
            return job.map_or(Released::Stale, |job| Released::Finished(Box::new(job)));
        }
        record.requeue();
        let position = state.queue.insert(record.place, &record.job().language, id);
        self.queue_changed.notify_one();
        Released::Requeued { position }
    }
}

impl State {
    fn admits(&self, bytes: u64, limits: &MemoryLimits) -> bool {
        self.queue.len() < limits.max_queue && self.work_bytes.saturating_add(bytes) <= limits.max_queue_bytes
    }

    fn view(&self, record: &Record) -> Job {
        let mut job = record.job().clone();
        job.position = (job.state == JobState::Queued).then(|| self.queue.position(record.place));
        job
    }

    fn conclude(&mut self, id: JobId, outcome: Outcome, limits: &MemoryLimits) -> Option<Job> {
        let record = self.records.get_mut(&id)?;
        self.work_bytes -= record.work.as_ref().map_or(0, |work| work.bytes);
        record.finish(outcome);
        self.output_bytes += record.output_bytes();
        let job = record.job().clone();
        self.finished.push_back(id);
        self.forget_oldest(limits);
        Some(job)
    }

    /// The job that finished last is always kept, however much it wrote.
    fn forget_oldest(&mut self, limits: &MemoryLimits) {
        let keep = limits.keep_finished.max(1);
        while self.finished.len() > keep
            || (self.output_bytes > limits.keep_output && self.finished.len() > 1)
        {
            let Some(record) = self.finished.pop_front().and_then(|id| self.records.remove(&id)) else {
                break;
            };
            self.output_bytes -= record.output_bytes();
            self.numbers.remove(&record.place.number());
        }
    }

    fn page(&self, query: &JobQuery, before: u64) -> JobPage {
        let limit = query.limit.unwrap_or(PAGE) as usize;
        let mut found = self
            .numbers
            .range(..before)
            .rev()
            .filter_map(|(number, id)| Some((*number, self.records.get(id)?)))
            .filter(|(_, record)| matches(query, record.job()));
        let page: Vec<_> = found.by_ref().take(limit).collect();
        let next_cursor = found.next().and(page.last()).map(|(number, _)| format!("{number:x}"));
        JobPage { jobs: page.into_iter().map(|(_, record)| record.job().summary()).collect(), next_cursor }
    }
}

fn matches(query: &JobQuery, job: &Job) -> bool {
    let label = |wanted: &String| {
        let (name, value) = wanted.split_once('=').unwrap_or((wanted, ""));
        job.labels.get(name).is_some_and(|actual| actual == value)
    };
    query.state.is_none_or(|state| state == job.state)
        && query.language.as_ref().is_none_or(|language| *language == job.language)
        && query.label.as_ref().is_none_or(label)
}

#[async_trait]
impl Store for Memory {
    fn queue_changed(&self) -> &Notify {
        &self.queue_changed
    }

    async fn enqueue(&self, job: NewJob) -> Result<u64, EnqueueError> {
        let mut state = lock(&self.state);
        let bytes = job.spec.content_bytes();
        if !state.admits(bytes, &self.limits) {
            return Err(EnqueueError::Full { waiting: state.queue.len() });
        }
        state.last_number += 1;
        let (id, number) = (job.id, state.last_number);
        let place = Place::new(job.spec.priority, number);
        let position = state.queue.insert(place, &job.spec.language, id);
        state.numbers.insert(number, id);
        state.records.insert(id, Record::new(job, place));
        state.work_bytes += bytes;
        self.queue_changed.notify_one();
        Ok(position)
    }

    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let state = lock(&self.state);
        Ok(state.records.get(&id).map(|record| state.view(record)))
    }

    async fn list(&self, query: &JobQuery) -> Result<JobPage, StoreError> {
        let before = match &query.cursor {
            Some(cursor) => u64::from_str_radix(cursor, 16).map_err(|_| StoreError::Cursor)?,
            None => u64::MAX,
        };
        Ok(lock(&self.state).page(query, before))
    }

    async fn queued(
        &self,
        languages: &[String],
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<Queued>, StoreError> {
        let state = lock(&self.state);
        let head = state.queue.head(languages, after, limit);
        Ok(head.iter().filter_map(|id| state.records.get(id)?.queued()).collect())
    }

    async fn waiting(&self, id: JobId) -> Result<Option<Queued>, StoreError> {
        Ok(lock(&self.state).records.get(&id).and_then(Record::queued))
    }

    async fn claim(&self, id: JobId, runner: &str, lease: Duration) -> Result<Option<Claim>, StoreError> {
        let state = &mut *lock(&self.state);
        let Some(record) = state.records.get_mut(&id) else { return Ok(None) };
        let Some(claim) = record.claim(runner, lease) else { return Ok(None) };
        state.queue.remove(record.place, &record.job().language);
        state.running += 1;
        Ok(Some(claim))
    }

    async fn renew(&self, attempts: &[(JobId, Attempt)], lease: Duration) -> Result<(), StoreError> {
        let mut state = lock(&self.state);
        for (id, attempt) in attempts {
            if let Some(record) = state.records.get_mut(id).filter(|record| record.runs_as(*attempt)) {
                record.renew(lease);
            }
        }
        Ok(())
    }

    async fn finish(&self, id: JobId, attempt: Attempt, outcome: Outcome) -> Result<Option<Job>, StoreError> {
        let mut state = lock(&self.state);
        if !state.records.get(&id).is_some_and(|record| record.runs_as(attempt)) {
            return Ok(None);
        }
        state.running -= 1;
        Ok(state.conclude(id, outcome, &self.limits))
    }

    async fn release(&self, id: JobId, attempt: Attempt, release: Release) -> Result<Released, StoreError> {
        Ok(self.end_attempt(&mut lock(&self.state), id, attempt, &release))
    }

    async fn cancel(&self, id: JobId, message: &str) -> Result<Cancelled, StoreError> {
        let state = &mut *lock(&self.state);
        let Some(record) = state.records.get_mut(&id) else { return Ok(Cancelled::Unknown) };
        Ok(match record.state() {
            JobState::Finished => Cancelled::TooLate,
            JobState::Running => {
                record.want_cancelled(message);
                Cancelled::Requested(Box::new(record.job().clone()))
            }
            JobState::Queued => {
                state.queue.remove(record.place, &record.job().language);
                let outcome = Outcome::without_results(protocol::Verdict::Cancelled, message);
                let job = state.conclude(id, outcome, &self.limits);
                job.map_or(Cancelled::Unknown, |job| Cancelled::Finished(Box::new(job)))
            }
        })
    }

    async fn withdraw(&self, id: JobId) -> Result<Option<Queued>, StoreError> {
        let state = &mut *lock(&self.state);
        let Some(queued) = state.records.get(&id).and_then(Record::queued) else { return Ok(None) };
        state.queue.remove(queued.place, &queued.language);
        state.numbers.remove(&queued.place.number());
        let record = state.records.remove(&id);
        state.work_bytes -= record.and_then(|record| record.work).map_or(0, |work| work.bytes);
        Ok(Some(queued))
    }

    async fn expire(&self) -> Result<Vec<Expired>, StoreError> {
        let state = &mut *lock(&self.state);
        let over = state.records.values().filter(|record| record.lease_is_over());
        let over: Vec<_> = over.map(|record| (record.job().id, record.job().attempts)).collect();
        let release = Release::Lost { reason: "nothing was heard of its runner".to_owned() };
        let expire = |(id, attempt)| {
            let released = self.end_attempt(state, id, attempt, &release);
            Expired { id, attempt, released }
        };
        Ok(over.into_iter().map(expire).collect())
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        let state = lock(&self.state);
        Ok(Counts { queued: state.queue.len(), running: state.running })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance::{self, job};

    fn store(max_queue: u64, keep_finished: usize, keep_output: u64) -> Memory {
        Memory::new(MemoryLimits { max_queue, max_queue_bytes: 1000, keep_finished, keep_output })
    }

    #[tokio::test]
    async fn it_is_a_store() {
        conformance::run(|| async { store(100, 100, 1 << 20) }).await;
    }

    #[tokio::test]
    async fn the_queue_has_an_end_in_jobs_and_in_bytes() {
        let jobs = store(2, 10, 10);
        jobs.enqueue(job("c", 0)).await.unwrap();
        jobs.enqueue(job("c", 0)).await.unwrap();
        let error = jobs.enqueue(job("c", 0)).await.unwrap_err();
        assert!(matches!(error, EnqueueError::Full { waiting: 2 }), "{error}");

        let bytes = store(100, 10, 10);
        let mut large = job("c", 0);
        std::sync::Arc::make_mut(&mut large.spec).stdin = Some(vec![0; 1001].into());
        assert!(matches!(bytes.enqueue(large).await, Err(EnqueueError::Full { .. })));
    }

    #[tokio::test]
    async fn the_oldest_finished_jobs_are_forgotten() {
        let store = store(10, 2, 1 << 20);
        let mut ids = Vec::new();
        for _ in 0..3 {
            let new = job("c", 0);
            ids.push(new.id);
            store.enqueue(new).await.unwrap();
            store.cancel(ids[ids.len() - 1], "enough").await.unwrap();
        }
        assert_eq!(store.get(ids[0]).await.unwrap(), None);
        assert!(store.get(ids[1]).await.unwrap().is_some());
        assert_eq!(store.list(&JobQuery::default()).await.unwrap().jobs.len(), 2);
        assert_eq!(lock(&store.state).work_bytes, 0);
    }
}
