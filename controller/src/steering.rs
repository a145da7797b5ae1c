//! What runners are to take, as every controller knows it: a document for each runner in the store. A controller heeds
//! what is changed through it at once, and what is changed through another within two seconds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::Problem;
use protocol::cluster::{RunnerChange, RunnerInfo, RunnerSettings};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::identity::records::{all, change};
use crate::roster::Roster;
use crate::store::Records;

/// Documents with a runner's settings each, by its name.
pub const SETTINGS: &str = "runner_settings";

/// How often it is looked what other controllers have changed.
const LOOK: Duration = Duration::from_millis(1500);

/// What is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    runner: String,
    settings: RunnerSettings,
}

/// The runners' settings.
pub struct Steering {
    store: Arc<dyn Records>,
    roster: Arc<Roster>,
    /// Held while they are read or changed, and heeded: what was read before is not heeded after what was changed since.
    turn: Mutex<()>,
}

impl Steering {
    /// Those in this store, for these runners.
    pub fn new(store: Arc<dyn Records>, roster: Arc<Roster>) -> Self {
        Self { store, roster, turn: Mutex::new(()) }
    }

    /// Heeds what is kept.
    ///
    /// # Errors
    /// Where the store fails; what was known before holds then.
    pub async fn look(&self) -> Result<(), Problem> {
        let _turn = self.turn.lock().await;
        let kept: Vec<Kept> = all(&*self.store, SETTINGS).await?;
        let settings = kept.into_iter().map(|kept| (kept.runner, kept.settings)).collect::<HashMap<_, _>>();
        self.roster.settle(settings);
        Ok(())
    }

    /// Heeds what other controllers change, until told to stop.
    pub async fn follow(&self, stop: CancellationToken) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => return,
            }
            // The store's failures are in the log, and the next time may go better.
            let _ = self.look().await;
        }
    }

    /// Gives a connected runner nothing new, by the word of whoever this is.
    ///
    /// # Errors
    /// Where there is none, or the store fails.
    pub async fn pause(&self, runner: &str, by: Option<&str>) -> Result<RunnerInfo, Problem> {
        self.set(runner, |settings| {
            // Who paused it first did so.
            if !settings.paused {
                (settings.paused, settings.paused_by) = (true, by.map(str::to_owned));
            }
        })
        .await
    }

    /// Gives a paused runner jobs again.
    ///
    /// # Errors
    /// Where there is none, it is leaving, or the store fails.
    pub async fn resume(&self, runner: &str) -> Result<RunnerInfo, Problem> {
        self.roster.check_stays(runner)?;
        self.set(runner, |settings| (settings.paused, settings.paused_by) = (false, None)).await
    }

    /// Changes what a connected runner is to take.
    ///
    /// # Errors
    /// Where that cannot be, there is none, or the store fails.
    pub async fn change(&self, runner: &str, wanted: RunnerChange) -> Result<RunnerInfo, Problem> {
        check(&wanted)?;
        let RunnerChange { max_jobs, max_cpu_percent, max_memory_percent } = wanted;
        self.set(runner, |settings| {
            settings.max_jobs = max_jobs.unwrap_or(settings.max_jobs);
            settings.max_cpu_percent = max_cpu_percent.unwrap_or(settings.max_cpu_percent);
            settings.max_memory_percent = max_memory_percent.unwrap_or(settings.max_memory_percent);
        })
        .await
    }

    async fn set(&self, runner: &str, set: impl Fn(&mut RunnerSettings)) -> Result<RunnerInfo, Problem> {
        let name = self.roster.name(runner)?;
        let _turn = self.turn.lock().await;
        let settings = change(&*self.store, SETTINGS, &name, |kept: Option<Kept>| {
            let mut settings = kept.map(|kept| kept.settings).unwrap_or_default();
            set(&mut settings);
            Ok(Some((Kept { runner: name.clone(), settings: settings.clone() }, settings)))
        });
        self.roster.settle_one(&name, settings.await?.unwrap_or_default())
    }
}

fn check(wanted: &RunnerChange) -> Result<(), Problem> {
    let RunnerChange { max_jobs, max_cpu_percent, max_memory_percent } = wanted;
    if max_jobs.flatten() == Some(0) {
        return Err(Problem::invalid("max_jobs", "a runner takes at least one job: pause it instead"));
    }
    for (field, percent) in [("max_cpu_percent", max_cpu_percent), ("max_memory_percent", max_memory_percent)]
    {
        if percent.flatten().is_some_and(|percent| !(1..=100).contains(&percent)) {
            return Err(Problem::invalid(field, "it has to be 1 to 100 percent"));
        }
    }
    Ok(())
}
