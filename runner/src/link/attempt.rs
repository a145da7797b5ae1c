//! One attempt at a job: its contents come in, then a worker runs it. It belongs to no link: one at a time carries
//! it, and when that breaks it is held until another takes it up.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use protocol::frame::{Frame, FrameError, FrameKind};
use protocol::hello::DEFAULT_WINDOW;
use protocol::runner::{Assignment, FromRunner, HeldAttempt};
use protocol::window::{ReceiveWindow, SendWindow};
use protocol::{Gesture, JobId};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::gestures::Gestures;
use crate::report::{Report, Reporter};
use crate::stdin::{Following, Stdin};
use crate::worker::{self, Workshop};

/// The most contents of one job, in bytes: a controller's own limit is far below.
const MAX_CONTENTS: u64 = 1 << 30;

/// What the store knows an attempt by.
pub type Key = (JobId, protocol::Attempt);

/// An attempt's stream on a link.
#[derive(Debug, Clone)]
pub struct LinkStream {
    /// Which link.
    pub link: u64,
    /// Which stream of it.
    pub stream: u32,
    /// Where frames go out.
    pub outgoing: mpsc::Sender<Frame>,
    /// How much output the controller takes.
    pub credit: SendWindow,
    /// Whether the controller says when an end is recorded, and takes up what is held.
    pub confirms: bool,
    /// Where the end of the attempt is told.
    pub ended: mpsc::Sender<u32>,
}

/// An attempt without a link.
#[derive(Debug, Clone)]
pub struct Held {
    /// Since when.
    pub since: Instant,
    /// The address of the controller whose link carried it.
    pub by: Arc<str>,
    /// From which byte on it needs its standard input again.
    pub stdin: Option<u64>,
}

/// Who carries an attempt.
#[derive(Debug, Clone)]
pub enum Carrier {
    /// This link.
    Link(LinkStream),
    /// None, for now.
    Held(Held),
    /// Nobody any more.
    Forgotten,
}

/// An attempt.
#[derive(Debug)]
pub struct Attempt {
    key: Key,
    cancel: CancellationToken,
    carrier: watch::Sender<Carrier>,
    /// The input that follows it, where some does.
    stdin: Option<Arc<Following>>,
    /// What is done to its program while it runs.
    gestures: Arc<Gestures>,
}

impl Attempt {
    /// An attempt that this link brings.
    pub fn new(assignment: &Assignment, link: LinkStream) -> Self {
        let stdin = assignment.stdin_follows.then(|| Arc::new(Following::new(DEFAULT_WINDOW)));
        Self {
            key: (assignment.job, assignment.attempt),
            cancel: CancellationToken::new(),
            carrier: watch::Sender::new(Carrier::Link(link)),
            stdin,
            gestures: Arc::default(),
        }
    }

    /// What the store knows it by.
    pub fn key(&self) -> Key {
        self.key
    }

    /// Who carries it, now and later.
    pub fn carriers(&self) -> watch::Receiver<Carrier> {
        self.carrier.subscribe()
    }

    /// Stops it. What it still writes is nobody's any more; its verdict is.
    pub fn cancel(&self) {
        self.cancel.cancel();
        if let Carrier::Link(link) = &*self.carrier.borrow() {
            link.credit.close();
        }
    }

    /// Does this to its program, if that runs.
    pub fn gesture(&self, gesture: Gesture) {
        self.gestures.make(gesture);
    }

    /// Its link is gone. Returns whether it is held now.
    pub fn hold(&self, link: u64, by: &Arc<str>) -> bool {
        self.carrier.send_if_modified(|carrier| {
            let ours = matches!(carrier, Carrier::Link(stream) if stream.link == link);
            if ours {
                let stdin = self.stdin.as_ref().and_then(|stdin| stdin.rewind());
                *carrier = Carrier::Held(Held { since: Instant::now(), by: Arc::clone(by), stdin });
            }
            ours
        })
    }

    /// Another link takes it up, if it is held: one at a time carries an attempt.
    pub fn resume(&self, link: LinkStream) -> bool {
        self.carrier.send_if_modified(|carrier| {
            let held = matches!(carrier, Carrier::Held(_));
            if held {
                *carrier = Carrier::Link(link);
            }
            held
        })
    }

    /// Nobody wants it any more: it is stopped where it still runs.
    pub fn forget(&self) {
        self.cancel();
        self.carrier.send_replace(Carrier::Forgotten);
    }

