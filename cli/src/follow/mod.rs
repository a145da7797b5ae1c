//! Follows a job from its submission, or from wherever it is, to its end.
//!
//! ```text
//! frames · input · reports of the printer · Ctrl-C · timers ──▶ one event at a time ──▶ session (decides)
//!                                                       frames · output · notes ◀──┘
//! ```

mod credit;
mod progress;
mod reconnect;
mod resubmission;
mod session;
pub mod typed;

use std::path::PathBuf;

use bytes::Bytes;
use protocol::client::Request;
use protocol::{Detached, Job, LimitsRequest};
use tokio::sync::mpsc;

use crate::args::ViewArgs;
use crate::bar::TestBar;
use crate::client::Link;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::memory::Seen;
use crate::settings::Masters;
use crate::{messages, terminal};
use session::{Ending, Session};

/// The stream of the job. A connection follows one job, so its streams have fixed numbers.
pub const JOB_STREAM: u32 = 1;
/// The stream of the request to stop it.
const CANCEL_STREAM: u32 = 2;
/// The streams of questions before the job.
pub const QUESTION_STREAM: u32 = 3;
/// The first of the streams for what is asked while the job runs.
const FREE_STREAM: u32 = 16;

/// What to follow, and how.
#[derive(Debug)]
pub struct Plan {
    /// `submit` or `watch`.
    pub request: Request,
    /// The contents that follow the request.
    pub contents: Detached,
    /// The program's standard input, where it follows.
    pub stdin: Option<mpsc::Receiver<Bytes>>,
    /// The limits that were asked for, to be named where the program exceeds one.
    pub limits: LimitsRequest,
    /// Until when, and what Ctrl-C means.
    pub mode: Mode,
    /// How somebody talks with the program, where somebody does.
    pub talk: Option<Talk>,
    /// How to show it.
    pub view: ViewArgs,
    /// Where to go on when the connection is lost.
    pub masters: Masters,
    /// Shows how far the runs are, instead of what they write.
    pub bar: Option<TestBar>,
}

/// Somebody types what the program reads, and may leave and come back.
#[derive(Debug, Default)]
pub struct Talk {
    /// What was seen and typed before.
    pub seen: Seen,
    /// Where that is kept, where there is a place.
    pub state_home: Option<PathBuf>,
}

/// Until when a job is followed, and what Ctrl-C means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To its end; Ctrl-C stops the job.
    Attached,
    /// To its end; Ctrl-C is for the program, and twice stops the job.
    Talking,
    /// To its end; Ctrl-C leaves it alone.
    Watching,
    /// Until it is recorded.
    Detached,
}

/// How the following of a job ended whose output is not shown as it comes.
#[derive(Debug)]
pub enum Gathered {
    /// It has its verdict, and here is all that it wrote.
    Finished(Box<Job>),
    /// The user did not want to wait for it.
    Stopped,
}

/// Follows a job to its end without showing what it writes.
pub async fn gather(link: Link, plan: Plan) -> Result<(Gathered, Option<TestBar>), Failure> {
    let mut session = Session::new(link, plan)?;
    let ending = session.run().await;
    let bar = session.take_bar();
    let gathered = match ending {
        Ok(Ending::Finished(mut job)) => {
            session.transcript().complete(&mut job);
            Ok(Gathered::Finished(job))
        }
        Ok(Ending::Refused(problem)) => Err(Failure::Refused(problem)),
        Ok(Ending::Unread(error)) => Err(Failure::Output(error)),
        Ok(Ending::Unconfirmed) => {
            session.say(messages::CANCEL_UNCONFIRMED.to_owned());
            Ok(Gathered::Stopped)
        }
        Ok(Ending::Accepted(_) | Ending::LeftRunning(_) | Ending::Detached(_) | Ending::AtOnce) => {
            Ok(Gathered::Stopped)
        }
        Err(failure) => Err(failure),
    };
    session.drain().await;
    gathered.map(|gathered| (gathered, bar))
}

/// Follows a job, and returns what the command ends with.
pub async fn follow(link: Link, plan: Plan) -> Result<Exit, Failure> {
    follow_to_end(link, plan, &mut None).await
}

/// The same, and leaves the job there where it has its verdict.
pub async fn follow_to_end(link: Link, plan: Plan, end: &mut Option<Job>) -> Result<Exit, Failure> {
    let Plan { limits, view, .. } = plan;
    let mut session = Session::new(link, plan)?;
    let ended = session.run().await;
    session.take_leave(&ended);
    if let Ok(Ending::Finished(job)) = &ended {
        *end = Some(Job::clone(job));
    }
    let exit = match ended {
        Ok(ending) => conclude(&mut session, ending, &limits, view),
        Err(failure) => Err(failure),
    };
    // Said by the printer, so that it stands after the output and on a line of its own.
    let exit = exit.unwrap_or_else(|failure| {
        session.fail(&failure);
        failure.exit()
    });
    Ok(session.drain().await.unwrap_or(exit))
}

fn conclude(
    session: &mut Session,
    ending: Ending,
    limits: &LimitsRequest,
    view: ViewArgs,
) -> Result<Exit, Failure> {
    match ending {
        Ending::Finished(job) => finished(session, *job, limits, view),
        Ending::Accepted(id) => {
            match view.json {
                true => terminal::print_json(&serde_json::json!({ "id": id }))?,
                false => terminal::print(&format!("{id}\n"))?,
            }
            Ok(Exit::OK)
        }
        Ending::Refused(problem) => {
            let failure = Failure::Refused(problem.clone());
            if !view.json {
                return Err(failure);
            }
            terminal::print_json(&problem)?;
            Ok(failure.exit())
        }
        Ending::LeftRunning(id) => {
            id.into_iter().for_each(|id| session.say(messages::left_running(id)));
            Ok(Exit::CANCELLED)
        }
        Ending::Detached(id) => {
            id.into_iter().for_each(|id| session.say(messages::detached(id)));
            Ok(Exit::OK)
        }
        Ending::Unconfirmed => {
            session.say(messages::CANCEL_UNCONFIRMED.to_owned());
            Ok(Exit::CANCELLED)
        }
        Ending::AtOnce => Ok(Exit::CANCELLED),
        Ending::Unread(error) => Err(Failure::Output(error)),
    }
}

fn finished(
    session: &mut Session,
    mut job: Job,
    limits: &LimitsRequest,
    view: ViewArgs,
) -> Result<Exit, Failure> {
    if view.json {
        session.transcript().complete(&mut job);
        terminal::print_json(&job)?;
    } else {
        if session.transcript().end() {
            session.say(messages::DIVERGED.to_owned());
        }
        let verdict = terminal::coloured(messages::verdict_word(job.verdict), job.verdict);
        session.say(format!("{verdict}{}", messages::usage_line(&job)));
        messages::explanation(&job, limits).into_iter().for_each(|line| session.say(line));
        messages::notes(&job).into_iter().for_each(|line| session.say(line.to_owned()));
    }
    Ok(if session.is_stopping() { Exit::CANCELLED } else { Exit::of(&job) })
}
