//! One job in flight: its events, its input, and the wish to stop it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use protocol::event::JobEvent;
use protocol::{Attempt, Gesture, Job, JobId, Problem, Step, StepResult};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::abandoned::Abandoned;
use super::heard::{Heard, Written};
use super::log::{EventLog, StepOutput};
use super::stdin::StdinLog;
use crate::budget::Held;
use crate::lock::lock;

/// How many gestures may be on their way to a job's link.
const MOST_GESTURES: usize = 16;

/// A job in flight.
#[derive(Debug)]
pub struct LiveJob {
    id: JobId,
    stdin: Option<Arc<StdinLog>>,
    pub(super) state: Mutex<State>,
    pub(super) changed: Notify,
    /// Told when its progress changes, not with each event.
    progressed: Notify,
    cancelled: CancellationToken,
    /// To the link that carries it, where its runner takes any.
    gestures: Mutex<Option<mpsc::Sender<Gesture>>>,
    pub(super) watchers: AtomicUsize,
    carriers: AtomicUsize,
    pub(super) abandoned: Arc<Abandoned>,
}

/// How a job came into the queue, as long as nobody has been told. The store takes a job in before its place is
/// known here, and dispatch may be quicker than whoever put it there: then dispatch tells it first.
#[derive(Debug)]
pub(super) enum Arrival {
    Queued,
    Lost { attempt: Attempt, reason: String },
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) log: EventLog,
    pub(super) arrival: Option<Arrival>,
    /// The attempt that is heard; none between two of them.
    pub(super) attempt: Option<Attempt>,
    /// What was heard of the attempt that the log's end is about.
    pub(super) heard: Option<Heard>,
    /// Whether it goes on without watchers.
    pub(super) keep: bool,
    pub(super) progress: Progress,
    /// The whole of it once it has finished, for those who wait for that and for nothing else.
    pub(super) outcome: Option<Arc<Job>>,
    pub(super) outcome_wanted: usize,
    pub(super) output: Held,
    pub(super) output_left: u64,
    /// What judges said of its runs.
    pub(super) words: Held,
}

/// What whoever submitted it without wanting to wait needs to know.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Progress {
    /// No runner has begun with it.
    Pending,
    /// It could not be placed and is forgotten.
    Declined(Problem),
    /// A runner has begun with it, as far as can be told.
    Begun,
    /// It has its verdict.
    Finished,
}

