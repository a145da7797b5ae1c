//! The controller: takes programs in from clients, hands them to runners, and gives the results back.
//!
//! ```text
//! http ─┐                                   ┌─ dispatch ── scheduler (pure)
//!       ├─ jobs ──▶ store (state) ──▶ ──────┤
//! tcp ──┘     └───▶ live (events, input) ◀──┴─ fleet ══ runners
//! ```
//!
//! The doors for clients and those for runners meet in the store and in `live` only; `roster` is what both know
//! of the runners.

mod activity;
mod backlog;
mod budget;
mod callbacks;
mod clock;
pub mod config;
mod dice;
mod dispatch;
mod doors;
mod elsewhere;
mod encryption;
mod ending;
mod fleet;
mod housekeeping;
mod http;
mod identity;
mod jobs;
mod live;
mod lock;
mod needs;
mod overview;
mod roster;
mod scheduler;
#[cfg(test)]
mod simulation;
mod steering;
pub mod store;
mod tcp;
#[cfg(test)]
mod testing;
mod text;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backlog::Backlog;
use crate::budget::Budget;
use crate::callbacks::{Callbacks, Courier};
use crate::config::Config;
use crate::dispatch::Dispatcher;
use crate::doors::Door;
use crate::elsewhere::Elsewhere;
use crate::encryption::Doors;
use crate::fleet::Fleet;
use crate::housekeeping::Housekeeping;
use crate::identity::enrolment::Enrolment;
use crate::identity::{Identity, Usage};
use crate::jobs::{JobLimits, Jobs};
use crate::live::Live;
use crate::overview::Overview;
use crate::roster::Roster;
use crate::store::{Retention, Store};

/// The most output of one job that is kept, in bytes.
const MAX_JOB_OUTPUT: u64 = 64 << 20;

/// How long clients may take to hear the last of what they are told.
const FAREWELL: Duration = Duration::from_secs(5);

/// Makes sure that this process may have as many connections as its doors take on.
pub fn allow_many_connections(config: &Config) {
    let config::Doors { clients, runners, .. } = &config.doors;
    doors::descriptors::take(2 * clients.connections + runners.connections);
}

/// The doors, open.
pub struct Listeners {
    /// For clients.
    pub clients: TcpListener,
    /// For runners.
    pub runners: TcpListener,
    /// For HTTP.
    pub http: TcpListener,
    encryption: Doors,
}

/// What tells the controller to stop.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// Take nothing new, let what runs finish, then stop.
    pub drain: CancellationToken,
    /// Stop at once.
    pub now: CancellationToken,
}

impl Listeners {
    /// Opens the doors, with what they need to encrypt.
    ///
    /// # Errors
    /// The address or the file that cannot be had, and why.
    pub async fn bind(config: &Config) -> Result<Self, String> {
        let bind = async |address: SocketAddr| {
            TcpListener::bind(address).await.map_err(|error| format!("cannot listen at {address}: {error}"))
        };
        let encryption = Doors::open(config).map_err(|error| error.to_string())?;
        Ok(Self {
            encryption,
            clients: bind(config.clients).await?,
            runners: bind(config.runners).await?,
            http: bind(config.http).await?,
        })
    }

    /// Where the doors are, as the line that a start prints.
    ///
    /// # Errors
    /// The system's.
    pub fn addresses(&self) -> io::Result<String> {
        let (clients, runners, http) =
            (self.clients.local_addr()?, self.runners.local_addr()?, self.http.local_addr()?);
        Ok(format!("clients={clients} runners={runners} http={http}"))
    }
}

/// A store in memory that several controllers of one process share: for tests and simulations.
#[derive(Debug)]
pub struct SharedMemory(store::Memory);

impl SharedMemory {
    /// An empty one, as large as this configuration says.
    pub fn new(config: &Config) -> Self {
        Self(store::Memory::new(store::MemoryLimits {
            max_queue: config.max_queue,
            max_queue_bytes: config.max_memory,
            keep_finished: config.keep_finished,
            keep_bytes: config.max_memory,
        }))
    }
}

