//! What clients can ask of the cluster as a whole, and of its runners.

use protocol::cluster::{Activity, ClusterInfo, ClusterSnapshot, LanguageInfo, RunnerInfo, Sample};
use protocol::{Problem, Timestamp};

use tokio_util::sync::CancellationToken;

use super::{Jobs, internal};
use crate::steering::Steering;
use crate::store::{Averages, StoreError};

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

    /// How runners' hosts did since then.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn samples(&self, runner: Option<&str>, since: Timestamp) -> Result<Vec<Sample>, Problem> {
        self.store.samples(runner, since).await.map_err(internal)
    }

    /// How runners' hosts did, on average over each step.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn averages(&self, wanted: &Averages) -> Result<Vec<Sample>, Problem> {
        self.store.averages(wanted).await.map_err(internal)
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
