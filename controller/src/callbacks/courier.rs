//! What sends callbacks, until told to stop. Everything it knows is in the store as well, or is found there again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Callbacks;
use super::dial::Dialer;
use crate::clock;
use crate::store::Change;

/// How often all that is owed is looked through: at a start, and as a backstop.
const SWEEP: Duration = Duration::from_secs(60);

/// How long what is being sent may go on when the controller ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// Ends of which it is kept at once what their callbacks say: output is large.
const KEPT_AT_ONCE: usize = 2;

/// Sends callbacks.
#[derive(Clone)]
pub struct Courier {
    pub(super) callbacks: Arc<Callbacks>,
    pub(super) dialer: Arc<Dialer>,
}

/// What a courier has under way.
#[derive(Default)]
struct Tasks {
    keeping: JoinSet<()>,
    sending: JoinSet<()>,
    sweeping: JoinSet<()>,
}

impl Tasks {
    /// Waits until one has ended.
    async fn one_ended(&mut self) {
        let ended: Result<(), JoinError> = tokio::select! {
            Some(ended) = self.keeping.join_next() => ended,
            Some(ended) = self.sending.join_next() => ended,
            Some(ended) = self.sweeping.join_next() => ended,
            else => std::future::pending().await,
        };
        if let Err(error) = ended {
            tracing::error!(%error, "what sends callbacks failed");
        }
    }
}

impl Courier {
    /// One that sends what is owed here.
    pub fn new(callbacks: Arc<Callbacks>) -> Self {
        let dialer = Dialer::new(callbacks.settings.allow_private.clone());
        Self { callbacks, dialer: Arc::new(dialer) }
    }

    /// Sends until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        if !self.callbacks.settings.enabled {
            return;
        }
        let mut changes = self.callbacks.store.changes();
        let mut sweeps = interval(SWEEP);
        sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut tasks = Tasks::default();
        loop {
            self.begin(&mut tasks);
            let is_sweeping = !tasks.sweeping.is_empty();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tasks.one_ended() => {}
                heard = self.heed(&mut changes) => match heard {
                    Ok(()) => {}
                    Err(RecvError::Lagged(_)) => sweeps.reset_immediately(),
                    Err(RecvError::Closed) => break,
                },
                () = self.until_due() => {}
                _ = sweeps.tick(), if !is_sweeping => {
                    tasks.sweeping.spawn(self.clone().sweep());
                }
            }
        }
        // What is cut off is sent again by whoever comes next.
        let _ = timeout(FAREWELL, async { while tasks.sending.join_next().await.is_some() {} }).await;
    }

    /// Waits until a job has finished whose end is to be told. Others cost no more than a look.
    async fn heed(&self, changes: &mut Receiver<Change>) -> Result<(), RecvError> {
        loop {
            if let Change::Finished(job) = changes.recv().await?
                && self.callbacks.with(|agenda| agenda.ended(job))
            {
                return Ok(());
            }
        }
    }

    /// Begins with all that there is room for.
    fn begin(&self, tasks: &mut Tasks) {
        while tasks.keeping.len() < KEPT_AT_ONCE
            && let Some(job) = self.callbacks.with(|agenda| agenda.next_ended())
        {
            tasks.keeping.spawn(self.clone().keep(job));
        }
        while let Some(job) = self.callbacks.with(|agenda| agenda.next(clock::now())) {
            tasks.sending.spawn(self.clone().send(job));
        }
    }

    /// Waits until there is something to send for which there is room.
    async fn until_due(&self) {
        match self.callbacks.with(|agenda| agenda.next_at()) {
            Some(at) => sleep(at.duration_since(clock::now()).try_into().unwrap_or_default()).await,
            None => std::future::pending().await,
        }
    }
}
