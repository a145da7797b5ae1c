//! `runner selftest`: the attacks on this host, and how they went, for people or machines.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use protocol::runner::SelfTest;

use super::attack::{self, Attack, HeadError};
use super::{Outcome, Trial};
use crate::config::{Config, SelftestArgs};
use crate::node::{Node, SelftestError};
use crate::telemetry::HostProbe;
use crate::worker::Workshop;
use crate::{Signals, StartError, host_facts};

/// Why there is no result, or not the wanted one.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The host cannot be tested at all.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The test could not be done.
    #[error(transparent)]
    Selftest(#[from] SelftestError),
    /// A hostile program cannot be read.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// Nothing can be attacked: why.
    #[error("{0}")]
    NothingWorks(String),
    /// An attack was asked for that there is none of.
    #[error("there is no attack {0:?}: `runner selftest --list` shows them")]
    Unknown(String),
    /// The sandboxes of this host do not hold.
    #[error("{failed} of {of} attacks were not withstood: do not run other people's programs on this host")]
    Failed {
        /// How many.
        failed: usize,
        /// Of how many.
        of: usize,
    },
    /// The result cannot be written.
    #[error("standard output: {0}")]
    Output(#[from] std::io::Error),
}

/// Runs the self-test, or lists it.
///
/// # Errors
/// [`CommandError`]; also where an attack was not withstood.
pub async fn run(args: SelftestArgs) -> Result<(), CommandError> {
    if args.list {
        return Ok(list(&attack::built_in()?)?);
    }
    let probe = HostProbe::new().map_err(StartError::Host)?;
    let mut start = args.runner();
    // Beside a runner that may be at work here.
    start.name = Some(format!("selftest-{}", std::process::id()));
    let config = Config::load(start, &host_facts(&probe)).map_err(StartError::Config)?;
    let node = Node::new(config, &probe).map_err(StartError::Node)?;
    let mut signals = Signals::new().map_err(StartError::Signals)?;
    let tested = tokio::select! {
        tested = test(&node, &args) => tested,
        () = signals.next() => Err(SelftestError::Interrupted.into()),
    };
    node.clean_up().await;
    let outcome = match tested? {
        Tested::Now(outcome) => outcome,
        Tested::Before(result) => {
            return Ok(writeln!(std::io::stdout(), "passed on {}", result.at.strftime("%F"))?);
        }
    };
    match args.json {
        true => {
            writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&outcome).unwrap_or_default())?
        }
        false => report(&outcome)?,
    }
    let failed = outcome.summary.failed.len();
    match failed {
        0 => Ok(()),
        _ => Err(CommandError::Failed { failed, of: outcome.summary.attacks as usize }),
    }
}

/// When the test was done.
enum Tested {
    Now(Outcome),
    Before(SelfTest),
}

async fn test(node: &Node, args: &SelftestArgs) -> Result<Tested, CommandError> {
    node.look().await.map_err(CommandError::NothingWorks)?;
    let all = node.attacks()?;
    let chosen = choose(&all, &args.attacks)?;
    let bar = progress_bar(chosen.len() as u64);
    let ended = |trial: &Trial| {
        bar.inc(1);
        bar.set_message(trial.name.clone());
    };
    if !args.attacks.is_empty() {
        return Ok(Tested::Now(node.attack(&chosen, ended).await));
    }
    let (make, records) = node.records(&all).await?;
    if let Some(passed) = records.passed(&make).filter(|_| args.unless_passed) {
        return Ok(Tested::Before(passed));
    }
    let outcome = node.attack(&chosen, ended).await;
    bar.finish_and_clear();
    records.keep(&make, &outcome.summary).map_err(SelftestError::Record)?;
    Ok(Tested::Now(outcome))
}

fn choose(all: &[(Workshop, Attack)], names: &[String]) -> Result<Vec<(Workshop, Attack)>, CommandError> {
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|(_, attack)| attack.name == **name)) {
        return Err(CommandError::Unknown(unknown.clone()));
    }
    let is_chosen = |attack: &Attack| names.is_empty() || names.contains(&attack.name);
    Ok(all.iter().filter(|(_, attack)| is_chosen(attack)).cloned().collect())
}

fn progress_bar(attacks: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(attacks);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} attacks · {elapsed} · {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn list(attacks: &[Attack]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let width = attacks.iter().map(|attack| attack.name.len()).max().unwrap_or(0);
    attacks.iter().try_for_each(|attack| writeln!(out, "{:width$}  {}", attack.name, attack.purpose))
}

fn report(outcome: &Outcome) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for complaint in outcome.complaints() {
        writeln!(out, "✗ {complaint}")?;
    }
    let attacks = outcome.summary.attacks as usize;
    let withstood = attacks.saturating_sub(outcome.summary.failed.len());
    let seconds = outcome.took_ms as f64 / 1000.0;
    writeln!(out, "{withstood} of {attacks} attacks withstood, in {seconds:.1} s")
}
