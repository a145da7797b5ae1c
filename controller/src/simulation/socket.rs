//! A peer's end of a link, which speaks frames.

use std::io;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::frame::{Frame, FrameCodec, FrameKind};
use protocol::hello::{Hello, MISSED_HEARTBEATS};
use tokio::io::DuplexStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::codec::{FramedRead, FramedWrite};

/// How long what is sent may be left unread.
const STALLED: Duration = Duration::from_secs(15);

/// One end.
pub struct Socket {
    read: FramedRead<DuplexStream, FrameCodec>,
    write: FramedWrite<DuplexStream, FrameCodec>,
    heard: Instant,
    patience: Duration,
}

impl Socket {
    pub fn new(read: DuplexStream, write: DuplexStream) -> Self {
        Self {
            read: FramedRead::new(read, FrameCodec),
            write: FramedWrite::new(write, FrameCodec),
            heard: Instant::now(),
            patience: Duration::from_secs(10),
        }
    }

    /// Exchanges greetings. From now on the peer has to be heard of as often as it promised.
    pub async fn greet(&mut self, hello: &Hello) -> io::Result<()> {
        self.send(Frame::hello(hello).unwrap()).await?;
        let hello: Hello = self.next().await?.parse()?;
        self.patience = Duration::from_millis(hello.heartbeat_ms.into()) * MISSED_HEARTBEATS;
        Ok(())
    }

    /// The next frame beside heartbeats and credit. Can be dropped without losing one.
    pub async fn next(&mut self) -> io::Result<Frame> {
        loop {
            let frame = timeout_at(self.heard + self.patience, self.read.next()).await?;
            let frame = frame.ok_or(io::ErrorKind::UnexpectedEof)??;
            self.heard = Instant::now();
            if !matches!(frame.kind, FrameKind::Ping | FrameKind::Pong | FrameKind::Credit) {
                return Ok(frame);
            }
        }
    }

    pub async fn send(&mut self, frame: Frame) -> io::Result<()> {
        timeout(STALLED, self.write.send(frame)).await?
    }

    pub async fn say(&mut self, stream: u32, message: &impl serde::Serialize) -> io::Result<()> {
        self.send(Frame::control(stream, message).unwrap()).await
    }
}
