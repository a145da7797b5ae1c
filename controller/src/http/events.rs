//! A job's events as they come, as server-sent events.

use std::convert::Infallible;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use protocol::event::JobEvent;
use protocol::{JobId, Problem};

use super::Context;
use super::extract::PathId;
use super::problem::Failure;
use crate::identity::Caller;
use crate::jobs::Watching;

/// What happens to a job, from the start or from behind `Last-Event-ID`; ends with the job.
#[utoipa::path(get, path = "/jobs/{id}/events", tag = "jobs", params(
    ("id" = JobId, Path),
    ("Last-Event-ID" = Option<u64>, Header, description = "The number of the last event already seen"),
), responses(
    (status = 200, description = "Events; each has its number as id, and its type as name", body = JobEvent,
        content_type = "text/event-stream"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn events(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let after = match headers.get("last-event-id") {
        None => 0,
        Some(value) => value
            .to_str()
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Problem::invalid("Last-Event-ID", "it has to be the number of an event"))?,
    };
    let watching = context.jobs.watch_for(&caller, id, after).await?;
    Ok(Sse::new(futures_util::stream::unfold(watching, next)).keep_alive(KeepAlive::default()))
}

async fn next(mut watching: Watching) -> Option<(Result<Event, Infallible>, Watching)> {
    // A job that is forgotten before its end leaves nothing to be told.
    let (number, event) = watching.next().await.ok().flatten()?;
    let named = Event::default().id(number.to_string()).event(name(&event));
    // Plain data always becomes JSON; were it not to, the event would stand without it.
    let event = named.json_data(&event).unwrap_or_default();
    Some((Ok(event), watching))
}

fn name(event: &JobEvent) -> &'static str {
    match event {
        JobEvent::Queued { .. } => "queued",
        JobEvent::Started { .. } => "started",
        JobEvent::StepStarted { .. } => "step_started",
        JobEvent::Output { .. } => "output",
        JobEvent::StepFinished { .. } => "step_finished",
        JobEvent::Restarted { .. } => "restarted",
        JobEvent::Finished { .. } => "finished",
    }
}
