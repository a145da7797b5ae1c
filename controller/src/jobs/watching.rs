//! Following a job, whether it is in flight or was over long ago.

use std::collections::VecDeque;

use protocol::event::{JobEvent, OutputStream};
use protocol::{Content, Job, Step};

use crate::live::Watcher;

/// The most output in one event of a stored job, so that it fits one frame.
const PIECE: usize = 60 * 1024;

/// A job being followed.
#[derive(Debug)]
pub enum Watching {
    /// It is in flight, or was a moment ago.
    Live(Watcher),
    /// It is over: its events as far as they can be told from what is stored.
    Stored(VecDeque<(u64, JobEvent)>),
}

impl Watching {
    /// Follows a stored job. The last event is given in any case, so that every stream ends with it.
    pub(super) fn stored(job: Job, after: u64) -> Self {
        let mut events: Vec<JobEvent> = Vec::new();
        if let Some(runner) = job.runner.clone() {
            events.push(JobEvent::Started { runner, attempt: job.attempts });
        }
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
        let after = after.min(events.len() as u64 - 1);
        Self::Stored((1..).zip(events).filter(|(number, _)| *number > after).collect())
    }

    /// The next event with its number; `None` after the last one.
    pub async fn next(&mut self) -> Option<(u64, JobEvent)> {
        match self {
            Self::Live(watcher) => watcher.next().await,
            Self::Stored(events) => events.pop_front(),
        }
    }
}

fn output_events(step: Step, stream: OutputStream, output: Option<&Content>, events: &mut Vec<JobEvent>) {
    let mut bytes = output.map(Content::bytes).unwrap_or_default();
    while !bytes.is_empty() {
        let piece = bytes.split_to(bytes.len().min(PIECE));
        events.push(JobEvent::Output { step, stream, data: Content::Inline(piece) });
    }
}
