//! The jobs that wait at this controller and the runners they wait for: the scheduler behind one lock. The doors and
//! the fleet tell it what happens, dispatch asks it what is next. The store has the last word on whether a job
//! still waits.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use protocol::{JobId, JobSpec, Timestamp};
use tokio::sync::Notify;

use crate::clock;
use crate::dice;
use crate::lock::lock;
use crate::scheduler::{Assignment, Rules, Scheduler, Waiting};
use crate::store::Queued;

/// The label that tells whose share of the cluster a job uses that came without an account.
const SHARE_LABEL: &str = "user";

/// The share of a user.
pub fn share_of_user(name: &str) -> String {
    format!("@{name}")
}

/// Whose share of the cluster a job uses: its owner's, or that of whom its label names. No label names a user.
pub fn share_of(spec: &JobSpec, owner: Option<&str>) -> String {
    let label = || spec.labels.get(SHARE_LABEL).cloned().unwrap_or_default();
    match owner {
        Some(owner) => share_of_user(owner),
        None => match label() {
            label if label.starts_with('@') => format!("@{label}"),
            label => label,
        },
    }
}

/// The jobs that wait at this controller.
#[derive(Debug)]
pub struct Backlog {
    scheduler: Mutex<Scheduler>,
    changed: Notify,
    doubtful: AtomicBool,
}

impl Default for Backlog {
    fn default() -> Self {
        Self::new(Rules::default())
    }
}

impl Backlog {
    /// No jobs and no runners yet.
    pub fn new(rules: Rules) -> Self {
        Self {
            scheduler: Mutex::new(Scheduler::new(rules)),
            changed: Notify::new(),
            doubtful: AtomicBool::new(false),
        }
    }

    /// Adds a job; where a runner had it, that has lost it. Returns about how many are before it.
    pub fn add(&self, job: Queued) -> u64 {
        self.with(|scheduler, now| scheduler.add(waiting(job), now))
    }

    /// Adds a job that the store has taken in, unless it has been found there meanwhile. Returns about how many are
    /// before it.
    pub fn add_new(&self, job: Queued) -> u64 {
        self.with(|scheduler, now| match scheduler.knows(job.id) {
            true => scheduler.position(job.id).unwrap_or_default(),
            false => scheduler.add(waiting(job), now),
        })
    }

    /// About how many are before a job that waits, or that a runner has. Where there is no such job, says so before
    /// one can be added.
    pub fn find_or(&self, id: JobId, absent: impl FnOnce()) -> Option<u64> {
        self.with(|scheduler, _| match scheduler.knows(id) {
            true => Some(scheduler.position(id).unwrap_or_default()),
            false => {
                absent();
                None
            }
        })
    }

    /// Jobs may be at home here that are not known here: the store failed at something that brings them, and may
    /// have done it all the same.
    pub fn doubt(&self) {
        self.doubtful.store(true, Ordering::Release);
    }

    /// Whether that is so; asked once, it has to be looked into.
    pub fn take_doubt(&self) -> bool {
        self.doubtful.swap(false, Ordering::AcqRel)
    }

    /// A job does not wait any more.
    pub fn remove(&self, id: JobId) {
        self.with(|scheduler, _| scheduler.remove(id));
    }

    /// Why a job waits and about how many are before it, while it does.
    pub fn explain(&self, id: JobId) -> Option<(String, u64)> {
        let scheduler = lock(&self.scheduler);
        Some((scheduler.explain(id, clock::now())?, scheduler.position(id)?))
    }

    /// The next job to start and its runner.
    pub fn next(&self) -> Option<Assignment> {
        lock(&self.scheduler).next(&mut dice::dice())
    }

    /// How many wait.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.with(|scheduler, _| scheduler.len())
    }

    /// Notified when there may be something to decide.
    pub fn changed(&self) -> &Notify {
        &self.changed
    }

    /// Tells the scheduler something, and dispatch where that leaves something to decide.
    pub fn with<T>(&self, tell: impl FnOnce(&mut Scheduler, Timestamp) -> T) -> T {
        let mut scheduler = lock(&self.scheduler);
        let told = tell(&mut scheduler, clock::now());
        let eager = scheduler.is_eager();
        drop(scheduler);
        if eager {
            self.changed.notify_one();
        }
        told
    }
}

fn waiting(job: Queued) -> Waiting {
    let Queued {
        id,
        number,
        priority,
        language,
        peak,
        requires,
        needs,
        share,
        queued_at,
        stdin_follows: _,
        no_wait,
    } = job;
    Waiting { id, number, priority, language, limits: peak, requires, needs, share, queued_at, no_wait }
}
