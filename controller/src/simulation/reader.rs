//! What a client is told of its job, and what it may not be told.

use std::collections::BTreeMap;

use protocol::event::JobEvent;
use protocol::{Content, Job, JobState, Step, Verdict};

use super::program::Answer;

/// Which controller, and which of its lives: only that one numbers events as it did before.
pub type Source = (usize, u32);

/// The events of one job as one client hears them.
#[derive(Debug)]
pub struct Reader {
    answer: Answer,
    source: Option<Source>,
    /// The number of the last event that was heard of that source.
    seen: u64,
    /// Whether something was heard since it connected last.
    resumed: bool,
    written: BTreeMap<Step, Vec<u8>>,
    finished: bool,
}

impl Reader {
    /// Nothing is heard yet of a job that should end so.
    pub fn new(answer: Answer) -> Self {
        Self { answer, source: None, seen: 0, resumed: false, written: BTreeMap::new(), finished: false }
    }

    /// Connects to a source. Returns the number of the last event that need not be told again.
    pub fn connect(&mut self, source: Source) -> u64 {
        if self.source != Some(source) {
            self.source = Some(source);
            self.seen = 0;
            self.written.clear();
        }
        self.resumed = true;
        self.seen
    }

    /// Whether the last event was heard.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Hears an event.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn take(&mut self, number: u64, event: JobEvent) -> Result<(), String> {
        let last = matches!(event, JobEvent::Finished { .. });
        let at_once = std::mem::take(&mut self.resumed);
        if self.finished {
            return Err("something came after the last event".to_owned());
        }
        // Whoever comes late to a job that is over is told so, whatever the number.
        if number != self.seen + 1 && !(last && at_once) {
            return Err(format!("event {number} came after event {}", self.seen));
        }
        let whole = number == self.seen + 1;
        self.seen = number;
        match event {
            JobEvent::Started { .. } | JobEvent::Restarted { .. } => self.written.clear(),
            JobEvent::Output { step, data, .. } => return self.hear(step, &data),
            JobEvent::Finished { job } => return self.end(&job, whole),
            JobEvent::Queued { .. } | JobEvent::StepStarted { .. } | JobEvent::StepFinished { .. } => {}
        }
        Ok(())
    }

    fn hear(&mut self, step: Step, data: &Content) -> Result<(), String> {
        let written = self.written.entry(step).or_default();
        written.extend_from_slice(&data.bytes());
        let expected = self.answer.steps.iter().find(|expected| expected.step == step);
        match expected.is_some_and(|expected| expected.stdout.as_bytes().starts_with(written)) {
            true => Ok(()),
            false => Err(format!("step {} wrote {:?}", step.0, String::from_utf8_lossy(written))),
        }
    }

    fn end(&mut self, job: &Job, whole: bool) -> Result<(), String> {
        self.finished = true;
        if job.state != JobState::Finished {
            return Err(format!("it was told that the job has finished while it is {:?}", job.state));
        }
        let judged = !matches!(job.verdict, Some(Verdict::Cancelled | Verdict::InternalError));
        if !judged || !whole {
            return Ok(());
        }
        for step in &self.answer.steps {
            let written = self.written.remove(&step.step).unwrap_or_default();
            if written != step.stdout.as_bytes() {
                let written = String::from_utf8_lossy(&written).into_owned();
                return Err(format!("of step {} it heard {written:?}, not {:?}", step.step.0, step.stdout));
            }
        }
        Ok(())
    }
}
