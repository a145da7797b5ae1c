//! Which run of a job begins next, and what its runs come to. Pure.

use protocol::Verdict;

/// The runs of a job, as they begin and end.
#[derive(Debug)]
pub(super) struct Tally {
    next: usize,
    total: usize,
    stop_on_failure: bool,
    stopped: bool,
    /// The first run, by its number, that is not ok.
    worst: Option<(usize, Verdict)>,
}

impl Tally {
    /// None has begun.
    pub(super) fn new(total: usize, stop_on_failure: bool) -> Self {
        Self { next: 0, total, stop_on_failure, stopped: false, worst: None }
    }

    /// How many are yet to begin.
    pub(super) fn left(&self) -> usize {
        if self.stopped { 0 } else { self.total - self.next }
    }

    /// The next run begins, if there is one.
    pub(super) fn begin(&mut self) -> Option<usize> {
        (self.left() > 0).then(|| {
            self.next += 1;
            self.next - 1
        })
    }

    /// A run has ended.
    pub(super) fn end(&mut self, run: usize, verdict: Verdict) {
        if verdict == Verdict::Ok {
            return;
        }
        self.stopped |= self.stop_on_failure || verdict == Verdict::Cancelled;
        if self.worst.is_none_or(|(worst, _)| run < worst) {
            self.worst = Some((run, verdict));
        }
    }

    /// The judgement on all of them: that of the first that is not ok.
    pub(super) fn verdict(&self) -> Verdict {
        self.worst.map_or(Verdict::Ok, |(_, verdict)| verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_run_that_is_not_ok_decides_whichever_ends_first() {
        let mut tally = Tally::new(3, false);
        let begun: Vec<usize> = std::iter::from_fn(|| tally.begin()).collect();
        assert_eq!(begun, [0, 1, 2]);
        tally.end(2, Verdict::RuntimeError);
        tally.end(1, Verdict::WrongAnswer);
        tally.end(0, Verdict::Ok);
        assert_eq!(tally.verdict(), Verdict::WrongAnswer);
    }

    #[test]
    fn none_begins_after_a_failure_that_stops() {
        for (stop, verdict, left) in [
            (true, Verdict::WrongAnswer, 0),
            (false, Verdict::WrongAnswer, 2),
            (false, Verdict::Cancelled, 0),
            (true, Verdict::Ok, 2),
        ] {
            let mut tally = Tally::new(3, stop);
            tally.begin();
            tally.end(0, verdict);
            assert_eq!(tally.left(), left, "{verdict}");
            assert_eq!(tally.begin().is_some(), left > 0);
        }
    }
}
