//! Following a job that has the idempotency key of another submission: it is this submission's, too.

use std::time::Duration;

use protocol::{Attempt, JobId, JobState, Problem, ProblemKind};
use tokio::time::{Instant, timeout};

use super::watching::changed;
use super::{Jobs, Watching, internal};
use crate::store;

/// How often it is looked whether such a job is still known.
const POLL: Duration = Duration::from_secs(1);

/// How long an attempt at another controller is watched until it counts: its job is not withdrawn then any more, by
/// the store's clock, which may go a little slower.
const LASTING: Duration = store::REFUSING.saturating_add(POLL);

/// Since when an attempt is seen.
type Seen = Option<(Attempt, Instant)>;

impl Jobs {
    /// Follows that job; one that is not to wait only once a runner has had it. `None` where it is not known any
    /// more.
    ///
    /// # Errors
    /// Where it could not be placed, or the store fails.
    pub(super) async fn join(&self, id: JobId, no_wait: bool) -> Result<Option<(JobId, Watching)>, Problem> {
        if no_wait {
            self.until_decided(id).await?;
        }
        match self.watch(id, 0).await {
            Ok(watching) => Ok(Some((id, watching))),
            Err(problem) if problem.kind == ProblemKind::NotFound => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    async fn until_decided(&self, id: JobId) -> Result<(), Problem> {
        let mut changes = self.store.changes();
        let mut seen = None;
        loop {
            if let Some(watcher) = self.live.watch(id, 0) {
                if let Ok(begun) = timeout(POLL, watcher.begun()).await {
                    return begun;
                }
            } else if self.is_undecided(id, &mut seen).await? {
                changed(&mut changes, id).await;
            } else {
                return Ok(());
            }
        }
    }

    /// Whether a job may be withdrawn yet. A runner that has it may still refuse it.
    async fn is_undecided(&self, id: JobId, seen: &mut Seen) -> Result<bool, Problem> {
        let Some(job) = self.store.get(id).await.map_err(internal)? else { return Ok(false) };
        match job.state {
            JobState::Finished => Ok(false),
            JobState::Running => {
                let before = seen.filter(|(attempt, _)| *attempt == job.attempts);
                let (_, since) = *seen.insert(before.unwrap_or((job.attempts, Instant::now())));
                Ok(since.elapsed() < LASTING)
            }
            JobState::Queued => {
                let attempts = self.store.attempts(id).await.map_err(internal)?;
                Ok(!store::may_have_begun(&attempts))
            }
        }
    }
}
