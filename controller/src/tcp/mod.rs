//! The door for clients that speak frames (port 7000). docs/protocol.md has the conversation.

mod fitting;
mod input;
mod request;
pub mod session;
mod stream;
mod visitor;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::doors;
use crate::encryption::Encryption;
use crate::identity::Identity;
use crate::jobs::Jobs;
use crate::wire;

pub use session::Door;

/// Takes clients in until told to stop; then lets them have the answers that they wait for.
pub async fn serve(
    jobs: Jobs,
    identity: Arc<Identity>,
    listener: TcpListener,
    door: (doors::Door, Encryption),
    sessions: TaskTracker,
    stop: CancellationToken,
) {
    let hello = Arc::new(session::hello());
    let serve = move |link, peer, stop| {
        let door = Door { jobs: jobs.clone(), identity: Arc::clone(&identity), peer };
        let hello = Arc::clone(&hello);
        async move { session::run(door, link, &hello, &stop).await }
    };
    wire::accept(listener, door, sessions, stop, serve).await;
}
