//! The jobs of one kind and one priority that wait: a line for each share, and whose turn it is.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::shares::{Shares, Turn};

/// A place whose job is gone.
const GONE: u32 = u32::MAX;

/// Who is next: what its share has paid, the job's number, the share.
pub(super) type Next = (u64, u64, u32);

/// Jobs of one kind and priority.
#[derive(Debug, Default)]
pub(super) struct Level {
    lines: HashMap<u32, Line>,
    turns: BTreeSet<Next>,
    /// When the first job of each share that has its turn was submitted.
    fronts: BTreeSet<(i64, u32)>,
}

/// The jobs of a share, in the order of their numbers.
#[derive(Debug, Default)]
struct Line {
    places: VecDeque<Place>,
    gone: usize,
    /// As what it is listed in `turns` and `fronts`.
    listed: Option<(Next, i64)>,
}

/// A job's place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The job's number in the order of submission.
    pub(super) number: u64,
    /// When it was submitted, in milliseconds.
    pub(super) queued_at: i64,
    /// The job.
    pub(super) job: u32,
}

impl Level {
    /// Adds a job.
    pub(super) fn add(&mut self, share: u32, place: Place, paid: u64) {
        let line = self.lines.entry(share).or_default();
        let was_parked = line.listed.is_none() && !line.places.is_empty();
        let front = line.add(place);
        if front && !was_parked {
            self.list(share, paid);
        }
    }

    /// Takes a job out. Returns whether it was there.
    pub(super) fn remove(&mut self, share: u32, number: u64) -> bool {
        let Some(line) = self.lines.get_mut(&share) else { return false };
        let Some(was_front) = line.remove(number) else { return false };
        let listed = line.listed;
        if line.places.is_empty() {
            self.unlist(share);
            self.lines.remove(&share);
        } else if let (true, Some(((paid, ..), _))) = (was_front, listed) {
            self.list(share, paid);
        }
        true
    }

    /// Whose turn it is: the share that has paid least. Shares that run as many jobs as they may are parked.
    pub(super) fn next(&mut self, shares: &mut Shares, turn: Turn) -> Option<Next> {
        loop {
            let (paid, number, share) = self.turns.first().copied()?;
            let now = shares.paid(share);
            if shares.is_full(share) {
                self.unlist(share);
                shares.park(share, turn);
            } else if now != paid {
                self.list(share, now);
            } else {
                return Some((paid, number, share));
            }
        }
    }

    /// A share that was parked has its turn again.
    pub(super) fn unpark(&mut self, share: u32, paid: u64) {
        if self.lines.contains_key(&share) {
            self.list(share, paid);
        }
    }

    /// The job that is first in its share's line.
    pub(super) fn front(&self, share: u32) -> Option<Place> {
        self.lines.get(&share)?.places.front().copied()
    }

    /// When the job was submitted that waits longest of those that have their turn.
    pub(super) fn oldest(&self) -> Option<i64> {
        self.fronts.first().map(|(queued_at, _)| *queued_at)
    }

    /// About how many jobs of its share are before this one.
    pub(super) fn rank(&self, share: u32, number: u64) -> u64 {
        self.lines
            .get(&share)
            .map_or(0, |line| line.places.partition_point(|place| place.number < number) as u64)
    }

    /// How many shares wait.
    pub(super) fn shares(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// All jobs.
    pub(super) fn jobs(&self) -> impl Iterator<Item = u32> {
        self.lines.values().flat_map(|line| &line.places).map(|place| place.job).filter(|job| *job != GONE)
    }

    fn list(&mut self, share: u32, paid: u64) {
        self.unlist(share);
        let Some(line) = self.lines.get_mut(&share) else { return };
        let Some(front) = line.places.front() else { return };
        let (next, queued_at) = ((paid, front.number, share), front.queued_at);
        line.listed = Some((next, queued_at));
        self.turns.insert(next);
        self.fronts.insert((queued_at, share));
    }

    fn unlist(&mut self, share: u32) {
        let listed = self.lines.get_mut(&share).and_then(|line| line.listed.take());
        if let Some((next, queued_at)) = listed {
            self.turns.remove(&next);
            self.fronts.remove(&(queued_at, share));
        }
    }
}

impl Line {
    /// Returns whether it is the first now.
    fn add(&mut self, place: Place) -> bool {
        let index = self.places.partition_point(|other| other.number < place.number);
        match self.places.get_mut(index).filter(|other| other.number == place.number) {
            // It has been here before.
            Some(gap) => {
                self.gone -= usize::from(gap.job == GONE);
                *gap = place;
            }
            None => self.places.insert(index, place),
        }
        index == 0
    }

    /// Returns whether it was the first, if it was there. In the middle it leaves a gap until there are many.
    fn remove(&mut self, number: u64) -> Option<bool> {
        let index = self.places.binary_search_by_key(&number, |place| place.number).ok()?;
        let place = self.places.get_mut(index).filter(|place| place.job != GONE)?;
        place.job = GONE;
        self.gone += 1;
        while self.places.front().is_some_and(|place| place.job == GONE) {
            self.places.pop_front();
            self.gone -= 1;
        }
        if self.gone > self.places.len() / 2 {
            self.places.retain(|place| place.job != GONE);
            self.gone = 0;
        }
        Some(index == 0)
    }
}
