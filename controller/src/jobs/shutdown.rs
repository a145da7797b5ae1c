//! The end of a controller whose store forgets: everybody gets an answer.

use protocol::client::JobQuery;
use protocol::{JobPage, JobState, Verdict};

use super::Jobs;
use crate::store::{Outcome, Recorded, StoreError};

/// How many jobs are ended at a time.
const BATCH: u32 = 100;

impl Jobs {
    /// Takes no more jobs, and answers those that wait: this store forgets them.
    pub async fn drain(&self) {
        self.draining.cancel();
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

    /// Whether nothing runs any more.
    pub async fn is_idle(&self) -> bool {
        self.store.counts().await.is_ok_and(|counts| counts.queued == 0 && counts.running == 0)
    }

    /// Ends what is still there when there is no more time.
    pub async fn give_up(&self) {
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
        self.drain().await;
    }

    async fn in_state(&self, state: JobState) -> Result<JobPage, StoreError> {
        let query = JobQuery { state: Some(state), limit: Some(BATCH), ..JobQuery::default() };
        self.store.list(&query).await
    }
}
