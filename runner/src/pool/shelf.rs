//! The sandboxes of one image, and who waits for one. Nothing here waits or starts anything.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Lease;
use super::policy::{Change, Demand, Rest, Stock};
use crate::sandbox::{Sandbox, SandboxError};

/// Somebody who waits for a sandbox.
pub(super) type Waiter = oneshot::Sender<Result<Lease, SandboxError>>;

/// The sandboxes of one image.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// Whether any are to be kept.
    pub wanted: bool,
    /// Counts how often all were thrown away: what is of an earlier batch does not come back.
    pub batch: u64,
    /// Used last, taken first: the front has been idle longest.
    pub idle: VecDeque<Sandbox>,
    pub starting: usize,
    pub tidying: usize,
    pub in_use: usize,
    /// How many of those in use or waited for are for jobs that have another one.
    pub beside: usize,
    pub waiters: VecDeque<Waiter>,
    /// Why the last start failed, unless it went well.
    pub failure: Option<String>,
    rest: Rest,
    demand: Demand,
    /// As much of the demand as was beside.
    demand_beside: Demand,
    last_use: Option<Instant>,
}

impl Shelf {
    /// The sandbox used last that is still alive. Dead ones before it are let go.
    pub fn pop_alive(&mut self) -> Option<Sandbox> {
        while let Some(mut sandbox) = self.idle.pop_back() {
            if sandbox.is_alive() {
                return Some(sandbox);
            }
        }
        None
    }

    /// A job has done with a sandbox, which is tidied now. In one step: counted twice, even for a moment, another one
    /// would seem too much and be thrown away.
    pub fn give_back(&mut self) {
        self.in_use = self.in_use.saturating_sub(1);
        self.tidying += 1;
    }

    /// Who has waited longest and still does.
    pub fn next_waiter(&mut self) -> Option<Waiter> {
        std::iter::from_fn(|| self.waiters.pop_front()).find(|waiter| !waiter.is_closed())
    }

    /// Whether nobody can be promised a sandbox, since none comes back and none can be started.
    pub fn is_stuck(&self, now: Instant) -> bool {
        self.rest.is_on(now) && self.starting + self.tidying <= self.waiters.len()
    }

    /// Why there is no sandbox at all.
    pub fn trouble(&self) -> Option<&str> {
        let any = !self.idle.is_empty() || self.tidying > 0 || self.in_use > 0;
        self.failure.as_deref().filter(|_| !any)
    }

    /// A start has failed. Returns how long to leave the image alone, and whether the reason is news.
    pub fn failed(&mut self, reason: String, now: Instant) -> (Duration, bool) {
        let news = self.failure.as_ref() != Some(&reason);
        self.failure = Some(reason);
        (self.rest.failed(now), news)
    }

    /// Its sandboxes can be started, as far as is known. Returns whether that is news.
    pub fn forgive(&mut self) -> bool {
        self.rest = Rest::default();
        self.failure.take().is_some()
    }

    /// What there is, with how much is needed now taken note of.
    pub fn stock(&mut self, now: Instant, remember: Duration) -> Stock {
        self.waiters.retain(|waiter| !waiter.is_closed());
        let needed = self.in_use + self.waiters.len();
        self.demand.note(needed, now, remember);
        self.demand_beside.note(self.beside, now, remember);
        if needed > 0 {
            self.last_use = Some(now);
        }
        Stock {
            wanted: self.wanted,
            resting: self.rest.is_on(now),
            idle: self.idle.len(),
            starting: self.starting,
            tidying: self.tidying,
            in_use: self.in_use,
            waiting: self.waiters.len(),
            beside: self.beside,
            beside_lately: self.demand_beside.level(now, remember),
            demand: self.demand.level(now, remember),
            last_use: self.last_use,
        }
    }

    /// Counts what is about to be started, and returns what is to be thrown away.
    pub fn change(&mut self, change: Change) -> Vec<Sandbox> {
        self.starting += change.start;
        self.idle.drain(..change.discard.min(self.idle.len())).collect()
    }

    /// Whether a sandbox is on its way from Docker or back from a job.
    pub fn is_moving(&self) -> bool {
        self.starting + self.tidying > 0
    }
}
