//! One attempt at a runner: from the claim to what the store and the watchers are told of its end.

use std::collections::HashMap;
use std::sync::Arc;

use protocol::event::OutputStream;
use protocol::frame::{Frame, FrameKind};
use protocol::runner::FromRunner;
use protocol::window::{ReceiveWindow, SendWindow};
use protocol::{Attempt, JobId, Step};
use tokio::task::AbortHandle;

use super::Fleet;
use super::artifacts::Artifacts;
use super::feeder::{Opening, feed};
use super::progress::{Impossible, Progress};
use crate::ending;
use crate::live::{Carrying, Kept, LiveJob, Written};
use crate::store::{Claim, Outcome, Recorded, Release, StoreError};
use crate::text;
use crate::wire::{Outgoing, WireError};

/// A job that a runner has.
#[derive(Debug)]
pub struct Running {
    id: JobId,
    attempt: Attempt,
    stream: u32,
    live: Arc<LiveJob>,
    carrying: Carrying,
    progress: Progress,
    artifacts: Artifacts,
    /// How much each step has written where, in the reports that came over this link.
    written: HashMap<(Step, OutputStream), u64>,
    credit: SendWindow,
    window: ReceiveWindow,
    feeder: AbortHandle,
}

/// How an attempt ends.
#[derive(Debug)]
pub enum End {
    /// With an outcome.
    Outcome(Box<Outcome>),
    /// The runner did not take it.
    Refused,
    /// It is lost.
    Lost(String),
    /// It goes on, but not over this link.
    Elsewhere,
}

/// Where an attempt comes from, and how it begins.
#[derive(Debug)]
pub struct Source {
    /// What the store says of it.
    pub claim: Claim,
    /// Whether it is new to the runner.
    pub opening: Opening,
    /// Whether the runner takes signals and sizes for programs.
    pub takes_gestures: bool,
}

impl Running {
    /// Begins to send a job to its runner, or to go on with one that it holds.
    pub fn begin(fleet: &Fleet, source: Source, stream: u32, outgoing: &Outgoing, peer_window: u32) -> Self {
        let Source { claim, opening, takes_gestures } = source;
        let live = fleet.live.get_or_open(claim.id);
        let gestures = takes_gestures.then(|| live.gestures());
        let carrying = live.carry();
        let credit = SendWindow::new(peer_window);
        let (id, attempt, spec) = (claim.id, claim.attempt, Arc::clone(&claim.spec));
        let artifacts = Artifacts::new(!spec.artifacts.is_empty(), fleet.live.hold());
        let (its_live, its_credit) = (Arc::clone(&live), credit.clone());
        let feeding = feed(stream, claim, opening, its_live, outgoing.clone(), its_credit, gestures);
        Self {
            id,
            attempt,
            stream,
            live,
            carrying,
            progress: Progress::new(attempt, spec),
            artifacts,
            written: HashMap::new(),
            credit,
            window: ReceiveWindow::new(protocol::hello::DEFAULT_WINDOW),
            feeder: tokio::spawn(feeding).abort_handle(),
        }
    }

    /// What the store knows it by.
    pub fn key(&self) -> (JobId, Attempt) {
        (self.id, self.attempt)
    }

    /// Takes a frame of its stream. Returns how the attempt ends, if it does.
    ///
    /// # Errors
    /// Where the runner broke the protocol, or is gone.
    pub async fn take(&mut self, frame: &Frame, outgoing: &Outgoing) -> Result<Option<End>, WireError> {
        match frame.kind {
            FrameKind::Credit => {
                self.credit.grant(frame.credit_bytes()?)?;
                Ok(None)
            }
            FrameKind::Stdout | FrameKind::Stderr => self.take_output(frame, outgoing).await,
            FrameKind::Blob => self.take_blob(frame, outgoing).await,
            _ => {
                let message = frame.parse().map_err(|error| WireError::protocol(error.to_string()))?;
                Ok(self.take_message(message))
            }
        }
    }

    async fn take_output(&mut self, frame: &Frame, outgoing: &Outgoing) -> Result<Option<End>, WireError> {
        self.count(frame, outgoing).await?;
        let chunk = frame.output_chunk()?;
        if let Err(error) = self.progress.writes(chunk.step) {
            return Ok(Some(lost(&error)));
        }
        let before = self.written.entry((chunk.step, chunk.stream)).or_default();
        let at = *before;
        *before += chunk.data.len() as u64;
        let written = Written { step: chunk.step, stream: chunk.stream, at, data: chunk.data };
        if self.live.output(self.attempt, written) == Kept::No {
            self.progress.truncate(chunk.step);
        }
        Ok(None)
    }

    async fn take_blob(&mut self, frame: &Frame, outgoing: &Outgoing) -> Result<Option<End>, WireError> {
        self.count(frame, outgoing).await?;
        Ok(self.artifacts.take(&frame.payload).err().map(|what| lost(&self.progress.impossible(what))))
    }

