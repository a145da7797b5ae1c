//! What comes over a link, while it lasts. Dropped, it leaves its attempts to be taken up over another.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use protocol::frame::{Frame, FrameError, FrameKind};
use protocol::hello::{Hello, MISSED_HEARTBEATS, RESUME};
use protocol::runner::{Assignment, FromRunner, ToRunner};
use protocol::window::SendWindow;
use protocol::{Gesture, JobId};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::LinkError;
use super::attempt::{Arriving, Attempt, LinkStream};
use super::attempts::Resumed;
use super::dial::Incoming;
use crate::membership::key::Key;
use crate::node::Node;

/// Ends of attempts that may wait to be noticed.
const ENDED: usize = 64;

/// Whom a link is with, and who is told once the runner is part of that cluster.
#[derive(Debug, Clone)]
pub struct Announce {
    /// The controller's address.
    pub controller: Arc<str>,
    /// Who is told it.
    pub registered: mpsc::Sender<String>,
}

/// What came over a link.
pub struct Session {
    node: Arc<Node>,
    link: u64,
    outgoing: mpsc::Sender<Frame>,
    hello: Hello,
    attempts: HashMap<u32, Carried>,
    ended: (mpsc::Sender<u32>, mpsc::Receiver<u32>),
    announce: Announce,
    /// The key that a new certificate was asked for with.
    new_key: Option<Key>,
}

/// An attempt that the link carries.
struct Carried {
    attempt: Arc<Attempt>,
    stream: LinkStream,
    arriving: Option<Box<Arriving>>,
}

impl Session {
    /// A link that has been greeted.
    pub fn new(node: Arc<Node>, outgoing: mpsc::Sender<Frame>, hello: Hello, announce: Announce) -> Self {
        let link = node.attempts.new_link();
        Self {
            node,
            link,
            outgoing,
            hello,
            attempts: HashMap::new(),
            ended: mpsc::channel(ENDED),
            announce,
            new_key: None,
        }
    }

    /// Tells that the controller has taken this runner, once it is known what that offers.
    pub fn announce(&self) {
        if self.node.offers().borrow().decided {
            // Only the first time is waited for.
            let _ = self.announce.registered.try_send(self.announce.controller.to_string());
        }
    }

