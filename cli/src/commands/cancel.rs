//! `cli cancel`.

use protocol::client::Request;

use super::Address;
use crate::args::CancelArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{messages, terminal};

/// Asks for the job's end.
pub async fn cancel(address: &Address, args: &CancelArgs) -> Result<Exit, Failure> {
    let mut link = address.connect().await?;
    link.ask(1, [Request::Cancel { id: args.id }]).await?;
    terminal::say(&messages::cancelled(args.id));
    Ok(Exit::OK)
}