/// Why nothing can be done to a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotHeard {
    /// It waits, is being compiled, or has ended.
    #[error("the program does not run: it has yet to start, or has ended")]
    NotRunning,
    /// Too much is on its way to it already.
    #[error("too many signals are on their way to this program")]
    TooMany,
    /// Nobody here can tell its runner.
    #[error(
        "this program cannot be reached from here: its runner is of an older version, or another controller has it"
    )]
    NoLink,
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
        let Setup { stdin, keep, output, max_output, words } = setup;
        let state = State {
            log: EventLog::default(),
            arrival: Some(Arrival::Queued),
            attempt: None,
            heard: None,
            keep,
            progress: Progress::Pending,
            outcome: None,
            outcome_wanted: 0,
            output,
            output_left: max_output,
            words,
        };
        Self {
            id,
            stdin,
            state: Mutex::new(state),
            changed: Notify::new(),
            progressed: Notify::new(),
            cancelled: CancellationToken::new(),
            gestures: Mutex::default(),
            watchers: AtomicUsize::new(0),
            carriers: AtomicUsize::new(0),
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
        self.change(|state| state.start(runner, attempt));
    }

    /// A runner goes on with an attempt: its reports come again from the first.
    pub fn resumed(&self, runner: &str, attempt: Attempt) {
        self.change(|state| {
            let known = state.heard(attempt).is_some();
            match known && !matches!(state.arrival, Some(Arrival::Lost { .. })) {
                true => state.attempt = Some(attempt),
                false => state.start(runner, attempt),
            }
        });
    }

    /// A step of the attempt begins.
    pub fn step_started(&self, attempt: Attempt, step: Step) {
        self.change_in(attempt, |state| state.begin_step(attempt, step));
    }

    /// The program wrote something.
    pub fn output(&self, attempt: Attempt, written: Written) -> Kept {
        let step = written.step;
        let mut cut = true;
        self.change(|state| {
            if state.attempt == Some(attempt) {
                state.write(attempt, &written);
            }
            cut = state.heard(attempt).is_none_or(|heard| heard.is_cut(step));
        });
        if cut { Kept::No } else { Kept::Yes }
    }

    /// A step of the attempt has ended.
    pub fn step_finished(&self, attempt: Attempt, step: Step, result: StepResult) {
        self.change_in(attempt, |state| state.end_step(attempt, step, result));
    }

    /// What the steps of the attempt wrote. Nothing more is heard of it then.
    pub fn conclude(&self, attempt: Attempt) -> BTreeMap<Step, StepOutput> {
        let mut state = lock(&self.state);
        if state.heard(attempt).is_none() {
            return BTreeMap::new();
        }
        state.attempt = None;
        state.log.collect()
    }

    /// It was finished by another controller: tells what was not told here yet.
    pub(super) fn catch_up(&self, job: &Job) {
        self.change(|state| {
            if state.progress != Progress::Finished {
                state.catch_up(job);
            }
        });
    }

    /// The attempt was not taken; [`queued`](Self::queued) follows once the store has the job back.
    pub fn refused(&self, attempt: Attempt) {
        self.end_attempt(attempt, Arrival::Queued);
    }

    /// The attempt is lost; [`queued`](Self::queued) follows once the store has the job back.
    pub fn lost(&self, attempt: Attempt, reason: &str) {
        self.end_attempt(attempt, Arrival::Lost { attempt, reason: reason.to_owned() });
    }

    /// A runner may have begun with it: its client is told so.
    pub(super) fn admit(&self) {
        self.change(|state| {
            if state.progress == Progress::Pending {
                state.progress = Progress::Begun;
            }
        });
    }

    /// It could not be placed at once, and was not to wait. Returns whether that is news.
    pub(super) fn decline(&self, problem: Problem) -> bool {
        let mut pending = false;
        self.change(|state| {
            pending = state.progress == Progress::Pending;
            if pending {
                state.progress = Progress::Declined(problem);
            }
        });
        pending
    }

    /// It has its verdict. Returns whether that is new.
    pub(super) fn finished(&self, job: &Job) -> bool {
        if let Some(stdin) = &self.stdin {
            stdin.discard();
        }
        let mut new = false;
        self.change(|state| {
            if state.progress == Progress::Finished {
                return;
            }
            new = true;
            state.progress = Progress::Finished;
            state.attempt = None;
            state.outcome = (state.outcome_wanted > 0).then(|| Arc::new(job.clone()));
            let job = Box::new(job.clone().without_output());
            state.log.push(JobEvent::Finished { job });
        });
        new
    }

    /// Whether it has its verdict.
    pub fn is_finished(&self) -> bool {
        lock(&self.state).progress == Progress::Finished
    }

    /// A link to a runner carries it, for as long as the mark is kept.
    pub fn carry(self: &Arc<Self>) -> Carrying {
        self.carriers.fetch_add(1, Ordering::AcqRel);
        Carrying(Arc::clone(self))
    }

    /// Whether a link to a runner carries it.
    pub fn is_carried(&self) -> bool {
        self.carriers.load(Ordering::Acquire) > 0
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

    /// What is done to its program from now on, for the link that carries it.
    pub fn gestures(&self) -> mpsc::Receiver<Gesture> {
        let (sender, receiver) = mpsc::channel(MOST_GESTURES);
        *lock(&self.gestures) = Some(sender);
        receiver
    }

    /// Does this to its program.
    ///
    /// # Errors
    /// Why not.
    pub fn gesture(&self, gesture: Gesture) -> Result<(), NotHeard> {
        if !lock(&self.state).is_running() {
            return Err(NotHeard::NotRunning);
        }
        let gestures = lock(&self.gestures);
        match gestures.as_ref().map(|gestures| gestures.try_send(gesture)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(NotHeard::TooMany),
            Some(Err(TrySendError::Closed(_))) | None => Err(NotHeard::NoLink),
        }
    }

    /// How many watch it.
    pub fn watchers(&self) -> usize {
        self.watchers.load(Ordering::Acquire)
    }

    pub(super) fn output_bytes(&self) -> u64 {
        let state = lock(&self.state);
        state.output.bytes() + state.words.bytes()
    }

    pub(super) async fn wait_for<T>(&self, ready: impl Fn(&Progress) -> Option<T>) -> T {
        loop {
            let mut progressed = std::pin::pin!(self.progressed.notified());
            progressed.as_mut().enable();
            if let Some(result) = ready(&lock(&self.state).progress) {
                return result;
            }
            progressed.await;
        }
    }

    fn end_attempt(&self, attempt: Attempt, arrival: Arrival) {
        let mut state = lock(&self.state);
        if state.attempt == Some(attempt) {
            state.attempt = None;
            if matches!(arrival, Arrival::Queued) {
                state.heard = None;
            }
            state.arrival = Some(arrival);
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let progressed = {
            let mut state = lock(&self.state);
            let before = std::mem::discriminant(&state.progress);
            change(&mut state);
            before != std::mem::discriminant(&state.progress)
        };
        self.changed.notify_waiters();
        if progressed {
            self.progressed.notify_waiters();
        }
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

/// A mark; see [`LiveJob::carry`].
#[derive(Debug)]
pub struct Carrying(Arc<LiveJob>);

impl Drop for Carrying {
    fn drop(&mut self) {
        self.0.carriers.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What a live job starts with.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) stdin: Option<Arc<StdinLog>>,
    pub(super) keep: bool,
    pub(super) output: Held,
    pub(super) max_output: u64,
    pub(super) words: Held,
}
