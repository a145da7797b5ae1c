//! The door for clients that speak frames (port 7000). docs/protocol.md has the conversation.

mod request;
mod session;
mod stream;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::jobs::Jobs;
use crate::wire::{WireError, peer_name};

/// Clients that may be connected at once.
const MAX_CONNECTIONS: usize = 4096;

/// Takes clients in until told to stop; then lets them have the answers that they wait for.
pub async fn serve(jobs: Jobs, listener: TcpListener, sessions: TaskTracker, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let stream = match accepted {
            Ok((stream, _)) if sessions.len() < MAX_CONNECTIONS => stream,
            Ok(_) => continue,
            Err(error) => {
                tracing::warn!(%error, "a client's connection cannot be accepted");
                // Out of descriptors, mostly: others have to close first.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            }
        };
        let (jobs, stop) = (jobs.clone(), stop.clone());
        sessions.spawn(async move {
            let peer = peer_name(&stream);
            match session::run(jobs, stream, &stop).await {
                Ok(()) | Err(WireError::Closed) => {}
                Err(error) => tracing::info!(peer, %error, "a client's connection has ended"),
            }
        });
    }
}
