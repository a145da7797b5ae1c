//! A submitted job while it comes in.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use protocol::frame::{FrameError, FrameKind};
use protocol::hello::DEFAULT_WINDOW;
use protocol::window::ReceiveWindow;
use protocol::{JobSpec, Problem, ProblemKind};

use super::input::Input;
use crate::doors::{Full, Incoming, Pace, Place};
use crate::identity::Caller;
use crate::jobs::{HAND_AWAY, Jobs};
use crate::live::StdinLog;
use crate::text;

impl Upload {
    /// A job that somebody submits, and its input, where some follows. That of a job which goes on without this
    /// connection goes on over others.
    pub fn new(
        spec: JobSpec,
        (keep, stdin_follows): (bool, bool),
        caller: Caller,
        jobs: &Jobs,
    ) -> (Self, Option<Input>) {
        let stdin = stdin_follows.then(|| match keep {
            true => jobs.attended_stdin(&caller, HAND_AWAY),
            false => jobs.stdin(),
        });
        let input = stdin.as_ref().map(|log| match keep {
            true => Input::going_on(log.attend()),
            false => Input::whole(Arc::clone(log)),
        });
        (Self { spec, keep, stdin, caller }, input)
    }
}

/// What is submitted.
#[derive(Debug)]
pub struct Upload {
    /// The program, its contents at first announced only.
    pub spec: JobSpec,
    /// Whether it goes on when nobody watches it.
    pub keep: bool,
    /// The standard input that follows it.
    pub stdin: Option<Arc<StdinLog>>,
    /// Who submits it.
    pub caller: Caller,
}

/// What is wrong with a request that cannot be read. The message's type is told from one of its fields, which
/// loses sight of the others: so a job is read again by itself, to name the field at fault.
pub fn malformed(payload: &[u8], error: &serde_json::Error) -> Problem {
    let problem = Problem::new(ProblemKind::Invalid, text::line(&error.to_string()));
    let request: serde_json::Value = serde_json::from_slice(payload).unwrap_or_default();
    match request.get("spec").map(serde_path_to_error::deserialize::<_, JobSpec>) {
        Some(Err(error)) => {
            let detail = text::line(&error.inner().to_string());
            Problem::new(ProblemKind::Invalid, detail).at(text::line(&error.path().to_string()))
        }
        _ => problem,
    }
}

/// A job whose contents are coming in.
#[derive(Debug)]
pub struct Arriving {
    upload: Upload,
    sizes: VecDeque<u64>,
    current: BytesMut,
    contents: Vec<Bytes>,
    window: ReceiveWindow,
    /// The room that was taken for the contents; given back once they are the job's.
    incoming: Incoming,
    pace: Pace,
}

impl Arriving {
    /// Looks at what is announced.
    ///
    /// # Errors
    /// Where that is too much.
    pub fn begin(upload: Upload, jobs: &Jobs, place: &Arc<Place>) -> Result<Self, Problem> {
        let bytes = upload.spec.content_bytes();
        let maximum = jobs.limits().max_body;
        if bytes > maximum {
            let detail = format!("a job's contents may have {maximum} bytes, not {bytes}");
            return Err(Problem::new(ProblemKind::TooLarge, detail).at("files"));
        }
        let mut incoming = place.incoming();
        let busy = |full: Full| Problem::new(ProblemKind::Busy, full.to_string()).retry_after(1);
        incoming.grow(bytes).map_err(busy)?;
        let sizes = upload.spec.detached_sizes().into();
        let window = ReceiveWindow::new(DEFAULT_WINDOW);
        let pace = Pace::begin();
        let (current, contents) = (BytesMut::new(), Vec::new());
        let mut arriving = Self { upload, sizes, current, contents, window, incoming, pace };
        arriving.close_finished();
        Ok(arriving)
    }

    /// Adds what came. Returns the credit to grant.
    ///
    /// # Errors
    /// Where more came than was announced, or than there was credit for.
    pub fn add(&mut self, mut data: Bytes) -> Result<Option<u32>, FrameError> {
        self.window.received(data.len())?;
        let credit = self.window.consumed(data.len());
        self.pace.received(data.len());
        while !data.is_empty() {
            let size = *self.sizes.front().ok_or(FrameError::Malformed(FrameKind::Blob))?;
            let missing = usize::try_from(size).unwrap_or(usize::MAX) - self.current.len();
            self.current.extend_from_slice(&data.split_to(missing.min(data.len())));
            self.close_finished();
        }
        Ok(credit)
    }

    /// Whether it comes so slowly that it is not waited for.
    pub fn is_late(&self) -> bool {
        self.pace.is_lost()
    }

    /// Whether everything is here.
    pub fn is_complete(&self) -> bool {
        self.sizes.is_empty()
    }

    /// The job with its contents.
    ///
    /// # Errors
    /// Never once it is complete.
    pub fn finish(self) -> Result<(Upload, Incoming), Problem> {
        let Self { mut upload, contents, incoming, .. } = self;
        let attached = upload.spec.attach(contents);
        attached.map_err(|error| Problem::new(ProblemKind::Protocol, error.to_string()))?;
        Ok((upload, incoming))
    }

    /// Sets contents that are complete aside, empty ones too.
    fn close_finished(&mut self) {
        while self.sizes.front().is_some_and(|size| *size == self.current.len() as u64) {
            self.sizes.pop_front();
            self.contents.push(self.current.split().freeze());
        }
    }
}
