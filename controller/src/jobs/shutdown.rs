//! The end of a controller. A store that forgets: everybody gets an answer. One that remembers: what waits is left
//! for whoever comes next, and what runs too, once it had its time; its runner may still deliver.

use protocol::client::JobQuery;
use protocol::{JobId, JobPage, JobState, Verdict};

use super::Jobs;
use crate::store::{Outcome, Recorded, StoreError};

/// How many jobs are ended at a time.
const BATCH: u32 = 100;

impl Jobs {
    /// Takes no more jobs. Those that wait are left where they are kept, or answered where they would be forgotten.
    pub async fn drain(&self) {
        self.draining.cancel();
        match self.store.is_durable() {
            true => self.leave().await,
            false => self.answer_all().await,
        }
    }

    /// Whether nothing runs any more.
    pub async fn is_idle(&self) -> bool {
        if self.store.is_durable() {
            // What others run on the same store is theirs to wait for. A runner has its slot back at once, and its
            // job is over once that is recorded.
            let assigned = self.roster.runners().iter().any(|runner| runner.assigned_jobs > 0);
            return !assigned && !self.live.is_carrying();
        }
        self.store.counts().await.is_ok_and(|counts| counts.queued == 0 && counts.running == 0)
    }

    /// Ends what is still there when there is no more time, where it would be forgotten.
    pub async fn give_up(&self) {
        if self.store.is_durable() {
            return self.leave().await;
        }
        while let Ok(page) = self.in_state(JobState::Running).await {
            if page.jobs.is_empty() {
                break;
            }
            for job in page.jobs {
                let message = "the controller was shut down before it had finished";
                let outcome = Outcome::without_results(Verdict::Cancelled, message);
                match self.store.finish(job.id, job.attempts, outcome).await {
                    Ok(Recorded::Now(job)) => self.live.finish(&job),
                    // It ended by itself meanwhile.
                    Ok(Recorded::Before | Recorded::Stale) => {}
                    Err(error) => {
                        tracing::error!(%error, "what runs cannot be ended");
                        return;
                    }
                }
            }
        }
        // What came back into the queue meanwhile.
        self.answer_all().await;
    }

    /// Returns once this controller leaves a job behind that still waits: there is nothing to wait for here.
    pub(super) async fn left_behind(&self, id: JobId) {
        self.draining.cancelled().await;
        let waits = self.store.is_durable()
            && matches!(self.store.get(id).await, Ok(Some(job)) if job.state == JobState::Queued);
        if !waits {
            std::future::pending::<()>().await;
        }
    }

    /// Leaves what waits to other controllers, or to the next start.
    async fn leave(&self) {
        if let Err(error) = self.store.disown().await {
            // Others find it once this one is silent.
            tracing::warn!(%error, "what waits cannot be handed over");
        }
    }

    async fn answer_all(&self) {
        while let Ok(page) = self.in_state(JobState::Queued).await {
            if page.jobs.is_empty() {
                return;
            }
            for job in page.jobs {
                // One that has just begun is not queued any more, and may finish.
                let _ = self.cancel(job.id, "the controller was shut down before a runner was free").await;
            }
        }
    }

    async fn in_state(&self, state: JobState) -> Result<JobPage, StoreError> {
        let query = JobQuery { state: Some(state), limit: Some(BATCH), ..JobQuery::default() };
        self.store.list(&query).await
    }
}
