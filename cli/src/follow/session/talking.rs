//! Somebody talks with the program: types its input, sends it signals, leaves and comes back.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use bytes::Bytes;
use protocol::client::{Request, Response};
use protocol::frame::{Frame, FrameKind};
use protocol::{Problem, ProblemKind, TerminalSize};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use super::{Ending, Session};
use crate::client::Link;
use crate::failure::Failure;
use crate::follow::Talk;
use crate::follow::progress::Progress;
use crate::follow::typed::Typed;
use crate::keys::Keys;
use crate::memory::{Memory, Seen};
use crate::raw::{self, Raw};

/// How soon a second Ctrl-C has to come to stop the job.
const TWICE: Duration = Duration::from_secs(1);

/// The user's side of the conversation.
pub struct Talking {
    talk: Talk,
    typed: Typed,
    keys: Keys,
    /// The terminal, while it is the program's.
    raw: Option<Raw>,
    /// The size that the program's terminal has.
    size: Option<TerminalSize>,
    is_running: bool,
    types_at_terminal: bool,
    interrupted: Option<Instant>,
    /// The stream of the last signal.
    signalled: Option<u32>,
    hung_up: Signal,
    terminated: Signal,
    resized: Signal,
}

/// What comes from the user's side beside input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// The terminal has another size.
    Resized,
    /// The terminal is gone, or the command is told to end.
    Leaves,
}

impl Talking {
    /// Begins where the last one left.
    pub fn begin(talk: Talk, link: &Link, progress: &mut Progress) -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(Failure::Startup);
        let Seen { life, event, shown, typed, is_running, .. } = talk.seen.clone();
        progress.transcript.go_on_behind(&shown);
        // Another life of a controller has other numbers.
        match life.is_some() && life == link.life() {
            true => progress.seen = event,
            false => progress.anew(),
        }
        Ok(Self {
            talk,
            typed,
            keys: Keys::default(),
            raw: None,
            size: None,
            is_running,
            types_at_terminal: io::stdin().is_terminal(),
            interrupted: None,
            signalled: None,
            hung_up: listen(SignalKind::hangup())?,
            terminated: listen(SignalKind::terminate())?,
            resized: listen(SignalKind::window_change())?,
        })
    }

    /// The controller has so much more of the input.
    pub fn taken(&mut self, bytes: u32) {
        self.typed.taken(bytes);
    }

    /// Hands the terminal over to the program, where that has one.
    fn hand_over(&mut self) -> Result<(), Failure> {
        if self.talk.seen.terminal && self.raw.is_none() {
            self.raw = Some(Raw::begin().map_err(Failure::Startup)?);
        }
        Ok(())
    }
}

/// Waits for something from the user's side; for ever where nobody talks.
pub async fn hand(talk: &mut Option<Talking>) -> Hand {
    let Some(talk) = talk else { return std::future::pending().await };
    tokio::select! {
        _ = talk.resized.recv() => Hand::Resized,
        _ = talk.hung_up.recv() => Hand::Leaves,
        _ = talk.terminated.recv() => Hand::Leaves,
    }
}

impl Session {
    /// Something was typed, or the input has ended.
    pub(super) fn typed(&mut self, piece: Option<Bytes>) -> Option<Ending> {
        let Some(talk) = &mut self.talk else { return None };
        let leave = Some(Ending::Detached(self.progress.id));
        let Some(piece) = piece else {
            // A terminal that is gone ends nobody's input.
            if talk.raw.is_some() || (talk.types_at_terminal && raw::has_hung_up()) {
                return leave;
            }
            talk.typed.add(None);
            self.upload.stdin(None);
            return None;
        };
        let typing = match talk.talk.seen.terminal {
            true => talk.keys.take(&piece),
            false => crate::keys::Typing { data: piece, leaves: false },
        };
        talk.typed.add(Some(&typing.data));
        self.upload.stdin(Some(typing.data));
        leave.filter(|_| typing.leaves)
    }

    pub(super) fn hand(&mut self, hand: Hand) -> Result<Option<Ending>, Failure> {
        match hand {
            Hand::Leaves => Ok(Some(Ending::Detached(self.progress.id))),
            Hand::Resized => self.resize().map(|()| None),
        }
    }

