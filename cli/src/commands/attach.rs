//! `cli attach`.

use protocol::LimitsRequest;
use protocol::client::Request;

use super::Address;
use crate::args::{AttachArgs, ViewArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::follow::{self, Mode, Plan, Talk};
use crate::memory::{Memory, Seen};
use crate::messages::NO_TERMINAL;
use crate::{stdin, terminal};

/// Goes on with a job where the command before has left it.
pub async fn attach(address: &Address, args: &AttachArgs) -> Result<Exit, Failure> {
    let state_home = address.state_home.clone();
    let known = state_home.as_deref().and_then(|folder| Memory::of(args.id, folder).recall());
    let mut seen = known.unwrap_or_default();
    seen.terminal |= args.tty;
    if seen.terminal && !terminal::somebody_types() {
        return Err(Failure::Input(NO_TERMINAL));
    }
    if args.from_start {
        // What was typed and did not arrive is still to be sent.
        seen = Seen { typed: seen.typed, terminal: seen.terminal, ..Seen::default() };
    }
    let mut link = address.connect().await?;
    // What the numbers of events mean is known then.
    link.greeted().await?;
    let after = if seen.life.is_some() && seen.life == link.life() { seen.event } else { 0 };
    let plan = Plan {
        request: Request::Watch { id: args.id, after, stdin_follows: true },
        contents: Vec::new(),
        stdin: Some(stdin::pieces()),
        limits: LimitsRequest::default(),
        mode: Mode::Talking,
        talk: Some(Talk { seen, state_home }),
        view: ViewArgs { json: false, quiet: args.quiet },
        masters: address.masters()?,
        bar: None,
    };
    follow::follow(link, plan).await
}
