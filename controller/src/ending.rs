//! The end of an attempt that is not the runner's to tell: what the store made of it, told to those who watch.

use protocol::{JobId, Verdict};

use crate::backlog::Backlog;
use crate::live::Live;
use crate::store::{Claim, Outcome, Recorded, Released, Store, StoreError};

/// What a job says whose input nobody has any more.
const INPUT_LOST: &str =
    "its standard input was lost with the controller that it was streamed to: submit it again";

/// Tells what became of a job whose attempt ended without an outcome; one that waits again is dispatched again.
pub fn announce(live: &Live, backlog: &Backlog, id: JobId, released: Released) {
    match released {
        Released::Requeued(queued) => {
            let position = backlog.add(queued);
            if let Some(job) = live.get(id) {
                job.queued(position);
            }
        }
        Released::Finished(job) => live.finish(&job),
        // Another controller knows how it went on.
        Released::Stale => live.stray(id),
    }
}

/// Ends a job whose streamed input nobody has any more: run again, it would read nothing and be judged for that.
///
/// # Errors
/// The store's.
pub async fn without_input(store: &dyn Store, live: &Live, claim: &Claim) -> Result<(), StoreError> {
    let outcome = Outcome::without_results(Verdict::InternalError, INPUT_LOST);
    if let Recorded::Now(job) = store.finish(claim.id, claim.attempt, outcome).await? {
        live.finish(&job);
    }
    Ok(())
}
