//! The task of an attempt: keeps what the worker reports, and sends it over whichever link carries the attempt,
//! output under that controller's credit.
//!
//! ```text
//!            ┌── link lost ──▶ held ── nobody wants it ──▶ forgotten
//!  carried ──┤                  │                              ▲
//!            └───── resumed ◀───┘     recorded, or forget ─────┘
//! ```

use std::sync::Arc;
use std::time::Duration;

use protocol::frame::{Frame, FrameError, FrameKind};
use protocol::runner::FromRunner;

use super::at;
use super::attempt::{Attempt, Carrier, LinkStream};
use super::log::{Piece, Place, ReportLog};
use crate::report::{Report, Reports};

/// How long an attempt is held that no controller wants.
const PATIENCE: Duration = Duration::from_secs(300);

/// An attempt's way to its controller.
struct Way {
    to: LinkStream,
    sent: Place,
    /// Output that credit was used for and that has not been sent.
    paid: usize,
    broken: bool,
}

/// What was done for the way.
enum Sent {
    Something,
    /// The link takes nothing any more; whoever serves it will say that it is lost.
    Broken,
}

/// Keeps an attempt until its end is recorded or nobody wants it.
pub async fn carry(attempt: Arc<Attempt>, mut reports: Reports) {
    let mut carriers = attempt.carriers();
    let mut log = ReportLog::default();
    let mut way = None;
    let mut deadline = None;
    carriers.mark_changed();
    loop {
        tokio::select! {
            biased;
            _ = carriers.changed() => match carriers.borrow_and_update().clone() {
                Carrier::Link(to) => {
                    way = Some(Way { to, sent: Place::default(), paid: 0, broken: false });
                    deadline = None;
                }
                Carrier::Held(held) => {
                    way = None;
                    deadline = Some(held.since + PATIENCE);
                }
                Carrier::Forgotten => break,
            },
            sent = send_next(&mut way, &log) => {
                if let (Sent::Broken, Some(way)) = (sent, &mut way) {
                    way.broken = true;
                }
            }
            report = reports.recv(), if !log.is_complete() => keep(&mut log, report, way.as_ref()).await,
            () = at(deadline) => {
                let key = attempt.key();
                tracing::warn!(job = %key.0, attempt = %key.1, "an attempt that nobody wants is dropped");
                break;
            }
        }
        // A controller that does not say when an end is recorded has it once it was sent.
        if way.as_ref().is_some_and(|way| !way.to.confirms && log.is_sent(way.sent)) {
            break;
        }
    }
    attempt.forget();
    if let Some(way) = way {
        let _ = way.to.ended.send(way.to.stream).await;
    }
}

async fn keep(log: &mut ReportLog, report: Option<Report>, way: Option<&Way>) {
    match report {
        Some(Report::Output { step, stream, data }) => log.output(step, stream, data),
        Some(Report::Message(message)) => log.message(message),
        Some(Report::Artifact { step, path, content }) => log.artifact(step, path, content),
        Some(Report::Credit(bytes)) => {
            // Without a link there is nobody to be given any: the next one begins with a new window.
            if let Some(way) = way {
                let _ = way.to.outgoing.send(Frame::credit(way.to.stream, bytes)).await;
            }
        }
        None => log.message(FromRunner::Failed { reason: "the runner failed".to_owned() }),
    }
}

/// Sends what is next, as soon as it may be sent. Nothing is lost when the future is dropped.
async fn send_next(way: &mut Option<Way>, log: &ReportLog) -> Sent {
    let Some(way) = way.as_mut().filter(|way| !way.broken) else { return std::future::pending().await };
    way.sent = log.settle(way.sent);
    let Some(size) = log.size_at(way.sent) else { return std::future::pending().await };
    if size.bytes > 0 && way.paid == 0 {
        if way.to.credit.take(size.credit).await.is_err() {
            // Cancelled: the output is nobody's any more, the verdict is.
            way.sent = log.piece_at(way.sent, size.bytes).map_or(way.sent, |(_, next)| next);
            return Sent::Something;
        }
        way.paid = size.bytes;
    }
    let Ok(permit) = way.to.outgoing.reserve().await else { return Sent::Broken };
    let Some((piece, next)) = log.piece_at(way.sent, way.paid) else { return Sent::Broken };
    match frame(way.to.stream, piece) {
        Ok(frame) => permit.send(frame),
        Err(error) => tracing::warn!(%error, "a report does not fit a frame"),
    }
    (way.sent, way.paid) = (next, 0);
    Sent::Something
}

fn frame(stream: u32, piece: Piece) -> Result<Frame, FrameError> {
    match piece {
        Piece::Message(message) => Frame::control(stream, &message),
        Piece::Output(chunk) => Ok(Frame::output(stream, &chunk)),
        Piece::Blob(payload) => Ok(Frame { kind: FrameKind::Blob, stream, payload }),
    }
}