/// Runs a controller beside others on one store until it is told to stop.
pub async fn run_sharing(memory: &SharedMemory, config: Config, listeners: Listeners, shutdown: Shutdown) {
    run(config, Arc::new(memory.0.share()), listeners, shutdown).await;
}

/// Runs a controller on an open store until it is told to stop.
pub async fn run(config: Config, store: Arc<dyn Store>, listeners: Listeners, shutdown: Shutdown) {
    let budget = Budget::new(config.max_memory);
    let live = Arc::new(Live::new(budget.clone(), MAX_JOB_OUTPUT));
    let backlog = Arc::new(Backlog::new(config.rules));
    let roster = Arc::new(Roster::new(Arc::clone(&backlog)));
    let limits =
        JobLimits { max_body: config.max_body, max_stdin: config.max_stdin, max_queue: config.max_queue };
    let port = listeners.runners.local_addr().map_or(config.runners.port(), |address| address.port());
    let authority = listeners.encryption.authority.clone();
    let enrolment =
        Arc::new(Enrolment::new(Arc::clone(&store), authority, port, config.runner_certificate_life));
    let usage = Arc::new(Usage::new(Arc::clone(&store) as _));
    let callbacks = Arc::new(Callbacks::new(Arc::clone(&store), config.callbacks.clone()));
    let jobs = Jobs::new(
        Arc::clone(&store),
        Arc::clone(&backlog),
        Arc::clone(&live),
        Arc::clone(&roster),
        budget,
        limits,
        (Arc::clone(&usage), Arc::clone(&callbacks)),
    );

    let settings = settings(&config, &listeners);
    let identity = accounts(&config, &store, &enrolment, &usage, &listeners).await;
    let housekeeping =
        Housekeeping { store: Arc::clone(&store), roster: Arc::clone(&roster), keep: retention(&config) };
    housekeeping.recall().await;
    jobs.recall_settings().await;

    // What serves clients ends before what serves runners: the last results still reach somebody.
    let (clients, runners) = (TaskTracker::new(), TaskTracker::new());
    let (close_clients, close_runners) = (CancellationToken::new(), CancellationToken::new());
    let fleet = Fleet {
        store: Arc::clone(&store),
        backlog: Arc::clone(&backlog),
        live: Arc::clone(&live),
        roster: Arc::clone(&roster),
        usage: Arc::clone(&usage),
        lingering: Arc::default(),
        enrolment: Arc::clone(&enrolment),
    };
    runners.spawn(fleet::serve(
        fleet,
        listeners.runners,
        (Door::new(config.doors.runners), listeners.encryption.runners),
        runners.clone(),
        close_runners.clone(),
    ));
    runners.spawn(enrolment.watch(close_runners.clone()));
    runners.spawn(housekeeping.run(close_runners.clone()));
    let elsewhere = Elsewhere { store: Arc::clone(&store), live: Arc::clone(&live) };
    runners.spawn(elsewhere.listen(close_runners.clone()));
    runners.spawn(
        Dispatcher { store: Arc::clone(&store), backlog: Arc::clone(&backlog), live, roster }
            .run(close_runners.clone()),
    );
    runners.spawn(jobs.clone().look_after(close_runners.clone()));
    runners.spawn(jobs.clone().follow_settings(close_runners.clone()));
    runners.spawn(Arc::clone(&identity).look_after(close_runners.clone()));
    runners.spawn(limit_shares(Arc::clone(&identity), backlog, close_runners.clone()));
    runners.spawn(usage.look_after(close_runners.clone()));
    runners.spawn(Courier::new(callbacks).run(close_runners.clone()));
    clients.spawn(tcp::serve(
        jobs.clone(),
        Arc::clone(&identity),
        listeners.clients,
        (Door::new(config.doors.clients), listeners.encryption.clients),
        clients.clone(),
        close_clients.clone(),
    ));
    let house = http::House { hosts: config.http_hosts(), encrypted: listeners.encryption.http.is_on() };
    let overview = Arc::new(Overview::new(jobs.clone(), close_clients.clone()));
    clients.spawn(Arc::clone(&overview).run());
    clients.spawn(http::serve(
        jobs.clone(),
        identity,
        overview,
        listeners.http,
        (Door::new(config.doors.clients), listeners.encryption.http),
        (house, settings),
        close_clients.clone(),
    ));

    tokio::select! {
        () = shutdown.drain.cancelled() => {}
        () = shutdown.now.cancelled() => {}
    }
    tokio::select! {
        () = drain(&jobs, config.drain) => {}
        () = shutdown.now.cancelled() => {}
    }
    for (tracker, close) in [(clients, close_clients), (runners, close_runners)] {
        close.cancel();
        tracker.close();
        tokio::select! {
            _ = timeout(FAREWELL, tracker.wait()) => {}
            () = shutdown.now.cancelled() => {}
        }
    }
    store.close().await;
}