    /// Whether it is over and done with.
    pub fn is_forgotten(&self) -> bool {
        matches!(&*self.carrier.borrow(), Carrier::Forgotten)
    }

    /// How it is announced while it is held, and since when that is so at whose loss.
    pub fn held(&self) -> Option<(HeldAttempt, Held)> {
        match &*self.carrier.borrow() {
            Carrier::Held(held) => {
                let (job, attempt) = self.key;
                Some((HeldAttempt { job, attempt, stdin: held.stdin }, held.clone()))
            }
            Carrier::Link(_) | Carrier::Forgotten => None,
        }
    }

    /// Takes a frame of its stream that is not contents.
    ///
    /// # Errors
    /// Where the controller sends what it may not.
    pub fn take(&self, frame: Frame) -> Result<(), FrameError> {
        match (frame.kind, &self.stdin) {
            (FrameKind::Credit, _) => match &*self.carrier.borrow() {
                Carrier::Link(link) => link.credit.grant(frame.credit_bytes()?),
                Carrier::Held(_) | Carrier::Forgotten => Ok(()),
            },
            (FrameKind::Stdin, Some(stdin)) => stdin.push(frame.payload),
            (FrameKind::StdinEnd, Some(stdin)) => {
                stdin.end();
                Ok(())
            }
            (kind, _) => Err(FrameError::Malformed(kind)),
        }
    }
}

/// A job whose contents are still coming in. With its link it is gone: there is nothing to be held yet.
#[derive(Debug)]
pub struct Arriving {
    assignment: Assignment,
    workshop: Workshop,
    slot: OwnedSemaphorePermit,
    reporter: Reporter,
    sizes: VecDeque<u64>,
    current: BytesMut,
    contents: Vec<Bytes>,
    window: ReceiveWindow,
}

impl Arriving {
    /// A job that was announced. Returns nothing where that is too much, and reports it.
    pub fn new(
        assignment: Assignment,
        workshop: Workshop,
        slot: OwnedSemaphorePermit,
        reporter: Reporter,
    ) -> Option<Self> {
        if assignment.spec.content_bytes() > MAX_CONTENTS {
            let reason = "the job's contents are too large".to_owned();
            let _ = reporter.try_send(Report::Message(FromRunner::Failed { reason }));
            return None;
        }
        let sizes = assignment.spec.detached_sizes().into();
        let window = ReceiveWindow::new(DEFAULT_WINDOW);
        let (current, contents) = (BytesMut::new(), Vec::new());
        Some(Self { assignment, workshop, slot, reporter, sizes, current, contents, window })
    }

    /// Adds what came. Returns the credit to grant.
    ///
    /// # Errors
    /// Where more came than was announced, or than there was credit for.
    pub fn add(&mut self, mut data: Bytes) -> Result<Option<u32>, FrameError> {
        self.window.received(data.len())?;
        let credit = self.window.consumed(data.len());
        while !data.is_empty() {
            let size = *self.sizes.front().ok_or(FrameError::Malformed(FrameKind::Blob))?;
            let missing = usize::try_from(size).unwrap_or(usize::MAX).saturating_sub(self.current.len());
            self.current.extend_from_slice(&data.split_to(missing.min(data.len())));
            self.close_finished();
        }
        Ok(credit)
    }

    /// Sets contents that are complete aside, empty ones too. Returns whether all are.
    pub fn close_finished(&mut self) -> bool {
        while self.sizes.front().is_some_and(|size| *size == self.current.len() as u64) {
            self.sizes.pop_front();
            self.contents.push(self.current.split().freeze());
        }
        self.sizes.is_empty()
    }

    /// Runs it, now that it is complete.
    pub fn start(mut self, attempt: &Attempt, jobs: &TaskTracker) {
        let stdin = attempt.stdin.as_ref();
        let stdin = stdin.map(|stdin| Stdin::Following(Arc::clone(stdin), self.reporter.clone()));
        let cancel = attempt.cancel.clone();
        self.workshop.gestures = Arc::clone(&attempt.gestures);
        jobs.spawn(async move {
            if self.assignment.spec.attach(self.contents).is_err() {
                let reason = "the job's contents are not what it announced".to_owned();
                let _ = self.reporter.send(Report::Message(FromRunner::Failed { reason })).await;
                return;
            }
            worker::run(self.workshop, self.assignment, self.slot, stdin, self.reporter, cancel).await;
        });
    }
}
