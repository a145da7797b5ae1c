//! A client's connection, from its greeting to its end. Each request has a stream; a task of its own answers it,
//! so that none holds up another.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::client::{Request, Response};
use protocol::frame::{Frame, FrameKind};
use protocol::hello::Hello;
use protocol::window::SendWindow;
use protocol::{ControllerId, Problem, ProblemKind};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::input::{Input, NotTaken};
use super::request::{Arriving, Upload, malformed};
use super::stream::Stream;
use super::visitor::Visitor;
use crate::doors::Pace;
use crate::identity::{Action, Identity};
use crate::jobs::{Jobs, NoInput};
use crate::wire::{self, Connection, Link, Peer, WireError, greet};

/// How often each side lets something be heard.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How often contents that come too slowly are looked for.
const PATROL: Duration = Duration::from_secs(5);

/// Requests that may be open on one connection.
const MAX_STREAMS: usize = 256;

/// What a connection leads to.
pub struct Door {
    /// What can be done.
    pub jobs: Jobs,
    /// Who is who.
    pub identity: Arc<Identity>,
    /// Who is at the other end.
    pub peer: Peer,
}

/// A client.
struct Session {
    jobs: Jobs,
    visitor: Visitor,
    connection: Connection,
    streams: HashMap<u32, Open>,
    /// The tasks that answer; each returns its stream. Dropped with the session, they end.
    answers: JoinSet<u32>,
}

/// A request that has not been answered in full.
struct Open {
    /// How much output the client takes.
    credit: SendWindow,
    /// A job whose contents are still coming in.
    arriving: Option<Box<Arriving>>,
    /// The standard input that follows a job.
    input: Option<Input>,
    /// The task that answers, once there is one.
    answering: Option<AbortHandle>,
}

/// What clients are greeted with.
pub fn hello() -> Hello {
    wire::hello(HEARTBEAT, ControllerId::random())
}

/// Serves a connection to its end.
///
/// # Errors
/// Why it ended, unless it was told to stop.
pub async fn run(door: Door, link: Link, hello: &Hello, stop: &CancellationToken) -> Result<(), WireError> {
    let Door { jobs, identity, peer } = door;
    let connection = greet(link, hello).await?;
    let visitor = Visitor::new(identity, peer, connection.peer.token.as_ref());
    let mut session = Session { jobs, visitor, connection, streams: HashMap::new(), answers: JoinSet::new() };
    let result = session.serve(stop).await;
    let Session { connection, answers, streams, .. } = session;
    // Whoever still answers stops watching its job, which ends where nobody else watches it.
    drop((answers, streams));
    connection.close(result.as_ref().err()).await;
    result
}

