//! One attempt at a job, as the link sees it: its contents come in, then a worker runs it, and what that
//! reports goes out under the controller's credit.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use protocol::frame::{Frame, FrameError, FrameKind, OutputChunk};
use protocol::hello::DEFAULT_WINDOW;
use protocol::runner::{Assignment, FromRunner};
use protocol::window::{ReceiveWindow, SendWindow};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::report::{Report, Reporter, Reports, queue};
use crate::stdin::{Following, Stdin};
use crate::worker::{self, Workshop};

/// The most contents of one job, in bytes: a controller's own limit is far below.
const MAX_CONTENTS: u64 = 1 << 30;

/// What an attempt needs of its link.
#[derive(Debug, Clone)]
pub struct AttemptContext {
    /// Its stream.
    pub stream: u32,
    /// Where frames go out.
    pub outgoing: mpsc::Sender<Frame>,
    /// How much output the controller takes before it gives credit.
    pub window: u32,
    /// Where the end of the attempt is told.
    pub ended: mpsc::Sender<u32>,
    /// Where its tasks are counted.
    pub jobs: TaskTracker,
}

/// An attempt.
#[derive(Debug)]
pub struct Attempt {
    context: AttemptContext,
    cancel: CancellationToken,
    credit: SendWindow,
    stdin: Arc<Following>,
    reporter: Reporter,
    arriving: Option<Arriving>,
}

/// A job whose contents are still coming in.
#[derive(Debug)]
struct Arriving {
    assignment: Assignment,
    workshop: Workshop,
    slot: OwnedSemaphorePermit,
    sizes: VecDeque<u64>,
    current: BytesMut,
    contents: Vec<Bytes>,
    window: ReceiveWindow,
}

impl Attempt {
    /// Begins an attempt; starts it at once where no contents are to come. Returns nothing where it is refused
    /// for what it announces.
    pub fn begin(
        context: AttemptContext,
        workshop: Workshop,
        slot: OwnedSemaphorePermit,
        assignment: Assignment,
    ) -> Option<Self> {
        let (reporter, reports) = queue();
        let credit = SendWindow::new(context.window);
        context.jobs.spawn(forward(context.clone(), credit.clone(), reports));
        if assignment.spec.content_bytes() > MAX_CONTENTS {
            let reason = "the job's contents are too large".to_owned();
            let _ = reporter.try_send(Report::Message(FromRunner::Failed { reason }));
            return None;
        }
        let sizes = assignment.spec.detached_sizes().into();
        let mut attempt = Self {
            cancel: CancellationToken::new(),
            credit,
            stdin: Arc::new(Following::new(DEFAULT_WINDOW)),
            reporter,
            arriving: Some(Arriving {
                assignment,
                workshop,
                slot,
                sizes,
                current: BytesMut::new(),
                contents: Vec::new(),
                window: ReceiveWindow::new(DEFAULT_WINDOW),
            }),
            context,
        };
        attempt.start_when_complete();
        Some(attempt)
    }

    /// Stops it.
    pub fn cancel(&self) {
        self.cancel.cancel();
        self.credit.close();
    }

    /// Takes a frame of its stream.
    ///
    /// # Errors
    /// Where the controller sends what it may not.
    pub async fn take(&mut self, frame: Frame) -> Result<(), FrameError> {
        match frame.kind {
            FrameKind::Credit => self.credit.grant(frame.credit_bytes()?),
            FrameKind::Stdin => self.stdin.push(frame.payload),
            FrameKind::StdinEnd => {
                self.stdin.end();
                Ok(())
            }
            _ => self.take_contents(frame.payload).await,
        }
    }

    async fn take_contents(&mut self, data: Bytes) -> Result<(), FrameError> {
        let Some(arriving) = &mut self.arriving else { return Err(FrameError::Malformed(FrameKind::Blob)) };
        arriving.window.received(data.len())?;
        if let Some(credit) = arriving.window.consumed(data.len()) {
            // A link that is gone ends this attempt too.
            let _ = self.context.outgoing.send(Frame::credit(self.context.stream, credit)).await;
        }
        arriving.add(data)?;
        self.start_when_complete();
        Ok(())
    }

    fn start_when_complete(&mut self) {
        let Some(mut arriving) = self.arriving.take_if(|arriving| arriving.close_finished()) else { return };
        let stdin = arriving.assignment.stdin_follows;
        let stdin = stdin.then(|| Stdin::Following(Arc::clone(&self.stdin), self.reporter.clone()));
        let (reporter, cancel) = (self.reporter.clone(), self.cancel.clone());
        self.context.jobs.spawn(async move {
            if arriving.assignment.spec.attach(std::mem::take(&mut arriving.contents)).is_err() {
                let reason = "the job's contents are not what it announced".to_owned();
                let _ = reporter.send(Report::Message(FromRunner::Failed { reason })).await;
                return;
            }
            worker::run(arriving.workshop, arriving.assignment, arriving.slot, stdin, reporter, cancel).await;
        });
    }
}

impl Arriving {
    fn add(&mut self, mut data: Bytes) -> Result<(), FrameError> {
        while !data.is_empty() {
            let size = *self.sizes.front().ok_or(FrameError::Malformed(FrameKind::Blob))?;
            let missing = usize::try_from(size).unwrap_or(usize::MAX).saturating_sub(self.current.len());
            self.current.extend_from_slice(&data.split_to(missing.min(data.len())));
            self.close_finished();
        }
        Ok(())
    }

    /// Sets contents that are complete aside, empty ones too. Returns whether all are.
    fn close_finished(&mut self) -> bool {
        while self.sizes.front().is_some_and(|size| *size == self.current.len() as u64) {
            self.sizes.pop_front();
            self.contents.push(self.current.split().freeze());
        }
        self.sizes.is_empty()
    }
}

/// Sends what the worker reports, output under the controller's credit.
async fn forward(context: AttemptContext, credit: SendWindow, mut reports: Reports) {
    while let Some(report) = reports.recv().await {
        let (frame, last) = match frame(context.stream, report) {
            Ok(frame) => frame,
            Err(error) => {
                tracing::warn!(%error, "a report does not fit a frame");
                break;
            }
        };
        if frame.kind.uses_credit() && credit.take(frame.payload.len()).await.is_err() {
            // Cancelled: the output is nobody's any more, the verdict is.
            continue;
        }
        if context.outgoing.send(frame).await.is_err() || last {
            break;
        }
    }
    let _ = context.ended.send(context.stream).await;
}

fn frame(stream: u32, report: Report) -> Result<(Frame, bool), FrameError> {
    Ok(match report {
        Report::Output { step, stream: output, data } => {
            (Frame::output(stream, &OutputChunk { seq: 0, step, stream: output, data }), false)
        }
        Report::Credit(bytes) => (Frame::credit(stream, bytes), false),
        Report::Message(message) => {
            let last = matches!(
                message,
                FromRunner::Finished { .. } | FromRunner::Failed { .. } | FromRunner::Refused { .. }
            );
            (Frame::control(stream, &message)?, last)
        }
    })
}
