//! `cli runner`.

use protocol::client::{Request, Response};
use protocol::cluster::RunnerInfo;
use protocol::joining::JoinTokenRequest;

use super::{Address, status};
use crate::args::RunnerCommand;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::Master;
use crate::{messages, terminal};

/// Shows the runners, takes one in or out, lets one leave, or says what it takes.
pub async fn runner(address: &Address, command: RunnerCommand) -> Result<Exit, Failure> {
    match command {
        RunnerCommand::List(args) => status::status(address, &args).await,
        RunnerCommand::Token { ttl, uses } => token(address, ttl, uses).await,
        RunnerCommand::Remove { name } => remove(address, name).await,
        RunnerCommand::Drain { name } => {
            steer(address, Request::Drain { runner: name }, |runner| messages::draining(&runner.name)).await
        }
        RunnerCommand::Pause { name } => {
            steer(address, Request::PauseRunner { runner: name }, |runner| messages::paused(&runner.name))
                .await
        }
        RunnerCommand::Resume { name } => {
            steer(address, Request::ResumeRunner { runner: name }, |runner| messages::resumed(&runner.name))
                .await
        }
        RunnerCommand::Set(args) => {
            let request = Request::ChangeRunner { runner: args.name.clone(), change: (&args).into() };
            steer(address, request, messages::runner_set).await
        }
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

/// Tells a runner something, and says how it is then.
async fn steer(
    address: &Address,
    request: Request,
    words: fn(&RunnerInfo) -> String,
) -> Result<Exit, Failure> {
    let mut link = address.connect().await?;
    let [Response::Runners { runners }] = link.ask(1, [request]).await? else {
        return Err(link.strange_answer());
    };
    runners.iter().for_each(|runner| terminal::say(&words(runner)));
    Ok(Exit::OK)
}
