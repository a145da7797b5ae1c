//! `cli completions`.

use clap::CommandFactory as _;

use crate::args::{Args, CompletionsArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal;

/// Writes the script.
pub fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "cli", &mut script);
    terminal::print(&String::from_utf8_lossy(&script)).map(|()| Exit::OK)
}
