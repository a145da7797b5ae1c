//! Jobs in flight: what happens to them, told to whoever watches, and what is streamed to them.
//!
//! A job is here from its submission until a while after its end. Later watchers are served from the store.

mod abandoned;
mod attendance;
mod heard;
mod job;
mod log;
mod state;
mod stdin;
#[cfg(test)]
mod tests;
mod watcher;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::{Job, JobId, Problem};
use tokio::time::Instant;

use abandoned::Abandoned;
use job::Setup;

use crate::activity::Recent;
use crate::budget::{Budget, Held};
use crate::lock::lock;

pub use heard::Written;
pub use job::{Carrying, Kept, LiveJob, NotHeard};
pub use log::StepOutput;
pub use stdin::{Overtaken, StdinLog, StdinReader, Taken, Writer};
pub use watcher::Watcher;

/// How long a finished job stays, for watchers who were cut off and come back to where they were.
const LINGER: Duration = Duration::from_secs(60);

/// How many finished jobs stay, and how much output of theirs.
const LINGERING_JOBS: usize = 1000;
const LINGERING_BYTES: u64 = 64 << 20;

/// All jobs in flight.
#[derive(Debug)]
pub struct Live {
    budget: Budget,
    max_job_output: u64,
    recent: Recent,
    table: Mutex<Table>,
    /// In the order in which they came.
    undecided: Mutex<Vec<JobId>>,
    strays: Mutex<BTreeSet<JobId>>,
    abandoned: Arc<Abandoned>,
}

#[derive(Debug, Default)]
struct Table {
    jobs: HashMap<JobId, Arc<LiveJob>>,
    /// Finished ones with the bytes they hold, the oldest first.
    finished: VecDeque<(Instant, JobId, u64)>,
    finished_bytes: u64,
}

impl Live {
    /// None yet. Each may write so many bytes that are kept; all together hold what the budget allows.
    pub fn new(budget: Budget, max_job_output: u64) -> Self {
        Self {
            budget,
            max_job_output,
            recent: Recent::default(),
            table: Mutex::default(),
            undecided: Mutex::default(),
            strays: Mutex::default(),
            abandoned: Arc::default(),
        }
    }

    /// A new job, watched from its first event by whoever submits it. With `keep` it goes on unwatched.
    pub fn open(&self, id: JobId, stdin: Option<Arc<StdinLog>>, keep: bool) -> Watcher {
        let job = self.make(id, stdin, keep);
        let watcher = Watcher::new(Arc::clone(&job), 0);
        lock(&self.table).jobs.insert(id, job);
        watcher
    }

    /// A job in flight, if it is one.
    pub fn get(&self, id: JobId) -> Option<Arc<LiveJob>> {
        lock(&self.table).jobs.get(&id).map(Arc::clone)
    }

    /// A job that a runner gets. One that this process did not submit is made known now.
    pub fn get_or_open(&self, id: JobId) -> Arc<LiveJob> {
        let mut table = lock(&self.table);
        Arc::clone(table.jobs.entry(id).or_insert_with(|| self.make(id, None, true)))
    }

