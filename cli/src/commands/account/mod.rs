//! The commands about accounts: `login`, `logout`, `whoami`, `user`, `group`, `token`,
//! `callback-key` and `audit`.

mod audit;
mod callback_key;
mod groups;
mod login;
mod tokens;
mod users;

use protocol::account::{AccountAnswer, AccountRequest};
use protocol::client::{Request, Response};

use super::Address;
use crate::client::Link;
use crate::failure::Failure;

pub use audit::audit;
pub use callback_key::callback_key;
pub use groups::group;
pub use login::{login, logout, whoami};
pub use tokens::token;
pub use users::user;

/// Asks the controller something about accounts.
async fn ask(address: &Address, ask: AccountRequest) -> Result<(Link, AccountAnswer), Failure> {
    let mut link = address.connect().await?;
    let [Response::Account { answer }] = link.ask(1, [Request::Account { ask }]).await? else {
        return Err(link.strange_answer());
    };
    Ok((link, *answer))
}

/// The same, where the answer says only that it is done.
async fn tell(address: &Address, what: AccountRequest) -> Result<(), Failure> {
    match ask(address, what).await? {
        (_, AccountAnswer::Done) => Ok(()),
        (link, _) => Err(link.strange_answer()),
    }
}
