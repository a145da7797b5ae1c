//! A controller: its own code on a store that fails, over links that break. It can die at any moment and be started
//! again on the same store.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::network::Peer;
use super::store::Faulty;
use super::world::World;
use crate::backlog::Backlog;
use crate::budget::Budget;
use crate::callbacks::Callbacks;
use crate::dispatch::Dispatcher;
use crate::elsewhere::Elsewhere;
use crate::fleet::{self, Fleet};
use crate::identity::enrolment::Enrolment;
use crate::identity::{Identity, Rules, Usage};
use crate::jobs::{JobLimits, Jobs};
use crate::live::Live;
use crate::lock::lock;
use crate::roster::Roster;
use crate::store::{Memory, Store};
use crate::tcp;
use crate::testing::no_callbacks;
use crate::wire::{self, Link};

/// The most that is kept of a job's output, and of all jobs', in bytes.
const MEMORY: u64 = 1 << 30;

/// Where everybody connects from.
const HERE: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1));

/// A place for a controller.
pub struct Node {
    pub index: usize,
    shared: Arc<Memory>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lives: u32,
    life: Option<Life>,
}

/// A controller that runs.
pub struct Life {
    /// Which one at this place.
    pub number: u32,
    pub store: Arc<Faulty>,
    pub backlog: Arc<Backlog>,
    pub live: Arc<Live>,
    pub roster: Arc<Roster>,
    fleet: Fleet,
    jobs: Jobs,
    identity: Arc<Identity>,
    stop: CancellationToken,
    tasks: Vec<AbortHandle>,
}

impl Node {
    /// A place where no controller runs yet.
    pub fn new(index: usize, shared: Arc<Memory>) -> Self {
        Self { index, shared, state: Mutex::default() }
    }

    /// Which controller runs here now, if one does.
    pub fn life(&self) -> Option<u32> {
        self.with(|life| life.number)
    }

    /// Looks at the controller that runs here.
    pub fn with<T>(&self, look: impl FnOnce(&Life) -> T) -> Option<T> {
        lock(&self.state).life.as_ref().map(look)
    }

    /// The jobs as they are, without anything going wrong.
    pub fn truth(&self) -> &Memory {
        &self.shared
    }
}

/// Starts a controller as `lib.rs` does.
pub fn start(world: &Arc<World>, node: &Node) {
    let mut state = lock(&node.state);
    state.lives += 1;
    let number = state.lives;
    let faulty = Arc::new(Faulty::new(world, (node.index, number), node.shared.share()));
    let store: Arc<dyn Store> = Arc::clone(&faulty) as _;
    let budget = Budget::new(MEMORY);
    let live = Arc::new(Live::new(budget.clone(), MEMORY));
    let backlog = Arc::new(Backlog::default());
    let roster = Arc::new(Roster::new(Arc::clone(&backlog)));
    // Nothing is encrypted here, so nobody has to join.
    let enrolment = Arc::new(Enrolment::new(Arc::clone(&store), None, 0, Duration::ZERO));
    let usage = Arc::new(Usage::new(Arc::clone(&store) as _));
    let fleet = Fleet {
        enrolment: Arc::clone(&enrolment),
        store: Arc::clone(&store),
        backlog: Arc::clone(&backlog),
        live: Arc::clone(&live),
        roster: Arc::clone(&roster),
        usage: Arc::clone(&usage),
        lingering: Arc::default(),
    };
    let limits = JobLimits { max_body: MEMORY, max_stdin: MEMORY, max_queue: world.setup.max_queue };
    let callbacks = Arc::new(Callbacks::new(Arc::clone(&store), no_callbacks()));
    let jobs = Jobs::new(
        Arc::clone(&store),
        Arc::clone(&backlog),
        Arc::clone(&live),
        Arc::clone(&roster),
        budget,
        limits,
        (Arc::clone(&usage), callbacks),
    );
    let rules = Rules {
        anonymous_use: Default::default(),
        insecure: true,
        sharing: false,
        share_life: std::time::Duration::ZERO,
    };
    let identity = Arc::new(Identity::new(Arc::clone(&store) as _, enrolment, usage, rules, false));
    let stop = CancellationToken::new();
    let elsewhere = Elsewhere { store: Arc::clone(&store), live: Arc::clone(&live) };
    let dispatcher = Dispatcher {
        store: Arc::clone(&store),
        backlog: Arc::clone(&backlog),
        live: Arc::clone(&live),
        roster: Arc::clone(&roster),
    };
    let tasks = vec![
        tokio::spawn(elsewhere.listen(stop.clone())).abort_handle(),
        tokio::spawn(dispatcher.run(stop.clone())).abort_handle(),
        tokio::spawn(jobs.clone().look_after(stop.clone())).abort_handle(),
    ];
    world.trace.note(format_args!("controller {} starts, life {number}", node.index));
    state.life =
        Some(Life { number, store: faulty, backlog, live, roster, fleet, jobs, identity, stop, tasks });
}

/// Kills it: what it had in its memory is gone, and nothing that it still does has an effect.
pub fn crash(world: &World, node: &Node) {
    let Some(life) = lock(&node.state).life.take() else { return };
    world.trace.note(format_args!("controller {} dies", node.index));
    life.store.die();
    life.tasks.iter().for_each(AbortHandle::abort);
    world.network.cut_controller(node.index);
}

/// Somebody connects.
pub fn accept(world: &World, peer: Peer, controller: usize, link: Link) -> io::Result<()> {
    let mut state = lock(&world.nodes[controller].state);
    let life = state.life.as_mut().ok_or(io::ErrorKind::ConnectionRefused)?;
    let (stop, fleet, jobs) = (life.stop.clone(), life.fleet.clone(), life.jobs.clone());
    life.tasks.retain(|task| !task.is_finished());
    let session = match peer {
        Peer::Runner(_) => tokio::spawn(async move {
            fleet::session::run(&fleet, link, &wire::Peer::plain(HERE), &fleet::session::hello(), &stop).await
        }),
        Peer::Client(_) => {
            let peer = wire::Peer::plain(HERE);
            let door = tcp::Door { jobs, identity: Arc::clone(&life.identity), peer };
            tokio::spawn(async move { tcp::session::run(door, link, &tcp::session::hello(), &stop).await })
        }
    };
    life.tasks.push(session.abort_handle());
    Ok(())
}