impl Session {
    async fn serve(&mut self, stop: &CancellationToken) -> Result<(), WireError> {
        let mut patrol = interval(PATROL);
        patrol.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // What comes seldom goes first, so that a client with much to say does not keep it waiting.
                biased;
                () = stop.cancelled(), if self.streams.is_empty() => return Ok(()),
                Some(ended) = self.answers.join_next() => {
                    // A task that failed has been logged by its panic; its stream stays closed to new requests.
                    if let Ok(stream) = ended {
                        self.streams.remove(&stream);
                    }
                }
                _ = patrol.tick(), if !self.streams.is_empty() => self.refuse_late().await?,
                frame = self.connection.incoming.next() => self.take(frame?).await?,
            }
        }
    }

    /// Gives up on contents that come too slowly. What still comes of them is let go.
    async fn refuse_late(&mut self) -> Result<(), WireError> {
        let is_late = |_: &u32, open: &mut Open| open.arriving.as_ref().is_some_and(|some| some.is_late());
        let late: Vec<u32> = self.streams.extract_if(is_late).map(|(id, _)| id).collect();
        for id in late {
            self.refuse(id, Problem::new(ProblemKind::Invalid, Pace::refusal())).await?;
        }
        Ok(())
    }

    async fn take(&mut self, frame: Frame) -> Result<(), WireError> {
        match frame.kind {
            FrameKind::Control => self.take_request(&frame).await,
            FrameKind::Credit => match self.streams.get(&frame.stream) {
                Some(open) => Ok(open.credit.grant(frame.credit_bytes()?)?),
                None => Ok(()),
            },
            FrameKind::Blob => self.take_contents(frame).await,
            FrameKind::Stdin | FrameKind::StdinEnd => self.take_input(frame).await,
            kind => Err(WireError::protocol(format!("a client does not send {kind:?} frames"))),
        }
    }

    async fn take_request(&mut self, frame: &Frame) -> Result<(), WireError> {
        let id = frame.stream;
        if id == 0 || self.streams.contains_key(&id) {
            return Err(WireError::protocol(format!("stream {id} cannot be used for a new request")));
        }
        let request: Request = match frame.parse() {
            Ok(request) => request,
            // The frame is whole, so the connection can go on.
            Err(error) => return self.refuse(id, malformed(&frame.payload, &error)).await,
        };
        if self.streams.len() >= MAX_STREAMS {
            let detail = format!("a connection may have {MAX_STREAMS} requests open");
            return self.refuse(id, Problem::new(ProblemKind::TooLarge, detail)).await;
        }
        let credit = SendWindow::new(self.connection.peer.window);
        let mut open = Open { credit, arriving: None, input: None, answering: None };
        match request {
            Request::Submit { spec, stdin_follows, keep } => {
                let caller = match self.visitor.admit(Action::Submit).await {
                    Ok(caller) => caller,
                    Err(problem) => return self.refuse(id, problem).await,
                };
                let (upload, input) = Upload::new(*spec, (keep, stdin_follows), caller, &self.jobs);
                open.input = input;
                match Arriving::begin(upload, &self.jobs, &self.connection.place) {
                    Ok(arriving) => open.arriving = Some(Box::new(arriving)),
                    Err(problem) => return self.refuse(id, problem).await,
                }
                self.streams.insert(id, open);
                self.start_when_complete(id);
            }
            Request::Watch { id: job, after, stdin_follows: true } => {
                let caller = match self.visitor.admit(Action::Submit).await {
                    Ok(caller) => caller,
                    Err(problem) => return self.refuse(id, problem).await,
                };
                // Before anything is said of it: what comes then may be input.
                let writer = self.jobs.write_for(&caller, job);
                let input = writer.as_ref().map(|writer| writer.taken().bytes).map_err(NoInput::clone);
                open.input = writer.ok().map(Input::going_on);
                let stream = self.stream(id, open.credit.clone());
                open.answering = Some(self.answers.spawn(stream.attach(caller, (job, after), input)));
                self.streams.insert(id, open);
            }
            request => {
                let stream = self.stream(id, open.credit.clone());
                open.answering = Some(self.answers.spawn(stream.answer(request)));
                self.streams.insert(id, open);
            }
        }
        Ok(())
    }

    async fn take_contents(&mut self, frame: Frame) -> Result<(), WireError> {
        let id = frame.stream;
        // What is still on its way to a job that was refused is let go.
        let Some(open) = self.streams.get_mut(&id) else { return self.let_go(&frame).await };
        let Some(arriving) = &mut open.arriving else {
            return Err(WireError::protocol(format!("nothing more is expected on stream {id}")));
        };
        let credit = arriving.add(frame.payload)?;
        if let Some(credit) = credit {
            self.connection.outgoing.send(Frame::credit(id, credit)).await?;
        }
        self.start_when_complete(id);
        Ok(())
    }

    async fn take_input(&mut self, frame: Frame) -> Result<(), WireError> {
        let Some(open) = self.streams.get_mut(&frame.stream) else { return self.let_go(&frame).await };
        let Some(input) = &mut open.input else {
            return Err(WireError::protocol(format!("stream {} has no standard input", frame.stream)));
        };
        match input.take(&frame) {
            Ok(Some(credit)) => self.connection.outgoing.send(Frame::credit(frame.stream, credit)).await,
            Ok(None) => Ok(()),
            Err(NotTaken::Frame(error)) => Err(error.into()),
            Err(NotTaken::Overtaken(overtaken)) => {
                // Nothing more is told where the client is not where it believes to be.
                let open = self.streams.remove(&frame.stream);
                open.and_then(|open| open.answering).inspect(AbortHandle::abort);
                self.refuse(frame.stream, Problem::from(&overtaken)).await
            }
        }
    }

    /// Grants credit for data that nobody wants any more, so that the sender is not left waiting.
    async fn let_go(&self, frame: &Frame) -> Result<(), WireError> {
        let bytes = u32::try_from(frame.payload.len()).unwrap_or(0);
        match bytes {
            0 => Ok(()),
            bytes => self.connection.outgoing.send(Frame::credit(frame.stream, bytes)).await,
        }
    }

    fn start_when_complete(&mut self, id: u32) {
        let Some(open) = self.streams.get_mut(&id) else { return };
        let Some(arriving) = open.arriving.take_if(|arriving| arriving.is_complete()) else { return };
        let credit = open.credit.clone();
        let answering = self.stream(id, credit).submit(*arriving);
        let answering = self.answers.spawn(answering);
        self.streams.entry(id).and_modify(|open| open.answering = Some(answering));
    }

    fn stream(&self, id: u32, credit: SendWindow) -> Stream {
        let (jobs, visitor) = (self.jobs.clone(), self.visitor.clone());
        Stream { id, jobs, visitor, outgoing: self.connection.outgoing.clone(), credit }
    }

    async fn refuse(&self, stream: u32, problem: Problem) -> Result<(), WireError> {
        self.connection.outgoing.message(stream, &Response::Refused { problem }).await
    }
}
