//! `cli runner`.

use protocol::client::{Request, Response};

use super::{Address, status};
use crate::args::RunnerCommand;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{messages, terminal};

/// Shows the runners, or lets one leave.
pub async fn runner(address: &Address, command: RunnerCommand) -> Result<Exit, Failure> {
    match command {
        RunnerCommand::List(args) => status::status(address, &args).await,
        RunnerCommand::Drain { name } => drain(address, name).await,
    }
}

async fn drain(address: &Address, runner: String) -> Result<Exit, Failure> {
    let mut link = address.connect().await?;
    let [Response::Runners { runners }] = link.ask(1, [Request::Drain { runner }]).await? else {
        return Err(link.strange_answer());
    };
    runners.iter().for_each(|runner| terminal::say(&messages::draining(&runner.name)));
    Ok(Exit::OK)
}
