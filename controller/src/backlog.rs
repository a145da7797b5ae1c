//! The jobs that wait at this controller, in the order in which they start: what the doors and the fleet put in
//! and dispatch takes out. The store has the last word on whether a job still waits.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use protocol::JobId;
use tokio::sync::Notify;

use crate::lock::lock;
use crate::store::Queued;

/// A job's place in the queue: higher priorities first, then first come, first served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    priority: Reverse<i8>,
    number: u64,
}

impl Place {
    /// Where this job stands.
    pub fn of(job: &Queued) -> Self {
        Self { priority: Reverse(job.priority), number: job.number }
    }
}

/// The jobs that wait at this controller.
#[derive(Debug, Default)]
pub struct Backlog {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    jobs: BTreeMap<Place, Queued>,
    places: HashMap<JobId, Place>,
    by_language: HashMap<String, BTreeMap<Place, JobId>>,
}

impl Backlog {
    /// Adds a job. Returns how many are before it.
    pub fn add(&self, job: Queued) -> u64 {
        let mut state = lock(&self.state);
        let (id, place) = (job.id, Place::of(&job));
        state.places.insert(id, place);
        state.by_language.entry(job.language.clone()).or_default().insert(place, id);
        state.jobs.insert(place, job);
        let position = state.position(place);
        drop(state);
        self.changed.notify_one();
        position
    }

    /// A job does not wait any more.
    pub fn remove(&self, id: JobId) {
        let mut state = lock(&self.state);
        let Some(job) = state.places.remove(&id).and_then(|place| state.jobs.remove(&place)) else { return };
        if let Some(queue) = state.by_language.get_mut(&job.language) {
            queue.remove(&Place::of(&job));
            if queue.is_empty() {
                state.by_language.remove(&job.language);
            }
        }
    }

    /// A job while it waits, and how many are before it.
    pub fn get(&self, id: JobId) -> Option<(Queued, u64)> {
        let state = lock(&self.state);
        let place = state.places.get(&id)?;
        Some((state.jobs.get(place)?.clone(), state.position(*place)))
    }

    /// How many wait.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        lock(&self.state).jobs.len()
    }

    /// Notified when a job has come in.
    pub fn changed(&self) -> &Notify {
        &self.changed
    }

    /// The first jobs behind `after` in these languages, in order.
    pub fn head(&self, languages: &[String], after: Option<Place>, limit: usize) -> Vec<Queued> {
        let state = lock(&self.state);
        let behind = |place: &Place| after.is_none_or(|after| *place > after);
        let queues = languages.iter().filter_map(|language| state.by_language.get(language));
        let mut head: Vec<Place> = queues
            .flat_map(|queue| {
                match after {
                    Some(after) => queue.range(after..),
                    None => queue.range(..),
                }
                .map(|(place, _)| *place)
                .filter(behind)
                .take(limit)
            })
            .collect();
        head.sort_unstable();
        head.truncate(limit);
        head.iter().filter_map(|place| state.jobs.get(place)).cloned().collect()
    }
}

impl State {
    /// How many jobs are before this place. Counted from the end, where new jobs are.
    fn position(&self, place: Place) -> u64 {
        (self.jobs.len() - self.jobs.range(place..).count()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Enqueued, Memory, MemoryLimits, Store, conformance};

    /// A backlog with jobs of these languages and priorities, and their ids.
    async fn filled(jobs: &[(&str, i8)]) -> (Backlog, Vec<JobId>) {
        let plenty = MemoryLimits { max_queue: 100, max_queue_bytes: 1000, keep_finished: 1, keep_bytes: 1 };
        let (store, backlog) = (Memory::new(plenty), Backlog::default());
        let mut ids = Vec::new();
        for (language, priority) in jobs {
            let new = conformance::job(language, *priority);
            let Ok(Enqueued::New(queued)) = store.enqueue(new).await else { panic!() };
            ids.push(queued.id);
            backlog.add(queued);
        }
        (backlog, ids)
    }

    fn order(backlog: &Backlog, languages: &[&str]) -> Vec<JobId> {
        let languages: Vec<_> = languages.iter().map(|&language| language.to_owned()).collect();
        backlog.head(&languages, None, 100).iter().map(|queued| queued.id).collect()
    }

    #[tokio::test]
    async fn jobs_start_by_priority_and_then_in_order() {
        let (backlog, ids) = filled(&[("c", 0), ("java", 0), ("c", 5)]).await;
        assert_eq!(order(&backlog, &["c", "java", "python"]), [ids[2], ids[0], ids[1]]);
        assert_eq!(order(&backlog, &["java"]), [ids[1]]);
        assert_eq!(order(&backlog, &[]), []);
        assert_eq!(backlog.get(ids[2]).unwrap().1, 0);
        assert_eq!(backlog.get(ids[1]).unwrap().1, 2);
        backlog.remove(ids[0]);
        assert_eq!(order(&backlog, &["c", "java"]), [ids[2], ids[1]]);
        assert_eq!(backlog.get(ids[0]), None);
    }

    #[tokio::test]
    async fn the_queue_can_be_read_in_parts() {
        let jobs: Vec<_> = (0..7).map(|index| (["c", "java"][index % 2], 0)).collect();
        let (backlog, ids) = filled(&jobs).await;
        let languages = ["c".to_owned(), "java".to_owned()];
        let mut read = Vec::new();
        let mut after = None;
        loop {
            let part = backlog.head(&languages, after, 3);
            let Some(last) = part.last() else { break };
            after = Some(Place::of(last));
            read.extend(part.iter().map(|queued| queued.id));
        }
        assert_eq!(read, ids);
    }
}
