//! The runner's command line.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use runner::config::{Cli, Command, ImagesCommand, LanguagesCommand, languages_dir};
use runner::images::{BuildArgs, ImagesAction, ImagesArgs};
use runner::{conformance, docker, images, selftest};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let command = Cli::parse().command;
    // What these have to say they print.
    start_logging(if matches!(command, Command::Doctor(_) | Command::Selftest(_) | Command::Languages(_)) {
        "error"
    } else {
        "info"
    });
    match run(command).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Logs go to stderr, in colour only where somebody looks.
fn start_logging(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours);
    log.with_writer(std::io::stderr).init();
}

async fn run(command: Command) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (address, config, action) = match command {
        Command::Start(args) => {
            runner::start(args).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Join(args) => {
            runner::join(args).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Selftest(args) => {
            selftest::command::run(args).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Doctor(args) => {
            let ok = runner::doctor::command(args).await?;
            return Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Languages(LanguagesCommand::Check(args)) => {
            conformance::command::run(args).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Images(ImagesCommand::Build { names, base, network, force, config, docker }) => {
            (docker.docker, config, ImagesAction::Build(BuildArgs { names, base, network, force }))
        }
        Command::Images(ImagesCommand::List { json, config, docker }) => {
            (docker.docker, config, ImagesAction::List { json })
        }
    };
    let docker = docker::connect(address.as_deref()).await?;
    let args = ImagesArgs { languages_dir: languages_dir(config.as_deref())?, action };
    images::command(&docker, &args).await?;
    Ok(ExitCode::SUCCESS)
}

/// An error and what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !line.contains(&text) {
            line.push_str(&format!(": {text}"));
        }
        cause = inner.source();
    }
    line
}
