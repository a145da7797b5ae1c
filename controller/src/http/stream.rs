//! A job's WebSocket: its events as they come, and its standard input while it runs.

mod closing;
mod message;
mod talk;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::StatusCode;
use axum::response::Response;
use protocol::{JobId, Problem, ProblemKind};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Context;
use super::extract::{Parameters, PathId};
use super::problem::Failure;
use super::server::Visit;
use crate::identity::Caller;
use crate::wire::Peer;

use message::{MAX_MESSAGE, Told};
use talk::Talk;

pub use message::Said;

/// How much is read of a connection ahead of what is looked at, in bytes. A longer message is read as it comes.
const READ_AHEAD: usize = 8 * 1024;

/// Where to go on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub struct Resume {
    /// The number of the last event already seen.
    after: u64,
}

/// A job's events and standard input, over a WebSocket.
///
/// The server sends every event with its number, from the first or from behind `after`, and closes with 1000 after the
/// last. To whoever may write the input of a job that was submitted with `stdin=stream` it first says how many bytes of
/// that it has, and again whenever it has taken more. The client sends `StreamMessage`s: input, its end, or that the job is
/// to be stopped; at most 64 KiB of input may be on their way that were not said to be taken. A message that is not one of those described closes with 1008 and
/// the reason; a controller that stops closes with 1001.
#[utoipa::path(get, path = "/jobs/{id}/stream", tag = "jobs", params(("id" = JobId, Path), Resume), responses(
    (status = 101, description = "Each message of the server", body = Told),
    (status = 403, description = "It came from the page of another site", body = Problem,
        content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 426, description = "It did not ask for a WebSocket", body = Problem,
        content_type = "application/problem+json"),
))]
pub async fn stream(
    State(context): State<Context>,
    (Extension(caller), Extension(peer), Extension(visit)): (
        Extension<Caller>,
        Extension<Peer>,
        Extension<Visit>,
    ),
    PathId(id): PathId,
    Parameters(Resume { after }): Parameters<Resume>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Failure> {
    let watching = context.jobs.watch_for(&caller, id, after).await?;
    let upgrade = upgrade.map_err(|_| Failure(no_socket()))?;
    let writing = context.jobs.write_for(&caller, id);
    let talk = Talk { id, jobs: context.jobs, identity: context.identity, peer, proof: caller.proof };
    let upgrade = upgrade.read_buffer_size(READ_AHEAD).write_buffer_size(0);
    let upgrade = upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
    Ok(upgrade.on_upgrade(move |socket| talk.hold(socket, watching, writing, visit)))
}

fn no_socket() -> Problem {
    let detail = "this is a WebSocket: ask for an upgrade, or take /events for server-sent events";
    Problem { status: StatusCode::UPGRADE_REQUIRED.as_u16(), ..Problem::new(ProblemKind::Invalid, detail) }
}
