//! A runner: it dials every controller, takes what it is given as far as it has room, and works at it. It can die at
//! any moment, and starts again as another life with the same name.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::hello::{Hello, RESUME};
use protocol::runner::{HeldAttempt, LanguageOffer, Registration};
use protocol::{Attempt, JobId, Limits, RunnerId};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::chance::Chance;
use super::network::{Peer, dial};
use super::session::{Session, TELEMETRY};
use super::work::Work;
use super::world::World;
use crate::lock::lock;

/// For how long an attempt waits for the controller whose link carried it, before others are told of it.
const GRACE: Duration = Duration::from_secs(2);

/// Which attempt at which job.
pub type Key = (JobId, Attempt);

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
    /// Whether it keeps what came over a link that has broken: older ones do not.
    pub holds: bool,
    pub max_jobs: u32,
    work: Mutex<BTreeMap<Key, Holding>>,
    tasks: Mutex<JoinSet<()>>,
    /// Counts reports.
    pub news: watch::Sender<u64>,
}

/// An attempt, and the controller whose link carries it, or carried it until then.
struct Holding {
    work: Arc<Work>,
    controller: usize,
    held_since: Option<Instant>,
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
            holds: chance.percent(80),
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
        let hello = Hello::new("runner", u32::try_from(TELEMETRY.as_millis() * 2).unwrap());
        let features: &[&str] = if self.holds { &[RESUME] } else { &[] };
        socket.greet(&hello.with_features(features)).await?;
        let chance = Chance::of(chance.next(), "session");
        Session::new(self, controller, socket, chance).serve().await
    }

    /// What it says of itself, and what it holds for this controller.
    pub fn registration(&self, held: &[Key]) -> Registration {
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
        let held =
            held.iter().map(|(job, attempt)| HeldAttempt { job: *job, attempt: *attempt, stdin: None });
        Registration {
            id: self.id,
            name: format!("runner {}", self.index),
            version: "1".to_owned(),
            languages: vec![language("c"), language("python")],
            max_jobs: self.max_jobs,
            cpus: 2,
            memory_bytes: 1 << 30,
            selftest: None,
            started_at: None,
            labels: BTreeMap::new(),
            features: Default::default(),
            held: held.collect(),
        }
    }

    /// What it holds that this controller is to be told of, each since when.
    pub fn held_for(&self, controller: usize) -> Vec<(Key, Instant)> {
        let now = Instant::now();
        let work = lock(&self.work);
        let held = work.iter().filter_map(|(key, holding)| {
            let since = holding.held_since?;
            let due = if holding.controller == controller { since } else { since + GRACE };
            (due <= now).then_some((*key, since))
        });
        held.collect()
    }

    /// A link is gone: what went over it is held for whoever wants it, or dropped.
    fn let_go(&self, controller: usize) {
        let mut work = lock(&self.work);
        let carried = |holding: &Holding| holding.held_since.is_none() && holding.controller == controller;
        if self.holds {
            let carried = work.values_mut().filter(|holding| carried(holding));
            carried.for_each(|holding| holding.held_since = Some(Instant::now()));
        } else {
            let dropped = work.extract_if(.., |_, holding| carried(holding));
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
        key: Key,
        controller: usize,
        work: Arc<Work>,
        run: impl Future<Output = ()> + Send + 'static,
    ) {
        lock(&self.work).insert(key, Holding { work, controller, held_since: None });
        lock(&self.tasks).spawn(run);
    }

    /// An attempt that it holds goes on over the link to this controller. `None` where it has no such attempt, or
    /// another link carries it.
    pub fn resume(&self, key: Key, controller: usize) -> Result<Arc<Work>, Unheld> {
        let mut work = lock(&self.work);
        let holding = work.get_mut(&key).ok_or(Unheld::Unknown)?;
        holding.held_since.take().ok_or(Unheld::Elsewhere)?;
        holding.controller = controller;
        Ok(Arc::clone(&holding.work))
    }

    /// An attempt that it holds is nobody's any more.
    pub fn forget_held(&self, key: Key) {
        let mut work = lock(&self.work);
        if work.get(&key).is_some_and(|holding| holding.held_since.is_some()) {
            work.remove(&key).inspect(|holding| holding.work.cancel.cancel());
        }
    }

    /// An attempt is nobody's any more.
    pub fn forget(&self, key: Key) {
        if let Some(holding) = lock(&self.work).remove(&key) {
            holding.work.cancel.cancel();
        }
    }
}

/// Why an attempt cannot be taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unheld {
    Unknown,
    Elsewhere,
}
