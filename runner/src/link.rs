//! The link to one controller: dials it, registers, and carries jobs, output and telemetry until it breaks;
//! then dials again. A job that came over a link ends with it.

mod attempt;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::Problem;
use protocol::frame::{Frame, FrameCodec, FrameError, FrameKind};
use protocol::hello::{Hello, MISSED_HEARTBEATS};
use protocol::runner::{Assignment, FromRunner, ToRunner};
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::codec::{Framed, FramedRead, FramedWrite};
use tokio_util::sync::CancellationToken;

use self::attempt::{Attempt, AttemptContext};
use crate::node::{Node, Offers};

/// How often something is heard from this side: telemetry comes every second.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How long a controller may take to answer a connection and to greet.
const GREETING_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait before dialling again: at first, and at most.
const BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// How long the last frames may take when the link is ended from here.
const FAREWELL: Duration = Duration::from_secs(2);

/// Frames that may wait to be sent.
const OUTGOING: usize = 64;

/// Why a link ended.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("{0}")]
    Connection(#[from] io::Error),
    #[error("no answer within {} s", GREETING_TIMEOUT.as_secs())]
    NoAnswer,
    #[error("the controller has not been heard of for {} s", .0.as_secs())]
    Silent(Duration),
    #[error("the controller closed the connection")]
    Closed,
    #[error("the controller refused this runner: {0}")]
    Refused(Problem),
    #[error("the controller broke the protocol: {0}")]
    Protocol(String),
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
    let (stream, hello, offers) = tokio::select! {
        joined = join(node, controller) => joined?,
        () = stop.cancelled() => return Ok(()),
    };

    let parts = stream.into_parts();
    let (read, write) = parts.io.into_split();
    let mut incoming = FramedRead::new(read, FrameCodec);
    incoming.read_buffer_mut().extend_from_slice(&parts.read_buf);
    let (outgoing, queue) = mpsc::channel(OUTGOING);
    let mut writer = tokio::spawn(send_all(FramedWrite::new(write, FrameCodec), queue));
    let announce = (controller.to_owned(), registered.clone());
    let mut session = Session::new(Arc::clone(node), outgoing.clone(), hello, announce);
    session.announce();
    let ended = tokio::select! {
        ended = session.serve(&mut incoming) => ended,
        ended = &mut writer => return ended.unwrap_or(Err(LinkError::Closed)),
        ended = send_telemetry(node, outgoing.clone()) => ended,
        ended = send_offers(node, offers, outgoing) => ended,
        () = stop.cancelled() => Ok(()),
    };
    // The writer ends when all that wait for it are gone and all that waits is sent.
    drop(session);
    let _ = timeout(FAREWELL, writer).await;
    ended
}

type Joined = (Framed<TcpStream, FrameCodec>, Hello, Arc<Offers>);

/// Dials a controller and registers; returns what was offered beside the connection.
async fn join(node: &Node, controller: &str) -> Result<Joined, LinkError> {
    let mut telemetry = node.telemetry();
    // Nothing is worth saying before the first look at the host.
    let _ = telemetry.wait_for(Option::is_some).await;
    let stream = timeout(GREETING_TIMEOUT, TcpStream::connect(controller))
        .await
        .map_err(|_| LinkError::NoAnswer)??;
    stream.set_nodelay(true)?;
    let mut framed = Framed::new(stream, FrameCodec);
    let offers = node.offers().borrow().clone();
    framed.send(Frame::hello(&Hello::new("ruche-runner", HEARTBEAT.as_millis() as u32))?).await?;
    framed.send(Frame::control(0, &FromRunner::Register(node.registration()))?).await?;
    let hello = timeout(GREETING_TIMEOUT, greeting(&mut framed)).await.map_err(|_| LinkError::NoAnswer)??;
    tracing::info!(controller, languages = offers.languages.len(), "registered");
    Ok((framed, hello, offers))
}

