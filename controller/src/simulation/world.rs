//! What everybody in a simulation shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinHandle;

use super::chance::Chance;
use super::network::Network;
use super::node::Node;
use super::oracle::Oracle;
use super::runner::Runner;
use super::setup::Setup;
use super::trace::Trace;
use super::{client, node};
use crate::store::{Memory, MemoryLimits};

/// The world of one seed.
pub struct World {
    pub setup: Setup,
    pub trace: Trace,
    pub oracle: Oracle,
    pub network: Network,
    pub nodes: Vec<Node>,
    pub runners: Vec<Runner>,
    calm: AtomicBool,
}

impl World {
    /// A world in which nothing has happened yet.
    pub fn new(setup: Setup) -> Arc<Self> {
        let plenty = 1 << 40;
        let store = Memory::new(MemoryLimits {
            max_queue: setup.max_queue,
            max_queue_bytes: plenty,
            keep_finished: usize::MAX,
            keep_bytes: plenty,
        });
        let store = Arc::new(store);
        Arc::new(Self {
            trace: Trace::new(),
            oracle: Oracle::default(),
            network: Network::default(),
            nodes: (0..setup.controllers).map(|index| Node::new(index, Arc::clone(&store))).collect(),
            runners: (0..setup.runners.len()).map(Runner::new).collect(),
            calm: AtomicBool::new(false),
            setup,
        })
    }

    /// Starts everybody. Returns the clients, who end by themselves.
    pub fn begin(self: &Arc<Self>) -> Vec<JoinHandle<()>> {
        for node in &self.nodes {
            node::start(self, node);
        }
        for runner in &self.runners {
            runner.start(self);
        }
        (0..self.setup.clients.len())
            .map(|index| tokio::spawn(client::run(Arc::clone(self), index)))
            .collect()
    }

    /// The numbers of one actor.
    pub fn chance(&self, actor: impl std::hash::Hash) -> Chance {
        Chance::of(self.setup.seed, actor)
    }

    /// Whether nothing goes wrong any more.
    pub fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// From now on nothing goes wrong any more.
    pub fn calm_down(&self) {
        self.calm.store(true, Ordering::Relaxed);
    }
}
