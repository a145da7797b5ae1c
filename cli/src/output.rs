//! Exactly-once output of a job that may be started anew. Pure.
//!
//! When a runner is lost the job runs again from the beginning on another one, and what it wrote before is
//! void. Most programs write the same again: what was shown already is then swallowed, and nobody notices.

use std::collections::HashMap;

use bytes::Bytes;
use protocol::event::OutputStream;
use protocol::{Content, Job, Step};

use crate::memory::Shown;

/// What a job wrote, by step and stream.
#[derive(Debug, Default)]
pub struct Transcript {
    parts: HashMap<(Step, OutputStream), Part>,
    diverged: bool,
}

#[derive(Debug, Default)]
struct Part {
    /// What was shown.
    shown: Vec<u8>,
    /// How much of it the present attempt has written too.
    confirmed: usize,
    /// How many bytes before that an earlier command has shown, which knows them no more.
    before: u64,
    /// How many of those the present attempt has written too.
    passed: u64,
}

/// What a piece of output comes to.
#[derive(Debug, PartialEq, Eq)]
pub struct Fresh {
    /// What was not shown yet.
    pub data: Bytes,
    /// Whether this is the first that differs from what an earlier attempt wrote.
    pub diverges: bool,
}

impl Transcript {
    /// An earlier command has shown this much, and what comes goes on behind it.
    pub fn go_on_behind(&mut self, shown: &[Shown]) {
        for Shown { step, stream, bytes } in shown {
            let part = Part { before: *bytes, passed: *bytes, ..Part::default() };
            self.parts.insert((*step, *stream), part);
        }
    }

    /// How much was shown in all.
    pub fn shown(&self) -> Vec<Shown> {
        let shown = self.parts.iter().map(|((step, stream), part)| Shown {
            step: *step,
            stream: *stream,
            bytes: part.before + part.shown.len() as u64,
        });
        shown.collect()
    }

    /// The program wrote something.
    pub fn write(&mut self, step: Step, stream: OutputStream, data: Bytes) -> Fresh {
        let (data, differs) = self.parts.entry((step, stream)).or_default().write(data);
        Fresh { data, diverges: differs && self.diverge() }
    }

    /// The job starts anew.
    pub fn restart(&mut self) {
        self.parts.values_mut().for_each(|part| (part.confirmed, part.passed) = (0, 0));
        self.diverged = false;
    }

    /// The job has ended. Returns whether only now it shows that the last attempt wrote less than was shown.
    pub fn end(&mut self) -> bool {
        let is_short = |part: &Part| part.passed < part.before || part.confirmed < part.shown.len();
        self.parts.values().any(is_short) && self.diverge()
    }

    /// Notes that this attempt differs; true the first time.
    fn diverge(&mut self) -> bool {
        !std::mem::replace(&mut self.diverged, true)
    }

    /// Puts what the last attempt wrote into the job's results.
    pub fn complete(&self, job: &mut Job) {
        if let Some(step) = &mut job.compile {
            step.stdout = Some(self.content(Step::COMPILE, OutputStream::Stdout));
            step.stderr = Some(self.content(Step::COMPILE, OutputStream::Stderr));
        }
        for (index, run) in job.runs.iter_mut().enumerate() {
            run.stdout = Some(self.content(Step::run(index), OutputStream::Stdout));
            run.stderr = Some(self.content(Step::run(index), OutputStream::Stderr));
        }
    }

    fn content(&self, step: Step, stream: OutputStream) -> Content {
        let part = self.parts.get(&(step, stream));
        part.map(|part| part.shown[..part.confirmed].to_vec().into()).unwrap_or_default()
    }
}

impl Part {
    /// Returns what is new of `data`, and whether it contradicts what was shown.
    fn write(&mut self, mut data: Bytes) -> (Bytes, bool) {
        let unknown = usize::try_from(self.before - self.passed).unwrap_or(usize::MAX).min(data.len());
        self.passed += unknown as u64;
        let data = data.split_off(unknown);
        let expected = &self.shown[self.confirmed..];
        let same = expected.iter().zip(&data).take_while(|(shown, written)| shown == written).count();
        self.confirmed += same;
        let new = data.slice(same..);
        if new.is_empty() {
            return (new, false);
        }
        let differs = self.confirmed < self.shown.len();
        self.shown.truncate(self.confirmed);
        self.shown.extend_from_slice(&new);
        self.confirmed = self.shown.len();
        (new, differs)
    }
}

