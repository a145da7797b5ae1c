//! The door for clients that speak frames (port 7000). docs/protocol.md has the conversation.

mod request;
pub mod session;
mod stream;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::doors::Door;
use crate::jobs::Jobs;
use crate::wire;

/// Takes clients in until told to stop; then lets them have the answers that they wait for.
pub async fn serve(
    jobs: Jobs,
    listener: TcpListener,
    door: Door,
    sessions: TaskTracker,
    stop: CancellationToken,
) {
    let hello = Arc::new(session::hello());
    let serve = move |link, stop| {
        let (jobs, hello) = (jobs.clone(), Arc::clone(&hello));
        async move { session::run(jobs, link, &hello, &stop).await }
    };
    wire::accept(listener, door, sessions, stop, serve).await;
}
