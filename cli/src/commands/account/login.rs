//! `cli login`, `cli logout` and `cli whoami`.

use protocol::Secret;
use protocol::account::{AccountAnswer, AccountRequest, LimitsInfo, LogIn, Me, SetUp};
use protocol::client::{Request, Response};
use serde::Serialize;

use super::super::Address;
use super::super::trusting::get_to_know_all;
use super::{ask, tell};
use crate::args::{JsonArgs, LoginArgs};
use crate::clusters::Cluster;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::messages::accounts as messages;
use crate::settings::Account;
use crate::terminal;

/// Gets to know the controllers, logs in, and keeps what proves it.
pub async fn login(address: &Address, args: LoginArgs) -> Result<Exit, Failure> {
    let address = &address.at(args.controllers);
    get_to_know_all(address, args.ca_file.as_deref()).await?;
    if args.trust_only {
        return Ok(Exit::OK);
    }
    if args.token {
        return keep_given(address).await;
    }
    let secret = match args.setup {
        true => Some(terminal::ask_secret(messages::ASK_SETUP)?),
        false => None,
    };
    let name = match args.name {
        Some(name) => name,
        None => terminal::ask(messages::ASK_NAME)?,
    };
    let request = match secret {
        Some(secret) => AccountRequest::SetUp(SetUp { secret, name, password: new_password()? }),
        None => {
            let password = terminal::ask_secret(messages::ASK_PASSWORD)?;
            AccountRequest::LogIn(LogIn { name, password })
        }
    };
    // What was kept from before may be over, and proves nothing any more.
    let (link, answer) = ask(&address.without_token(), request).await?;
    let AccountAnswer::Session(session) = answer else { return Err(link.strange_answer()) };
    let Some(token) = &session.token else { return Err(link.strange_answer()) };
    keep(address, token)?;
    terminal::say(&messages::logged_in(&session.me));
    Ok(Exit::OK)
}

/// Asks for a password that is new, twice where somebody types it.
pub fn new_password() -> Result<Secret, Failure> {
    let password = terminal::ask_secret(messages::ASK_NEW_PASSWORD)?;
    if terminal::somebody_types() && terminal::ask_secret(messages::ASK_AGAIN)? != password {
        return Err(Failure::Input(messages::PASSWORDS_DIFFER));
    }
    Ok(password)
}

/// Keeps a token that the user was given, once the cluster has said whose it is.
async fn keep_given(address: &Address) -> Result<Exit, Failure> {
    let token = terminal::ask_secret(messages::ASK_TOKEN)?;
    let shown = address.with_token(token.clone());
    let (link, answer) = ask(&shown, AccountRequest::Me).await?;
    let AccountAnswer::Me(me) = answer else { return Err(link.strange_answer()) };
    keep(address, &token)?;
    terminal::say(&messages::logged_in(&me));
    Ok(Exit::OK)
}

/// All controllers of a cluster know the same accounts.
fn keep(address: &Address, token: &Secret) -> Result<(), Failure> {
    let Account { config_folder, .. } = &address.account;
    let folder = config_folder.as_deref().ok_or(Failure::Input(messages::NO_FOLDER))?;
    for master in address.masters()?.iter() {
        let cluster = Cluster::of(master, folder);
        let kept = cluster.keep_token(token);
        kept.map_err(|error| Failure::Config(cluster.path("token"), error.kind().to_string()))?;
    }
    Ok(())
}

/// Ends the session, and forgets what proved it.
pub async fn logout(address: &Address) -> Result<Exit, Failure> {
    let ended = match forget(address)? {
        Some(token) => tell(&address.with_token(token), AccountRequest::LogOut).await,
        None => {
            terminal::say(messages::NOT_LOGGED_IN);
            return Ok(Exit::OK);
        }
    };
    match ended {
        // It was over already, or is a token that goes on to be good elsewhere.
        Ok(()) | Err(Failure::Refused(_)) => terminal::say(messages::LOGGED_OUT),
        Err(failure) => return Err(failure),
    }
    Ok(Exit::OK)
}

/// Forgets the tokens of these controllers. Returns one of them, where there was one.
fn forget(address: &Address) -> Result<Option<Secret>, Failure> {
    let Some(folder) = &address.account.config_folder else { return Ok(None) };
    let mut found = None;
    for master in address.masters()?.iter() {
        let cluster = Cluster::of(master, folder);
        let unusable =
            |error: std::io::Error| Failure::Config(cluster.path("token"), error.kind().to_string());
        found = cluster.token().map_err(unusable)?.or(found);
        cluster.forget_token().map_err(unusable)?;
    }
    Ok(found)
}

/// Who one is, as one JSON object.
#[derive(Serialize)]
struct WhoAmI {
    #[serde(flatten)]
    me: Me,
    #[serde(flatten)]
    limits: LimitsInfo,
}

/// Says who the cluster takes one for, and what one may have.
pub async fn whoami(address: &Address, args: JsonArgs) -> Result<Exit, Failure> {
    let mut link = address.connect().await?;
    let asks = [AccountRequest::Me, AccountRequest::Limits].map(|ask| Request::Account { ask });
    let [Response::Account { answer: me }, Response::Account { answer: limits }] = link.ask(1, asks).await?
    else {
        return Err(link.strange_answer());
    };
    let (AccountAnswer::Me(me), AccountAnswer::Limits(limits)) = (*me, *limits) else {
        return Err(link.strange_answer());
    };
    if args.json {
        terminal::print_json(&WhoAmI { me, limits })?;
        return Ok(Exit::OK);
    }
    let mut lines = vec![messages::who(&me)];
    if me.name.is_some() {
        lines.extend(messages::limits(&limits));
    }
    terminal::print_lines(&lines)?;
    Ok(Exit::OK)
}