    /// How many jobs are in flight, or finished a moment ago.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        lock(&self.table).jobs.len()
    }

    /// Follows a job in flight from behind the event of this number.
    pub fn watch(&self, id: JobId, after: u64) -> Option<Watcher> {
        self.get(id).map(|job| Watcher::new(job, after))
    }

    /// What went on lately.
    pub fn recent(&self) -> &Recent {
        &self.recent
    }

    /// A job got its verdict from this controller, which alone tells it, and once.
    pub fn finish(&self, job: &Job) {
        if let Some(verdict) = job.verdict {
            self.recent.finished(verdict);
        }
        self.end(job);
    }

    /// A job got its verdict from another controller: tells what was not told here yet.
    pub fn catch_up(&self, job: &Job) {
        if let Some(live) = self.get(job.id) {
            live.catch_up(job);
        }
        self.end(job);
    }

    fn end(&self, job: &Job) {
        let Some(live) = self.get(job.id) else { return };
        if !live.finished(job) {
            return;
        }
        let bytes = live.output_bytes();
        let mut table = lock(&self.table);
        table.finished.push_back((Instant::now(), job.id, bytes));
        table.finished_bytes += bytes;
        table.sweep(Instant::now());
    }

    /// A job whose attempt no link of this controller carries any more, or that is not in its queue: another one
    /// may run it, and finish it.
    pub fn stray(&self, id: JobId) {
        lock(&self.strays).insert(id);
    }

    /// Whether links to runners carry jobs, or their ends are still to be recorded.
    pub fn is_carrying(&self) -> bool {
        lock(&self.table).jobs.values().any(|job| job.is_carried())
    }

    /// The jobs in flight that another controller may finish.
    pub fn strays(&self) -> Vec<JobId> {
        let mut strays = lock(&self.strays);
        strays.retain(|id| self.get(*id).is_some_and(|job| !job.is_finished()));
        // What is carried may be let go of in a moment.
        let is_carried = |id: &JobId| self.get(*id).is_some_and(|job| job.is_carried());
        strays.iter().copied().filter(|id| !is_carried(id)).collect()
    }

    /// A job that was not to wait is not withdrawn any more.
    pub fn admit(&self, id: JobId) {
        if let Some(job) = self.get(id) {
            job.admit();
        }
    }

    /// A job that was not to wait could not be placed, and is as if it never had been.
    pub fn decline(&self, id: JobId, problem: Problem) {
        if self.get(id).is_some_and(|job| job.decline(problem)) {
            self.discard(id);
        }
    }

    /// A job that never came into being, or is as if it never had.
    pub fn discard(&self, id: JobId) {
        lock(&self.table).jobs.remove(&id);
    }

    /// Forgets jobs that finished a while ago.
    pub fn sweep(&self) {
        lock(&self.table).sweep(Instant::now());
    }

    /// Marks a queued job that is to be placed in the next round or not at all, until the mark is dropped.
    pub fn undecided(self: &Arc<Self>, id: JobId) -> Undecided {
        lock(&self.undecided).push(id);
        Undecided { live: Arc::clone(self), id }
    }

    /// Whether a job is marked so.
    pub fn is_undecided(&self, id: JobId) -> bool {
        lock(&self.undecided).contains(&id)
    }

    /// Waits for jobs that lost their last watcher and were not to go on without one. A job may have found a
    /// new watcher since.
    pub async fn abandoned(&self) -> Vec<JobId> {
        self.abandoned.take().await
    }

    /// A holder of bytes out of what all jobs in flight may use.
    pub fn hold(&self) -> Held {
        self.budget.hold()
    }

    fn make(&self, id: JobId, stdin: Option<Arc<StdinLog>>, keep: bool) -> Arc<LiveJob> {
        let (output, words) = (self.budget.hold(), self.budget.hold());
        let setup = Setup { stdin, keep, output, max_output: self.max_job_output, words };
        Arc::new(LiveJob::new(id, setup, Arc::clone(&self.abandoned)))
    }
}

impl Table {
    fn sweep(&mut self, now: Instant) {
        while let Some((since, id, bytes)) = self.finished.front().copied() {
            let crowded = self.finished.len() > LINGERING_JOBS || self.finished_bytes > LINGERING_BYTES;
            if !crowded && now.duration_since(since) < LINGER {
                break;
            }
            self.finished.pop_front();
            self.finished_bytes -= bytes;
            self.jobs.remove(&id);
        }
    }
}

/// A mark; see [`Live::undecided`].
#[derive(Debug)]
pub struct Undecided {
    live: Arc<Live>,
    id: JobId,
}

impl Drop for Undecided {
    fn drop(&mut self) {
        lock(&self.live.undecided).retain(|id| *id != self.id);
    }
}
