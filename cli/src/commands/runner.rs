//! `cli runner`.

use protocol::client::{Request, Response};
use protocol::joining::JoinTokenRequest;

use super::{Address, status};
use crate::args::RunnerCommand;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::Master;
use crate::{messages, terminal};

/// Shows the runners, takes one in or out, or lets one leave.
pub async fn runner(address: &Address, command: RunnerCommand) -> Result<Exit, Failure> {
    match command {
        RunnerCommand::List(args) => status::status(address, &args).await,
        RunnerCommand::Token { ttl, uses } => token(address, ttl, uses).await,
        RunnerCommand::Remove { name } => remove(address, name).await,
        RunnerCommand::Drain { name } => drain(address, name).await,
    }
}

/// Prints what is to be typed on the new host: standard output is that line alone.
async fn token(address: &Address, ttl: f64, uses: u32) -> Result<Exit, Failure> {
    let mut link = address.connect().await?;
    let request = JoinTokenRequest { ttl_seconds: ttl.ceil() as u64, uses };
    let [Response::JoinToken(new)] = link.ask(1, [Request::JoinToken(request)]).await? else {
        return Err(link.strange_answer());
    };
    let door = Master { port: new.port, ..link.master().clone() };
    terminal::print(&format!("runner join {door} {}\n", new.token.expose()))?;
    terminal::say(&messages::token_ends(new.expires_at, uses));
    Ok(Exit::OK)
}

async fn remove(address: &Address, runner: String) -> Result<Exit, Failure> {
    let mut link = address.connect().await?;
    let [Response::Removed { runner }] = link.ask(1, [Request::RemoveRunner { runner }]).await? else {
        return Err(link.strange_answer());
    };
    terminal::say(&messages::removed(&runner));
    Ok(Exit::OK)
}

async fn drain(address: &Address, runner: String) -> Result<Exit, Failure> {
    let mut link = address.connect().await?;
    let [Response::Runners { runners }] = link.ask(1, [Request::Drain { runner }]).await? else {
        return Err(link.strange_answer());
    };
    runners.iter().for_each(|runner| terminal::say(&messages::draining(&runner.name)));
    Ok(Exit::OK)
}
