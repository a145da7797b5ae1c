//! What a database says of an attempt that a runner holds, before the program is looked for: only an attempt that
//! goes on is worth reading it, and runners can ask for as many as they like.

use std::future::Future;
use std::sync::Arc;

use protocol::{Attempt, JobId, JobSpec};

use super::{Claim, StoreError, TakenOver};

/// What a runner that holds an attempt is to do.
#[derive(Debug)]
pub(super) enum Holder {
    /// Go on.
    GoesOn {
        /// Whether standard input is streamed to the job.
        stdin_follows: bool,
        /// Whose share of the cluster it uses.
        share: String,
    },
    /// Its end is recorded.
    Recorded,
    /// It is another's.
    Stale,
}

impl Holder {
    /// The same with the program, where that is needed.
    ///
    /// # Errors
    /// Where the program cannot be had.
    pub(super) async fn told<F>(
        self,
        id: JobId,
        attempt: Attempt,
        spec: impl FnOnce() -> F,
    ) -> Result<TakenOver, StoreError>
    where
        F: Future<Output = Result<Option<Arc<JobSpec>>, StoreError>>,
    {
        let (stdin_follows, share) = match self {
            Self::GoesOn { stdin_follows, share } => (stdin_follows, share),
            Self::Recorded => return Ok(TakenOver::Recorded),
            Self::Stale => return Ok(TakenOver::Stale),
        };
        let resumed = |spec| TakenOver::Resumed(Claim { id, attempt, spec, share, stdin_follows });
        Ok(spec().await?.map_or(TakenOver::Stale, resumed))
    }
}
