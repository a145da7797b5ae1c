//! `cli token`.

use protocol::account::{AccountAnswer, AccountRequest, NewToken, TokenInfo};

use super::super::Address;
use super::{ask, tell};
use crate::args::{CreateArgs, JsonArgs, TokenCommand};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::messages::accounts as messages;
use crate::table::{self, Align};
use crate::terminal;

/// Looks after one's own tokens.
pub async fn token(address: &Address, command: TokenCommand) -> Result<Exit, Failure> {
    match command {
        TokenCommand::List(args) => list(address, args).await?,
        TokenCommand::Create(args) => create(address, &args).await?,
        TokenCommand::Revoke { id } => {
            tell(address, AccountRequest::RevokeToken { id: id.clone() }).await?;
            terminal::say(&messages::token_revoked(&id));
        }
    }
    Ok(Exit::OK)
}

async fn list(address: &Address, args: JsonArgs) -> Result<(), Failure> {
    let (link, answer) = ask(address, AccountRequest::Tokens).await?;
    let AccountAnswer::Tokens { tokens } = answer else { return Err(link.strange_answer()) };
    if args.json {
        return terminal::print_json(&tokens);
    }
    if tokens.is_empty() {
        terminal::say(messages::NO_TOKENS);
        return Ok(());
    }
    let rows: Vec<[String; 6]> = tokens.iter().map(row).collect();
    terminal::print_lines(&table::lines(messages::TOKEN_HEADS, [Align::Left; 6], &rows, terminal::width()))
}

/// The token alone goes to standard output, for a pipe into where it is needed.
async fn create(address: &Address, args: &CreateArgs) -> Result<(), Failure> {
    let (link, answer) = ask(address, AccountRequest::CreateToken(NewToken::from(args))).await?;
    let AccountAnswer::Token(created) = answer else { return Err(link.strange_answer()) };
    if args.json {
        return terminal::print_json(&created);
    }
    terminal::say(messages::TOKEN_MADE);
    terminal::print(&format!("{}\n", created.token.expose()))
}

fn row(token: &TokenInfo) -> [String; 6] {
    let until = token.expires_at.map(|end| end.strftime("%F %H:%M").to_string()).unwrap_or_default();
    [
        token.id.clone(),
        token.name.clone(),
        messages::scopes(&token.scopes),
        messages::budget(&token.budget),
        until,
        token.parent.clone().unwrap_or_default(),
    ]
}
