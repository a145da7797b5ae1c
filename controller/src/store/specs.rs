//! Programs that were submitted a moment ago, so that a claim need not read them back: the newest, as many as
//! fit.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use protocol::{JobId, JobSpec};

use crate::lock::lock;

/// What a program takes beside its contents, roughly, in bytes.
const OVERHEAD: u64 = 512;

/// Programs by job.
#[derive(Debug)]
pub(super) struct Specs {
    most: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    specs: HashMap<JobId, Arc<JobSpec>>,
    /// In the order in which they came; some may be gone.
    order: VecDeque<JobId>,
    bytes: u64,
}

impl Specs {
    /// None yet, and never more bytes than this.
    pub(super) fn new(most: u64) -> Self {
        Self { most, state: Mutex::default() }
    }

    /// Keeps a program for a while.
    pub(super) fn put(&self, id: JobId, spec: Arc<JobSpec>) {
        let state = &mut *lock(&self.state);
        state.bytes += weight(&spec);
        if let Some(former) = state.specs.insert(id, spec) {
            state.bytes -= weight(&former);
        } else {
            state.order.push_back(id);
        }
        while state.bytes > self.most
            && let Some(oldest) = state.order.pop_front()
        {
            state.remove(oldest);
        }
    }

    /// A program, if it is still here.
    pub(super) fn get(&self, id: JobId) -> Option<Arc<JobSpec>> {
        lock(&self.state).specs.get(&id).map(Arc::clone)
    }

    /// Forgets a program that is not needed any more.
    pub(super) fn forget(&self, id: JobId) {
        let state = &mut *lock(&self.state);
        state.remove(id);
        // Jobs mostly go in the order in which they came.
        while state.order.front().is_some_and(|first| !state.specs.contains_key(first)) {
            state.order.pop_front();
        }
        if state.order.len() > 2 * state.specs.len() + 64 {
            let State { specs, order, .. } = state;
            order.retain(|id| specs.contains_key(id));
        }
    }
}

impl State {
    fn remove(&mut self, id: JobId) {
        if let Some(spec) = self.specs.remove(&id) {
            self.bytes -= weight(&spec);
        }
    }
}

fn weight(spec: &JobSpec) -> u64 {
    spec.content_bytes() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_where_there_is_no_room() {
        let specs = Specs::new(2 * OVERHEAD);
        let ids: Vec<JobId> = (0..3).map(|_| JobId::random()).collect();
        ids.iter().for_each(|id| specs.put(*id, Arc::default()));
        assert_eq!(specs.get(ids[0]), None);
        assert!(specs.get(ids[1]).is_some() && specs.get(ids[2]).is_some());
        specs.forget(ids[1]);
        specs.put(ids[0], Arc::default());
        assert!(specs.get(ids[2]).is_some(), "there was room again");
    }

    #[test]
    fn what_is_forgotten_leaves_nothing() {
        let specs = Specs::new(u64::MAX);
        let first = JobId::random();
        specs.put(first, Arc::default());
        for _ in 0..1000 {
            let id = JobId::random();
            specs.put(id, Arc::default());
            specs.forget(id);
        }
        let state = lock(&specs.state);
        assert_eq!((state.specs.len(), state.bytes), (1, OVERHEAD));
        assert!(state.order.len() < 100, "{}", state.order.len());
    }
}
