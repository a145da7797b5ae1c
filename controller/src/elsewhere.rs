//! What other controllers on the same store do that concerns jobs in flight here: they want one stopped, or have
//! finished one that a client here watches.

use std::sync::Arc;
use std::time::Duration;

use protocol::{JobId, JobState, Problem, ProblemKind};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::live::{Live, LiveJob};
use crate::store::{Change, Store};

/// How often the jobs that others may finish are looked at in any case.
const POLL: Duration = Duration::from_secs(1);

/// What a client is told whose job another controller had to withdraw.
const GONE: &str = "no runner was free for it, and it was not to wait";

/// Listens to other controllers.
pub struct Elsewhere {
    /// Where it is known what they do.
    pub store: Arc<dyn Store>,
    /// Whom it concerns.
    pub live: Arc<Live>,
}

impl Elsewhere {
    /// Listens until told to stop.
    pub async fn listen(self, stop: CancellationToken) {
        let mut changes = self.store.changes();
        let mut polls = interval(POLL);
        polls.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = polls.tick() => self.look_at_strays().await,
                change = changes.recv() => match change {
                    Ok(change) => self.heed(change).await,
                    Err(RecvError::Lagged(_)) => self.look_at_strays().await,
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }

    async fn heed(&self, change: Change) {
        match change {
            Change::Cancel(id) => {
                if let Some(job) = self.live.get(id) {
                    job.cancel();
                }
            }
            Change::Finished(id) => {
                // What a link of this controller carries is told by that.
                if let Some(job) = self.live.get(id).filter(|job| !job.is_carried()) {
                    self.look_at(id, &job).await;
                }
            }
            // The dispatcher looks for these.
            Change::Adoptable => {}
        }
    }

    async fn look_at_strays(&self) {
        for id in self.live.strays() {
            if let Some(job) = self.live.get(id) {
                self.look_at(id, &job).await;
            }
        }
    }

    /// Tells those who watch a job how another controller has finished it, if one has.
    async fn look_at(&self, id: JobId, job: &LiveJob) {
        if job.is_finished() {
            return;
        }
        match self.store.get(id).await {
            Ok(Some(stored)) if stored.state == JobState::Finished => {
                self.live.catch_up(&stored);
            }
            Ok(Some(_)) => {}
            // It was not to wait, and could not be placed.
            Ok(None) => {
                self.live.decline(id, Problem::new(ProblemKind::NoRunnerFree, GONE).retry_after(1));
            }
            Err(error) => {
                tracing::error!(%error, "a job of another controller cannot be looked at");
                // It is among those that are looked at again.
                self.live.stray(id);
            }
        }
    }
}
