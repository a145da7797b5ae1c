//! One job that a single process keeps account of, and the changes it can go through.
//!
//! ```text
//!             claim                 finish
//!   Queued ───────────▶ Running ───────────────▶ Finished
//!     ▲                    │  lost MAX_LOST times    ▲
//!     │                    ├─────────────────────────┤
//!     └────────────────────┘                         │
//!      release                cancel while queued ───┘
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::{
    Attempt, AttemptEnd, Content, ControllerId, Job, JobAttempt, JobSpec, JobState, Timestamp, Verdict,
};
use tokio::time::Instant;

use super::{Claim, MAX_LOST, NewJob, Outcome, Produced, Queued, Release};
use crate::clock;
use crate::needs::Needs;

/// A job, without what was submitted.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) number: u64,
    /// What makes it the only one with this word.
    pub(super) key: Option<String>,
    /// The controller that dispatches it.
    pub(super) home: Option<ControllerId>,
    pub(super) attempts: Vec<JobAttempt>,
    /// Bytes of the specification's contents.
    pub(super) bytes: u64,
    pub(super) lost: u32,
    /// Why it is to be stopped, where it is.
    pub(super) cancelled: Option<String>,
    /// The files that its runs left, where they are kept here.
    pub(super) artifacts: Vec<Produced>,
    job: Job,
    queued: Queued,
    lease: Option<Instant>,
}

/// A job that has not finished, as a store with a disk gives it back.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) job: Job,
    pub(super) queued: Queued,
    pub(super) key: Option<String>,
    pub(super) bytes: u64,
    pub(super) lost: u32,
    pub(super) cancelled: Option<String>,
    pub(super) attempts: Vec<JobAttempt>,
}