    /// Takes what comes until the link breaks.
    pub async fn serve(&mut self, incoming: &mut Incoming) -> Result<(), LinkError> {
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
            FrameKind::Control => self.take_message(frame.stream, frame.parse()?).await,
            FrameKind::Blob => self.take_contents(frame).await,
            FrameKind::Credit | FrameKind::Stdin | FrameKind::StdinEnd => {
                // What is still on its way to an attempt that has ended is let go.
                match self.attempts.get(&frame.stream) {
                    Some(carried) => Ok(carried.attempt.take(frame)?),
                    None => Ok(()),
                }
            }
            kind => Err(LinkError::Protocol(format!("a {kind:?} frame from a controller"))),
        }
    }

    async fn take_message(&mut self, stream: u32, message: ToRunner) -> Result<(), LinkError> {
        match message {
            ToRunner::Run(assignment) => return self.begin(stream, *assignment).await,
            ToRunner::Resume { job, attempt } => return self.resume(stream, job, attempt).await,
            ToRunner::Refused { problem } => return Err(LinkError::Refused(problem)),
            ToRunner::Cancel => {
                if let Some(carried) = self.attempts.get(&stream) {
                    carried.attempt.cancel();
                }
            }
            ToRunner::Signal { signal } => self.gesture(stream, Gesture::Signal(signal)),
            ToRunner::Resize { size } => self.gesture(stream, Gesture::Resize(size)),
            ToRunner::Recorded => {
                if let Some(carried) = self.attempts.remove(&stream) {
                    carried.attempt.forget();
                }
            }
            ToRunner::Forget { job, attempt } => self.node.attempts.forget((job, attempt)),
            ToRunner::Registered => self.announce(),
            ToRunner::Renew => return self.ask_for_certificate().await,
            ToRunner::Certified { certificate } => self.take_certificate(&certificate),
            ToRunner::Drain => {
                tracing::info!(controller = %self.announce.controller, "told to leave");
                self.node.dismiss();
            }
        }
        Ok(())
    }

    fn gesture(&self, stream: u32, gesture: Gesture) {
        if let Some(carried) = self.attempts.get(&stream) {
            carried.attempt.gesture(gesture);
        }
    }

    /// Asks for a certificate for a new key: the old one is as old as its certificate.
    async fn ask_for_certificate(&mut self) -> Result<(), LinkError> {
        let asked = Key::generate().and_then(|key| Ok((key.request()?, key)));
        let (request, key) = asked.map_err(|error| LinkError::Protocol(error.to_string()))?;
        self.new_key = Some(key);
        self.send(Frame::control(0, &FromRunner::Certify { request })?).await
    }

    /// From the next link on the new certificate is shown. Where it cannot be kept, the controller asks again.
    fn take_certificate(&mut self, certificate: &str) {
        let (Some(key), Some(credentials)) = (self.new_key.take(), self.node.credentials()) else { return };
        match credentials.renew(&key, certificate) {
            Ok(()) => tracing::info!(controller = %self.announce.controller, "the certificate is renewed"),
            Err(error) => tracing::error!(%error, "a new certificate cannot be used"),
        }
    }

    async fn begin(&mut self, stream: u32, assignment: Assignment) -> Result<(), LinkError> {
        let link_stream = self.stream(stream)?;
        let (workshop, slot) = match self.node.admit(&assignment.spec) {
            Ok(admitted) => admitted,
            Err(reason) => {
                return self.send(Frame::control(stream, &FromRunner::Refused { reason })?).await;
            }
        };
        let (attempt, reporter) = self.node.attempts.begin(&assignment, link_stream.clone());
        let arriving = Arriving::new(assignment, workshop, slot, reporter).map(Box::new);
        self.attempts.insert(stream, Carried { attempt, stream: link_stream, arriving });
        self.start_when_complete(stream);
        Ok(())
    }

    /// An attempt that is held goes on here; where it is not, the controller is told so.
    async fn resume(&mut self, stream: u32, job: JobId, number: protocol::Attempt) -> Result<(), LinkError> {
        let link_stream = self.stream(stream)?;
        let (resumed, attempt) = self.node.attempts.resume((job, number), link_stream.clone());
        if let Some(attempt) = attempt {
            tracing::info!(%job, attempt = %number, controller = %self.announce.controller, "an attempt is taken up again");
            self.attempts.insert(stream, Carried { attempt, stream: link_stream, arriving: None });
            return Ok(());
        }
        let answer = match resumed {
            Resumed::Unknown => {
                FromRunner::Failed { reason: "its runner does not hold it any more".to_owned() }
            }
            Resumed::Elsewhere | Resumed::Yes => FromRunner::Elsewhere,
        };
        self.send(Frame::control(stream, &answer)?).await
    }

    /// A stream for an attempt.
    fn stream(&self, stream: u32) -> Result<LinkStream, LinkError> {
        if stream == 0 || self.attempts.contains_key(&stream) {
            return Err(LinkError::Protocol(format!("stream {stream} is in use")));
        }
        Ok(LinkStream {
            link: self.link,
            stream,
            outgoing: self.outgoing.clone(),
            credit: SendWindow::new(self.hello.window),
            confirms: self.hello.knows(RESUME),
            ended: self.ended.0.clone(),
        })
    }

    async fn take_contents(&mut self, frame: Frame) -> Result<(), LinkError> {
        let Some(carried) = self.attempts.get_mut(&frame.stream) else { return Ok(()) };
        let arriving = carried.arriving.as_mut().ok_or(FrameError::Malformed(FrameKind::Blob))?;
        let credit = arriving.add(frame.payload)?;
        self.start_when_complete(frame.stream);
        match credit {
            Some(credit) => self.send(Frame::credit(frame.stream, credit)).await,
            None => Ok(()),
        }
    }

    fn start_when_complete(&mut self, stream: u32) {
        let Some(carried) = self.attempts.get_mut(&stream) else { return };
        if let Some(arriving) = carried.arriving.take_if(|arriving| arriving.close_finished()) {
            arriving.start(&carried.attempt, &self.node.jobs);
        }
    }

    async fn send(&self, frame: Frame) -> Result<(), LinkError> {
        self.outgoing.send(frame).await.map_err(|_| LinkError::Closed)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for carried in self.attempts.values() {
            match carried.arriving {
                // It cannot be run, and nothing is lost by that.
                Some(_) => carried.attempt.forget(),
                None => self.node.attempts.hold(&carried.attempt, &carried.stream, &self.announce.controller),
            }
        }
    }
}
