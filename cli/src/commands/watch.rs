//! `cli watch`.

use protocol::LimitsRequest;
use protocol::client::Request;

use super::Address;
use crate::args::WatchArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::follow::{self, Mode, Plan};

/// Follows a job from its beginning.
pub async fn watch(address: &Address, args: &WatchArgs) -> Result<Exit, Failure> {
    let plan = Plan {
        request: Request::Watch { id: args.id, after: 0, stdin_follows: false },
        contents: Vec::new(),
        stdin: None,
        limits: LimitsRequest::default(),
        mode: Mode::Watching,
        talk: None,
        view: args.view,
        masters: address.masters()?,
        bar: None,
    };
    follow::follow(address.connect().await?, plan).await
}
