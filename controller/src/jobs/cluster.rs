//! What clients can ask of the cluster as a whole, and of its runners.

use std::time::Duration;

use protocol::cluster::{Activity, ClusterInfo, ClusterSnapshot, LanguageInfo, RunnerInfo, Sample};
use protocol::{Problem, Timestamp};

use tokio_util::sync::CancellationToken;

use super::{Jobs, internal};
use crate::steering::Steering;
use crate::store::{Averages, StoreError, Whose};

/// The time that samples are given of where nobody says since when.
const RECENT: Duration = Duration::from_secs(3600);

/// The steps that samples can be averaged over, in seconds; a sample is taken every ten.
const SHORTEST_STEP: u32 = 10;
const LONGEST_STEP: u32 = 86_400;

/// Which samples are wanted.
#[derive(Debug, Clone)]
pub struct SampleQuery {
    /// Only those of the runner with this name.
    pub runner: Option<String>,
    /// Only those since this moment; the last hour where absent.
    pub since: Option<Timestamp>,
    /// Averages over so many seconds.
    pub step: Option<u32>,
    /// Of all runners together.
    pub total: bool,
}

impl SampleQuery {
    /// The averages that are asked for, where they are.
    fn averages(&self, since: Timestamp) -> Result<Option<Averages>, Problem> {
        let (whose, step) = match (self.total, &self.runner, self.step) {
            (false, _, None) => return Ok(None),
            (true, Some(_), _) => {
                return Err(Problem::invalid("total", "the total is of all runners: leave `runner` away"));
            }
            (true, None, step) => (Whose::All, step.unwrap_or(SHORTEST_STEP)),
            (false, Some(runner), Some(step)) => (Whose::One(runner.clone()), step),
            (false, None, Some(step)) => (Whose::Each, step),
        };
        if !(SHORTEST_STEP..=LONGEST_STEP).contains(&step) {
            let detail = format!("a step is {SHORTEST_STEP} to {LONGEST_STEP} seconds");
            return Err(Problem::invalid("step", detail));
        }
        Ok(Some(Averages { whose, since, step: Duration::from_secs(step.into()) }))
    }
}

impl Jobs {
    /// What the cluster can run.
    pub fn languages(&self) -> Vec<LanguageInfo> {
        self.roster.languages()
    }

    /// The runners.
    pub fn runners(&self) -> Vec<RunnerInfo> {
        self.roster.runners()
    }

    /// The cluster as a whole, with what went on lately.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn cluster(&self) -> Result<ClusterInfo, Problem> {
        let cluster = self.counted().await.map_err(internal)?;
        Ok(ClusterInfo { activity: Some(self.activity()), ..cluster })
    }

    /// All that there is to see of the cluster at a glance.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn snapshot(&self) -> Result<ClusterSnapshot, StoreError> {
        let cluster = self.counted().await?;
        Ok(ClusterSnapshot { cluster, runners: self.runners(), activity: self.activity() })
    }

    /// Lets a runner leave, given its name or id, once it has finished what it runs.
    ///
    /// # Errors
    /// Where there is none, or it cannot be told.
    pub fn drain_runner(&self, runner: &str) -> Result<RunnerInfo, Problem> {
        self.roster.drain(runner)
    }

    /// What makes runners take less than they would, and more again.
    pub fn steering(&self) -> &Steering {
        &self.steering
    }

    /// Heeds what runners were told to take before this controller started.
    pub async fn recall_settings(&self) {
        // That it fails is in the log, and it is tried again.
        let _ = self.steering.look().await;
    }

    /// Heeds what other controllers tell runners to take, until told to stop.
    pub async fn follow_settings(self, stop: CancellationToken) {
        self.steering.follow(stop).await;
    }

    /// How runners' hosts did, the oldest first.
    ///
    /// # Errors
    /// Where the query is not possible, or the store fails.
    pub async fn samples(&self, query: SampleQuery) -> Result<Vec<Sample>, Problem> {
        let since = query
            .since
            .unwrap_or_else(|| Timestamp::now().checked_sub(RECENT).unwrap_or(Timestamp::UNIX_EPOCH));
        let found = match query.averages(since)? {
            Some(averages) => self.store.averages(&averages).await,
            None => self.store.samples(query.runner.as_deref(), since).await,
        };
        found.map_err(internal)
    }

    async fn counted(&self) -> Result<ClusterInfo, StoreError> {
        let counts = self.store.counts().await?;
        let totals = self.roster.totals();
        Ok(ClusterInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at,
            runners: totals.runners,
            available_runners: totals.available,
            slots: totals.slots,
            queued: counts.queued,
            running: counts.running,
            max_queue: self.limits.max_queue,
            draining: self.is_draining(),
            activity: None,
        })
    }

    /// What went on at this controller lately.
    fn activity(&self) -> Activity {
        let queued = self.backlog.with(|scheduler, _| scheduler.waiting_by_language());
        self.live.recent().activity(queued)
    }
}
