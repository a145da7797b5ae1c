//! One job of the memory store and the changes it can go through.
//!
//! ```text
//!             claim                 finish
//!   Queued ───────────▶ Running ───────────────▶ Finished
//!     ▲                    │  lost MAX_LOST times    ▲
//!     │                    ├─────────────────────────┤
//!     └────────────────────┘                         │
//!      release                cancel while queued ───┘
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::{Attempt, Content, Job, JobSpec, JobState, LimitsRequest, Timestamp, Verdict};

use super::{Claim, MAX_LOST, NewJob, Outcome, Place, Queued, Release};

/// A job of the memory store.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) place: Place,
    /// What was submitted, as long as it may still run.
    pub(super) work: Option<Work>,
    job: Job,
    lease: Option<Instant>,
    lost: u32,
    cancelled: Option<String>,
}

/// What a job needs in order to run.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) spec: Arc<JobSpec>,
    pub(super) bytes: u64,
    peak: LimitsRequest,
    stdin_follows: bool,
}

impl Record {
    pub(super) fn new(new: NewJob, place: Place) -> Self {
        let NewJob { id, spec, peak, stdin_follows } = new;
        let job = Job {
            id,
            state: JobState::Queued,
            position: None,
            verdict: None,
            message: None,
            language: spec.language.clone(),
            labels: spec.labels.clone(),
            compile: None,
            runs: Vec::new(),
            runner: None,
            attempts: Attempt::default(),
            queued_at: Timestamp::now(),
            started_at: None,
            finished_at: None,
        };
        let work = Work { bytes: spec.content_bytes(), spec, peak, stdin_follows };
        Self { place, work: Some(work), job, lease: None, lost: 0, cancelled: None }
    }

    pub(super) fn job(&self) -> &Job {
        &self.job
    }

    pub(super) fn state(&self) -> JobState {
        self.job.state
    }

    pub(super) fn queued(&self) -> Option<Queued> {
        let work = self.work.as_ref().filter(|_| self.job.state == JobState::Queued)?;
        Some(Queued {
            id: self.job.id,
            language: self.job.language.clone(),
            peak: work.peak,
            place: self.place,
        })
    }

    pub(super) fn claim(&mut self, runner: &str, lease: Duration) -> Option<Claim> {
        let work = self.work.as_ref().filter(|_| self.job.state == JobState::Queued)?;
        let attempt = self.job.attempts.next();
        let claim = Claim {
            id: self.job.id,
            attempt,
            spec: Arc::clone(&work.spec),
            stdin_follows: work.stdin_follows,
        };
        self.job.state = JobState::Running;
        self.job.attempts = attempt;
        self.job.runner = Some(runner.to_owned());
        self.job.started_at = Some(Timestamp::now());
        self.lease = Some(Instant::now() + lease);
        Some(claim)
    }

    /// Whether this attempt is the one that has the job.
    pub(super) fn runs_as(&self, attempt: Attempt) -> bool {
        self.job.state == JobState::Running && self.job.attempts == attempt
    }

    pub(super) fn renew(&mut self, lease: Duration) {
        self.lease = Some(Instant::now() + lease);
    }

    pub(super) fn lease_is_over(&self) -> bool {
        self.lease.is_some_and(|until| until <= Instant::now())
    }

    pub(super) fn want_cancelled(&mut self, message: &str) {
        self.cancelled.get_or_insert_with(|| message.to_owned());
    }

    /// What the end of an attempt without an outcome means: the outcome it has after all, or a requeue.
    pub(super) fn released(&mut self, release: &Release) -> Option<Outcome> {
        if let Release::Lost { .. } = release {
            self.lost += 1;
        }
        if let Some(message) = &self.cancelled {
            return Some(Outcome::without_results(Verdict::Cancelled, message));
        }
        match release {
            Release::Lost { reason } if self.lost >= MAX_LOST => {
                let message = format!("the job was lost {} times, the last time: {reason}", self.lost);
                Some(Outcome::without_results(Verdict::InternalError, message))
            }
            _ => None,
        }
    }

    pub(super) fn requeue(&mut self) {
        self.job.state = JobState::Queued;
        self.job.runner = None;
        self.job.started_at = None;
        self.lease = None;
    }

    pub(super) fn finish(&mut self, outcome: Outcome) {
        let Outcome { verdict, message, compile, runs } = outcome;
        let cancelled = self.cancelled.take().filter(|_| verdict == Verdict::Cancelled);
        self.job.state = JobState::Finished;
        self.job.verdict = Some(verdict);
        self.job.message = message.or(cancelled);
        self.job.compile = compile;
        self.job.runs = runs;
        self.job.finished_at = Some(Timestamp::now());
        self.lease = None;
        self.work = None;
    }

    /// The bytes of output it keeps.
    pub(super) fn output_bytes(&self) -> u64 {
        let steps = self.job.compile.iter().chain(&self.job.runs);
        steps.flat_map(|step| step.stdout.iter().chain(&step.stderr)).map(Content::size).sum()
    }
}
