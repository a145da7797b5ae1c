//! `cli callback-key`.

use protocol::account::{AccountAnswer, AccountRequest};

use super::super::Address;
use super::ask;
use crate::args::CallbackKeyArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal;

/// Prints the key that signs callbacks: alone, for a pipe into where it is needed.
pub async fn callback_key(address: &Address, args: &CallbackKeyArgs) -> Result<Exit, Failure> {
    let CallbackKeyArgs { renew, cluster, json } = *args;
    let (link, answer) = ask(address, AccountRequest::CallbackKey { cluster, renew }).await?;
    let AccountAnswer::CallbackKey(key) = answer else { return Err(link.strange_answer()) };
    match json {
        true => terminal::print_json(&key)?,
        false => terminal::print(&format!("{}\n", key.key.expose()))?,
    }
    Ok(Exit::OK)
}
