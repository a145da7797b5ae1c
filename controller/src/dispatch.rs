//! Brings waiting jobs and free runners together: whenever either changes, and once a second in case a wake-up
//! was missed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use protocol::{JobId, Problem, ProblemKind, RunnerId};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::backlog::{Backlog, Place};
use crate::dice::dice;
use crate::ending;
use crate::live::Live;
use crate::roster::Roster;
use crate::scheduler::{self, Demand, Runner};
use crate::store::{Queued, Release, Store, StoreError};

/// How long a runner may have a job without being heard of; a session renews it well before.
pub const LEASE: Duration = Duration::from_secs(15);

/// How often everything is looked at without a reason.
const POLL: Duration = Duration::from_secs(1);

/// How many jobs are looked at together.
const BATCH: usize = 256;

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

impl Dispatcher {
    /// Dispatches until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut polls = interval(POLL);
        polls.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let polled = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = polls.tick() => true,
                () = self.backlog.changed().notified() => false,
                () = self.roster.changed().notified() => false,
            };
            if polled {
                self.tidy().await;
                self.adopt().await;
            }
            if let Err(error) = self.round().await {
                tracing::error!(%error, "jobs cannot be dispatched");
            }
        }
    }

    /// Ends leases that ran out, and forgets jobs that finished long ago.
    async fn tidy(&self) {
        self.live.sweep();
        match self.store.expire().await {
            Ok(expired) => {
                for expired in expired {
                    let reason = "nothing was heard of its runner";
                    if let Some(live) = self.live.get(expired.id) {
                        live.lost(expired.attempt, reason);
                    }
                    ending::announce(&self.live, &self.backlog, expired.id, expired.released);
                }
            }
            Err(error) => tracing::error!(%error, "leases cannot be looked at"),
        }
    }

    /// Takes in jobs that are at home nowhere.
    async fn adopt(&self) {
        loop {
            match self.store.adopt(BATCH).await {
                Ok(adopted) if adopted.is_empty() => return,
                Ok(adopted) => adopted.into_iter().for_each(|job| {
                    self.backlog.add(job);
                }),
                Err(error) => return tracing::error!(%error, "jobs of other controllers cannot be looked at"),
            }
        }
    }

    async fn round(&self) -> Result<(), StoreError> {
        let mut runners = self.roster.view();
        let mut after = None;
        loop {
            let languages = free_languages(&runners);
            if languages.is_empty() {
                break;
            }
            let batch = self.backlog.head(&languages, after, BATCH);
            self.place(&batch, &mut runners).await?;
            match batch.last() {
                Some(last) if batch.len() == BATCH => after = Some(Place::of(last)),
                _ => break,
            }
        }
        for id in self.live.all_undecided() {
            if let Some((job, _)) = self.backlog.get(id) {
                self.decide(&job, &mut runners).await?;
            }
        }
        Ok(())
    }

    /// Hands out those jobs that somebody can take. Returns how many.
    async fn place(
        &self,
        jobs: &[Queued],
        runners: &mut BTreeMap<RunnerId, Runner>,
    ) -> Result<usize, StoreError> {
        let demands: Vec<Demand<'_>> = jobs.iter().map(demand).collect();
        let placed = scheduler::place(&demands, runners, &mut dice());
        let mut count = 0;
        for (job, runner) in jobs.iter().zip(placed) {
            if let Some(runner) = runner {
                let name = runners.get(&runner).map_or("", |runner| runner.name.as_str());
                self.hand_over(job.id, runner, name).await?;
                count += 1;
            }
        }
        Ok(count)
    }

    async fn hand_over(&self, id: JobId, runner: RunnerId, name: &str) -> Result<(), StoreError> {
        let claim = self.store.claim(id, name, LEASE).await?;
        self.backlog.remove(id);
        let Some(claim) = claim else {
            // Another controller has it, or it has ended.
            self.live.stray(id);
            return Ok(());
        };
        let live = self.live.get_or_open(id);
        live.started(name, claim.attempt);
        if let Err(claim) = self.roster.assign(runner, claim) {
            // It left between the look and the claim.
            live.refused(claim.attempt);
            let released = self.store.release(id, claim.attempt, Release::Refused).await?;
            ending::announce(&self.live, &self.backlog, id, released);
        }
        Ok(())
    }

    /// Places a job that is not to wait, or sends it away.
    async fn decide(&self, job: &Queued, runners: &mut BTreeMap<RunnerId, Runner>) -> Result<(), StoreError> {
        if self.place(std::slice::from_ref(job), runners).await? > 0 {
            return Ok(());
        }
        let why = scheduler::explain(&demand(job), runners.values());
        self.backlog.remove(job.id);
        if self.store.withdraw(job.id).await?
            && let Some(live) = self.live.get(job.id)
        {
            live.decline(Problem::new(ProblemKind::NoRunnerFree, why).retry_after(1));
        }
        Ok(())
    }
}

fn demand(job: &Queued) -> Demand<'_> {
    Demand { language: &job.language, limits: &job.peak }
}

/// The languages of runners with a free slot.
fn free_languages(runners: &BTreeMap<RunnerId, Runner>) -> Vec<String> {
    let free = runners.values().filter(|runner| runner.free() > 0);
    free.flat_map(|runner| runner.languages.keys().cloned()).collect::<BTreeSet<_>>().into_iter().collect()
}
