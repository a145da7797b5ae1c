//! The door for runners (port 7001): takes them in, hands them the jobs that dispatch gives them, and records
//! what becomes of these.

mod arrival;
mod artifacts;
mod attempt;
mod feeder;
mod lingering;
mod progress;
mod recording;
pub mod session;
mod taking_up;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backlog::Backlog;
use crate::doors::Door;
use crate::encryption::Encryption;
use crate::identity::Usage;
use crate::identity::enrolment::Enrolment;
use crate::live::Live;
use crate::roster::Roster;
use crate::store::Store;
use crate::wire;

pub use lingering::Lingering;

/// What the door needs.
#[derive(Clone)]
pub struct Fleet {
    /// Where results go.
    pub store: Arc<dyn Store>,
    /// Where jobs wait again whose attempt is over.
    pub backlog: Arc<Backlog>,
    /// Where output goes.
    pub live: Arc<Live>,
    /// Where runners are known.
    pub roster: Arc<Roster>,
    /// Where it is counted what jobs have used up.
    pub usage: Arc<Usage>,
    /// The attempts whose links are gone.
    pub lingering: Arc<Lingering>,
    /// Which runners may come in.
    pub enrolment: Arc<Enrolment>,
}

/// Takes runners in until told to stop. Sessions end then; what their runners still run, they hold.
pub async fn serve(
    fleet: Fleet,
    listener: TcpListener,
    door: (Door, Encryption),
    sessions: TaskTracker,
    stop: CancellationToken,
) {
    let hello = Arc::new(session::hello());
    let serve = move |link, peer, stop| {
        let (fleet, hello) = (fleet.clone(), Arc::clone(&hello));
        async move { session::run(&fleet, link, &peer, &hello, &stop).await }
    };
    wire::accept(listener, door, sessions, stop, serve).await;
}
