//! Who offers a language: its runners by what they allow at most, and those of them that have a free slot.

use std::collections::{BTreeSet, HashMap};

use protocol::{ExceededLimit, Limits, LimitsRequest};

use super::table::Table;

/// How many different maximum limits of one language are told apart.
const MAX_TIERS: usize = 64;

/// A language that somebody offers or wants.
#[derive(Debug)]
pub(super) struct Language {
    pub(super) name: String,
    pub(super) tiers: Vec<Tier>,
    /// All runners that offer it.
    pub(super) members: BTreeSet<u32>,
    /// Kinds of jobs in it that nobody has a slot for now.
    pub(super) blocked: BTreeSet<u32>,
    /// Kinds that nobody who is connected could ever take.
    pub(super) hopeless: BTreeSet<u32>,
    /// Jobs in it that wait or run.
    pub(super) jobs: usize,
}

/// Runners that allow the same.
#[derive(Debug)]
pub(super) struct Tier {
    pub(super) maximum: Limits,
    pub(super) members: usize,
    /// Those with a free slot, with a sandbox that stands ready and without.
    pub(super) warm: Vec<Open>,
    pub(super) cold: Vec<Open>,
}

/// A runner with a free slot, and which of its offers this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) runner: u32,
    pub(super) offer: u32,
}

impl Tier {
    pub(super) fn list(&mut self, warm: bool) -> &mut Vec<Open> {
        match warm {
            true => &mut self.warm,
            false => &mut self.cold,
        }
    }
}

impl Language {
    /// The tiers that allow this, as bits.
    pub(super) fn tiers_for(&self, asked: &LimitsRequest) -> u64 {
        let tiers = self.tiers.iter().enumerate();
        let allowing = tiers.filter(|(_, tier)| asked.check(&tier.maximum).is_ok());
        allowing.fold(0, |bits, (index, _)| bits | 1 << index)
    }

    /// Whether a runner allows this much, if any offers the language.
    pub(super) fn allows(&self, asked: &LimitsRequest) -> Result<(), ExceededLimit> {
        let mut last = Ok(());
        for tier in self.tiers.iter().filter(|tier| tier.members > 0) {
            last = asked.check(&tier.maximum);
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// The tier with this maximum, and whether tiers have changed: then the jobs have to be sorted anew. Beyond
    /// so many tiers the last one stands for all others, with the least that any of them allows.
    pub(super) fn tier(&mut self, maximum: &Limits) -> (usize, bool) {
        if let Some(index) = self.tiers.iter().position(|tier| tier.maximum == *maximum) {
            return (index, false);
        }
        let new = Tier { maximum: *maximum, members: 0, warm: Vec::new(), cold: Vec::new() };
        if let Some(index) = self.tiers.iter().position(|tier| tier.members == 0) {
            self.tiers[index] = new;
            return (index, true);
        }
        let full = self.tiers.len() >= MAX_TIERS;
        match self.tiers.last_mut().filter(|_| full) {
            Some(last) => last.maximum = least(&last.maximum, maximum),
            None => self.tiers.push(new),
        }
        (self.tiers.len() - 1, true)
    }

    fn is_idle(&self) -> bool {
        self.members.is_empty() && self.jobs == 0
    }
}

fn least(one: &Limits, other: &Limits) -> Limits {
    Limits {
        cpu_seconds: one.cpu_seconds.min(other.cpu_seconds),
        wall_seconds: one.wall_seconds.min(other.wall_seconds),
        memory_bytes: one.memory_bytes.min(other.memory_bytes),
        processes: one.processes.min(other.processes),
        output_bytes: one.output_bytes.min(other.output_bytes),
        disk_bytes: one.disk_bytes.min(other.disk_bytes),
    }
}

/// All languages that somebody offers or wants.
#[derive(Debug, Default)]
pub(super) struct Languages {
    table: Table<Language>,
    names: HashMap<String, u32>,
}

impl Languages {
    pub(super) fn find(&self, name: &str) -> Option<&Language> {
        self.names.get(name).and_then(|number| self.table.get(*number))
    }

    /// The number of a language that somebody offers or wants.
    pub(super) fn number_of(&self, name: &str) -> Option<u32> {
        self.names.get(name).copied()
    }

    pub(super) fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.names.get(name) {
            return *number;
        }
        let number = self.table.insert(Language {
            name: name.to_owned(),
            tiers: Vec::new(),
            members: BTreeSet::new(),
            blocked: BTreeSet::new(),
            hopeless: BTreeSet::new(),
            jobs: 0,
        });
        self.names.insert(name.to_owned(), number);
        number
    }

    pub(super) fn get(&self, number: u32) -> Option<&Language> {
        self.table.get(number)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Language> {
        self.table.get_mut(number)
    }

    /// Forgets a language that nobody offers or wants any more.
    pub(super) fn settle(&mut self, number: u32) {
        if self.table.get(number).is_some_and(Language::is_idle)
            && let Some(language) = self.table.remove(number)
        {
            self.names.remove(&language.name);
        }
    }
}
