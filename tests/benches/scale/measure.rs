//! What is measured of one controller with one store and so many runners.

use std::time::{Duration, Instant};

use nix::unistd::Pid;

use crate::clients::{Clients, Latencies, leave};
use crate::controller::{Backend, Controller};
use crate::fleet::{Fleet, LANGUAGE, PARKED};
use crate::options::Options;
use crate::promises;
use crate::system::{self, Cores};

/// Jobs in flight while a controller does as many as it can.
const SATURATION: usize = 1000;

/// How long a controller is left alone before its memory, and then its processor time, are looked at.
const SETTLE: Duration = Duration::from_secs(2);

/// What a controller costs that has runners and nothing to do.
#[derive(Debug, Clone)]
pub struct Idle {
    /// Its store.
    pub store: &'static str,
    /// How many runners are connected.
    pub runners: usize,
    /// Memory for each, in bytes.
    pub memory: f64,
    /// Processor time for each, in microseconds a second.
    pub cpu: f64,
}

/// What a controller does with so many jobs in its queue that nobody can take.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    /// Its store.
    pub store: &'static str,
    /// How many runners are connected.
    pub runners: usize,
    /// How many jobs wait.
    pub queued: usize,
    /// How many of them have come since the cell before, and the memory for each of these, in bytes.
    pub added: usize,
    /// See `added`.
    pub memory: f64,
    /// Jobs a second at most.
    pub rate: f64,
    /// Processor time for each, in microseconds.
    pub cpu: f64,
    /// From submit to assigned at half of that rate, in milliseconds: the median, and what one in a hundred exceeds.
    pub assigned: (f64, f64),
    /// The same from submit to finished.
    pub finished: (f64, f64),
    /// From submit to assigned at half of the rate that is promised.
    pub promised: (f64, f64),
    /// How busy the bench itself was while the controller did as much as it could: near 1, it was the limit.
    pub bench: f64,
}

/// How fast a queue empties whose runners come back.
#[derive(Debug, Clone)]
pub struct Drained {
    /// Its store.
    pub store: &'static str,
    /// How many runners come back at once.
    pub runners: usize,
    /// How many jobs wait for them.
    pub queued: usize,
    /// Jobs a second until none is left.
    pub rate: f64,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Measured {
    /// Without jobs.
    pub idle: Vec<Idle>,
    /// With a queue of jobs that stay in it.
    pub cells: Vec<Cell>,
    /// With a queue that empties.
    pub drained: Vec<Drained>,
}

impl Measured {
    /// Measures one controller.
    pub async fn add(&mut self, backend: &Backend, runners: usize, options: &Options, cores: Cores) {
        let store = backend.name;
        let controller = Controller::start(backend, cores);
        let (fleet, idle) = connect(&controller, store, runners, options.time).await;
        self.idle.push(idle);
        let clients = Clients::connect(controller.address("clients"), LANGUAGE).await;
        let mut parked = 0;
        for queued in &options.queued {
            let added = queued - parked;
            let memory = park(&controller, added).await;
            parked = *queued;
            say(&format!("{store}: {runners} runners, {queued} jobs queued"));
            let load = load(&controller, &clients, promises::rate(store) / 2.0, options.time).await;
            self.cells.push(Cell { store, runners, queued: parked, added, memory, ..load });
        }
        if let Some(queued) = options.drain {
            let rate = drain(&controller, &fleet, queued, parked).await;
            self.drained.push(Drained { store, runners, queued, rate });
        }
        drop((clients, fleet));
        controller.stop();
    }
}

/// Connects the runners, and looks at what they cost.
async fn connect(
    controller: &Controller,
    store: &'static str,
    runners: usize,
    time: Duration,
) -> (Fleet, Idle) {
    say(&format!("{store}: {runners} runners connect"));
    tokio::time::sleep(SETTLE).await;
    let before = controller.memory();
    let fleet = Fleet::join(controller.address("runners"), runners).await;
    controller.until("available_runners", runners as u64).await;
    tokio::time::sleep(SETTLE).await;
    let memory = controller.memory().saturating_sub(before) as f64 / runners as f64;
    let (cpu, since) = (controller.cpu(), Instant::now());
    tokio::time::sleep(time).await;
    let cpu = (controller.cpu() - cpu).as_secs_f64() * 1e6 / since.elapsed().as_secs_f64() / runners as f64;
    (fleet, Idle { store, runners, memory, cpu })
}

/// Queues jobs that nobody takes. Returns the memory for each of them, in bytes.
async fn park(controller: &Controller, jobs: usize) -> f64 {
    let before = controller.memory();
    leave(controller.address("clients"), PARKED, jobs).await;
    controller.memory().saturating_sub(before) as f64 / jobs as f64
}

/// As many jobs as can be, then half as many, then as many as are promised to be in time.
async fn load(controller: &Controller, clients: &Clients, promised: f64, time: Duration) -> Cell {
    let (used, own, done) = (controller.cpu(), system::cpu(Pid::this()), clients.done());
    let since = Instant::now();
    let (count, elapsed) = clients.saturate(SATURATION, time).await;
    let rate = count as f64 / elapsed.as_secs_f64();
    let jobs = clients.done() - done;
    let cpu = (controller.cpu() - used).as_secs_f64() * 1e6 / jobs as f64;
    let bench = (system::cpu(Pid::this()) - own).as_secs_f64() / since.elapsed().as_secs_f64();
    say(&format!("{rate:.0} jobs a second; now half of that"));
    let Latencies { mut assigned, mut finished } = clients.pace(rate / 2.0, time).await;
    let both = |times: &mut Vec<u32>| (quantile(times, 0.5), quantile(times, 0.99));
    let (assigned, finished) = (both(&mut assigned), both(&mut finished));
    let mut calm = clients.pace(promised, time).await;
    Cell { rate, cpu, bench, assigned, finished, promised: both(&mut calm.assigned), ..Cell::default() }
}

/// Lets jobs wait for runners that take none, and then these take them. Returns how many a second that was.
async fn drain(controller: &Controller, fleet: &Fleet, jobs: usize, parked: usize) -> f64 {
    say(&format!("{jobs} jobs wait for the runners"));
    fleet.hold(true);
    controller.until("available_runners", 0).await;
    leave(controller.address("clients"), LANGUAGE, jobs).await;
    let since = Instant::now();
    fleet.hold(false);
    controller.until("queued", parked as u64).await;
    controller.until("running", 0).await;
    jobs as f64 / since.elapsed().as_secs_f64()
}

/// The time that this share does not exceed, in milliseconds (nearest rank).
fn quantile(times: &mut [u32], share: f64) -> f64 {
    times.sort_unstable();
    let rank = (times.len() as f64 * share).ceil() as usize;
    times.get(rank.saturating_sub(1)).map_or(f64::NAN, |time| f64::from(*time) / 1000.0)
}

fn say(what: &str) {
    eprintln!("measuring: {what}");
}