    /// The job is recorded.
    pub(super) fn accepted(&mut self, stdin: Option<u64>, was_submitted: bool) -> Result<(), Failure> {
        let Some(talk) = &mut self.talk else { return Ok(()) };
        match stdin {
            Some(byte) => {
                self.upload.begin_stdin();
                talk.typed.go_on_at(byte).into_iter().for_each(|piece| self.upload.stdin(piece));
            }
            // It was taken in before the connection broke over which it was submitted first.
            None if was_submitted => return self.go_on_elsewhere(),
            // It is over, and takes none.
            None => return Ok(()),
        }
        match talk.is_running {
            true => self.running(),
            false => Ok(()),
        }
    }

    /// The program runs.
    pub(super) fn running(&mut self) -> Result<(), Failure> {
        let Some(talk) = &mut self.talk else { return Ok(()) };
        talk.is_running = true;
        talk.hand_over()?;
        self.resize()
    }

    /// Tells the size of the terminal, where the program has one that has another size.
    fn resize(&mut self) -> Result<(), Failure> {
        let Some(talk) = self.talk.as_mut().filter(|talk| talk.talk.seen.terminal && talk.is_running) else {
            return Ok(());
        };
        let size = raw::size();
        match (size, self.progress.id) {
            (Some(size), Some(id)) if talk.size != Some(size) => {
                talk.size = Some(size);
                self.ask(&Request::Resize { id, size }).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Ctrl-C, where it is the program's. Returns whether it was.
    pub(super) fn interrupt_program(&mut self) -> Result<bool, Failure> {
        let Some(talk) = self.talk.as_mut().filter(|talk| talk.is_running) else { return Ok(false) };
        let before = talk.interrupted.replace(Instant::now());
        match self.progress.id {
            Some(id) if before.is_none_or(|before| before.elapsed() > TWICE) => {
                let stream = self.ask(&Request::Signal { id, signal: protocol::Signal::Int })?;
                self.talk.iter_mut().for_each(|talk| talk.signalled = Some(stream));
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// An answer on another stream than the job's. One to a cancel says nothing that the job's own stream does not say,
    /// and a terminal's size is told again; but a signal that does not arrive is worth a word.
    pub(super) fn side_answer(&mut self, frame: &Frame) {
        let signalled = self.talk.as_ref().and_then(|talk| talk.signalled) == Some(frame.stream);
        if signalled
            && frame.kind == FrameKind::Control
            && let Ok(Response::Refused { problem }) = frame.parse()
        {
            self.say(problem.detail);
        }
    }

    /// Whether another connection goes on with the input.
    pub(super) fn is_overtaken(&self, problem: &Problem) -> bool {
        self.talk.is_some()
            && problem.kind == ProblemKind::Conflict
            && problem.field.as_deref() == Some("stdin")
    }

    /// Takes the job up again, on another stream.
    pub(super) fn go_on_elsewhere(&mut self) -> Result<(), Failure> {
        let Some(id) = self.progress.id else { return Ok(()) };
        self.stream = self.next_stream();
        self.credit.renew();
        self.watch_again(id)
    }

    /// Takes the terminal back, and keeps what was seen of a job that goes on.
    pub fn take_leave(&mut self, ended: &Result<Ending, Failure>) {
        let Some(talk) = &mut self.talk else { return };
        talk.raw = None;
        let place = self.progress.id.zip(talk.talk.state_home.as_deref());
        let Some(memory) = place.map(|(id, folder)| Memory::of(id, folder)) else { return };
        if matches!(ended, Ok(Ending::Finished(_) | Ending::Refused(_))) {
            return memory.forget();
        }
        let seen = Seen {
            life: self.link.life(),
            event: self.progress.seen,
            shown: self.progress.transcript.shown(),
            typed: std::mem::take(&mut talk.typed),
            terminal: talk.talk.seen.terminal,
            is_running: talk.is_running,
        };
        if let Err(error) = memory.keep(&seen) {
            self.say(crate::messages::not_remembered(&error));
        }
    }

    fn ask(&mut self, request: &Request) -> Result<u32, Failure> {
        let stream = self.next_stream();
        self.link.request(stream, request).map(|()| stream)
    }

    fn next_stream(&mut self) -> u32 {
        self.free_stream += 1;
        self.free_stream
    }
}
