//! The link to one controller: dials it, registers, and carries jobs, output and telemetry until it breaks;
//! then dials again. The attempts that came over it are held meanwhile: see [`attempts`].

mod attempt;
pub mod attempts;
mod carrying;
pub mod dial;
mod log;
mod session;
mod telling;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::Problem;
use protocol::frame::{Frame, FrameCodec, FrameError, FrameKind};
use protocol::hello::{DRAIN, Hello, RESUME};
use protocol::runner::{FromRunner, ToRunner};
use protocol::tls::TlsFailure;
use tokio::io::AsyncWrite;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::codec::FramedWrite;
use tokio_util::sync::CancellationToken;

use self::dial::{Incoming, Sink, Wire, dial};
use self::session::{Announce, Session};
use self::telling::{Registered, send_registrations, send_telemetry};
use crate::node::Node;

/// How often something is heard from this side: telemetry comes every second.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(2);

/// How long a controller may take to answer a connection and to greet.
pub(crate) const GREETING_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait before dialling again: at first, and at most.
const BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// How long a controller may leave what is sent to it unread before the link is given up: it would hold up, beside
/// the output, the look at whether the controller is there at all.
const STALLED: Duration = Duration::from_secs(10);

/// How long the last frames may take when the link is ended from here.
const FAREWELL: Duration = Duration::from_secs(2);

/// Frames that may wait to be sent.
const OUTGOING: usize = 64;

/// What this side knows beyond the least.
const FEATURES: [&str; 2] = [RESUME, DRAIN];

/// Why a link ended.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The connection failed.
    #[error("{0}")]
    Connection(#[source] io::Error),
    /// It could not be encrypted, or not to whom it should be.
    #[error("the controller is not trusted: {0}")]
    Tls(TlsFailure),
    /// The controller does not take this host's certificate.
    #[error("{0}: `cli runner token` on a client, then `runner join` on this host, get another one")]
    Outcast(TlsFailure),
    /// The controller does not answer.
    #[error("no answer within {} s", GREETING_TIMEOUT.as_secs())]
    NoAnswer,
    /// Nothing was heard of it.
    #[error("the controller has not been heard of for {} s", .0.as_secs())]
    Silent(Duration),
    /// It ended the connection.
    #[error("the controller closed the connection")]
    Closed,
    /// It does not want this runner.
    #[error("the controller refused this runner: {0}")]
    Refused(Problem),
    /// It did what the protocol does not allow.
    #[error("the controller broke the protocol: {0}")]
    Protocol(String),
}

impl From<io::Error> for LinkError {
    fn from(error: io::Error) -> Self {
        match TlsFailure::of(&error) {
            Some(failure @ TlsFailure::Refused(_)) => Self::Outcast(failure),
            Some(failure) => Self::Tls(failure),
            None => Self::Connection(error),
        }
    }
}

impl From<FrameError> for LinkError {
    fn from(error: FrameError) -> Self {
        Self::Protocol(error.to_string())
    }
}

impl From<serde_json::Error> for LinkError {
    fn from(error: serde_json::Error) -> Self {
        Self::Protocol(error.to_string())
    }
}

/// Works for a controller until told to stop. `registered` is told the address each time it takes this runner.
pub async fn keep(
    node: Arc<Node>,
    controller: String,
    registered: mpsc::Sender<String>,
    stop: CancellationToken,
) {
    let mut backoff = BACKOFF;
    let mut logged = String::new();
    loop {
        let since = Instant::now();
        let ended = connect(&node, &controller, &registered, &stop).await;
        if stop.is_cancelled() {
            return;
        }
        // The same reason again and again is told once.
        if let Err(error) = ended
            && logged != error.to_string()
        {
            tracing::warn!(controller, %error, "not connected");
            logged = error.to_string();
        }
        if since.elapsed() > MAX_BACKOFF {
            backoff = BACKOFF;
            logged.clear();
        }
        // Spread out, so that a controller that comes back is not overrun by all its runners at once.
        let wait = backoff.mul_f64(rand::random_range(0.5..1.0));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
        backoff = (backoff * 2).min(MAX_BACKOFF);
    }
}