/// Who is who. While there is no account, prints how to make the first one.
async fn accounts(
    config: &Config,
    store: &Arc<dyn Store>,
    enrolment: &Arc<Enrolment>,
    usage: &Arc<Usage>,
    listeners: &Listeners,
) -> Arc<Identity> {
    let rules = identity::Rules {
        anonymous_use: config.anonymous_use,
        insecure: config.insecure,
        sharing: config.sharing,
        share_life: Duration::from_secs(config.keep_days.saturating_add(1).saturating_mul(24 * 3600)),
    };
    let identity = Arc::new(Identity::new(
        Arc::clone(store) as _,
        Arc::clone(enrolment),
        Arc::clone(usage),
        rules,
        true,
    ));
    let addresses = (listeners.http.local_addr(), listeners.clients.local_addr());
    match (identity.begin().await, addresses) {
        (Ok(Some(secret)), (Ok(http), Ok(clients))) => {
            let secret = secret.expose();
            let scheme = if listeners.encryption.http.is_on() { "https" } else { "http" };
            println!(
                "setup {scheme}://{http}/#/setup/{secret} (there is no account yet; the link is good for a day)"
            );
            println!(
                "setup cli login --master {clients} --setup (asks for what stands behind /setup/ in the link)"
            );
        }
        (Err(problem), _) => {
            tracing::error!(%problem, "accounts cannot be looked up: nobody is let in without one");
        }
        _ => {}
    }
    identity
}

/// Tells the scheduler how many jobs each user may run at once, whenever that changes.
async fn limit_shares(identity: Arc<Identity>, backlog: Arc<Backlog>, stop: CancellationToken) {
    loop {
        let limits = tokio::select! {
            limits = identity.running_limits() => limits,
            () = stop.cancelled() => return,
        };
        // Where the store fails, whoever needs it says so; the next time may go better.
        let Ok(limits) = limits else { continue };
        let shares = limits.into_iter().map(|(name, limit)| (backlog::share_of_user(&name), limit)).collect();
        backlog.with(|scheduler, _| scheduler.limit_shares(shares));
    }
}

/// What pages are told of the place.
fn settings(config: &Config, listeners: &Listeners) -> http::Settings {
    let port = |listener: &TcpListener| listener.local_addr().map_or(0, |address| address.port());
    http::Settings {
        version: env!("CARGO_PKG_VERSION"),
        sharing: config.sharing,
        anonymous_use: config.anonymous_use,
        has_accounts: false,
        encrypted: listeners.encryption.http.is_on(),
        max_body: config.max_body,
        clients_port: port(&listeners.clients),
        runners_port: port(&listeners.runners),
        http_port: port(&listeners.http),
    }
}

/// What is kept of finished jobs.
fn retention(config: &Config) -> Retention {
    Retention {
        age: Some(Duration::from_secs(config.keep_days.saturating_mul(24 * 3600))),
        jobs: Some(config.keep_finished as u64),
        bytes: Some(config.keep_bytes),
    }
}

/// Answers those who wait, and lets those finish that run, as long as they may.
async fn drain(jobs: &Jobs, patience: Duration) {
    jobs.drain().await;
    let finished = async {
        while !jobs.is_idle().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    if timeout(patience, finished).await.is_err() {
        tracing::warn!("jobs are still running after {} s: they are left", patience.as_secs());
        jobs.give_up().await;
    }
}
