//! A connection to a controller: the handshake, frames both ways, heartbeats.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::StreamExt as _;
use protocol::client::{Request, Response};
use protocol::frame::{Frame, FrameCodec, FrameError, FrameKind};
use protocol::hello::{DEFAULT_WINDOW, Hello, MISSED_HEARTBEATS};
use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::codec::FramedRead;

use crate::dial::{Reader, Wire, Writer, dial};
use crate::failure::{Failure, Stranger, Unreachable};
use crate::settings::{Account, Master};

/// How often this side lets itself be heard, as its hello says.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How long a connection may take, and how long the controller may take to say hello.
const PATIENCE: Duration = Duration::from_secs(5);

/// One connection. Frames are queued, and written while [`next`](Self::next) waits for what comes back: so the
/// hello and the first request leave together, and neither side can block the other.
pub struct Link {
    master: Master,
    account: Account,
    reader: FramedRead<Reader, FrameCodec>,
    writer: Writer,
    pending: BytesMut,
    /// Whether something was written that may not have left yet.
    unflushed: bool,
    beat: Interval,
    heard: Instant,
    peer: Option<Hello>,
}

impl Link {
    /// Connects, and queues the hello.
    pub async fn connect(master: &Master, account: &Account) -> Result<Self, Failure> {
        let token = account.token_for(master)?;
        let wire = tokio::time::timeout(PATIENCE, dial(master, account.carriage_to(master)?)).await;
        let Wire { reader, writer, .. } =
            wire.unwrap_or_else(|_| Err(Failure::Unreachable(master.clone(), Unreachable::TimedOut)))?;
        // Twice as often as promised, so that a late timer is no broken promise.
        let mut beat = tokio::time::interval_at(Instant::now() + HEARTBEAT / 2, HEARTBEAT / 2);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut link = Self {
            master: master.clone(),
            account: account.clone(),
            reader: FramedRead::new(reader, FrameCodec),
            writer,
            pending: BytesMut::new(),
            unflushed: false,
            beat,
            heard: Instant::now(),
            peer: None,
        };
        let hello = Hello::new("ruche-cli", u32::try_from(HEARTBEAT.as_millis()).unwrap_or(u32::MAX));
        link.queue(Frame::hello(&Hello { token, ..hello }))?;
        Ok(link)
    }

    /// The controller at the other end.
    pub fn master(&self) -> &Master {
        &self.master
    }

    /// Who this user is to controllers.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// How much data the controller takes on a stream before it gives credit. Until its hello is there, what
    /// every controller takes.
    pub fn window(&self) -> u32 {
        self.peer.as_ref().map_or(DEFAULT_WINDOW, |hello| hello.window)
    }

    /// Queues a frame to be written.
    pub fn queue(&mut self, frame: Result<Frame, FrameError>) -> Result<(), Failure> {
        frame.and_then(|frame| frame.encode(&mut self.pending)).map_err(|_| Failure::RequestTooLong)
    }

    /// Queues a request.
    pub fn request(&mut self, stream: u32, request: &Request) -> Result<(), Failure> {
        self.queue(Frame::control(stream, request))
    }

    /// The next frame of a stream. Safe to cancel: nothing read or written is lost.
    pub async fn next(&mut self) -> Result<Frame, Failure> {
        loop {
            if let Some(frame) = self.step().await? {
                return Ok(frame);
            }
        }
    }

    /// Waits for the controller's hello.
    pub async fn greeted(&mut self) -> Result<(), Failure> {
        while self.peer.is_none() {
            if self.step().await?.is_some() {
                return Err(self.protocol("an answer before any request"));
            }
        }
        Ok(())
    }

    /// Which life of the controller's process this is, where it says so.
    pub fn life(&self) -> Option<String> {
        self.peer.as_ref().and_then(|hello| hello.life.as_ref().map(ToString::to_string))
    }

    /// Whether the numbers of a job's events mean the same on both connections. Controllers of before do not say;
    /// they forget all jobs when they end.
    pub fn is_same_life_as(&self, other: &Self) -> bool {
        let life = |link: &Self| link.peer.as_ref().and_then(|hello| hello.life.clone());
        life(self) == life(other) && (life(self).is_some() || self.master == other.master)
    }

