//! Arguments of `callback-key`.

use clap::Args;

use crate::messages::help;

/// Arguments of `callback-key`.
#[derive(Debug, Args)]
#[command(after_help = help::CALLBACK_KEY)]
pub struct CallbackKeyArgs {
    /// Put a new one in its place, and print that: the old one signs nothing any more.
    #[arg(long)]
    pub renew: bool,

    /// The one of jobs that are submitted without an account, for admins.
    #[arg(long)]
    pub cluster: bool,

    /// Print one JSON object, as the HTTP door has it.
    #[arg(long)]
    pub json: bool,
}
