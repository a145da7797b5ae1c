//! The order in which jobs start.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use protocol::JobId;

/// A job's place in the queue: higher priorities first, then first come, first served. It is given once and
/// kept, so a job that comes back is where it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    priority: Reverse<i8>,
    number: u64,
}

impl Place {
    /// The place of the job with this number, counted in the order of submission.
    pub fn new(priority: i8, number: u64) -> Self {
        Self { priority: Reverse(priority), number }
    }

    /// The job's number in the order of submission.
    pub fn number(self) -> u64 {
        self.number
    }
}

/// The jobs that wait: all of them, and by language.
#[derive(Debug, Default)]
pub(super) struct Queue {
    all: BTreeMap<Place, JobId>,
    by_language: HashMap<String, BTreeMap<Place, JobId>>,
}

impl Queue {
    pub(super) fn len(&self) -> u64 {
        self.all.len() as u64
    }

    /// Adds a job and returns how many are before it.
    pub(super) fn insert(&mut self, place: Place, language: &str, id: JobId) -> u64 {
        self.all.insert(place, id);
        self.by_language.entry(language.to_owned()).or_default().insert(place, id);
        self.position(place)
    }

    pub(super) fn remove(&mut self, place: Place, language: &str) {
        self.all.remove(&place);
        if let Some(queue) = self.by_language.get_mut(language) {
            queue.remove(&place);
            if queue.is_empty() {
                self.by_language.remove(language);
            }
        }
    }

    /// How many jobs are before this place. Counted from the end, where new jobs are.
    pub(super) fn position(&self, place: Place) -> u64 {
        self.len() - self.all.range(place..).count() as u64
    }

    /// The first jobs behind `after` in these languages, in order.
    pub(super) fn head(&self, languages: &[String], after: Option<Place>, limit: usize) -> Vec<JobId> {
        let behind = |place: &Place| after.is_none_or(|after| *place > after);
        let mut head: Vec<(Place, JobId)> = languages
            .iter()
            .filter_map(|language| self.by_language.get(language))
            .flat_map(|queue| {
                match after {
                    Some(after) => queue.range(after..),
                    None => queue.range(..),
                }
                .filter(|(place, _)| behind(place))
                .take(limit)
            })
            .map(|(place, id)| (*place, *id))
            .collect();
        head.sort_unstable_by_key(|(place, _)| *place);
        head.truncate(limit);
        head.into_iter().map(|(_, id)| id).collect()
    }
}
