//! `cli rerun`.

use protocol::LimitsRequest;
use protocol::client::{Request, Response};

use super::{Address, refused};
use crate::args::RerunArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::follow::{self, Mode, Plan, QUESTION_STREAM};

/// Has the program of a job run again, and follows the new one.
pub async fn rerun(address: &Address, args: &RerunArgs) -> Result<Exit, Failure> {
    let mut link = address.connect().await?;
    let job = match link.ask(QUESTION_STREAM, [Request::Rerun { id: args.id }]).await {
        Ok([Response::Job { job }]) => job,
        Ok(_) => return Err(link.strange_answer()),
        Err(failure) => return refused(failure, args.view),
    };
    let plan = Plan {
        request: Request::Watch { id: job.id, after: 0, stdin_follows: false },
        contents: Vec::new(),
        stdin: None,
        limits: LimitsRequest::default(),
        mode: if args.detach { Mode::Detached } else { Mode::Attached },
        talk: None,
        view: args.view,
        masters: address.masters()?,
        bar: None,
    };
    follow::follow(link, plan).await
}