#[cfg(test)]
mod tests {
    use protocol::{StepResult, Verdict};

    use super::*;

    const RUN: Step = Step(1);

    fn write(transcript: &mut Transcript, text: &str) -> (String, bool) {
        let data = Bytes::copy_from_slice(text.as_bytes());
        let fresh = transcript.write(RUN, OutputStream::Stdout, data);
        (String::from_utf8(fresh.data.to_vec()).unwrap(), fresh.diverges)
    }

    fn recorded(transcript: &Transcript) -> String {
        transcript.content(RUN, OutputStream::Stdout).to_text()
    }

    #[test]
    fn a_first_attempt_is_shown_as_it_comes() {
        let mut transcript = Transcript::default();
        assert_eq!(write(&mut transcript, "one "), ("one ".into(), false));
        assert_eq!(write(&mut transcript, "two"), ("two".into(), false));
        assert!(!transcript.end());
        assert_eq!(recorded(&transcript), "one two");
    }

    #[test]
    fn what_a_second_attempt_repeats_is_swallowed_however_it_is_cut() {
        let mut transcript = Transcript::default();
        write(&mut transcript, "one two");
        transcript.restart();
        assert_eq!(recorded(&transcript), "");
        assert_eq!(write(&mut transcript, "on"), ("".into(), false));
        assert_eq!(write(&mut transcript, "e two three"), (" three".into(), false));
        assert!(!transcript.end());
        assert_eq!(recorded(&transcript), "one two three");
    }

    #[test]
    fn from_the_first_difference_on_all_is_shown_and_told_once() {
        let mut transcript = Transcript::default();
        write(&mut transcript, "id 1234");
        transcript.restart();
        assert_eq!(write(&mut transcript, "id 1934"), ("934".into(), true));
        assert_eq!(write(&mut transcript, "!"), ("!".into(), false));
        let other = transcript.write(RUN, OutputStream::Stderr, Bytes::from_static(b"x"));
        assert!(!other.diverges);
        assert!(!transcript.end());
        assert_eq!(recorded(&transcript), "id 1934!");
    }

    #[test]
    fn an_attempt_that_writes_less_is_told_at_the_end() {
        let mut transcript = Transcript::default();
        write(&mut transcript, "one two");
        transcript.restart();
        write(&mut transcript, "one");
        assert!(transcript.end());
        assert_eq!(recorded(&transcript), "one");
    }

    #[test]
    fn a_third_attempt_is_held_against_what_was_shown_last() {
        let mut transcript = Transcript::default();
        write(&mut transcript, "abc");
        transcript.restart();
        assert_eq!(write(&mut transcript, "abX"), ("X".into(), true));
        transcript.restart();
        assert_eq!(write(&mut transcript, "abXY"), ("Y".into(), false));
        transcript.restart();
        assert_eq!(write(&mut transcript, "Z"), ("Z".into(), true));
    }

    #[test]
    fn what_an_earlier_command_has_shown_is_not_shown_again() {
        let mut first = Transcript::default();
        write(&mut first, "one two");
        let mut transcript = Transcript::default();
        transcript.go_on_behind(&first.shown());
        assert_eq!(write(&mut transcript, " three"), (" three".into(), false));
        assert_eq!(transcript.shown()[0].bytes, 13);
        transcript.restart();
        assert_eq!(write(&mut transcript, "one"), ("".into(), false));
        assert_eq!(write(&mut transcript, " two three four"), (" four".into(), false));
        assert!(!transcript.end());
    }

    #[test]
    fn the_results_get_their_output_back() {
        let mut transcript = Transcript::default();
        write(&mut transcript, "out");
        transcript.write(Step::COMPILE, OutputStream::Stderr, Bytes::from_static(b"warning"));
        let mut job = crate::messages::fixtures::job(Verdict::Ok, vec![StepResult::new(Verdict::Ok)]);
        job.compile = Some(StepResult::new(Verdict::Ok));
        transcript.complete(&mut job);
        assert_eq!(job.runs[0].stdout, Some("out".into()));
        assert_eq!(job.runs[0].stderr, Some("".into()));
        assert_eq!(job.compile.unwrap().stderr, Some("warning".into()));
    }
}
