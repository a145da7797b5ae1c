//! How long jobs waited, counted by fixed bounds that grow by a third or a half each. Pure.

use protocol::cluster::Waits;

/// The bounds in milliseconds: every power of two up to 2^22, about 70 minutes, and once and a half of it; at last none.
const BOUNDS: [u64; 47] = bounds();

/// Waits, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Histogram {
    /// Those up to each bound, and beyond the bound before.
    counts: [u64; BOUNDS.len()],
    longest: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: [0; BOUNDS.len()], longest: 0 }
    }
}

impl Histogram {
    /// Counts one, in milliseconds.
    pub(super) fn add(&mut self, waited: u64) {
        let bucket = BOUNDS.partition_point(|bound| *bound < waited);
        self.counts[bucket] += 1;
        self.longest = self.longest.max(waited);
    }

    /// Counts all that the other has.
    pub(super) fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(sum, count)| *sum += count);
        self.longest = self.longest.max(other.longest);
    }

    /// What people want to know of them.
    pub(super) fn summary(&self) -> Waits {
        Waits { p50: self.percentile(50), p95: self.percentile(95), max: self.longest }
    }

    fn percentile(&self, percent: u64) -> u64 {
        let total: u64 = self.counts.iter().sum();
        let wanted = (total * percent).div_ceil(100);
        let mut seen = 0;
        let mut reached = self.counts.iter().zip(BOUNDS).filter(|(count, _)| {
            seen += **count;
            seen >= wanted
        });
        reached.next().map_or(0, |(_, bound)| bound.min(self.longest))
    }
}

const fn bounds() -> [u64; 47] {
    let mut bounds = [0; 47];
    bounds[1] = 1;
    let mut power = 1;
    while 2 * power + 1 < bounds.len() {
        bounds[2 * power] = 1 << power;
        bounds[2 * power + 1] = 3 << (power - 1);
        power += 1;
    }
    bounds[46] = u64::MAX;
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_grow() {
        assert_eq!(BOUNDS[..8], [0, 1, 2, 3, 4, 6, 8, 12]);
        assert!(BOUNDS.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(BOUNDS[BOUNDS.len() - 3..], [1 << 22, 3 << 21, u64::MAX]);
    }

    #[test]
    fn percentiles_are_close_above_the_truth() {
        let mut histogram = Histogram::default();
        (1..=1000).for_each(|waited| histogram.add(waited));
        let Waits { p50, p95, max } = histogram.summary();
        assert_eq!(max, 1000);
        assert!((500..=750).contains(&p50), "{p50}");
        assert!((950..=1000).contains(&p95), "{p95}");
    }

    #[test]
    fn nothing_and_the_very_long_have_their_figures() {
        assert_eq!(Histogram::default().summary(), Waits::default());
        let mut histogram = Histogram::default();
        histogram.add(1 << 40);
        assert_eq!(histogram.summary(), Waits { p50: 1 << 40, p95: 1 << 40, max: 1 << 40 });
        let mut none = Histogram::default();
        none.add(0);
        assert_eq!(none.summary(), Waits::default());
        none.merge(&histogram);
        assert_eq!(none.summary().max, 1 << 40);
    }
}
