//! Runs programs on a Ruche cluster from a shell.
//!
//! Four steps: arguments ([`args`]) → resolved settings ([`settings`]) → command ([`commands`]) → exit status
//! ([`exit`]). Standard output carries data, standard error carries talk; every sentence that people read is in
//! [`messages`].

pub mod args;
mod bar;
mod client;
mod clusters;
mod commands;
mod dial;
pub mod exit;
mod failure;
mod folder;
mod follow;
mod keys;
mod language;
mod memory;
mod messages;
mod out;
mod output;
mod printer;
mod program;
mod raw;
mod settings;
mod source;
mod stdin;
mod table;
mod terminal;
mod testing;
mod trust;
mod units;
mod upload;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Args;
use crate::exit::Exit;
use crate::failure::Failure;

/// The whole program.
pub fn main() -> ExitCode {
    let exit = run(Args::parse()).unwrap_or_else(|failure| {
        if let Some(text) = messages::failure(&failure) {
            terminal::say(&messages::error(&text));
        }
        failure.exit()
    });
    exit.into()
}

/// One thread: starting more would cost a run longer than they could save.
fn run(args: Args) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::Startup)?;
    let exit = runtime.block_on(commands::execute(args));
    // A host name that is still being looked up must not hold up the end.
    runtime.shutdown_background();
    exit
}
