//! What waits and runs over all controllers: this one's own changes as they happen, everybody's by counting.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::keep::{self, Load};
use super::link::Link;

/// How often is looked whether to count, and how often is counted, at most.
const COUNT: Duration = Duration::from_secs(1);

/// How much longer than counting the rest after it is: it takes some 50 ms where 100,000 jobs wait, and other statements
/// wait for it meanwhile.
const COUNT_REST: u32 = 500;

/// The longest rest.
const LONGEST_COUNT_REST: Duration = Duration::from_secs(30);

/// What waits and runs, as far as is known.
#[derive(Debug, Default)]
pub(super) struct Tally {
    queued: AtomicU64,
    running: AtomicU64,
    bytes: AtomicU64,
    /// Rises with each change.
    changes: AtomicU64,
}

impl Tally {
    /// What is known.
    pub(super) fn get(&self) -> Load {
        let [queued, running, bytes] =
            [&self.queued, &self.running, &self.bytes].map(|count| count.load(Ordering::Relaxed));
        Load { queued, running, bytes }
    }

    /// This was counted.
    pub(super) fn set(&self, load: Load) {
        self.queued.store(load.queued, Ordering::Relaxed);
        self.running.store(load.running, Ordering::Relaxed);
        self.bytes.store(load.bytes, Ordering::Relaxed);
    }

    /// So many more (or fewer) wait and run.
    pub(super) fn moved(&self, queued: i64, running: i64) {
        for (count, change) in [(&self.queued, queued), (&self.running, running)] {
            let add = |count: u64| Some(count.saturating_add_signed(change));
            // It always has a value.
            let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        }
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Programs of so many bytes came.
    pub(super) fn filled(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Programs of so many bytes are needed no more.
    pub(super) fn freed(&self, bytes: u64) {
        let left = |held: u64| Some(held.saturating_sub(bytes));
        let _ = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
    }

    fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }
}

/// Counts from time to time. A count while jobs come and go is out by those that did so meanwhile: it is made good
/// as soon as it is calm.
pub(super) async fn recount(link: Link, tally: Arc<Tally>, stop: CancellationToken) {
    let (mut due, mut seen, mut exact) = (Instant::now(), tally.changes(), false);
    loop {
        tokio::select! {
            () = sleep(COUNT) => {}
            () = stop.cancelled() => return,
        }
        let (before, since) = (seen, Instant::now());
        seen = tally.changes();
        let calm = seen == before;
        if since < due && (exact || !calm) {
            continue;
        }
        exact = match keep::load(&link).await {
            Ok(load) => {
                let unchanged = tally.changes() == seen;
                tally.set(load);
                unchanged
            }
            Err(error) => {
                tracing::warn!(%error, "jobs cannot be counted");
                false
            }
        };
        due = Instant::now() + (since.elapsed() * COUNT_REST).clamp(COUNT, LONGEST_COUNT_REST);
    }
}
