//! `runner languages check`: the languages on this host, for people or machines.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::case::{self, Case, CaseError};
use super::{Report, run as prove, table};
use crate::config::{Config, LanguagesCheckArgs};
use crate::node::Node;
use crate::telemetry::HostProbe;
use crate::{Signals, StartError, host_facts};

/// Why there is no result, or not the wanted one.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// This host runs nothing at all.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A program cannot be read.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// No language works: why.
    #[error("{0}")]
    NothingWorks(String),
    /// Somebody stopped it.
    #[error("interrupted")]
    Interrupted,
    /// Some language does not do what it has to.
    #[error("{failed} of {of} languages do not work as they have to")]
    Failed {
        /// How many.
        failed: usize,
        /// Of how many.
        of: usize,
    },
    /// The result cannot be written.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

/// Tries the languages and says how they did.
///
/// # Errors
/// [`CommandError`]; also where a language does not do what it has to.
pub async fn run(args: LanguagesCheckArgs) -> Result<(), CommandError> {
    let probe = HostProbe::new().map_err(StartError::Host)?;
    let mut start = args.runner();
    // Beside a runner that may be at work here.
    start.name = Some(format!("check-{}", std::process::id()));
    let config = Config::load(start, &host_facts(&probe)).map_err(StartError::Config)?;
    let node = Node::new(config, &probe).map_err(StartError::Node)?;
    let mut signals = Signals::new().map_err(StartError::Signals)?;
    let reports = tokio::select! {
        reports = check(&node) => reports,
        () = signals.next() => Err(CommandError::Interrupted),
    };
    node.clean_up().await;
    let reports = reports?;
    // Those whose image nobody has built are no fault, unless they were asked for.
    let all = args.languages.is_empty();
    let reports: Vec<Report> = reports.into_iter().filter(|it| !(all && it.image_bytes == 0)).collect();
    match args.json {
        true => writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&reports).unwrap_or_default())?,
        false => table::lines(&reports).iter().try_for_each(|line| writeln!(io::stdout(), "{line}"))?,
    }
    match reports.iter().filter(|report| !report.is_fine()).count() {
        0 => Ok(()),
        failed => Err(CommandError::Failed { failed, of: reports.len() }),
    }
}

/// All languages of this runner, one after the other.
async fn check(node: &Node) -> Result<Vec<Report>, CommandError> {
    node.look().await.map_err(CommandError::NothingWorks)?;
    let images = node.images().await.map_err(CommandError::NothingWorks)?;
    let languages = node.languages();
    let bar = progress_bar(languages.len() as u64);
    let mut reports = Vec::new();
    for language in languages {
        bar.set_message(language.id.clone());
        let image = images.iter().find(|image| image.name == language.image);
        let mut report = Report {
            id: language.id.clone(),
            name: language.name.clone(),
            version: None,
            image: language.image.clone(),
            image_bytes: image.map_or(0, |image| image.size_bytes),
            hello_ms: None,
            trouble: None,
            cases: Vec::new(),
        };
        match node.working(&language.id) {
            Err(why) => report.trouble = Some(why),
            Ok((workshop, version)) => {
                report.version = version;
                let cases: Vec<Case> = case::of_language(language, node.config.languages_dir.as_deref())?;
                (report.hello_ms, report.cases) =
                    prove(&workshop, &cases, node.config.max_jobs as usize).await;
            }
        }
        reports.push(report);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(reports)
}

fn progress_bar(languages: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(languages);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} languages · {elapsed} · {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
