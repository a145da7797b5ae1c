//! Which job starts next, and on which runner. Pure: no lock, no I/O, no clock, and chance is handed in.
//!
//! The scheduler is told what happens (a job waits, a runner joined, says how it is, has ended a job, …) and is asked
//! for the [next](Scheduler::next) assignment until there is none. It decides by these rules, in this order:
//!
//! 1. **Can anybody take it?** A runner has to offer the language (and those of programs that judge the job), allow the limits and have the labels; it has to
//!    be available, with a free slot, and trusted (see `health`). Jobs that the same runners can take are one
//!    **kind**. A kind that nobody can take now is not looked at again before one of those runners changes, and does
//!    not hold up others.
//! 2. **Priority.** Higher ones first. Each [`Rules::aging`] that a job waits counts as one priority; those before
//!    it at its own priority inherit that, so that a job is never overtaken by others of a priority higher by n that
//!    were submitted later than n times that.
//! 3. **Shares.** Within a priority the share is next that has paid least (see `shares`). A share's first job waits
//!    for at most one job of each other share, however many these have waiting. A share that runs as many jobs as it
//!    may is passed over.
//! 4. **First come, first served** within a share; a job that comes back keeps its place.
//! 5. **Which runner**: a few of those that can take it are drawn by lot. Of these one with a warm sandbox comes first, then
//!    the least loaded, then the one whose host is least busy. A job that a runner lost goes to another for a
//!    while, where there is one.
//!
//! What a decision costs grows with the number of kinds that are ready and their priorities, not with that of runners
//! or jobs; the queue's operations are logarithmic.

mod decide;
mod explain;
mod health;
mod kind;
mod language;
mod level;
mod membership;
mod model;
mod queue;
mod runners;
mod shares;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use protocol::{JobId, LimitsRequest};

use health::Health;
use kind::Kinds;
use language::Languages;
use runners::Runners;
use shares::Shares;
use table::Table;

use crate::needs::Needs;

pub use model::{Allowance, Assignment, Ending, Newcomer, Report, Rules, Waiting};

/// The jobs that wait, the runners, and who has which.
#[derive(Debug)]
pub struct Scheduler {
    rules: Rules,
    jobs: Table<Job>,
    ids: HashMap<JobId, u32>,
    kinds: Kinds,
    /// Kinds that somebody may have a slot for.
    ready: BTreeSet<u32>,
    languages: Languages,
    shares: Shares,
    runners: Runners,
    health: Health,
    /// How many jobs, and lines of jobs, wait at each priority.
    crowd: BTreeMap<i8, Crowd>,
    /// Jobs that are not to wait.
    hurried: Vec<JobId>,
    /// Until when jobs avoid the runner that lost them, in milliseconds.
    avoiding: VecDeque<(i64, JobId)>,
}

/// A job that waits, or that a runner has.
#[derive(Debug)]
struct Job {
    id: JobId,
    number: u64,
    queued_at: i64,
    limits: LimitsRequest,
    requires: Option<Arc<BTreeMap<String, String>>>,
    needs: Option<Arc<Needs>>,
    avoids: Option<Arc<str>>,
    share: u32,
    language: u32,
    priority: i8,
    no_wait: bool,
    state: State,
    /// Whether the runner has been handed it; before that its claim is on its way.
    handed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It waits among others of its kind.
    Waits(u32),
    /// This runner has it.
    Given(u32),
}

#[derive(Debug, Default)]
struct Crowd {
    jobs: usize,
    lines: usize,
}

impl Scheduler {
    /// Nobody is there yet.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            jobs: Table::default(),
            ids: HashMap::new(),
            kinds: Kinds::default(),
            ready: BTreeSet::new(),
            languages: Languages::default(),
            shares: Shares::new(rules.max_running_per_share),
            runners: Runners::default(),
            health: Health::default(),
            crowd: BTreeMap::new(),
            hurried: Vec::new(),
            avoiding: VecDeque::new(),
        }
    }

    /// Whether there may be something to decide.
    pub fn is_eager(&self) -> bool {
        !self.ready.is_empty() || !self.hurried.is_empty()
    }

    /// How many jobs wait in each language.
    pub fn waiting_by_language(&self) -> BTreeMap<String, u64> {
        let mut waiting = BTreeMap::new();
        for kind in self.kinds.iter().filter(|kind| kind.waiting > 0) {
            let Some(language) = self.languages.get(kind.key.language) else { continue };
            *waiting.entry(language.name.clone()).or_default() += kind.waiting as u64;
        }
        waiting
    }

    /// How many jobs wait.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.crowd.values().map(|crowd| crowd.jobs).sum()
    }

    fn job(&self, id: JobId) -> Option<(u32, &Job)> {
        let number = self.ids.get(&id)?;
        Some((*number, self.jobs.get(*number)?))
    }
}
