//! Frames over a connection, for both TCP doors: the greeting, heartbeats both ways, and a bounded queue of what
//! is to be sent.

mod accept;
mod reading;

use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use protocol::frame::{Frame, FrameCodec, FrameError, FrameKind, MAX_CHUNK};
use protocol::hello::{DRAIN, Hello, MISSED_HEARTBEATS, RESUME};
use protocol::{ControllerId, Problem, ProblemKind};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::codec::{FramedRead, FramedWrite};

use crate::doors::{Full, Place};
use crate::encryption::Stream;
use reading::Frames;

pub use accept::{Peer, accept};

/// How long a peer may take over its hello.
pub const GREETING: Duration = Duration::from_secs(10);

/// What a peer may promise to be heard within, in milliseconds: a promise for never would keep a dead one alive.
const HEARTBEATS: RangeInclusive<u32> = 100..=60_000;

/// How long a peer may leave what is sent to it unread before the connection is given up.
const STALLED: Duration = Duration::from_secs(30);

/// How long the last frames may take when a connection is closed.
const FAREWELL: Duration = Duration::from_secs(2);

/// Frames that may wait to be sent.
const QUEUE: usize = 64;

/// What this side knows beyond the least.
const FEATURES: [&str; 2] = [RESUME, DRAIN];

/// What a controller says first, in this life of it.
pub fn hello(heartbeat: Duration, life: ControllerId) -> Hello {
    let milliseconds = u32::try_from(heartbeat.as_millis()).unwrap_or(u32::MAX);
    let hello = Hello::new("ruche-controller", milliseconds).with_features(&FEATURES);
    Hello { life: Some(life.to_string()), ..hello }
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// It failed.
    #[error("{0}")]
    Connection(#[source] io::Error),
    /// The peer closed it.
    #[error("the peer closed the connection")]
    Closed,
    /// Nothing was heard of the peer.
    #[error("nothing was heard for {} s", .0.as_secs())]
    Silent(Duration),
    /// The peer did what the protocol does not allow.
    #[error("{0}")]
    Protocol(Problem),
}

impl WireError {
    /// The peer broke the protocol in this way.
    pub fn protocol(detail: impl Into<String>) -> Self {
        Self::Protocol(Problem::new(ProblemKind::Protocol, detail))
    }
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // Frames tell their ends themselves, so an encrypted connection need not.
            io::ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::Connection(error),
        }
    }
}

impl From<FrameError> for WireError {
    fn from(error: FrameError) -> Self {
        Self::protocol(error.to_string())
    }
}

type Reader = Box<dyn AsyncRead + Send + Sync + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Sync + Unpin>;

/// Bytes both ways, whatever carries them. A call that is looked up costs nothing beside the system call behind it.
pub struct Link {
    read: Reader,
    write: Writer,
    place: Arc<Place>,
}

impl Link {
    /// The bytes that come, and where those go that are sent.
    pub fn new(
        read: impl AsyncRead + Send + Sync + Unpin + 'static,
        write: impl AsyncWrite + Send + Sync + Unpin + 'static,
    ) -> Self {
        Self { read: Box::new(read), write: Box::new(write), place: Place::anywhere() }
    }

    /// The same, at this place of a door, which is taken for as long as the connection is there.
    pub fn at(self, place: Arc<Place>) -> Self {
        Self { place, ..self }
    }
}

impl From<Stream> for Link {
    fn from(stream: Stream) -> Self {
        match stream {
            Stream::Plain(stream) => {
                let (read, write) = stream.into_split();
                Self::new(read, write)
            }
            Stream::Encrypted(stream) => {
                let (read, write) = tokio::io::split(stream);
                Self::new(read, write)
            }
        }
    }
}

/// A connection after the greeting.
pub struct Connection {
    /// What comes.
    pub incoming: Incoming,
    /// Where to send.
    pub outgoing: Outgoing,
    /// What the peer said of itself.
    pub peer: Hello,
    /// Its place at the door.
    pub place: Arc<Place>,
    writer: JoinHandle<()>,
}

/// Frames from the peer.
pub struct Incoming {
    frames: FramedRead<Reader, Frames>,
    outgoing: Outgoing,
    /// When something was heard last. Kept here, because whoever waits for a frame may do other things in between.
    heard: Instant,
    patience: Duration,
}

/// The queue of frames to the peer. Clones share it.
#[derive(Debug, Clone)]
pub struct Outgoing(mpsc::Sender<Frame>);

/// Greets a peer that has connected with this hello.
///
/// # Errors
/// Where it does not greet back, or cannot be talked to; it has been told why then.
pub async fn greet(link: Link, hello: &Hello) -> Result<Connection, WireError> {
    let Link { read, write, place } = link;
    let (sender, queue) = mpsc::channel(QUEUE);
    let outgoing = Outgoing(sender);
    let heartbeat = Duration::from_millis(hello.heartbeat_ms.into());
    let writer = tokio::spawn(write_all(FramedWrite::new(write, FrameCodec), queue, heartbeat));
    outgoing.send(Frame::hello(hello)?).await?;
    let frames = FramedRead::new(read, Frames::new(&place));
    let mut incoming =
        Incoming { frames, outgoing: outgoing.clone(), heard: Instant::now(), patience: GREETING };
    // Pings count as being heard, but are no hello.
    let hello = timeout(GREETING, incoming.hello()).await;
    match hello.unwrap_or(Err(WireError::Silent(GREETING))) {
        Ok(peer) => {
            incoming.frames.decoder_mut().greeted();
            let heartbeat = peer.heartbeat_ms.clamp(*HEARTBEATS.start(), *HEARTBEATS.end());
            incoming.patience = Duration::from_millis(heartbeat.into()) * MISSED_HEARTBEATS;
            Ok(Connection { incoming, outgoing, peer, place, writer })
        }
        Err(error) => {
            drop(incoming);
            say_farewell(outgoing, writer, &error).await;
            Err(error)
        }
    }
}

