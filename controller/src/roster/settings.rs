//! What runners are told: to leave, and what to take by their cluster's word.

use std::collections::HashMap;

use protocol::cluster::{RunnerInfo, RunnerSettings};
use protocol::{Problem, ProblemKind};

use super::{Roster, State};
use crate::lock::lock;
use crate::scheduler::{Allowance, Scheduler};

impl Roster {
    /// Lets a runner leave, given its name or id, once it has finished what it runs. Returns it as it is.
    ///
    /// # Errors
    /// Where there is none, or it cannot be told.
    pub fn drain(&self, runner: &str) -> Result<RunnerInfo, Problem> {
        let state = lock(&self.state);
        let member = state.called(runner)?;
        if !member.can_be_drained {
            let name = &member.registration.name;
            let detail =
                format!("runner {name} is of a version that cannot be told to leave: send it SIGTERM");
            return Err(Problem::new(ProblemKind::Conflict, detail).at("runner"));
        }
        member.drain.cancel();
        Ok(self.backlog.with(|scheduler, now| member.info(scheduler, now)))
    }

    /// The name of a connected runner, given that or its id.
    ///
    /// # Errors
    /// Where there is none.
    pub fn name(&self, runner: &str) -> Result<String, Problem> {
        Ok(lock(&self.state).called(runner)?.registration.name.clone())
    }

    /// Lets through whoever wants this runner to take jobs again.
    ///
    /// # Errors
    /// Where it is leaving: it cannot be called back.
    pub fn check_stays(&self, runner: &str) -> Result<(), Problem> {
        match lock(&self.state).called(runner)? {
            member if member.is_leaving() => {
                let name = &member.registration.name;
                let detail =
                    format!("runner {name} was told to leave and cannot be called back: start it anew");
                Err(Problem::new(ProblemKind::Conflict, detail).at("runner"))
            }
            _ => Ok(()),
        }
    }

    /// What all runners that have settings are to take, connected or not.
    pub fn settle(&self, all: HashMap<String, RunnerSettings>) {
        let state = &mut *lock(&self.state);
        state.settings = all;
        self.backlog.with(|scheduler, _| state.heed(scheduler));
    }

    /// What one runner is to take. Returns it as it is then.
    ///
    /// # Errors
    /// Where it is not connected any more.
    pub fn settle_one(&self, name: &str, settings: RunnerSettings) -> Result<RunnerInfo, Problem> {
        let state = &mut *lock(&self.state);
        state.settings.insert(name.to_owned(), settings);
        self.backlog.with(|scheduler, now| {
            state.heed(scheduler);
            Ok(state.called(name)?.info(scheduler, now))
        })
    }
}

impl State {
    /// Tells the scheduler of those whose settings have changed.
    fn heed(&mut self, scheduler: &mut Scheduler) {
        for (id, member) in &mut self.runners {
            let settings = self.settings.get(&member.registration.name).cloned().unwrap_or_default();
            if settings != member.settings {
                scheduler.allow(*id, allowance(&settings));
                member.settings = settings;
            }
        }
    }
}

/// What the scheduler needs to know of settings.
pub(super) fn allowance(settings: &RunnerSettings) -> Allowance {
    let RunnerSettings { paused, paused_by, max_jobs, max_cpu_percent, max_memory_percent } = settings;
    let paused = paused.then(|| match paused_by {
        Some(name) => format!("paused by {name}"),
        None => "paused".to_owned(),
    });
    Allowance {
        paused,
        max_jobs: *max_jobs,
        max_cpu_percent: *max_cpu_percent,
        max_memory_percent: *max_memory_percent,
    }
}
