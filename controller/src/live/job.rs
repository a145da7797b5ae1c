//! One job in flight: its events, its input, and the wish to stop it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use protocol::event::{JobEvent, OutputStream};
use protocol::{Attempt, Job, JobId, Problem, Step, StepResult};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::abandoned::Abandoned;
use super::log::{EventLog, StepOutput};
use super::stdin::StdinLog;
use crate::budget::Held;
use crate::lock::lock;

/// A job in flight.
#[derive(Debug)]
pub struct LiveJob {
    id: JobId,
    stdin: Option<Arc<StdinLog>>,
    pub(super) state: Mutex<State>,
    pub(super) changed: Notify,
    cancelled: CancellationToken,
    pub(super) watchers: AtomicUsize,
    pub(super) abandoned: Arc<Abandoned>,
}

/// How a job came into the queue, as long as nobody has been told. The store takes a job in before its place is
/// known here, and dispatch may be quicker than whoever put it there: then dispatch tells it first.
#[derive(Debug)]
enum Arrival {
    Queued,
    Lost { attempt: Attempt, reason: String },
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) log: EventLog,
    arrival: Option<Arrival>,
    /// The attempt that is heard; none between two of them.
    attempt: Option<Attempt>,
    /// Whether it goes on without watchers.
    pub(super) keep: bool,
    pub(super) progress: Progress,
    output: Held,
    output_left: u64,
}

/// What whoever submitted it without wanting to wait needs to know.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Progress {
    /// No runner has begun with it.
    Pending,
    /// It could not be placed and is forgotten.
    Declined(Problem),
    /// A runner has begun with it.
    Begun,
    /// It has its verdict.
    Finished,
}

/// What became of a piece of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is kept.
    Yes,
    /// There was no room for it: the step's output is truncated.
    No,
}

impl LiveJob {
    pub(super) fn new(id: JobId, setup: Setup, abandoned: Arc<Abandoned>) -> Self {
        let Setup { stdin, keep, output, max_output } = setup;
        let state = State {
            log: EventLog::default(),
            arrival: Some(Arrival::Queued),
            attempt: None,
            keep,
            progress: Progress::Pending,
            output,
            output_left: max_output,
        };
        Self {
            id,
            stdin,
            state: Mutex::new(state),
            changed: Notify::new(),
            cancelled: CancellationToken::new(),
            watchers: AtomicUsize::new(0),
            abandoned,
        }
    }

    /// Its identifier.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Its streamed standard input, where it has one.
    pub fn stdin(&self) -> Option<&Arc<StdinLog>> {
        self.stdin.as_ref()
    }

    /// It waits, with so many jobs before it.
    pub fn queued(&self, position: u64) {
        self.change(|state| state.announce(position));
    }

    /// A runner has it.
    pub fn started(&self, runner: &str, attempt: Attempt) {
        self.change(|state| {
            state.announce(0);
            state.attempt = Some(attempt);
            state.log.push(JobEvent::Started { runner: runner.to_owned(), attempt });
        });
    }

    /// A step of the attempt begins.
    pub fn step_started(&self, attempt: Attempt, step: Step) {
        self.change_in(attempt, |state| {
            if state.progress == Progress::Pending {
                state.progress = Progress::Begun;
            }
            state.log.push(JobEvent::StepStarted { step });
        });
    }

    /// The program wrote something.
    pub fn output(&self, attempt: Attempt, step: Step, stream: OutputStream, data: Bytes) -> Kept {
        let length = data.len() as u64;
        let mut kept = Kept::No;
        self.change_in(attempt, |state| {
            if length <= state.output_left && state.output.grow(length).is_ok() {
                state.output_left -= length;
                state.log.output(step, stream, data);
                kept = Kept::Yes;
            }
        });
        kept
    }

    /// A step of the attempt has ended.
    pub fn step_finished(&self, attempt: Attempt, step: Step, result: StepResult) {
        self.change_in(attempt, |state| state.log.push(JobEvent::StepFinished { step, result }));
    }

    /// What the steps of the attempt wrote. Nothing more is heard of it then.
    pub fn conclude(&self, attempt: Attempt) -> BTreeMap<Step, StepOutput> {
        let mut state = lock(&self.state);
        if state.attempt != Some(attempt) {
            return BTreeMap::new();
        }
        state.attempt = None;
        state.log.collect()
    }

    /// The attempt was not taken; [`queued`](Self::queued) follows once the store has the job back.
    pub fn refused(&self, attempt: Attempt) {
        self.end_attempt(attempt, Arrival::Queued);
    }

    /// The attempt is lost; [`queued`](Self::queued) follows once the store has the job back.
    pub fn lost(&self, attempt: Attempt, reason: &str) {
        self.end_attempt(attempt, Arrival::Lost { attempt, reason: reason.to_owned() });
    }

    /// It could not be placed at once, and was not to wait.
    pub fn decline(&self, problem: Problem) {
        self.change(|state| state.progress = Progress::Declined(problem));
    }

    /// It has its verdict.
    pub(super) fn finished(&self, job: &Job) {
        if let Some(stdin) = &self.stdin {
            stdin.discard();
        }
        self.change(|state| {
            if state.progress == Progress::Finished {
                return;
            }
            state.progress = Progress::Finished;
            state.attempt = None;
            let job = Box::new(job.clone().without_output());
            state.log.push(JobEvent::Finished { job });
        });
    }

    /// Waits until it has its verdict. Whoever waits here does not count as watching.
    pub async fn ended(&self) {
        self.wait_for(|progress| (*progress == Progress::Finished).then_some(())).await;
    }

    /// Asks its runner to stop it.
    pub fn cancel(&self) {
        self.cancelled.cancel();
    }

    /// Tells when it is to be stopped.
    pub fn cancelled(&self) -> &CancellationToken {
        &self.cancelled
    }

    /// How many watch it.
    pub fn watchers(&self) -> usize {
        self.watchers.load(Ordering::Acquire)
    }

    pub(super) fn output_bytes(&self) -> u64 {
        lock(&self.state).output.bytes()
    }

    pub(super) async fn wait_for<T>(&self, ready: impl Fn(&Progress) -> Option<T>) -> T {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(result) = ready(&lock(&self.state).progress) {
                return result;
            }
            changed.await;
        }
    }

    fn end_attempt(&self, attempt: Attempt, arrival: Arrival) {
        let mut state = lock(&self.state);
        if state.attempt == Some(attempt) {
            state.attempt = None;
            state.arrival = Some(arrival);
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut lock(&self.state));
        self.changed.notify_waiters();
    }

    /// The same for what only the attempt that is heard may change.
    fn change_in(&self, attempt: Attempt, change: impl FnOnce(&mut State)) {
        self.change(|state| {
            if state.attempt == Some(attempt) {
                change(state);
            }
        });
    }
}

impl State {
    fn announce(&mut self, position: u64) {
        match self.arrival.take() {
            Some(Arrival::Queued) => self.log.push(JobEvent::Queued { position }),
            Some(Arrival::Lost { attempt, reason }) => {
                self.log.push(JobEvent::Restarted { attempt, reason });
                self.output_left += self.output.bytes();
                self.output.clear();
                self.log.begin_attempt();
            }
            None => {}
        }
    }
}

/// What a live job starts with.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) stdin: Option<Arc<StdinLog>>,
    pub(super) keep: bool,
    pub(super) output: Held,
    pub(super) max_output: u64,
}
