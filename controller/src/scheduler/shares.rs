//! Whose turn it is: start-time fair queueing between shares of equal weight.
//!
//! A share pays for each job that it starts, and of those that wait the one that has paid least is next. There is
//! a clock, which stands at what the share served last had paid before. A share that comes back to the queue starts
//! there at least: who did not use his turn does not save it up. One that owes more than the clock shows is
//! remembered until it does not, so that leaving the queue between two jobs wins nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use protocol::LimitsRequest;

use super::table::Table;

/// What a job costs that does not say how much processor time it wants, and the bounds for those that do.
const COST_MS: u64 = 5_000;
const LEAST_COST_MS: u64 = 1_000;
const MOST_COST_MS: u64 = 20_000;

/// Where a share waits: a kind of jobs and a priority.
pub(super) type Turn = (u32, i8);

/// All shares that wait, run or owe.
#[derive(Debug, Default)]
pub(super) struct Shares {
    table: Table<Share>,
    names: HashMap<Arc<str>, u32>,
    /// What the share served last had paid before.
    clock: u64,
    /// The most that any share has paid.
    latest: u64,
    /// Jobs that wait, of all shares.
    waiting: usize,
    /// Shares without a job that have paid more than the clock shows.
    owing: BTreeSet<(u64, u32)>,
    /// How many jobs a share may run, where nothing else is said of it.
    limit: Option<u32>,
    /// What is said of some, by name.
    limits: HashMap<String, u32>,
}

#[derive(Debug)]
struct Share {
    name: Arc<str>,
    paid: u64,
    waiting: usize,
    running: u32,
    /// Where it waits for one of its own jobs to end.
    parked: BTreeSet<Turn>,
}

/// What a job costs its share: the processor time that it may use, within bounds, in milliseconds.
pub(super) fn cost(limits: &LimitsRequest) -> u64 {
    let asked = limits.cpu_seconds.map_or(COST_MS, |seconds| (seconds * 1000.0) as u64);
    asked.clamp(LEAST_COST_MS, MOST_COST_MS)
}

impl Shares {
    pub(super) fn new(limit: Option<u32>) -> Self {
        Self { limit, ..Self::default() }
    }

    /// A job of this share waits.
    pub(super) fn wait(&mut self, name: &str) -> u32 {
        let number = self.number(name);
        let clock = self.clock;
        if let Some(share) = self.table.get_mut(number) {
            self.owing.remove(&(share.paid, number));
            if share.waiting == 0 {
                share.paid = share.paid.max(clock);
            }
            share.waiting += 1;
            self.waiting += 1;
        }
        number
    }

    /// A job of it does not wait any more, and is not started.
    pub(super) fn leave(&mut self, number: u32) {
        let Some(share) = self.table.get_mut(number) else { return };
        share.waiting = share.waiting.saturating_sub(1);
        self.waiting = self.waiting.saturating_sub(1);
        self.settle(number);
    }

    /// A job of it that waited is started.
    pub(super) fn start(&mut self, number: u32, cost: u64) {
        let Some(share) = self.table.get_mut(number) else { return };
        let begin = share.paid.max(self.clock);
        share.paid = begin + cost;
        share.waiting = share.waiting.saturating_sub(1);
        share.running += 1;
        self.clock = begin;
        self.latest = self.latest.max(share.paid);
        self.waiting = self.waiting.saturating_sub(1);
        self.settle(number);
    }

    /// A job runs that has not waited here.
    pub(super) fn resume(&mut self, name: &str) -> u32 {
        let number = self.number(name);
        if let Some(share) = self.table.get_mut(number) {
            self.owing.remove(&(share.paid, number));
            share.running += 1;
        }
        number
    }

    /// A job of it runs no more. Returns where the share may wait again.
    pub(super) fn end(&mut self, number: u32) -> BTreeSet<Turn> {
        let Some(share) = self.table.get_mut(number) else { return BTreeSet::new() };
        share.running = share.running.saturating_sub(1);
        let parked = std::mem::take(&mut share.parked);
        self.settle(number);
        parked
    }

    /// What it has paid.
    pub(super) fn paid(&self, number: u32) -> u64 {
        self.table.get(number).map_or(0, |share| share.paid)
    }

    /// How many of its jobs wait.
    pub(super) fn waiting(&self, name: &str) -> usize {
        let share = self.names.get(name).and_then(|number| self.table.get(*number));
        share.map_or(0, |share| share.waiting)
    }

    /// Whether it runs as many jobs as it may.
    pub(super) fn is_full(&self, number: u32) -> bool {
        let running = self.table.get(number).map_or(0, |share| share.running);
        self.limit(number).is_some_and(|limit| running >= limit)
    }

    /// How many jobs it may run, where that is limited.
    pub(super) fn limit(&self, number: u32) -> Option<u32> {
        if self.limits.is_empty() {
            return self.limit;
        }
        let own = self.table.get(number).and_then(|share| self.limits.get(share.name.as_ref()));
        own.copied().or(self.limit)
    }

    /// These shares may run so many jobs, others as many as all. Returns which may wait again, and where.
    pub(super) fn set_limits(&mut self, limits: HashMap<String, u32>) -> Vec<(u32, BTreeSet<Turn>)> {
        self.limits = limits;
        let numbers: Vec<u32> =
            self.names.values().copied().filter(|number| !self.is_full(*number)).collect();
        let parked = |number: u32| Some((number, std::mem::take(&mut self.table.get_mut(number)?.parked)));
        numbers.into_iter().filter_map(parked).collect()
    }

    /// It gets no turn there until one of its jobs ends.
    pub(super) fn park(&mut self, number: u32, turn: Turn) {
        if let Some(share) = self.table.get_mut(number) {
            share.parked.insert(turn);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn name(&self, number: u32) -> Arc<str> {
        self.table.get(number).map_or_else(|| Arc::from(""), |share| Arc::clone(&share.name))
    }

    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.names.get(name) {
            return *number;
        }
        let name: Arc<str> = Arc::from(name);
        let (paid, parked) = (self.clock, BTreeSet::new());
        let number =
            self.table.insert(Share { name: Arc::clone(&name), paid, waiting: 0, running: 0, parked });
        self.names.insert(name, number);
        number
    }

    /// Forgets the share where it has no job and owes nothing, and those that owe nothing any more.
    fn settle(&mut self, number: u32) {
        if self.waiting == 0 {
            // Nobody is kept waiting, so nobody owes anything.
            self.clock = self.latest;
        }
        if let Some(share) = self.table.get(number).filter(|share| share.waiting == 0 && share.running == 0) {
            self.owing.insert((share.paid, number));
        }
        while let Some((paid, number)) = self.owing.first().copied().filter(|(paid, _)| *paid <= self.clock) {
            self.owing.remove(&(paid, number));
            if let Some(share) = self.table.remove(number) {
                self.names.remove(&share.name);
            }
        }
    }
}
