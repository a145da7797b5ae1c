//! A runner: it dials every controller, takes what it is given as far as it has room, and works at it. It can die at
//! any moment, and starts again as another life with the same name.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use protocol::runner::{HeldAttempt, LanguageOffer, Registration};
use protocol::{Limits, RunnerId};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::chance::Chance;
use super::network::{Peer, dial};
use super::session::{Session, TELEMETRY};
use super::work::Work;
use super::world::World;
use crate::lock::lock;

/// A place for a runner.
pub struct Runner {
    pub index: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lives: u64,
    life: Option<JoinSet<()>>,
}

/// One life of a runner.
pub struct Life {
    pub world: Arc<World>,
    pub index: usize,
    number: u64,
    id: RunnerId,
    /// Whether it keeps what came over a link that has broken.
    pub holds: bool,
    pub max_jobs: u32,
    work: Mutex<BTreeMap<HeldAttempt, Holding>>,
    tasks: Mutex<JoinSet<()>>,
    /// Counts reports.
    pub news: watch::Sender<u64>,
}

/// An attempt, and the controller whose link it goes over now, if any.
struct Holding {
    work: Arc<Work>,
    controller: Option<usize>,
}

impl Runner {
    pub fn new(index: usize) -> Self {
        Self { index, state: Mutex::default() }
    }

    /// Whether it lives.
    pub fn lives(&self) -> bool {
        lock(&self.state).life.is_some()
    }

    /// Starts it.
    pub fn start(&self, world: &Arc<World>) {
        let mut state = lock(&self.state);
        state.lives += 1;
        let number = state.lives;
        let mut chance = world.chance(("runner", self.index, number));
        let life = Arc::new(Life {
            world: Arc::clone(world),
            index: self.index,
            number,
            id: format!("{:016x}{:016x}", chance.next(), chance.next()).parse().unwrap(),
            holds: false,
            max_jobs: world.setup.runners[self.index],
            work: Mutex::default(),
            tasks: Mutex::default(),
            news: watch::Sender::new(0),
        });
        world.trace.note(format_args!("runner {} starts, life {number}", self.index));
        let mut links = JoinSet::new();
        for controller in 0..world.setup.controllers {
            links.spawn(Arc::clone(&life).stay_with(controller));
        }
        state.life = Some(links);
    }

    /// Kills it with all that it runs.
    pub fn crash(&self, world: &World) {
        if lock(&self.state).life.take().is_some() {
            world.trace.note(format_args!("runner {} dies", self.index));
            world.network.cut_runner(self.index);
        }
    }
}

impl Life {
    /// Dials a controller again and again.
    async fn stay_with(self: Arc<Self>, controller: usize) {
        let mut chance = self.world.chance(("link", self.index, self.number, controller));
        loop {
            let Err(error) = self.serve(controller, &mut chance).await;
            let index = self.index;
            self.world.trace.note(format_args!("runner {index}, controller {controller}: {}", error.kind()));
            self.let_go(controller);
            sleep(chance.millis(50..1500)).await;
        }
    }

    async fn serve(self: &Arc<Self>, controller: usize, chance: &mut Chance) -> io::Result<Infallible> {
        let mut socket = dial(&self.world, Peer::Runner(self.index), controller, chance).await?;
        socket.greet("runner", TELEMETRY * 2).await?;
        let chance = Chance::of(chance.next(), "session");
        Session::new(self, controller, socket, chance).serve().await
    }

    pub fn registration(&self, controller: usize) -> Registration {
        let limits = Limits {
            cpu_seconds: 10.0,
            wall_seconds: 20.0,
            memory_bytes: 1 << 28,
            processes: 64,
            output_bytes: 1 << 20,
            disk_bytes: 1 << 24,
        };
        let language = |id: &str| LanguageOffer {
            id: id.to_owned(),
            name: id.to_uppercase(),
            aliases: Vec::new(),
            extensions: vec!["c".to_owned()],
            version: None,
            default_limits: limits,
            maximum_limits: limits,
        };
        let work = lock(&self.work);
        let held = work.iter().filter(|(_, holding)| holding.controller.is_none_or(|at| at == controller));
        Registration {
            id: self.id,
            name: format!("runner {}", self.index),
            version: "1".to_owned(),
            languages: vec![language("c"), language("python")],
            max_jobs: self.max_jobs,
            cpus: 2,
            memory_bytes: 1 << 30,
            selftest: None,
            labels: BTreeMap::new(),
            held: held.map(|(key, _)| *key).collect(),
        }
    }

    /// A link is gone: what went over it is held for whoever wants it, or dropped.
    fn let_go(&self, controller: usize) {
        let mut work = lock(&self.work);
        for holding in work.values_mut().filter(|holding| holding.controller == Some(controller)) {
            holding.controller = None;
        }
        if !self.holds {
            let dropped = work.extract_if(.., |_, holding| holding.controller.is_none());
            dropped.for_each(|(_, holding)| holding.work.cancel.cancel());
        }
    }

    /// How many attempts are under way.
    pub fn busy(&self) -> u32 {
        lock(&self.work).values().filter(|holding| !holding.work.is_over()).count() as u32
    }

    /// Begins to work at an attempt that came from this controller.
    pub fn begin(
        &self,
        key: HeldAttempt,
        controller: usize,
        work: Arc<Work>,
        run: impl Future<Output = ()> + Send + 'static,
    ) {
        lock(&self.work).insert(key, Holding { work, controller: Some(controller) });
        lock(&self.tasks).spawn(run);
    }

    /// An attempt that it holds goes on over the link to this controller.
    pub fn resume(&self, key: HeldAttempt, controller: usize) -> Option<Arc<Work>> {
        let mut work = lock(&self.work);
        let holding = work.get_mut(&key)?;
        holding.controller = Some(controller);
        Some(Arc::clone(&holding.work))
    }

    /// An attempt is nobody's any more.
    pub fn forget(&self, key: HeldAttempt) {
        if let Some(holding) = lock(&self.work).remove(&key) {
            holding.work.cancel.cancel();
        }
    }
}
