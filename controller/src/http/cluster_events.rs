//! How the cluster changes, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use protocol::Problem;
use protocol::cluster::{ClusterChange, ClusterSnapshot};
use tokio::time::{Instant, timeout};

use super::Context;
use crate::identity::{Action, Caller};
use crate::overview::Spectator;
use crate::wire::Peer;

/// After so long without an event something is sent, so that the connection is not taken for dead.
const QUIET: Duration = Duration::from_secs(10);

/// How often it is asked again whether they still may watch.
const ASK: Duration = Duration::from_secs(5);

/// Somebody who watches over HTTP.
struct Watcher {
    context: Context,
    caller: Caller,
    peer: Peer,
    asked: Instant,
    spectator: Spectator,
}

/// The cluster, and then once a second what has changed. Whoever is too slow for that gets all of it again.
#[utoipa::path(get, path = "/cluster/events", tag = "cluster", responses(
    (status = 200, description = "At first an event `snapshot`, then events `change`; each once a second at most",
        content_type = "text/event-stream", body = ClusterSnapshot),
    (status = "default", description = "The data of an event `change`", body = ClusterChange),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub async fn events(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Extension(peer): Extension<Peer>,
) -> Response {
    let spectator = context.overview.watch();
    let watcher = Watcher { context, caller, peer, asked: Instant::now(), spectator };
    let body = Body::from_stream(futures_util::stream::unfold(watcher, next));
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}

async fn next(mut watcher: Watcher) -> Option<(Result<Bytes, Infallible>, Watcher)> {
    let event = match timeout(QUIET, watcher.spectator.next()).await {
        Ok(event) => event?,
        Err(_) => Bytes::from_static(b":\n\n"),
    };
    watcher.may_go_on().await.then_some((Ok(event), watcher))
}

impl Watcher {
    /// Sessions end, tokens are revoked and accounts are removed while somebody watches.
    async fn may_go_on(&mut self) -> bool {
        if self.asked.elapsed() < ASK {
            return true;
        }
        self.asked = Instant::now();
        let proof = self.caller.proof.clone();
        self.context.identity.admit(Action::SeeRunners, &self.peer, proof).await.is_ok()
    }
}
