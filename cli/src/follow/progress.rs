//! What is known of a job from the events so far. Pure.

use bytes::Bytes;
use protocol::client::Response;
use protocol::event::{JobEvent, OutputStream};
use protocol::frame::OutputChunk;
use protocol::{Job, JobId, Problem, Step, StepResult};

use crate::output::Transcript;

/// A job as seen from its events.
#[derive(Debug, Default)]
pub struct Progress {
    /// Its identifier, once the controller has recorded it.
    pub id: Option<JobId>,
    /// The number of the last event, to go on from after a lost connection.
    pub seen: u64,
    /// What it wrote.
    pub transcript: Transcript,
}

/// What an answer means for those who watch.
#[derive(Debug, PartialEq)]
pub enum News {
    /// The job is recorded. Its input goes on here from this byte on, where it does.
    Accepted(JobId, Option<u64>),
    /// It waits, with so many before it.
    Waiting(u64),
    /// A runner has it.
    Started,
    /// The program itself starts.
    Running,
    /// A step has ended.
    Step(Step, Box<StepResult>),
    /// What it did so far is void.
    Restarted,
    /// It has its verdict.
    Finished(Box<Job>),
    /// The request was refused.
    Refused(Problem),
    /// The answer is to another request than this.
    Strange,
}

/// What a piece of output means for those who watch.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown {
    /// Where to.
    pub to: OutputStream,
    /// What was not shown before.
    pub data: Bytes,
    /// Whether from here on an attempt differs from the one before.
    pub diverges: bool,
}

impl Progress {
    /// The controller said something about the job.
    pub fn response(&mut self, response: Response) -> Option<News> {
        match response {
            Response::Accepted { id, stdin } => {
                self.id = Some(id);
                Some(News::Accepted(id, stdin))
            }
            Response::Event { seq, event } => self.is_new(seq).then(|| self.event(event)).flatten(),
            Response::Refused { problem } => Some(News::Refused(problem)),
            Response::Job { .. }
            | Response::Artifact { .. }
            | Response::Jobs(_)
            | Response::Languages { .. }
            | Response::Runners { .. }
            | Response::JoinToken(_)
            | Response::Removed { .. }
            | Response::Cluster { .. }
            | Response::Account { .. } => Some(News::Strange),
        }
    }

    /// Another life of a controller has other numbers: all is told again, and what was shown is held against it.
    pub fn anew(&mut self) {
        self.seen = 0;
        self.transcript.restart();
    }

    fn event(&mut self, event: JobEvent) -> Option<News> {
        match event {
            JobEvent::Queued { position } => Some(News::Waiting(position)),
            JobEvent::Started { .. } => Some(News::Started),
            JobEvent::Restarted { .. } => {
                self.transcript.restart();
                Some(News::Restarted)
            }
            JobEvent::StepFinished { step, result } => Some(News::Step(step, Box::new(result))),
            JobEvent::Finished { job } => Some(News::Finished(job)),
            JobEvent::StepStarted { step } if step != Step::COMPILE => Some(News::Running),
            // Output has frames of its own here, and that a step begins shows by itself.
            JobEvent::Output { .. } | JobEvent::StepStarted { .. } => None,
        }
    }

    /// The program, or its compiler, wrote something. What the compiler writes is talk, whichever stream it
    /// chose.
    pub fn chunk(&mut self, chunk: OutputChunk) -> Shown {
        let OutputChunk { seq, step, stream, data } = chunk;
        let to = if step == Step::COMPILE { OutputStream::Stderr } else { stream };
        if !self.is_new(seq) {
            return Shown { to, data: Bytes::new(), diverges: false };
        }
        let fresh = self.transcript.write(step, stream, data);
        Shown { to, data: fresh.data, diverges: fresh.diverges }
    }

    /// Whether the event of this number was not seen yet.
    fn is_new(&mut self, seq: u64) -> bool {
        let new = seq > self.seen;
        self.seen = self.seen.max(seq);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(seq: u64, step: u32, text: &'static str) -> OutputChunk {
        let data = Bytes::from_static(text.as_bytes());
        OutputChunk { seq, step: Step(step), stream: OutputStream::Stdout, data }
    }

    #[test]
    fn what_was_seen_before_a_lost_connection_is_not_shown_again() {
        let mut progress = Progress::default();
        assert_eq!(progress.chunk(chunk(3, 1, "a")).data, "a");
        assert_eq!(progress.chunk(chunk(3, 1, "a")).data, "");
        let started = JobEvent::Queued { position: 1 };
        assert_eq!(progress.response(Response::Event { seq: 2, event: started.clone() }), None);
        assert_eq!(progress.response(Response::Event { seq: 4, event: started }), Some(News::Waiting(1)));
        assert_eq!(progress.seen, 4);
    }

    #[test]
    fn what_another_controller_tells_again_is_shown_once() {
        let mut progress = Progress::default();
        progress.chunk(chunk(7, 1, "one "));
        progress.anew();
        assert_eq!(progress.chunk(chunk(2, 1, "one two")).data, "two");
        assert_eq!(progress.seen, 2);
    }

    #[test]
    fn what_a_compiler_writes_goes_to_standard_error() {
        let mut progress = Progress::default();
        assert_eq!(progress.chunk(chunk(1, 0, "warning")).to, OutputStream::Stderr);
        assert_eq!(progress.chunk(chunk(2, 1, "out")).to, OutputStream::Stdout);
    }

    #[test]
    fn a_restart_makes_the_output_so_far_void() {
        let mut progress = Progress::default();
        progress.chunk(chunk(1, 1, "ab"));
        let event = JobEvent::Restarted { attempt: protocol::Attempt(1), reason: String::new() };
        assert_eq!(progress.response(Response::Event { seq: 2, event }), Some(News::Restarted));
        assert_eq!(progress.chunk(chunk(3, 1, "abc")).data, "c");
    }
}