impl Connection {
    /// Closes the connection once all that waits has been sent; tells the peer where it was at fault.
    pub async fn close(self, error: Option<&WireError>) {
        let Self { incoming, outgoing, writer, .. } = self;
        drop(incoming);
        match error {
            Some(error) => say_farewell(outgoing, writer, error).await,
            None => {
                drop(outgoing);
                let _ = timeout(FAREWELL, writer).await;
            }
        }
    }
}

/// Why a connection cannot go on. Both doors have this message; a peer that speaks neither cannot be helped.
fn refusal(problem: &Problem) -> Result<Frame, FrameError> {
    Frame::control(0, &serde_json::json!({ "type": "refused", "problem": problem }))
}

async fn say_farewell(outgoing: Outgoing, writer: JoinHandle<()>, error: &WireError) {
    if let WireError::Protocol(problem) = error
        && let Ok(frame) = refusal(problem)
    {
        let _ = outgoing.send(frame).await;
    }
    drop(outgoing);
    let _ = timeout(FAREWELL, writer).await;
}

impl Incoming {
    /// The next frame that is not a heartbeat.
    ///
    /// # Errors
    /// Where the connection has ended or the peer is silent.
    pub async fn next(&mut self) -> Result<Frame, WireError> {
        loop {
            let frame = timeout_at(self.heard + self.patience, self.frames.next()).await;
            let frame = frame.map_err(|_| WireError::Silent(self.patience))?.ok_or(WireError::Closed)?;
            let frame = frame?;
            self.heard = Instant::now();
            match frame.kind {
                FrameKind::Ping => self.outgoing.send(Frame::empty(FrameKind::Pong, 0)).await?,
                FrameKind::Pong => {}
                _ => return Ok(frame),
            }
        }
    }

    async fn hello(&mut self) -> Result<Hello, WireError> {
        let frame = self.next().await?;
        if frame.kind != FrameKind::Hello {
            return Err(WireError::protocol("the first frame has to be a hello"));
        }
        let hello: Hello =
            frame.parse().map_err(|error| WireError::protocol(format!("this is no hello: {error}")))?;
        hello.check(&FEATURES).map_err(WireError::Protocol)?;
        check_window(&hello).map_err(WireError::Protocol)?;
        Ok(hello)
    }
}

/// A chunk that never fits through the window would wait for credit that the peer has no reason to give.
fn check_window(hello: &Hello) -> Result<(), Problem> {
    if hello.window as usize >= MAX_CHUNK {
        return Ok(());
    }
    let detail = format!("a window has at least {MAX_CHUNK} bytes, not {}", hello.window);
    Err(Problem::new(ProblemKind::Protocol, detail).at("window"))
}

impl Outgoing {
    /// Queues a frame; waits while the queue is full.
    ///
    /// # Errors
    /// Where the connection has ended.
    pub async fn send(&self, frame: Frame) -> Result<(), WireError> {
        self.0.send(frame).await.map_err(|_| WireError::Closed)
    }

    /// Queues a message as a control frame.
    ///
    /// # Errors
    /// Where the connection has ended, or the message is too large for a frame.
    pub async fn message(&self, stream: u32, message: &impl serde::Serialize) -> Result<(), WireError> {
        self.send(Frame::control(stream, message)?).await
    }
}

/// Sends what is queued, many frames at once where many wait, and a ping where nothing is to be said.
async fn write_all(
    mut sink: FramedWrite<Writer, FrameCodec>,
    mut queue: mpsc::Receiver<Frame>,
    heartbeat: Duration,
) {
    loop {
        let frame = match timeout(heartbeat, queue.recv()).await {
            Ok(Some(frame)) => frame,
            Ok(None) => {
                // An encrypted connection has an end of its own, so that nobody on the way can cut it unnoticed.
                let _ = timeout(FAREWELL, SinkExt::<Frame>::close(&mut sink)).await;
                return;
            }
            Err(_) => Frame::empty(FrameKind::Ping, 0),
        };
        let send = async {
            sink.feed(frame).await?;
            while let Ok(frame) = queue.try_recv() {
                sink.feed(frame).await?;
            }
            sink.flush().await
        };
        if !matches!(timeout(STALLED, send).await, Ok(Ok(()))) {
            return;
        }
    }
}

/// What is said to somebody for whom there is no room.
fn no_room(full: &Full) -> Vec<u8> {
    said(&Problem::new(ProblemKind::Busy, full.to_string()).retry_after(1))
}

/// A refusal as it is sent.
fn said(problem: &Problem) -> Vec<u8> {
    let mut words = BytesMut::new();
    // A few words fit into a frame.
    let _ = refusal(problem).and_then(|frame| frame.encode(&mut words));
    words.to_vec()
}
