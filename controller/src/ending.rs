//! Telling those who watch a job what the store made of the end of an attempt.

use protocol::JobId;

use crate::backlog::Backlog;
use crate::live::Live;
use crate::store::Released;

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