/// The present, as exact as stores keep it: in microseconds.
pub(super) fn now() -> Timestamp {
    let now = clock::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// A job as it looks while it waits.
pub(super) fn waiting(queued: &Queued, labels: BTreeMap<String, String>, owner: Option<String>) -> Job {
    Job {
        id: queued.id,
        state: JobState::Queued,
        position: None,
        verdict: None,
        message: None,
        language: queued.language.clone(),
        labels,
        owner,
        compile: None,
        runs: Vec::new(),
        score: None,
        runner: None,
        attempts: Attempt::default(),
        queued_at: queued.queued_at,
        started_at: None,
        finished_at: None,
    }
}

impl Record {
    pub(super) fn new(new: &NewJob, number: u64, home: ControllerId) -> Self {
        let spec = &new.spec;
        let queued = Queued {
            id: new.id,
            number,
            priority: spec.priority,
            language: spec.language.clone(),
            peak: new.peak,
            requires: spec.requires.clone(),
            needs: Needs::of(spec),
            share: new.share.clone(),
            queued_at: now(),
            stdin_follows: new.stdin_follows,
            no_wait: spec.no_wait,
        };
        Self {
            number,
            key: new.key(),
            bytes: spec.content_bytes(),
            home: Some(home),
            attempts: Vec::new(),
            job: waiting(&queued, spec.labels.clone(), new.owner.clone()),
            queued,
            lease: None,
            lost: 0,
            cancelled: None,
            artifacts: Vec::new(),
        }
    }

    /// A job as it was stored, at home nowhere. One that runs has its lease anew.
    pub(super) fn restored(stored: Stored, lease: Duration) -> Self {
        let Stored { job, queued, key, bytes, lost, cancelled, attempts } = stored;
        let lease = (job.state == JobState::Running).then(|| Instant::now() + lease);
        let (number, artifacts) = (queued.number, Vec::new());
        Self { number, key, bytes, home: None, attempts, artifacts, job, queued, lease, lost, cancelled }
    }

    pub(super) fn job(&self) -> &Job {
        &self.job
    }

    pub(super) fn state(&self) -> JobState {
        self.job.state
    }

    /// The job as the scheduler needs to know it.
    pub(super) fn queued(&self) -> Queued {
        self.queued.clone()
    }

    pub(super) fn claim(&mut self, runner: &str, lease: Duration, spec: Arc<JobSpec>) -> Claim {
        let attempt = self.job.attempts.next();
        let now = now();
        self.job.state = JobState::Running;
        self.job.attempts = attempt;
        self.job.runner = Some(runner.to_owned());
        self.job.started_at = Some(now);
        self.lease = Some(Instant::now() + lease);
        self.attempts.push(JobAttempt {
            attempt,
            runner: runner.to_owned(),
            started_at: now,
            ended_at: None,
            end: None,
            reason: None,
        });
        self.current_claim(spec)
    }

    /// What the runner of the current attempt was given.
    pub(super) fn current_claim(&self, spec: Arc<JobSpec>) -> Claim {
        let Queued { share, stdin_follows, .. } = self.queued.clone();
        Claim { id: self.job.id, attempt: self.job.attempts, spec, share, stdin_follows }
    }

    /// Whether the job was last given to a runner of this name.
    pub(super) fn is_with(&self, runner: &str) -> bool {
        self.job.runner.as_deref() == Some(runner)
    }

    /// Whether this attempt is the one that has the job.
    pub(super) fn runs_as(&self, attempt: Attempt) -> bool {
        self.job.state == JobState::Running && self.job.attempts == attempt
    }

    /// Whether the job ended with this attempt.
    pub(super) fn ended_with(&self, attempt: Attempt) -> bool {
        self.job.state == JobState::Finished && self.job.attempts == attempt
    }

    pub(super) fn renew(&mut self, lease: Duration) {
        self.lease = Some(Instant::now() + lease);
    }

    /// For how long its lease has been over.
    pub(super) fn overdue(&self) -> Option<Duration> {
        let now = Instant::now();
        self.lease.filter(|until| *until <= now).map(|until| now - until)
    }

    pub(super) fn want_cancelled(&mut self, message: &str) {
        self.cancelled.get_or_insert_with(|| message.to_owned());
    }

    pub(super) fn is_to_be_cancelled(&self) -> bool {
        self.cancelled.is_some()
    }

    /// What the end of an attempt without an outcome means: the outcome it has after all, or a requeue.
    pub(super) fn released(&mut self, release: &Release) -> Option<Outcome> {
        match release {
            Release::Refused => self.end_attempt(AttemptEnd::Refused, None),
            Release::Lost { reason } => {
                self.lost += 1;
                self.end_attempt(AttemptEnd::Lost, Some(reason));
            }
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

    pub(super) fn requeue(&mut self, home: ControllerId) {
        self.job.state = JobState::Queued;
        self.job.runner = None;
        self.job.started_at = None;
        self.home = Some(home);
        self.lease = None;
    }

    pub(super) fn finish(&mut self, outcome: Outcome) {
        let Outcome { verdict, message, compile, runs, score, artifacts } = outcome;
        let cancelled = self.cancelled.take().filter(|_| verdict == Verdict::Cancelled);
        self.end_attempt(AttemptEnd::Finished, None);
        self.job.state = JobState::Finished;
        self.job.verdict = Some(verdict);
        self.job.message = message.or(cancelled);
        self.job.compile = compile;
        self.job.runs = runs;
        self.job.score = score;
        self.artifacts = artifacts;
        self.job.finished_at = Some(now());
        self.lease = None;
    }

    /// The bytes of output it keeps, and of files that its runs left.
    pub(super) fn output_bytes(&self) -> u64 {
        let steps = self.job.compile.iter().chain(&self.job.runs);
        let output: u64 =
            steps.flat_map(|step| step.stdout.iter().chain(&step.stderr)).map(Content::size).sum();
        output + self.artifacts.iter().map(|file| file.content.len() as u64).sum::<u64>()
    }

    /// Ends the current attempt, where one is under way.
    fn end_attempt(&mut self, end: AttemptEnd, reason: Option<&str>) {
        if let Some(attempt) = self.attempts.last_mut().filter(|attempt| attempt.end.is_none()) {
            attempt.end = Some(end);
            attempt.ended_at = Some(now());
            attempt.reason = reason.map(str::to_owned);
        }
    }
}
