//! What a runner says of itself over a link, beside what it says of attempts.

use std::sync::Arc;

use protocol::frame::Frame;
use protocol::runner::FromRunner;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::attempts::Announcement;
use super::{LinkError, at};
use crate::node::{Node, Offers};

/// What the last registration said that may change.
#[derive(Debug, Clone)]
pub struct Registered {
    /// What was offered.
    pub offers: Arc<Offers>,
    /// What was held, as far as it still is.
    pub held: Announcement,
}

/// Sends the telemetry as it comes.
pub async fn send_telemetry(node: &Node, outgoing: mpsc::Sender<Frame>) -> Result<(), LinkError> {
    let mut telemetry = node.telemetry();
    telemetry.mark_changed();
    while telemetry.changed().await.is_ok() {
        let now = telemetry.borrow_and_update().clone();
        if let Some(now) = now {
            let frame = Frame::control(0, &FromRunner::Telemetry(now))?;
            outgoing.send(frame).await.map_err(|_| LinkError::Closed)?;
        }
    }
    Ok(())
}

/// Registers again whenever what the runner offers has changed, or it holds more for this controller; what it
/// runs goes on.
pub async fn send_registrations(
    node: &Node,
    controller: &str,
    mut registered: Registered,
    outgoing: mpsc::Sender<Frame>,
) -> Result<(), LinkError> {
    let mut offers = node.offers();
    let mut changes = node.attempts.changes();
    loop {
        changes.mark_unchanged();
        let (held, next) = node.attempts.held_for(controller, Instant::now());
        let now = Arc::clone(&offers.borrow_and_update());
        let new_offers = *now != *registered.offers;
        if new_offers || held.iter().any(|held| !registered.held.contains(held)) {
            let registration = node.registration(held.iter().map(|(held, _)| *held).collect());
            let frame = Frame::control(0, &FromRunner::Register(registration))?;
            outgoing.send(frame).await.map_err(|_| LinkError::Closed)?;
            tracing::info!(
                languages = now.languages.len(),
                held = held.len(),
                "told a controller what there is"
            );
        }
        registered = Registered { offers: now, held };
        tokio::select! {
            changed = offers.changed() => if changed.is_err() { return Ok(()) },
            changed = changes.changed() => if changed.is_err() { return Ok(()) },
            () = at(next) => {}
        }
    }
}
