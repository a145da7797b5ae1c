//! Attempts whose link is gone. Their runner may come back with them, or take them to another controller: so they
//! are lost only once their short lease has run out, or their runner is here again without them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::runner::HeldAttempt;
use protocol::{Attempt, JobId, RunnerId};
use tokio::time::Instant;

use crate::ending;
use crate::fleet::Fleet;
use crate::live::LiveJob;
use crate::lock::lock;
use crate::store::{Release, StoreError};

/// How long an attempt may be without a link before it is tried elsewhere. A runner dials again within 100 ms, and
/// tells other controllers after 2 s; a job that has to be run again costs more than to wait for these.
pub const GRACE: Duration = Duration::from_secs(3);

/// For how long it is known here whose they were; their leases are over by then.
const MEMORY: Duration = Duration::from_secs(30);

/// An attempt without a link.
#[derive(Debug)]
pub struct Lost {
    /// What the store knows it by.
    pub key: (JobId, Attempt),
    live: Arc<LiveJob>,
    runner: RunnerId,
    name: String,
    until: Instant,
}

/// The attempts without a link, as far as this controller knows.
#[derive(Debug, Default)]
pub struct Lingering(Mutex<Vec<Lost>>);

impl Lingering {
    /// The link to a runner is gone that had these.
    pub fn add(&self, runner: RunnerId, name: &str, attempts: Vec<((JobId, Attempt), Arc<LiveJob>)>) {
        let now = Instant::now();
        let mut table = lock(&self.0);
        table.retain(|lost| lost.until > now);
        let lost = |(key, live)| Lost { key, live, runner, name: name.to_owned(), until: now + MEMORY };
        table.extend(attempts.into_iter().map(lost));
    }

    /// A runner of this name is here again and holds these. Returns those that it had and has no more.
    pub fn take_missing(&self, runner: RunnerId, name: &str, held: &[HeldAttempt]) -> Vec<Lost> {
        let mut table = lock(&self.0);
        let back: Vec<Lost> = table.extract_if(.., |lost| lost.name == name).collect();
        let is_held = |lost: &Lost| held.iter().any(|held| (held.job, held.attempt) == lost.key);
        back.into_iter().filter(|lost| lost.runner != runner || !is_held(lost)).collect()
    }
}

impl Lost {
    /// Why an attempt is over whose runner is here again, as this life of it, without it. The same life holds all
    /// that ever reached it: what it does not hold it has never heard of, and that is nobody's fault.
    pub fn release(&self, runner: RunnerId) -> Release {
        match self.runner == runner {
            true => Release::Refused,
            false => Release::Lost { reason: format!("runner {} came back without it", self.name) },
        }
    }
}

/// Ends an attempt that its runner does not have any more, unless it has gone on elsewhere.
///
/// # Errors
/// The store's.
pub async fn end(fleet: &Fleet, lost: &Lost, release: Release) -> Result<(), StoreError> {
    let (id, attempt) = lost.key;
    let renewed = fleet.store.renew(&[lost.key], GRACE).await?;
    if lost.live.is_carried() || !renewed.gone.is_empty() {
        return Ok(());
    }
    match &release {
        Release::Refused => lost.live.refused(attempt),
        Release::Lost { reason } => {
            tracing::warn!(job = %id, attempt = %attempt, reason, "an attempt is lost");
            lost.live.lost(attempt, reason);
        }
    }
    let released = fleet.store.release(id, attempt, release).await;
    let released = released.inspect_err(|_| fleet.backlog.doubt())?;
    ending::announce(&fleet.live, &fleet.backlog, id, released);
    Ok(())
}
