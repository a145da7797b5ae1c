//! What each command does.

mod cancel;
mod completions;
mod jobs;
mod languages;
mod run;
mod status;
mod watch;

use std::path::PathBuf;

use crate::args::{Args, Command};
use crate::client::Link;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::{self, Master};

/// Where the controller is, found out only when a command needs it: a broken configuration file must not keep
/// `completions` from working.
struct Address {
    given: Option<Master>,
    config_home: Option<PathBuf>,
}

impl Address {
    async fn connect(&self) -> Result<Link, Failure> {
        Link::connect(&settings::master(self.given.clone(), self.config_home.as_deref())?).await
    }
}

/// Carries a command out.
pub async fn execute(args: Args) -> Result<Exit, Failure> {
    let Args { master, config_home, command } = args;
    let address = Address { given: master, config_home };
    match command {
        Command::Run(args) => run::run(&address, *args).await,
        Command::Watch(args) => watch::watch(&address, &args).await,
        Command::Status(args) => status::status(&address, &args).await,
        Command::Jobs(args) => jobs::jobs(&address, &args).await,
        Command::Cancel(args) => cancel::cancel(&address, &args).await,
        Command::Languages(args) => languages::languages(&address, &args).await,
        Command::Completions(args) => completions::completions(&args),
    }
}