    /// Counts a frame that uses credit, and gives the runner more.
    async fn count(&mut self, frame: &Frame, outgoing: &Outgoing) -> Result<(), WireError> {
        self.window.received(frame.payload.len())?;
        match self.window.consumed(frame.payload.len()) {
            Some(credit) => outgoing.send(Frame::credit(self.stream, credit)).await,
            None => Ok(()),
        }
    }

    fn take_message(&mut self, message: FromRunner) -> Option<End> {
        let result = match message {
            FromRunner::StepStarted { step } => {
                self.progress.begin(step).map(|()| self.live.step_started(self.attempt, step))
            }
            FromRunner::StepFinished { step, result } => self
                .progress
                .end(step, self.artifacts.settle(step, result))
                .map(|result| self.live.step_finished(self.attempt, step, result)),
            FromRunner::Artifact { step, path, size } => self.progress.writes(step).and_then(|()| {
                self.artifacts.begin(step, path, size).map_err(|what| self.progress.impossible(what))
            }),
            FromRunner::Finished { verdict, message } => {
                return Some(match self.progress.may_finish(verdict) {
                    // Only now: whoever watches is still to be told of an attempt that is lost.
                    Ok(()) => {
                        let written = self.live.conclude(self.attempt);
                        let outcome = self.progress.finish(verdict, message, written);
                        End::Outcome(Box::new(Outcome { artifacts: self.artifacts.produced(), ..outcome }))
                    }
                    Err(error) => lost(&error),
                });
            }
            FromRunner::Failed { reason } => return Some(End::Lost(text::line(&reason))),
            FromRunner::Refused { reason } if self.progress.has_begun() => {
                // Refusing costs a job nothing, so it is for jobs that nothing was done with.
                return Some(End::Lost(format!("refused after it began: {}", text::line(&reason))));
            }
            FromRunner::Refused { .. } => return Some(End::Refused),
            FromRunner::Elsewhere => return Some(End::Elsewhere),
            FromRunner::Join { .. }
            | FromRunner::Certify { .. }
            | FromRunner::Register(_)
            | FromRunner::Telemetry(_) => {
                return Some(End::Lost("its runner spoke of something else on its stream".to_owned()));
            }
        };
        result.err().map(|error| lost(&error))
    }

    /// The job's events.
    pub fn live(&self) -> &Arc<LiveJob> {
        &self.live
    }

    /// Lets go of it. What is to be recorded is the result's business.
    pub fn end(self, end: End) -> Ended {
        self.feeder.abort();
        self.credit.close();
        let ending = match end {
            End::Outcome(outcome) => Ending::Outcome(outcome),
            End::Elsewhere => Ending::Elsewhere,
            End::Refused => {
                self.live.refused(self.attempt);
                Ending::Release(Release::Refused)
            }
            End::Lost(reason) => {
                tracing::warn!(job = %self.id, attempt = %self.attempt, reason, "an attempt is lost");
                // What it wrote is forgotten once the next one begins.
                self.live.lost(self.attempt, &reason);
                Ending::Release(Release::Lost { reason })
            }
        };
        let Self { id, attempt, stream, live, carrying, artifacts, .. } = self;
        Ended { id, attempt, stream, live, ending, _carrying: carrying, _artifacts: artifacts }
    }
}

/// An attempt that has ended, until that is recorded.
#[derive(Debug)]
pub struct Ended {
    id: JobId,
    attempt: Attempt,
    /// The stream that it had.
    pub stream: u32,
    live: Arc<LiveJob>,
    ending: Ending,
    _carrying: Carrying,
    /// What they take is in use until they are stored.
    _artifacts: Artifacts,
}

#[derive(Debug)]
enum Ending {
    Outcome(Box<Outcome>),
    Release(Release),
    Elsewhere,
}

impl Ended {
    /// What the store knows it by.
    pub fn key(&self) -> (JobId, Attempt) {
        (self.id, self.attempt)
    }

    /// Leaves it without recording anything.
    pub fn leave(self) -> ((JobId, Attempt), Arc<LiveJob>) {
        ((self.id, self.attempt), self.live)
    }

    /// Records how it ended, and tells those who watch. Can be repeated where the store failed.
    ///
    /// # Errors
    /// The store's.
    pub async fn record(&self, fleet: &Fleet) -> Result<(), StoreError> {
        match &self.ending {
            Ending::Outcome(outcome) => {
                match fleet.store.finish(self.id, self.attempt, Outcome::clone(outcome)).await? {
                    Recorded::Now(job) => {
                        fleet.usage.charge(&job);
                        fleet.live.finish(&job);
                    }
                    Recorded::Before | Recorded::Stale => {
                        tracing::info!(job = %self.id, attempt = %self.attempt, "a late result is refused");
                        fleet.live.stray(self.id);
                    }
                }
            }
            Ending::Release(release) => {
                let released = fleet.store.release(self.id, self.attempt, release.clone()).await;
                let released = released.inspect_err(|_| fleet.backlog.doubt())?;
                ending::announce(&fleet.live, &fleet.backlog, self.id, released);
            }
            Ending::Elsewhere => fleet.live.stray(self.id),
        }
        Ok(())
    }
}

fn lost(error: &Impossible) -> End {
    End::Lost(format!("its runner reported what cannot be: {error}"))
}
