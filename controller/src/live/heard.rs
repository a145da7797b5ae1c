//! What was heard of an attempt. Pure. Its reports may come again from the first, over another link or out of the
//! store: whoever watches is told each of them once, under the number that it got then.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use protocol::event::OutputStream;
use protocol::{Attempt, Step};

/// A piece of what a step wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Which step.
    pub step: Step,
    /// Where to.
    pub stream: OutputStream,
    /// How many bytes of the step it had written there before.
    pub at: u64,
    /// What.
    pub data: Bytes,
}

/// The reports of one attempt, as far as they have come.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) attempt: Attempt,
    written: HashMap<(Step, OutputStream), u64>,
    begun: BTreeSet<Step>,
    ended: BTreeSet<Step>,
    /// Steps whose output was not kept in full.
    cut: BTreeSet<Step>,
}

impl Heard {
    pub(super) fn new(attempt: Attempt) -> Self {
        let (written, begun, ended, cut) = Default::default();
        Self { attempt, written, begun, ended, cut }
    }

    /// A step begins. Returns whether that is new.
    pub(super) fn begin(&mut self, step: Step) -> bool {
        self.begun.insert(step)
    }

    /// A step has ended. Returns whether that is new.
    pub(super) fn end(&mut self, step: Step) -> bool {
        self.ended.insert(step)
    }

    /// Whether the program itself runs.
    pub(super) fn is_running(&self) -> bool {
        self.begun.difference(&self.ended).any(|step| *step != Step::COMPILE)
    }

    /// What is new of a piece of output.
    pub(super) fn fresh(&mut self, written: &Written) -> Bytes {
        let known = self.written.entry((written.step, written.stream)).or_default();
        let length = written.data.len() as u64;
        let skip = known.saturating_sub(written.at).min(length);
        *known = (*known).max(written.at + length);
        written.data.slice(usize::try_from(skip).unwrap_or(0)..)
    }

    /// Output of a step is not kept.
    pub(super) fn cut(&mut self, step: Step) {
        self.cut.insert(step);
    }

    /// Whether some output of a step was not kept.
    pub(super) fn is_cut(&self, step: Step) -> bool {
        self.cut.contains(&step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_that_come_again_are_new_only_where_they_go_further() {
        let mut heard = Heard::new(Attempt(1));
        let mut write = |stream, at, text: &'static str| {
            let data = Bytes::from_static(text.as_bytes());
            heard.fresh(&Written { step: Step(1), stream, at, data })
        };
        assert_eq!(write(OutputStream::Stdout, 0, "one "), "one ");
        assert_eq!(write(OutputStream::Stderr, 0, "oops"), "oops");
        assert_eq!(write(OutputStream::Stdout, 4, "two"), "two");
        assert_eq!(write(OutputStream::Stdout, 0, "one t"), "");
        assert_eq!(write(OutputStream::Stdout, 5, "wo three"), " three");
        assert_eq!(write(OutputStream::Stderr, 0, "oops!"), "!");
        assert!(heard.begin(Step(1)) && !heard.begin(Step(1)));
        assert!(heard.end(Step(1)) && !heard.end(Step(1)));
    }
}
