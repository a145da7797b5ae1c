//! The arguments of `attach`.

use protocol::JobId;

use crate::messages::help;

/// Arguments of `attach`.
#[derive(Debug, clap::Args)]
#[command(after_help = help::ATTACH)]
pub struct AttachArgs {
    /// The job's id.
    #[arg(value_name = "ID")]
    pub id: JobId,

    /// Show everything again, not only what is new.
    #[arg(long)]
    pub from_start: bool,

    /// The program has a terminal, which this command may not know where another host started it.
    #[arg(long, short)]
    pub tty: bool,

    /// Say nothing but errors beside the program's output.
    #[arg(long, short)]
    pub quiet: bool,
}
