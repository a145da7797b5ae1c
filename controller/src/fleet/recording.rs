//! Ends of attempts on their way into the store: several at once, so that nothing else that a runner says waits for a
//! disk, and again after a while where the store could not.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use protocol::{Attempt, JobId};
use tokio::time::{Instant, sleep_until};

use super::Fleet;
use super::attempt::Ended;
use crate::store::StoreError;

/// How long to wait before what the store could not record is tried again.
const RETRY: Duration = Duration::from_secs(1);

type Tried = (Ended, Result<(), StoreError>);

/// The ends that a session has to record.
pub struct Recording<'a> {
    fleet: &'a Fleet,
    under_way: FuturesUnordered<BoxFuture<'a, Tried>>,
    failed: Vec<Ended>,
    retry_at: Instant,
    /// All of them, by their streams.
    keys: BTreeMap<u32, (JobId, Attempt)>,
}

impl<'a> Recording<'a> {
    /// Nothing yet.
    pub fn new(fleet: &'a Fleet) -> Self {
        Self {
            fleet,
            under_way: FuturesUnordered::new(),
            failed: Vec::new(),
            retry_at: Instant::now(),
            keys: BTreeMap::new(),
        }
    }

    /// Begins with an end.
    pub fn begin(&mut self, ended: Ended) {
        self.keys.insert(ended.stream, ended.key());
        self.try_to(ended);
    }

    /// What the store knows them by: their leases have to last until they are recorded.
    pub fn keys(&self) -> impl Iterator<Item = (JobId, Attempt)> {
        self.keys.values().copied()
    }

    /// The stream of the next that is recorded. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> u32 {
        loop {
            let retry_at = (!self.failed.is_empty()).then_some(self.retry_at);
            let (ended, result) = tokio::select! {
                biased;
                Some(tried) = self.under_way.next() => tried,
                () = at(retry_at) => {
                    std::mem::take(&mut self.failed).into_iter().for_each(|ended| self.try_to(ended));
                    continue;
                }
            };
            match result {
                Ok(()) => {
                    self.keys.remove(&ended.stream);
                    return ended.stream;
                }
                Err(error) => {
                    tracing::error!(%error, "the end of an attempt cannot be recorded yet");
                    self.failed.push(ended);
                    self.retry_at = Instant::now() + RETRY;
                }
            }
        }
    }

    /// Tries all once more, and returns those that the store could not record: they may have been all the same.
    pub async fn finish(mut self) -> Vec<Ended> {
        std::mem::take(&mut self.failed).into_iter().for_each(|ended| self.try_to(ended));
        let mut failed = Vec::new();
        while let Some((ended, result)) = self.under_way.next().await {
            if result.is_err() {
                failed.push(ended);
            }
        }
        failed
    }

    fn try_to(&self, ended: Ended) {
        let fleet = self.fleet;
        self.under_way.push(Box::pin(async move {
            let result = ended.record(fleet).await;
            (ended, result)
        }));
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
