//! Following a job's events.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use protocol::event::JobEvent;
use protocol::{Job, Problem};

use super::job::{LiveJob, Progress};
use crate::lock::lock;

/// How long a watcher waits for held back output to become more.
const GATHERING: Duration = Duration::from_millis(20);

/// Somebody who follows a job. Dropping it ends that; a job that was to run only while watched ends with its
/// last watcher.
#[derive(Debug)]
pub struct Watcher {
    job: Arc<LiveJob>,
    seen: u64,
}

impl Watcher {
    /// Follows a job from behind the event of this number.
    pub(super) fn new(job: Arc<LiveJob>, after: u64) -> Self {
        job.watchers.fetch_add(1, Ordering::AcqRel);
        let state = lock(&job.state);
        // The last event is given in any case, so that every stream ends with it.
        let end = state.log.last() - u64::from(state.progress == Progress::Finished);
        let seen = after.min(end);
        drop(state);
        Self { job, seen }
    }

    /// The job it follows.
    pub fn job(&self) -> &LiveJob {
        &self.job
    }

    /// The next event with its number; `None` after the last one.
    pub async fn next(&mut self) -> Option<(u64, JobEvent)> {
        let job = Arc::clone(&self.job);
        loop {
            let mut changed = std::pin::pin!(job.changed.notified());
            changed.as_mut().enable();
            let holds_back = {
                let state = lock(&job.state);
                if let Some((number, event)) = state.log.after(self.seen) {
                    self.seen = number;
                    return Some((number, event));
                }
                if state.progress == Progress::Finished {
                    return None;
                }
                state.log.holds_back()
            };
            if holds_back {
                tokio::time::sleep(GATHERING).await;
                lock(&job.state).log.publish_held();
            } else {
                changed.await;
            }
        }
    }

    /// Waits until the job has its verdict, and returns the job; `None` where it had it before.
    pub async fn outcome(&self) -> Option<Arc<Job>> {
        let wanted = Wanted::new(&self.job);
        self.job.ended().await;
        wanted.outcome()
    }

    /// Waits until a runner has begun with the job.
    ///
    /// # Errors
    /// Why it will not happen, where the job could not be placed.
    pub async fn begun(&self) -> Result<(), Problem> {
        let begun = self.job.wait_for(|progress| match progress {
            Progress::Pending => None,
            Progress::Declined(problem) => Some(Err(problem.clone())),
            Progress::Begun | Progress::Finished => Some(Ok(())),
        });
        begun.await
    }
}

/// Has the job kept, once it has finished, for as long as somebody wants it: it need not be read from the store.
struct Wanted<'a>(&'a LiveJob);

impl<'a> Wanted<'a> {
    fn new(job: &'a LiveJob) -> Self {
        lock(&job.state).outcome_wanted += 1;
        Self(job)
    }

    fn outcome(&self) -> Option<Arc<Job>> {
        lock(&self.0.state).outcome.clone()
    }
}

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.outcome_wanted -= 1;
        if state.outcome_wanted == 0 {
            state.outcome = None;
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let was_last = self.job.watchers.fetch_sub(1, Ordering::AcqRel) == 1;
        let state = lock(&self.job.state);
        if was_last && !state.keep && matches!(state.progress, Progress::Pending | Progress::Begun) {
            self.job.abandoned.add(self.job.id());
        }
    }
}
