//! The controller's command line.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use controller::config::{Args, Config};
use controller::{Listeners, Shutdown};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    start_logging();
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Logs go to stderr, in colour only where somebody looks.
fn start_logging() {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,tokio_postgres=warn"));
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours);
    log.with_writer(std::io::stderr).init();
}

async fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::load(args)?;
    if config.insecure {
        tracing::warn!(
            "insecure = true: other machines may come in unencrypted, and nobody has to say who they are"
        );
    }
    for (door, address) in config.plain_doors() {
        tracing::warn!(door, %address, "this door is open to other machines, and nothing is encrypted");
    }
    let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let listeners = Listeners::bind(&config).await?;
    let store = controller::store::open(&config).await?;
    controller::allow_many_connections(&config);
    println!("listening {}", listeners.addresses()?);
    let shutdown = Shutdown::default();
    tokio::spawn(obey(terminate, interrupt, shutdown.clone()));
    controller::run(config, store, listeners, shutdown).await;
    Ok(())
}

/// The first signal drains, the second one ends at once.
async fn obey(mut terminate: Signal, mut interrupt: Signal, shutdown: Shutdown) {
    for token in [shutdown.drain, shutdown.now] {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to stop");
        token.cancel();
    }
}
