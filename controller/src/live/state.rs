//! How what is heard of a job's attempts becomes its events. Each is told once, however often it is heard.

use protocol::event::{JobEvent, OutputStream};
use protocol::{Attempt, Job, Step, StepResult};

use super::heard::{Heard, Written};
use super::job::{Arrival, Progress, State};

/// Why an attempt is void that nobody here has seen lost.
const ELSEWHERE: &str = "it was tried again by another controller";

impl State {
    /// What was heard of this attempt, where the log's end is about it.
    pub(super) fn heard(&mut self, attempt: Attempt) -> Option<&mut Heard> {
        self.heard.as_mut().filter(|heard| heard.attempt == attempt)
    }

    /// Whether the program itself runs, in the attempt that is heard.
    pub(super) fn is_running(&self) -> bool {
        self.heard.as_ref().is_some_and(|heard| self.attempt == Some(heard.attempt) && heard.is_running())
    }

    /// A runner has it. An attempt that was not seen lost may have been before.
    pub(super) fn start(&mut self, runner: &str, attempt: Attempt) {
        let former = self.heard.as_ref().map(|heard| heard.attempt);
        if let Some(former) = former.filter(|_| !matches!(self.arrival, Some(Arrival::Lost { .. }))) {
            self.arrival = Some(Arrival::Lost { attempt: former, reason: ELSEWHERE.to_owned() });
        }
        self.announce(0);
        self.attempt = Some(attempt);
        self.heard = Some(Heard::new(attempt));
        self.log.push(JobEvent::Started { runner: runner.to_owned(), attempt });
    }

    pub(super) fn begin_step(&mut self, attempt: Attempt, step: Step) {
        if self.progress == Progress::Pending {
            self.progress = Progress::Begun;
        }
        if self.heard(attempt).is_some_and(|heard| heard.begin(step)) {
            self.log.push(JobEvent::StepStarted { step });
        }
    }

    pub(super) fn write(&mut self, attempt: Attempt, written: &Written) {
        let Some(heard) = self.heard(attempt) else { return };
        let fresh = heard.fresh(written);
        let length = fresh.len() as u64;
        if length <= self.output_left && self.output.grow(length).is_ok() {
            self.output_left -= length;
            self.log.output(written.step, written.stream, fresh);
        } else if let Some(heard) = self.heard(attempt) {
            heard.cut(written.step);
        }
    }

    pub(super) fn end_step(&mut self, attempt: Attempt, step: Step, mut result: StepResult) {
        if self.heard(attempt).is_some_and(|heard| heard.end(step)) {
            self.hold_words(&mut result);
            self.log.push(JobEvent::StepFinished { step, result });
        }
    }

    /// What a judge said takes up memory as output does. Where there is no room for it, it is told with the whole job alone.
    fn hold_words(&mut self, result: &mut StepResult) {
        let Some(check) = &mut result.check else { return };
        let bytes = check.output.as_ref().map_or(0, protocol::Content::size);
        if self.words.grow(bytes).is_err() {
            check.output = None;
        }
    }

    /// Tells of a job that another controller has finished what was not told here.
    pub(super) fn catch_up(&mut self, job: &Job) {
        let compile = job.compile.iter().map(|result| (Step::COMPILE, result));
        let runs = job.runs.iter().enumerate().map(|(index, result)| (Step::run(index), result));
        for (step, result) in compile.chain(runs) {
            if self.heard(job.attempts).is_none() {
                self.start(job.runner.as_deref().unwrap_or_default(), job.attempts);
            }
            self.begin_step(job.attempts, step);
            let outputs = [(OutputStream::Stdout, &result.stdout), (OutputStream::Stderr, &result.stderr)];
            for (stream, content) in outputs {
                let data = content.as_ref().map(protocol::Content::bytes).unwrap_or_default();
                self.write(job.attempts, &Written { step, stream, at: 0, data });
            }
            let result = StepResult { stdout: None, stderr: None, ..result.clone() };
            self.end_step(job.attempts, step, result);
        }
    }

    /// Tells how the job came into the queue, where nobody has.
    pub(super) fn announce(&mut self, position: u64) {
        match self.arrival.take() {
            Some(Arrival::Queued) => self.log.push(JobEvent::Queued { position }),
            Some(Arrival::Lost { attempt, reason }) => {
                self.log.push(JobEvent::Restarted { attempt, reason });
                self.heard = None;
                self.output_left += self.output.bytes();
                self.output.clear();
                self.words.clear();
                self.log.begin_attempt();
            }
            None => {}
        }
    }
}
