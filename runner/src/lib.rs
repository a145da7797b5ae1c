//! The runner: joins a cluster, and compiles and runs its jobs in sandbox containers on this host.
//!
//! ```text
//! link ── one for each controller; carries jobs in, output, results and telemetry out
//!  └─ worker ── one for each job: compile, run, judge
//!      └─ pool ── sandboxes that stand ready, by image
//!          └─ sandbox ── a container, its agent, a fresh box for each step, a control group for each box
//! ```
//!
//! Each floor only knows the one below. [`node`] is what they share, and the supervisor beside them.

pub mod comparison;
pub mod config;
pub mod conformance;
pub mod digest;
pub mod docker;
pub mod doctor;
pub mod gestures;
pub mod head;
pub mod images;
pub mod languages;
pub mod link;
pub mod membership;
pub mod node;
pub mod pipe;
pub mod pool;
pub mod report;
pub mod sandbox;
pub mod selftest;
pub mod stdin;
pub mod telemetry;
pub mod worker;

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, ConfigError, HostFacts, JoinArgs, StartArgs};
use crate::node::{CANCEL_GRACE, CONFIRM_GRACE, Node, NodeError};
use crate::telemetry::HostProbe;

/// Why `runner start` did not.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The host does not allow it.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The host's load cannot be read.
    #[error("the host's load cannot be read: {0}")]
    Host(sysinfo::Error),
    /// The process cannot be told to stop.
    #[error("signals cannot be handled: {0}")]
    Signals(std::io::Error),
}

/// Runs until SIGTERM, Ctrl-C or a controller tells it to leave; then finishes its jobs, as long as it may, and takes everything away that it
/// made on this host. A second signal cuts the wait short.
///
/// # Errors
/// [`StartError`], before anything is started.
pub async fn start(args: StartArgs) -> Result<(), StartError> {
    let probe = HostProbe::new().map_err(StartError::Host)?;
    let config = Config::load(args, &host_facts(&probe))?;
    let mut signals = Signals::new().map_err(StartError::Signals)?;
    let node = Node::new(config, &probe)?;

    let stop = CancellationToken::new();
    let supervisor = tokio::spawn(Arc::clone(&node).supervise(probe, stop.clone()));
    let (registered, mut first) = mpsc::channel(1);
    let links = node.config.controllers.iter().map(|controller| {
        tokio::spawn(link::keep(Arc::clone(&node), controller.clone(), registered.clone(), stop.clone()))
    });
    let links: Vec<_> = links.collect();
    loop {
        tokio::select! {
            Some(controller) = first.recv() => println!("ready name={} controller={controller}", node.config.name),
            () = signals.next() => break,
            () = node.dismissed().cancelled() => break,
        }
    }
    tracing::info!(jobs = node.jobs.len(), "stopping");
    node.drain();
    finish_jobs(&node, &mut signals).await;
    stop.cancel();
    for task in links.into_iter().chain([supervisor]) {
        // It was told to stop; that it had panicked has been logged.
        let _ = task.await;
    }
    // Those that were still running are lost with their links, and tried elsewhere.
    node.attempts.cancel_all();
    let _ = tokio::time::timeout(CANCEL_GRACE, node.jobs.wait()).await;
    node.clean_up().await;
    Ok(())
}

/// Makes this host part of a cluster.
///
/// # Errors
/// Why it is not.
pub async fn join(args: JoinArgs) -> Result<(), Box<dyn std::error::Error>> {
    let name = sysinfo::System::host_name().unwrap_or_else(|_| "runner".to_owned());
    let joining = args.joining(name)?;
    membership::join::join(&joining).await?;
    println!("joined name={}: `runner start` runs it from now on", joining.name);
    Ok(())
}

/// What the configuration's defaults depend on.
fn host_facts(probe: &HostProbe) -> HostFacts {
    let name = sysinfo::System::host_name().unwrap_or_else(|_| "runner".to_owned());
    HostFacts { name, cpus: probe.cpus() }
}

async fn finish_jobs(node: &Node, signals: &mut Signals) {
    node.jobs.close();
    tokio::select! {
        () = node.jobs.wait() => {}
        () = tokio::time::sleep(node.config.drain) => tracing::warn!("jobs are still running: cancelling them"),
        () = signals.next() => tracing::warn!("told twice to stop: cancelling the jobs that run"),
    }
    confirm(node, signals).await;
}

/// Waits until controllers have recorded how the jobs ended; what still runs has nothing to be recorded.
async fn confirm(node: &Node, signals: &mut Signals) {
    if !node.jobs.is_empty() {
        return;
    }
    node.attempts.tasks.close();
    tokio::select! {
        () = node.attempts.tasks.wait() => {}
        () = tokio::time::sleep(CONFIRM_GRACE) => tracing::warn!("nobody says that the last results are recorded"),
        () = signals.next() => {}
    }
}

struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