/// The controller's hello and its answer to the registration.
async fn greeting(framed: &mut Framed<TcpStream, FrameCodec>) -> Result<Hello, LinkError> {
    let mut hello = None;
    loop {
        let frame = framed.next().await.ok_or(LinkError::Closed)??;
        match frame.kind {
            FrameKind::Hello => {
                let received: Hello = frame.parse()?;
                received.check(&[]).map_err(LinkError::Refused)?;
                hello = Some(received);
            }
            FrameKind::Control => match (frame.parse::<ToRunner>()?, hello) {
                (ToRunner::Registered, Some(hello)) => return Ok(hello),
                (ToRunner::Refused { problem }, _) => return Err(LinkError::Refused(problem)),
                _ => return Err(LinkError::Protocol("a message before the registration".to_owned())),
            },
            FrameKind::Ping => framed.send(Frame::empty(FrameKind::Pong, 0)).await?,
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
        sink.feed(frame).await?;
        while let Ok(frame) = queue.try_recv() {
            sink.feed(frame).await?;
        }
        sink.flush().await?;
    }
    Ok(())
}

async fn send_telemetry(node: &Node, outgoing: mpsc::Sender<Frame>) -> Result<(), LinkError> {
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

/// Registers again whenever what the runner offers has changed; what it runs goes on.
async fn send_offers(
    node: &Node,
    mut registered: Arc<Offers>,
    outgoing: mpsc::Sender<Frame>,
) -> Result<(), LinkError> {
    let mut offers = node.offers();
    while let Ok(now) = offers.wait_for(|now| **now != *registered).await.map(|now| Arc::clone(&now)) {
        let frame = Frame::control(0, &FromRunner::Register(node.registration()))?;
        outgoing.send(frame).await.map_err(|_| LinkError::Closed)?;
        tracing::info!(languages = now.languages.len(), "told a controller what is offered now");
        registered = now;
    }
    Ok(())
}

/// What came over a link, while it lasts. Dropped, it cancels its jobs.
struct Session {
    node: Arc<Node>,
    outgoing: mpsc::Sender<Frame>,
    hello: Hello,
    attempts: HashMap<u32, Attempt>,
    ended: (mpsc::Sender<u32>, mpsc::Receiver<u32>),
    /// The controller's address, and who is told it.
    announce: (String, mpsc::Sender<String>),
}

impl Session {
    fn new(
        node: Arc<Node>,
        outgoing: mpsc::Sender<Frame>,
        hello: Hello,
        announce: (String, mpsc::Sender<String>),
    ) -> Self {
        let ended = mpsc::channel(OUTGOING);
        Self { node, outgoing, hello, attempts: HashMap::new(), ended, announce }
    }

    /// Tells that the controller has taken this runner, once it is known what that offers.
    fn announce(&self) {
        let (controller, registered) = &self.announce;
        if self.node.offers().borrow().decided {
            // Only the first time is waited for.
            let _ = registered.try_send(controller.clone());
        }
    }

    async fn serve(
        &mut self,
        incoming: &mut FramedRead<tokio::net::tcp::OwnedReadHalf, FrameCodec>,
    ) -> Result<(), LinkError> {
        let patience = Duration::from_millis(u64::from(self.hello.heartbeat_ms.max(100))) * MISSED_HEARTBEATS;
        let mut dead = Instant::now() + patience;
        loop {
            tokio::select! {
                frame = incoming.next() => {
                    dead = Instant::now() + patience;
                    self.take(frame.ok_or(LinkError::Closed)??).await?;
                }
                Some(stream) = self.ended.1.recv() => {
                    self.attempts.remove(&stream);
                }
                () = sleep_until(dead) => return Err(LinkError::Silent(patience)),
            }
        }
    }

    async fn take(&mut self, frame: Frame) -> Result<(), LinkError> {
        match frame.kind {
            FrameKind::Ping => self.send(Frame::empty(FrameKind::Pong, 0)).await,
            FrameKind::Pong => Ok(()),
            FrameKind::Control => match frame.parse::<ToRunner>()? {
                ToRunner::Run(assignment) => self.begin(frame.stream, *assignment).await,
                ToRunner::Cancel => {
                    if let Some(attempt) = self.attempts.get(&frame.stream) {
                        attempt.cancel();
                    }
                    Ok(())
                }
                ToRunner::Refused { problem } => Err(LinkError::Refused(problem)),
                ToRunner::Registered => {
                    self.announce();
                    Ok(())
                }
                // Nothing is held yet, and what is recorded needs no more.
                ToRunner::Resume { .. } | ToRunner::Forget { .. } | ToRunner::Recorded | ToRunner::Drain => {
                    Ok(())
                }
            },
            FrameKind::Credit | FrameKind::Blob | FrameKind::Stdin | FrameKind::StdinEnd => {
                // What is still on its way to an attempt that has ended is let go.
                match self.attempts.get_mut(&frame.stream) {
                    Some(attempt) => Ok(attempt.take(frame).await?),
                    None => Ok(()),
                }
            }
            kind => Err(LinkError::Protocol(format!("a {kind:?} frame from a controller"))),
        }
    }

    async fn begin(&mut self, stream: u32, assignment: Assignment) -> Result<(), LinkError> {
        if stream == 0 || self.attempts.contains_key(&stream) {
            return Err(LinkError::Protocol(format!("stream {stream} is in use")));
        }
        match self.node.admit(&assignment.spec.language) {
            Ok((workshop, slot)) => {
                let context = AttemptContext {
                    stream,
                    outgoing: self.outgoing.clone(),
                    window: self.hello.window,
                    ended: self.ended.0.clone(),
                    jobs: self.node.jobs.clone(),
                };
                if let Some(attempt) = Attempt::begin(context, workshop, slot, assignment) {
                    self.attempts.insert(stream, attempt);
                }
                Ok(())
            }
            Err(reason) => self.send(Frame::control(stream, &FromRunner::Refused { reason })?).await,
        }
    }

    async fn send(&self, frame: Frame) -> Result<(), LinkError> {
        self.outgoing.send(frame).await.map_err(|_| LinkError::Closed)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.attempts.values().for_each(Attempt::cancel);
    }
}
