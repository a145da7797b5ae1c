//! One bucket for each of the last sixty seconds. Pure: the second is handed in.

use std::collections::BTreeMap;

use protocol::Verdict;

use super::waits::Histogram;

/// How many seconds are counted.
pub(super) const SECONDS: u32 = 60;

/// The last sixty seconds.
#[derive(Debug)]
pub(super) struct Ring {
    /// Each with the second that it is of, at the place of that second within a minute.
    buckets: Vec<(i64, Bucket)>,
}

/// What went on in some time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) submitted: u64,
    pub(super) started: u64,
    pub(super) waits: Histogram,
    /// In the order of [`Verdict::ALL`].
    finished: [u64; Verdict::ALL.len()],
}

impl Default for Ring {
    fn default() -> Self {
        Self { buckets: vec![(i64::MIN, Bucket::default()); SECONDS as usize] }
    }
}

impl Ring {
    /// The bucket of this second, which is empty where the second is new.
    pub(super) fn at(&mut self, second: i64) -> &mut Bucket {
        let place = second.rem_euclid(SECONDS.into());
        let (of, bucket) = &mut self.buckets[place as usize];
        if *of != second {
            *of = second;
            *bucket = Bucket::default();
        }
        bucket
    }

    /// What went on in the last sixty seconds, this one among them.
    pub(super) fn sum(&self, now: i64) -> Bucket {
        let recent = now - i64::from(SECONDS) + 1..=now;
        let mut sum = Bucket::default();
        let buckets = self.buckets.iter().filter(|(second, _)| recent.contains(second));
        buckets.for_each(|(_, bucket)| sum.add(bucket));
        sum
    }
}

impl Bucket {
    /// A job got this verdict.
    pub(super) fn finish(&mut self, verdict: Verdict) {
        let all = self.finished.iter_mut().zip(Verdict::ALL);
        all.filter(|(_, of)| *of == verdict).for_each(|(count, _)| *count += 1);
    }

    /// How many got which verdict.
    pub(super) fn verdicts(&self) -> BTreeMap<Verdict, u64> {
        let all = Verdict::ALL.into_iter().zip(self.finished);
        all.filter(|(_, count)| *count > 0).collect()
    }

    fn add(&mut self, other: &Self) {
        let Self { submitted, started, waits, finished } = other;
        self.submitted += submitted;
        self.started += started;
        self.waits.merge(waits);
        self.finished.iter_mut().zip(finished).for_each(|(sum, count)| *sum += count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_a_minute_does_not_count() {
        let mut ring = Ring::default();
        for second in 0..100 {
            let bucket = ring.at(second);
            bucket.submitted += 2;
            bucket.finish(if second % 2 == 0 { Verdict::Ok } else { Verdict::Cancelled });
        }
        let sum = ring.sum(99);
        assert_eq!(sum.submitted, 120);
        assert_eq!(sum.verdicts(), [(Verdict::Ok, 30), (Verdict::Cancelled, 30)].into());
        assert_eq!(ring.sum(130).submitted, 2 * (100 - 71));
        assert_eq!(ring.sum(1000), Bucket::default());
    }

    #[test]
    fn a_clock_that_jumps_back_leaves_nothing_behind() {
        let mut ring = Ring::default();
        ring.at(1000).submitted += 5;
        ring.at(-40).submitted += 1;
        assert_eq!(ring.sum(-40).submitted, 1, "what is yet to come does not count");
        assert_eq!(ring.sum(20).submitted, 0);
    }
}
