//! One attempt at a runner: from the claim to what the store and the watchers are told of its end.

use std::sync::Arc;

use protocol::frame::{Frame, FrameKind};
use protocol::runner::FromRunner;
use protocol::window::{ReceiveWindow, SendWindow};
use protocol::{Attempt, JobId};
use tokio::task::AbortHandle;

use super::Fleet;
use super::feeder::feed;
use super::progress::{Impossible, Progress};
use crate::ending;
use crate::live::{Kept, LiveJob};
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
    progress: Progress,
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
}

impl Running {
    /// Begins to send a job to its runner.
    pub fn begin(fleet: &Fleet, claim: Claim, stream: u32, outgoing: &Outgoing, peer_window: u32) -> Self {
        let live = fleet.live.get_or_open(claim.id);
        let credit = SendWindow::new(peer_window);
        let (id, attempt, runs) = (claim.id, claim.attempt, claim.spec.run_count());
        let feeder = tokio::spawn(feed(stream, claim, Arc::clone(&live), outgoing.clone(), credit.clone()));
        Self {
            id,
            attempt,
            stream,
            live,
            progress: Progress::new(attempt, runs),
            credit,
            window: ReceiveWindow::new(protocol::hello::DEFAULT_WINDOW),
            feeder: feeder.abort_handle(),
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
            _ => {
                let message = frame.parse().map_err(|error| WireError::protocol(error.to_string()))?;
                Ok(self.take_message(message))
            }
        }
    }

    async fn take_output(&mut self, frame: &Frame, outgoing: &Outgoing) -> Result<Option<End>, WireError> {
        self.window.received(frame.payload.len())?;
        if let Some(credit) = self.window.consumed(frame.payload.len()) {
            outgoing.send(Frame::credit(self.stream, credit)).await?;
        }
        let chunk = frame.output_chunk()?;
        if let Err(error) = self.progress.writes(chunk.step) {
            return Ok(Some(lost(&error)));
        }
        if self.live.output(self.attempt, chunk.step, chunk.stream, chunk.data) == Kept::No {
            self.progress.truncate(chunk.step);
        }
        Ok(None)
    }

    fn take_message(&mut self, message: FromRunner) -> Option<End> {
        let result = match message {
            FromRunner::StepStarted { step } => {
                self.progress.begin(step).map(|()| self.live.step_started(self.attempt, step))
            }
            FromRunner::StepFinished { step, result } => self
                .progress
                .end(step, result)
                .map(|result| self.live.step_finished(self.attempt, step, result)),
            FromRunner::Finished { verdict, message } => {
                return Some(match self.progress.may_finish(verdict) {
                    // Only now: whoever watches is still to be told of an attempt that is lost.
                    Ok(()) => {
                        let written = self.live.conclude(self.attempt);
                        End::Outcome(Box::new(self.progress.finish(verdict, message, written)))
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
            FromRunner::Register(_) | FromRunner::Telemetry(_) => {
                return Some(End::Lost("its runner spoke of something else on its stream".to_owned()));
            }
        };
        result.err().map(|error| lost(&error))
    }

    /// Records how it ended, and tells those who watch.
    ///
    /// # Errors
    /// The store's.
    pub async fn end(self, fleet: &Fleet, end: End) -> Result<(), StoreError> {
        self.feeder.abort();
        self.credit.close();
        let release = match end {
            End::Outcome(outcome) => {
                match fleet.store.finish(self.id, self.attempt, *outcome).await? {
                    Recorded::Now(job) => fleet.live.finish(&job),
                    Recorded::Before | Recorded::Stale => {
                        tracing::info!(job = %self.id, attempt = %self.attempt, "a late result is refused")
                    }
                }
                return Ok(());
            }
            End::Refused => {
                self.live.refused(self.attempt);
                Release::Refused
            }
            End::Lost(reason) => {
                tracing::warn!(job = %self.id, attempt = %self.attempt, reason, "an attempt is lost");
                // What it wrote is forgotten once the next one begins.
                self.live.lost(self.attempt, &reason);
                Release::Lost { reason }
            }
        };
        let released = fleet.store.release(self.id, self.attempt, release).await?;
        ending::announce(&fleet.live, &fleet.backlog, self.id, released);
        Ok(())
    }
}

fn lost(error: &Impossible) -> End {
    End::Lost(format!("its runner reported what cannot be: {error}"))
}