/// Serves a controller until the link breaks, or it is told to stop; then what is to be said still is.
async fn connect(
    node: &Arc<Node>,
    controller: &str,
    registered: &mpsc::Sender<String>,
    stop: &CancellationToken,
) -> Result<(), LinkError> {
    let (mut incoming, sink, hello, told) = tokio::select! {
        joined = join(node, controller) => joined?,
        () = stop.cancelled() => return Ok(()),
    };

    let (outgoing, queue) = mpsc::channel(OUTGOING);
    let mut writer = tokio::spawn(send_all(sink, queue));
    let announce = Announce { controller: controller.into(), registered: registered.clone() };
    let mut session = Session::new(Arc::clone(node), outgoing.clone(), hello, announce);
    session.announce();
    let ended = tokio::select! {
        ended = session.serve(&mut incoming) => ended,
        ended = &mut writer => return ended.unwrap_or(Err(LinkError::Closed)),
        ended = send_telemetry(node, outgoing.clone()) => ended,
        ended = send_registrations(node, controller, told, outgoing) => ended,
        () = stop.cancelled() => Ok(()),
    };
    // The writer ends when all that wait for it are gone and all that waits is sent.
    drop(session);
    let _ = timeout(FAREWELL, writer).await;
    ended
}

type Joined = (Incoming, Sink, Hello, Registered);

/// Dials a controller and registers; returns what it was told beside the connection.
async fn join(node: &Node, controller: &str) -> Result<Joined, LinkError> {
    let mut telemetry = node.telemetry();
    // Nothing is worth saying before the first look at the host.
    let _ = telemetry.wait_for(Option::is_some).await;
    let Wire { mut incoming, mut sink, .. } = dial(controller, node.encryption()).await?;
    let offers = node.offers().borrow().clone();
    let (held, _) = node.attempts.held_for(controller, Instant::now());
    let hello = Hello::new("ruche-runner", HEARTBEAT.as_millis() as u32).with_features(&FEATURES);
    sink.send(Frame::hello(&hello)?).await?;
    let registration = node.registration(held.iter().map(|(held, _)| *held).collect());
    sink.send(Frame::control(0, &FromRunner::Register(registration))?).await?;
    let greeted = timeout(GREETING_TIMEOUT, greeting(&mut incoming, &mut sink)).await;
    let hello = greeted.map_err(|_| LinkError::NoAnswer)??;
    tracing::info!(controller, languages = offers.languages.len(), held = held.len(), "registered");
    Ok((incoming, sink, hello, Registered { offers, held }))
}

/// The controller's hello and its answer to the registration.
async fn greeting(incoming: &mut Incoming, sink: &mut Sink) -> Result<Hello, LinkError> {
    let mut hello = None;
    loop {
        let frame = incoming.next().await.ok_or(LinkError::Closed)??;
        match frame.kind {
            FrameKind::Hello => {
                let received: Hello = frame.parse()?;
                received.check(&FEATURES).map_err(LinkError::Refused)?;
                hello = Some(received);
            }
            FrameKind::Control => match (frame.parse::<ToRunner>()?, hello) {
                (ToRunner::Registered, Some(hello)) => return Ok(hello),
                (ToRunner::Refused { problem }, _) => return Err(LinkError::Refused(problem)),
                _ => return Err(LinkError::Protocol("a message before the registration".to_owned())),
            },
            FrameKind::Ping => sink.send(Frame::empty(FrameKind::Pong, 0)).await?,
            kind => return Err(LinkError::Protocol(format!("a {kind:?} frame before the registration"))),
        }
    }
}

/// Sends frames as they come, and many at once where many wait.
async fn send_all(
    mut sink: FramedWrite<impl AsyncWrite + Unpin, FrameCodec>,
    mut queue: mpsc::Receiver<Frame>,
) -> Result<(), LinkError> {
    while let Some(frame) = queue.recv().await {
        let send = async {
            sink.feed(frame).await?;
            while let Ok(frame) = queue.try_recv() {
                sink.feed(frame).await?;
            }
            sink.flush().await
        };
        timeout(STALLED, send).await.map_err(|_| LinkError::Silent(STALLED))??;
    }
    Ok(())
}

/// Waits until then; for ever where there is no then.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
