//! Brings waiting jobs and free runners together, whenever either changes: the scheduler says who gets what, the
//! store whether the job is still to be had. Several jobs are claimed at once, so that a slow store costs
//! time but not throughput. Where the store fails, jobs stay where they were and are tried again ever less often.

mod homecoming;
#[cfg(test)]
mod tests;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use protocol::{JobId, Problem, ProblemKind};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::backlog::Backlog;
use crate::ending;
use crate::live::Live;
use crate::roster::Roster;
use crate::scheduler::Assignment;
use crate::store::{self, Release, Store, StoreError};

/// How long a runner may have a job without being heard of; a session renews it well before.
pub const LEASE: Duration = Duration::from_secs(15);

/// How many jobs are claimed at once.
const CLAIMS: usize = 256;

/// How long to leave a store alone that has failed, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What dispatching needs.
#[derive(Clone)]
pub struct Dispatcher {
    /// Where jobs are kept.
    pub store: Arc<dyn Store>,
    /// Where they wait.
    pub backlog: Arc<Backlog>,
    /// Who watches them.
    pub live: Arc<Live>,
    /// Who can run them.
    pub roster: Arc<Roster>,
}

/// Decisions that are being carried out.
type Pending<'a> = FuturesUnordered<BoxFuture<'a, Result<(), StoreError>>>;

impl Dispatcher {
    /// Dispatches until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        tokio::join!(self.dispatch(&stop), self.keep_up(&stop));
    }

    async fn dispatch(&self, stop: &CancellationToken) {
        let mut pending = Pending::new();
        let mut pause = Pause::default();
        while !stop.is_cancelled() {
            if pause.is_over() {
                self.decide(&mut pending);
            }
            let more = pending.len() < CLAIMS && pause.is_over();
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = pause.end() => {}
                Some(result) = pending.next() => pause.note(&result),
                () = self.backlog.changed().notified(), if more => {}
            }
        }
        // What is claimed is given to its runner, or back.
        while pending.next().await.is_some() {}
    }

    /// Decides all that can be decided now.
    fn decide<'a>(&'a self, pending: &mut Pending<'a>) {
        while pending.len() < CLAIMS {
            let Some(assignment) = self.backlog.next() else {
                let hurried = self.backlog.with(|scheduler, _| scheduler.take_hurried());
                for id in hurried.into_iter().filter(|id| self.live.is_undecided(*id)) {
                    pending.push(Box::pin(self.send_away(id)));
                }
                return;
            };
            pending.push(Box::pin(self.hand_over(assignment)));
        }
    }

    async fn hand_over(&self, assignment: Assignment) -> Result<(), StoreError> {
        let Assignment { job: id, runner, name, queued_at } = assignment;
        let claim = match self.store.claim(id, &name, LEASE).await {
            Ok(Some(claim)) => claim,
            Ok(None) => {
                // Another controller has it, or another claim, or it has ended.
                self.backlog.with(|scheduler, _| scheduler.forgo(runner, id));
                self.live.stray(id);
                return Ok(());
            }
            Err(error) => {
                let waits = self.backlog.with(|scheduler, _| {
                    scheduler.put_back(runner, id);
                    scheduler.waits(id)
                });
                if !waits {
                    // Its runner left meanwhile, and all that it had was forgotten; or another claim was had. If it
                    // waits at home it is found there, and if it is gone its client is to hear of that.
                    self.backlog.doubt();
                    self.live.stray(id);
                }
                return Err(error);
            }
        };
        let live = self.live.get_or_open(id);
        if claim.stdin_follows && live.stdin().is_none() {
            // It came here with an attempt that a runner held, and this has ended: the input is not to be had again.
            self.backlog.with(|scheduler, _| scheduler.forgo(runner, id));
            return ending::without_input(&*self.store, &self.live, &claim).await;
        }
        live.started(&name, claim.attempt);
        if let Err(claim) = self.roster.assign(runner, claim) {
            // It left between the decision and the claim.
            live.refused(claim.attempt);
            // Where that fails its lease runs out, or it was done all the same.
            let released = self.store.release(id, claim.attempt, Release::Refused).await;
            let released = released.inspect_err(|_| self.backlog.doubt())?;
            ending::announce(&self.live, &self.backlog, id, released);
            return Ok(());
        }
        self.live.recent().started(queued_at);
        Ok(())
    }

    /// Withdraws a job that is not to wait, while it can be.
    async fn send_away(&self, id: JobId) -> Result<(), StoreError> {
        let Some((why, _)) = self.backlog.explain(id) else { return Ok(()) };
        let gone = self.withdraw(id).await.inspect_err(|_| {
            self.backlog.with(|scheduler, _| scheduler.hurry(id));
        })?;
        if gone {
            self.backlog.remove(id);
            self.live.decline(id, Problem::new(ProblemKind::NoRunnerFree, why).retry_after(1));
        }
        Ok(())
    }

    /// Whether a job is forgotten: now, or before by a call whose answer was lost. One that a runner may have begun
    /// with is not: its client may have heard so from another controller. It waits then like any other.
    async fn withdraw(&self, id: JobId) -> Result<bool, StoreError> {
        if store::may_have_begun(&self.store.attempts(id).await?) {
            self.live.admit(id);
            return Ok(false);
        }
        Ok(self.store.withdraw(id).await? || self.store.get(id).await?.is_none())
    }
}

/// How long a store that has failed is left alone.
#[derive(Debug, Default)]
struct Pause {
    until: Option<Instant>,
    length: Duration,
}

impl Pause {
    fn is_over(&self) -> bool {
        self.until.is_none_or(|until| until <= Instant::now())
    }

    /// Waits for its end, where there is one.
    async fn end(&self) {
        match self.until.filter(|_| !self.is_over()) {
            Some(until) => sleep_until(until).await,
            None => std::future::pending().await,
        }
    }

    fn note(&mut self, result: &Result<(), StoreError>) {
        let Err(error) = result else {
            *self = Self::default();
            return;
        };
        // Those that were on their way together fail together.
        if self.until.is_none() || self.is_over() {
            if self.until.is_none() {
                tracing::error!(error = error as &dyn std::error::Error, "jobs cannot be dispatched");
            }
            self.length = (self.length * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            self.until = Some(Instant::now() + self.length);
        }
    }
}
