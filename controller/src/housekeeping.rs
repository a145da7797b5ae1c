//! What goes on beside the jobs: samples of how runners' hosts do, runners remembered, and finished jobs forgotten.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use protocol::cluster::{RunnerInfo, Sample};
use protocol::{RunnerId, Timestamp};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::roster::Roster;
use crate::steering::SETTINGS;
use crate::store::{Retention, Store, StoreError};

/// How often hosts are sampled.
const SAMPLE: Duration = Duration::from_secs(10);

/// How long samples are kept.
const KEEP_SAMPLES: Duration = Duration::from_secs(48 * 3600);

/// How often finished jobs are looked at.
const FORGET: Duration = Duration::from_secs(20);

/// How long runners are remembered that are not here.
const KEEP_RUNNERS: Duration = Duration::from_secs(30 * 24 * 3600);

/// What keeps house.
#[derive(Clone)]
pub struct Housekeeping {
    /// Where jobs are kept.
    pub store: Arc<dyn Store>,
    /// Who can run them.
    pub roster: Arc<Roster>,
    /// What is kept of finished jobs.
    pub keep: Retention,
}

impl Housekeeping {
    /// Makes known what remembered runners offered, so that jobs can be checked before the first runner is back.
    pub async fn recall(&self) {
        match self.store.runners().await {
            Ok(known) => known.into_iter().for_each(|known| self.roster.recall(known.registration.languages)),
            Err(error) => tracing::warn!(%error, "the runners of earlier times cannot be looked up"),
        }
    }

    /// Keeps house until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let work = async {
            tokio::join!(self.sample(), self.forget());
        };
        tokio::select! {
            () = work => {}
            () = stop.cancelled() => {}
        }
    }

    async fn sample(&self) {
        let mut ticks = every(SAMPLE);
        let mut remembered = HashSet::new();
        loop {
            ticks.tick().await;
            let runners = self.roster.runners();
            let samples: Vec<Sample> = runners.iter().filter_map(sample).collect();
            if let Err(error) = self.record(&samples, &runners, &mut remembered).await {
                tracing::warn!(%error, "how runners are cannot be recorded");
            }
        }
    }

    async fn record(
        &self,
        samples: &[Sample],
        runners: &[RunnerInfo],
        remembered: &mut HashSet<(RunnerId, Vec<String>)>,
    ) -> Result<(), StoreError> {
        if !samples.is_empty() {
            self.store.record_samples(samples, KEEP_SAMPLES).await?;
        }
        let now: HashSet<_> = runners.iter().map(|runner| (runner.id, runner.languages.clone())).collect();
        for (id, languages) in &now {
            // Who is new, and who offers something else than before.
            if !remembered.contains(&(*id, languages.clone()))
                && let Some(registration) = self.roster.registration(*id)
            {
                self.store.remember_runner(&registration).await?;
            }
        }
        *remembered = now;
        Ok(())
    }

    async fn forget(&self) {
        let mut ticks = every(FORGET);
        loop {
            ticks.tick().await;
            if let Err(error) = self.store.forget_expired().await {
                tracing::warn!(%error, "documents that have expired cannot be forgotten");
            }
            if let Err(error) = self.forget_runners().await {
                tracing::warn!(%error, "runners of long ago cannot be forgotten");
            }
            loop {
                match self.store.retain(&self.keep).await {
                    Ok(0) => break,
                    Ok(jobs) => tracing::debug!(jobs, "old jobs are forgotten"),
                    Err(error) => {
                        tracing::warn!(%error, "old jobs cannot be forgotten");
                        break;
                    }
                }
            }
        }
    }

    /// Forgets runners that have not been here for long.
    async fn forget_runners(&self) -> Result<(), StoreError> {
        let Ok(oldest) = clock::now().checked_sub(KEEP_RUNNERS) else { return Ok(()) };
        for known in self.store.runners().await? {
            let name = &known.registration.name;
            if known.seen_at < oldest && self.roster.registration(known.registration.id).is_none() {
                self.store.forget_runner(name).await?;
                self.store.remove_document(SETTINGS, name).await?;
            }
        }
        Ok(())
    }
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// How a runner's host is, where it has said so.
fn sample(runner: &RunnerInfo) -> Option<Sample> {
    let telemetry = runner.telemetry.as_ref()?;
    Some(Sample {
        runner: runner.name.clone(),
        at: Timestamp::now(),
        cpu_percent: telemetry.cpu_percent,
        memory_percent: telemetry.memory_percent,
        active_jobs: telemetry.active_jobs,
        active_containers: telemetry.active_containers,
    })
}
