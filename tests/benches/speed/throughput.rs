//! Runs a second with several clients at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tests::Cluster;

use crate::bare;
use crate::controller::{Http, Tcp};
use crate::figures::columns;
use crate::floor;
use crate::runner_api::{RunnerApi, spec};

/// How many clients.
pub const CLIENTS: [usize; 3] = [1, 2, 8];

/// How long each is measured, in two turns.
const TURN: Duration = Duration::from_millis(1500);
const TURNS: u32 = 2;

/// Runs a second with so many clients.
#[derive(Debug, Clone, Copy)]
pub struct Throughput {
    /// How many clients.
    pub clients: usize,
    /// Without this project.
    pub bare: f64,
    /// A fresh box for each, by the kernel alone.
    pub floor: f64,
    /// At the runner.
    pub runner: f64,
    /// Over HTTP.
    pub http: f64,
    /// Over TCP.
    pub tcp: f64,
}

/// Each depth with each number of clients.
pub fn measure(cluster: &Cluster, api: &RunnerApi) -> Vec<Throughput> {
    CLIENTS.iter().map(|clients| with(*clients, cluster, api)).collect()
}

fn with(clients: usize, cluster: &Cluster, api: &RunnerApi) -> Throughput {
    let job = spec("true", "x.true", "");
    let mut runs = [0; 5];
    for _ in 0..TURNS {
        runs[0] += count(clients, || bare::run);
        runs[1] += floor::count(clients, TURN);
        runs[2] += count(clients, || || api.run(&job));
        runs[3] += count(clients, || {
            let mut http = Http::connect(cluster);
            let job = &job;
            move || http.run(job)
        });
        runs[4] += count(clients, || {
            let mut tcp = Tcp::connect(cluster);
            let job = &job;
            move || tcp.run(job)
        });
    }
    let seconds = TURN.as_secs_f64() * f64::from(TURNS);
    let [bare, floor, runner, http, tcp] = runs.map(|runs| runs as f64 / seconds);
    Throughput { clients, bare, floor, runner, http, tcp }
}

/// How many runs so many clients, made by `client`, get done in a turn.
fn count<R: FnMut() + Send>(clients: usize, client: impl Fn() -> R) -> u64 {
    let done = AtomicU64::new(0);
    let clients: Vec<R> = (0..clients).map(|_| client()).collect();
    let end = Instant::now() + TURN;
    thread::scope(|scope| {
        for mut run in clients {
            let done = &done;
            scope.spawn(move || {
                while Instant::now() < end {
                    run();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    done.into_inner()
}

/// For people.
pub fn table(measured: &[Throughput]) -> String {
    let head = ["clients", "bare", "fresh box", "runner", "HTTP", "TCP"].map(str::to_owned);
    let share = |rate: f64, bare: f64| format!("{rate:.0} ({:.2})", rate / bare);
    let rows = measured.iter().map(|row| {
        [
            row.clients.to_string(),
            format!("{:.0}", row.bare),
            share(row.floor, row.bare),
            share(row.runner, row.bare),
            share(row.http, row.bare),
            share(row.tcp, row.bare),
        ]
    });
    columns(&[vec![head], rows.collect()].concat())
}
