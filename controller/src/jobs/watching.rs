//! Following a job, whether it is in flight here, in flight at another controller, or was over long ago.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::event::{JobEvent, OutputStream};
use protocol::{Content, Job, JobId, JobState, Problem, Step};
use tokio::sync::broadcast;
use tokio::time::timeout;

use super::Jobs;
use super::privacy::Reader;
use crate::live::Watcher;
use crate::store::Change;

/// The most output in one event of a stored job, so that it fits one frame.
const PIECE: usize = 60 * 1024;

/// How often a job of another controller is looked at in any case: changes can be missed.
const POLL: Duration = Duration::from_secs(1);

/// A job being followed.
pub struct Watching {
    course: Course,
    /// Who follows it, where that may be somebody who is not to see everything.
    reader: Option<Reader>,
}

/// Where its events come from.
enum Course {
    /// It is in flight, or was a moment ago.
    Live(Watcher),
    /// Another controller has it.
    Remote(Box<Remote>),
    /// It is over: its events as far as they can be told from what is stored.
    Stored(VecDeque<(u64, JobEvent)>),
}

/// A job that another controller has: it is told that it has started, and all the rest at its end, by the numbers
/// that it has as a stored one. Where it comes here, it is followed live from then on.
pub struct Remote {
    jobs: Jobs,
    id: JobId,
    /// The last event that was told, or that the watcher knew.
    seen: u64,
    changes: broadcast::Receiver<Change>,
}

impl Course {
    /// That of a stored job. The last event is given in any case, so that every stream ends with it.
    fn stored(job: Job, after: u64) -> Self {
        let mut events: Vec<JobEvent> = Vec::new();
        events.extend(started(&job));
        let compile = job.compile.iter().map(|result| (Step::COMPILE, result));
        let runs = job.runs.iter().enumerate().map(|(index, result)| (Step::run(index), result));
        for (step, result) in compile.chain(runs) {
            events.push(JobEvent::StepStarted { step });
            output_events(step, OutputStream::Stdout, result.stdout.as_ref(), &mut events);
            output_events(step, OutputStream::Stderr, result.stderr.as_ref(), &mut events);
            let result = protocol::StepResult { stdout: None, stderr: None, ..result.clone() };
            events.push(JobEvent::StepFinished { step, result });
        }
        events.push(JobEvent::Finished { job: Box::new(job.without_output()) });
        let after = after.min(u64::MAX - 1);
        // Whoever has seen more than there is now is told the end, by a number that is new to it.
        let last = (after + 1).max(events.len() as u64);
        let numbers = (1..events.len() as u64).chain([last]);
        Self::Stored(numbers.zip(events).filter(|(number, _)| *number > after).collect())
    }

    /// That of a job that another controller has.
    fn remote(jobs: Jobs, id: JobId, after: u64) -> Self {
        let changes = jobs.store.changes();
        Self::Remote(Box::new(Remote { jobs, id, seen: after, changes }))
    }

    async fn next(&mut self) -> Result<Option<(u64, JobEvent)>, Problem> {
        loop {
            match self {
                Self::Live(watcher) => return Ok(watcher.next().await),
                Self::Stored(events) => return Ok(events.pop_front()),
                Self::Remote(remote) => match remote.next().await? {
                    Seen::Event(number, event) => return Ok(Some((number, event))),
                    Seen::From(course) => *self = course,
                },
            }
        }
    }
}

impl From<Watcher> for Watching {
    fn from(watcher: Watcher) -> Self {
        Self { course: Course::Live(watcher), reader: None }
    }
}

impl Watching {
    /// Follows a stored job.
    pub(super) fn stored(job: Job, after: u64) -> Self {
        Self { course: Course::stored(job, after), reader: None }
    }

    /// Follows a job that another controller has.
    pub(super) fn remote(jobs: Jobs, id: JobId, after: u64) -> Self {
        Self { course: Course::remote(jobs, id, after), reader: None }
    }

    /// The same, as somebody may see it.
    pub(super) fn read_by(self, reader: Reader) -> Self {
        Self { reader: Some(reader), ..self }
    }

    /// The next event with its number; `None` after the last one.
    ///
    /// # Errors
    /// Where the job is known no more before it has ended.
    pub async fn next(&mut self) -> Result<Option<(u64, JobEvent)>, Problem> {
        let next = self.course.next().await?;
        Ok(match (next, &mut self.reader) {
            (Some((number, event)), Some(reader)) => Some((number, reader.see(event).await)),
            (next, _) => next,
        })
    }
}

/// What is seen of a job that another controller has.
enum Seen {
    Event(u64, JobEvent),
    /// It is to be followed this way from now on.
    From(Course),
}

impl Remote {
    async fn next(&mut self) -> Result<Seen, Problem> {
        loop {
            if let Some(watcher) = self.jobs.live.watch(self.id, self.seen) {
                return Ok(Seen::From(Course::Live(watcher)));
            }
            let job = self.jobs.get(self.id).await?;
            if job.state == JobState::Finished {
                return Ok(Seen::From(Course::stored(job, self.seen)));
            }
            if let Some(event) = started(&job).filter(|_| job.state == JobState::Running && self.seen == 0) {
                self.seen = 1;
                return Ok(Seen::Event(1, event));
            }
            changed(&mut self.changes, self.id).await;
        }
    }
}

/// Waits until the job may have changed.
pub(super) async fn changed(changes: &mut broadcast::Receiver<Change>, id: JobId) {
    let finished = async {
        loop {
            match changes.recv().await {
                Ok(Change::Finished(finished)) if finished == id => return,
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    };
    // That nothing was heard is no reason not to look.
    let _ = timeout(POLL, finished).await;
}

fn started(job: &Job) -> Option<JobEvent> {
    job.runner.clone().map(|runner| JobEvent::Started { runner, attempt: job.attempts })
}

fn output_events(step: Step, stream: OutputStream, output: Option<&Content>, events: &mut Vec<JobEvent>) {
    let mut bytes = output.map(Content::bytes).unwrap_or_default();
    while !bytes.is_empty() {
        let piece = bytes.split_to(bytes.len().min(PIECE));
        events.push(JobEvent::Output { step, stream, data: Content::Inline(piece) });
    }
}
