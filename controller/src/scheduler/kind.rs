//! Kinds of jobs: those that the same runners can take. What nobody can take now is found out once for all of a
//! kind, and costs nothing until a runner changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::level::Level;
use super::table::Table;
use crate::needs::Needs;

/// What the jobs of a kind have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct KindKey {
    /// Their language.
    pub(super) language: u32,
    /// Which of the language's tiers allow what they ask for, as bits.
    pub(super) tiers: u64,
    /// Labels that their runner must have.
    pub(super) requires: Option<Arc<BTreeMap<String, String>>>,
    /// What else their runner must have.
    pub(super) needs: Option<Arc<Needs>>,
    /// The runner that lost them.
    pub(super) avoids: Option<Arc<str>>,
}

/// Whether a kind is worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Somebody may have a slot for it.
    Ready,
    /// Nobody has a slot for it.
    Blocked,
    /// All shares that wait run as many jobs as they may.
    Parked,
    /// Nobody who is connected could ever take it.
    Hopeless,
}

/// Jobs of one kind.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) key: KindKey,
    /// By priority.
    pub(super) levels: BTreeMap<i8, Level>,
    pub(super) waiting: usize,
    pub(super) standing: Standing,
    /// A runner that got a slot free for it.
    pub(super) hint: Option<u32>,
}

/// All kinds with jobs.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    table: Table<Kind>,
    keys: HashMap<KindKey, u32>,
}

impl Kinds {
    /// The kind with this key, if there is one.
    pub(super) fn find(&self, key: &KindKey) -> Option<u32> {
        self.keys.get(key).copied()
    }

    pub(super) fn insert(&mut self, key: KindKey, standing: Standing) -> u32 {
        let (levels, waiting, hint) = (BTreeMap::new(), 0, None);
        let number = self.table.insert(Kind { key: key.clone(), levels, waiting, standing, hint });
        self.keys.insert(key, number);
        number
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.table.iter()
    }

    pub(super) fn get(&self, number: u32) -> Option<&Kind> {
        self.table.get(number)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Kind> {
        self.table.get_mut(number)
    }

    pub(super) fn remove(&mut self, number: u32) -> Option<Kind> {
        let kind = self.table.remove(number)?;
        self.keys.remove(&kind.key);
        Some(kind)
    }
}
