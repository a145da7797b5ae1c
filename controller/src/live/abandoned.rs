//! Jobs that lost their last watcher and were not to go on without one.

use std::sync::Mutex;

use protocol::JobId;
use tokio::sync::Notify;

use crate::lock::lock;

/// A list that a watcher's `drop`, which cannot wait for a store, leaves its job on. It is no longer than there
/// are jobs in flight.
#[derive(Debug, Default)]
pub(super) struct Abandoned {
    jobs: Mutex<Vec<JobId>>,
    added: Notify,
}

impl Abandoned {
    pub(super) fn add(&self, id: JobId) {
        lock(&self.jobs).push(id);
        self.added.notify_one();
    }

    /// Waits until there are some and takes them all.
    pub(super) async fn take(&self) -> Vec<JobId> {
        loop {
            let jobs = std::mem::take(&mut *lock(&self.jobs));
            if !jobs.is_empty() {
                return jobs;
            }
            // A permit is kept when nobody waits, so nothing is missed between the look and the wait.
            self.added.notified().await;
        }
    }
}