    /// Writes or reads something; returns the frame of a stream that came. Safe to cancel.
    async fn step(&mut self) -> Result<Option<Frame>, Failure> {
        tokio::select! {
            biased;
            frame = self.reader.next() => {
                let frame = frame.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()));
                let frame = frame.map_err(|error| self.broken(error))?;
                self.heard = Instant::now();
                return self.connection_frame(frame);
            }
            written = write(&mut self.writer, &mut self.pending, &mut self.unflushed),
                if self.unflushed || !self.pending.is_empty() =>
            {
                written.map_err(|error| self.broken(error))?;
            }
            _ = self.beat.tick() => self.heartbeat()?,
        }
        Ok(None)
    }

    /// Deals with what concerns the connection as a whole; hands back what concerns a stream.
    fn connection_frame(&mut self, frame: Frame) -> Result<Option<Frame>, Failure> {
        match frame.kind {
            FrameKind::Hello => self.greet(&frame)?,
            // A controller that cannot go on may say so in place of its hello.
            FrameKind::Control if frame.stream == 0 => return Err(self.refusal(&frame)),
            _ if self.peer.is_none() => return Err(self.stranger(Stranger::Other)),
            FrameKind::Ping => self.queue(Ok(Frame::empty(FrameKind::Pong, 0)))?,
            FrameKind::Pong => {}
            _ => return Ok(Some(frame)),
        }
        Ok(None)
    }

    fn greet(&mut self, frame: &Frame) -> Result<(), Failure> {
        let hello: Hello = frame.parse().map_err(|_| self.stranger(Stranger::Other))?;
        hello.check(&[]).map_err(|problem| Failure::Incompatible(self.master.clone(), problem))?;
        self.peer = Some(hello);
        Ok(())
    }

    fn refusal(&self, frame: &Frame) -> Failure {
        match frame.parse() {
            Ok(Response::Refused { problem }) => Failure::Refused(problem),
            _ if self.peer.is_none() => self.stranger(Stranger::Other),
            _ => self.protocol("a message that belongs to no request"),
        }
    }

    fn heartbeat(&mut self) -> Result<(), Failure> {
        let silence = self.heard.elapsed();
        match &self.peer {
            None if silence >= PATIENCE => return Err(self.stranger(Stranger::Mute)),
            Some(hello)
                if silence >= Duration::from_millis(hello.heartbeat_ms.into()) * MISSED_HEARTBEATS =>
            {
                return Err(Failure::Lost(self.master.clone(), io::ErrorKind::TimedOut.into()));
            }
            _ => {}
        }
        self.queue(Ok(Frame::empty(FrameKind::Ping, 0)))
    }

    /// What a connection that failed means.
    fn broken(&self, error: io::Error) -> Failure {
        let frame_error = error.get_ref().and_then(|inner| inner.downcast_ref::<FrameError>());
        match (&self.peer, frame_error) {
            (None, Some(FrameError::TooLong(length))) if length.to_be_bytes() == *b"HTTP" => {
                self.stranger(Stranger::Http)
            }
            (None, Some(_)) => self.stranger(Stranger::Other),
            (None, None) if error.kind() == io::ErrorKind::UnexpectedEof => self.stranger(Stranger::HungUp),
            (Some(_), Some(broken)) => self.protocol(&broken.to_string()),
            _ => Failure::Lost(self.master.clone(), error),
        }
    }

    fn stranger(&self, stranger: Stranger) -> Failure {
        Failure::NotRuche(self.master.clone(), stranger)
    }

    /// The controller broke the protocol.
    pub fn protocol(&self, why: &str) -> Failure {
        Failure::Protocol(self.master.clone(), why.to_owned())
    }

    /// The controller answered something else than was asked.
    pub fn strange_answer(&self) -> Failure {
        self.protocol("an answer to another request")
    }

    /// Makes requests that have one answer each, all at once, and waits for the answers. The streams' numbers
    /// begin at `first`.
    pub async fn ask<const N: usize>(
        &mut self,
        first: u32,
        requests: [Request; N],
    ) -> Result<[Response; N], Failure> {
        for (stream, request) in (first..).zip(&requests) {
            self.request(stream, request)?;
        }
        let mut answers = [const { None }; N];
        while answers.iter().any(Option::is_none) {
            let frame = self.next().await?;
            let response = frame.parse().map_err(|error| self.protocol(&error.to_string()))?;
            let slot = frame.stream.checked_sub(first).and_then(|index| answers.get_mut(index as usize));
            match (response, slot) {
                (Response::Refused { problem }, _) => return Err(Failure::Refused(problem)),
                (response, Some(slot)) => *slot = Some(response),
                (_, None) => return Err(self.protocol("an answer to no request")),
            }
        }
        let unanswered = self.protocol("an answer is missing");
        let answers: Option<Vec<Response>> = answers.into_iter().collect();
        answers.and_then(|answers| answers.try_into().ok()).ok_or(unanswered)
    }
}

/// Writes some of what is pending, or sees to it that what was written leaves. Safe to cancel.
async fn write(writer: &mut Writer, pending: &mut BytesMut, unflushed: &mut bool) -> io::Result<()> {
    if !pending.is_empty() {
        *unflushed = true;
        writer.write_buf(pending).await?;
    }
    if pending.is_empty() {
        writer.flush().await?;
        *unflushed = false;
    }
    Ok(())
}
