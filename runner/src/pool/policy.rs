//! How many sandboxes to keep of each image. Pure: no lock, no clock, no Docker.
//!
//! Of each image as many are kept as were needed at once lately, at least `warm` and at most as many as there may
//! be jobs; all together stay within a budget of memory. A job that waits gets its sandbox in any case: what gives
//! way is what stands idle, that of the image used longest ago first.

use std::str::FromStr;
use std::time::{Duration, Instant};

use serde::Deserialize;

/// What an idle sandbox costs its host, in bytes: about 4 MB where there are thirty, 6 MB where there are four.
/// Measured with Docker 20.10 as the proportional set sizes (`/proc/PID/smaps_rollup`) of the agent, the init of its
/// box (0.5 MB together) and containerd's shim (2.5 to 5 MB, as more of them share its text), with the kernel's
/// slabs and stacks (0.9 MB) and what Docker itself grows by (0.3 MB). No runc stays.
pub const SANDBOX_BYTES: u64 = 5 << 20;

/// How many sandboxes that nobody waits for are started at a time: those that somebody waits for need Docker
/// more.
const REFILLS: usize = 2;

/// How long an image rests after a failed start: at first, and at most. Each failure doubles it.
const FIRST_REST: Duration = Duration::from_millis(100);
const LONGEST_REST: Duration = Duration::from_secs(10);

/// What separates one job from the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// Boxes of their own in a container that stays.
    #[default]
    Box,
    /// A container of its own, thrown away after one job.
    Container,
}

impl FromStr for Isolation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "box" => Ok(Self::Box),
            "container" => Ok(Self::Container),
            _ => Err("it has to be box or container".to_owned()),
        }
    }
}

/// How many sandboxes to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSizes {
    /// How many of each image that is offered, at least.
    pub warm: usize,
    /// How many of each image, at most: as many as there may be jobs at once.
    pub most: usize,
    /// How long demand is remembered.
    pub idle: Duration,
    /// What all together may cost, in bytes, as long as no job needs more.
    pub memory_bytes: u64,
    /// Whether a sandbox can be used again.
    pub isolation: Isolation,
}

/// The most sandboxes that were needed at once lately: it fades, one after the other, until nothing is left
/// after the time that demand is remembered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Demand {
    peak: usize,
    at: Option<Instant>,
}

impl Demand {
    /// Takes note of how many are needed now.
    pub fn note(&mut self, needed: usize, now: Instant, idle: Duration) {
        if needed > 0 && needed >= self.level(now, idle) {
            *self = Self { peak: needed, at: Some(now) };
        }
    }

    /// How many are to be kept for it.
    pub fn level(&self, now: Instant, idle: Duration) -> usize {
        let Some(at) = self.at else { return 0 };
        let passed = now.saturating_duration_since(at);
        if passed >= idle {
            return 0;
        }
        let left = 1.0 - passed.as_secs_f64() / idle.as_secs_f64();
        ((self.peak as f64 * left).ceil() as usize).min(self.peak)
    }
}

/// When an image whose sandboxes fail to start is tried again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rest {
    failures: u32,
    until: Option<Instant>,
}

impl Rest {
    /// A start has failed. Returns how long to wait before the next.
    pub fn failed(&mut self, now: Instant) -> Duration {
        let rest = FIRST_REST.saturating_mul(1 << self.failures.min(16)).min(LONGEST_REST);
        self.failures = self.failures.saturating_add(1);
        self.until = Some(now + rest);
        rest
    }

    /// Whether to leave it alone for now.
    pub fn is_on(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }
}

/// What there is of one image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stock {
    /// Whether any are to be kept.
    pub wanted: bool,
    /// Whether it is left alone after a failed start.
    pub resting: bool,
    /// Sandboxes that stand ready.
    pub idle: usize,
    /// Sandboxes that are being started.
    pub starting: usize,
    /// Sandboxes that come back from a job.
    pub tidying: usize,
    /// Sandboxes that jobs have.
    pub in_use: usize,
    /// Jobs without a sandbox.
    pub waiting: usize,
    /// How many were needed at once lately.
    pub demand: usize,
    /// How many of those in use or waited for are for jobs that have another one: there may be so many more than jobs.
    pub beside: usize,
    /// How many such were needed at once lately.
    pub beside_lately: usize,
    /// When one was last needed.
    pub last_use: Option<Instant>,
}

impl Stock {
    fn busy(&self) -> usize {
        self.in_use + self.waiting
    }

    /// How many to start for those who wait. A job that waits has a slot: where there are as many sandboxes as
    /// slots, one of them is about to be given back.
    fn missing(&self, sizes: &PoolSizes) -> usize {
        let coming = self.starting + self.tidying;
        let missing = self.waiting.saturating_sub(coming);
        match sizes.isolation {
            Isolation::Box => {
                missing.min((sizes.most + self.beside).saturating_sub(self.idle + coming + self.in_use))
            }
            Isolation::Container => missing,
        }
    }

    /// How many are being started that nobody waits for.
    fn refilling(&self) -> usize {
        self.starting.saturating_sub(self.waiting.saturating_sub(self.tidying))
    }

    /// How many there are, or will be, that no job has a claim on.
    fn spare(&self) -> usize {
        (self.idle + self.starting + self.tidying).saturating_sub(self.waiting)
    }

    /// How many of those there should be if memory did not matter, and how many of them even without demand.
    fn spare_wanted(&self, sizes: &PoolSizes) -> (usize, usize) {
        if !self.wanted {
            return (0, 0);
        }
        // What jobs have comes back only where it can be used again.
        let returning = match sizes.isolation {
            Isolation::Box => self.busy(),
            Isolation::Container => 0,
        };
        let spare = |total: usize| total.min(sizes.most + self.beside_lately).saturating_sub(returning);
        (spare(self.demand.max(sizes.warm)), spare(sizes.warm))
    }
}

/// What to do about one image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// How many sandboxes to start.
    pub start: usize,
    /// How many idle ones to throw away.
    pub discard: usize,
}

/// What to do about each image.
pub fn plan(stocks: &[Stock], sizes: &PoolSizes) -> Vec<Change> {
    let mut refills = REFILLS.saturating_sub(stocks.iter().map(Stock::refilling).sum());
    let mut changes = vec![Change::default(); stocks.len()];
    for ((change, stock), keep) in changes.iter_mut().zip(stocks).zip(allot(stocks, sizes)) {
        change.discard = stock.spare().saturating_sub(keep).min(stock.idle);
        change.start = stock.missing(sizes);
        if !stock.resting {
            let more = keep.saturating_sub(stock.spare()).min(refills);
            refills -= more;
            change.start += more;
        }
    }
    changes
}

/// How many spare sandboxes each image may have: first come those that always stand ready, then those in demand,
/// each time the image used last before the others.
fn allot(stocks: &[Stock], sizes: &PoolSizes) -> Vec<usize> {
    let busy: usize = stocks.iter().map(Stock::busy).sum();
    let affordable = usize::try_from(sizes.memory_bytes / SANDBOX_BYTES).unwrap_or(usize::MAX);
    let mut room = affordable.saturating_sub(busy);
    let mut latest_first: Vec<usize> = (0..stocks.len()).collect();
    latest_first.sort_by_key(|index| std::cmp::Reverse(stocks[*index].last_use));
    let mut allotted = vec![0; stocks.len()];
    for wanted in [|(_, always): (usize, usize)| always, |(demanded, _): (usize, usize)| demanded] {
        for index in &latest_first {
            let missing = wanted(stocks[*index].spare_wanted(sizes)).saturating_sub(allotted[*index]);
            let given = missing.min(room);
            allotted[*index] += given;
            room -= given;
        }
    }
    allotted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const IDLE: Duration = Duration::from_secs(300);

    fn sizes(sandboxes: u64, warm: usize, isolation: Isolation) -> PoolSizes {
        PoolSizes { warm, most: 4, idle: IDLE, memory_bytes: sandboxes * SANDBOX_BYTES, isolation }
    }

    fn wanted(idle: usize, demand: usize) -> Stock {
        Stock { wanted: true, idle, demand, ..Stock::default() }
    }

    fn change(start: usize, discard: usize) -> Change {
        Change { start, discard }
    }

    #[test]
    fn demand_fades_one_after_the_other() {
        let start = Instant::now();
        let mut demand = Demand::default();
        assert_eq!(demand.level(start, IDLE), 0);
        demand.note(4, start, IDLE);
        let level = |seconds| demand.level(start + Duration::from_secs(seconds), IDLE);
        assert_eq!([0, 74, 76, 151, 226, 299, 300].map(level), [4, 4, 3, 2, 1, 1, 0]);
        let later = start + Duration::from_secs(151);
        demand.note(1, later, IDLE);
        assert_eq!(demand.level(later, IDLE), 2, "less than is remembered changes nothing");
        demand.note(2, later, IDLE);
        assert_eq!(demand.level(later + Duration::from_secs(149), IDLE), 2);
    }

    #[test]
    fn an_image_that_fails_rests_ever_longer() {
        let now = Instant::now();
        let mut rest = Rest::default();
        assert!(!rest.is_on(now));
        let rests: Vec<u128> = (0..9).map(|_| rest.failed(now).as_millis()).collect();
        assert_eq!(rests, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        assert!(rest.is_on(now) && !rest.is_on(now + LONGEST_REST));
        (0..100).for_each(|_| assert!(rest.failed(now) <= LONGEST_REST));
    }

    #[test]
    fn an_idle_image_shrinks_to_what_always_stands_ready() {
        let sizes = sizes(32, 1, Isolation::Box);
        assert_eq!(
            plan(&[wanted(3, 3), wanted(3, 2), wanted(3, 0)], &sizes),
            [change(0, 0), change(0, 1), change(0, 2)]
        );
        let gone = Stock { wanted: false, ..wanted(3, 3) };
        assert_eq!(plan(&[gone], &sizes), [change(0, 3)]);
    }

    #[test]
    fn memory_goes_to_the_image_used_last_after_one_for_each() {
        let start = Instant::now();
        let old = Stock { last_use: Some(start), ..wanted(3, 3) };
        let new = Stock { last_use: Some(start + IDLE), ..wanted(3, 3) };
        assert_eq!(plan(&[old, new], &sizes(4, 1, Isolation::Box)), [change(0, 2), change(0, 0)]);
        assert_eq!(plan(&[old, new], &sizes(1, 1, Isolation::Box)), [change(0, 3), change(0, 2)]);
    }

    #[test]
    fn a_container_that_does_not_come_back_is_replaced_while_it_is_used() {
        let used = Stock { in_use: 1, ..wanted(0, 1) };
        assert_eq!(plan(&[used], &sizes(32, 1, Isolation::Box)), [change(0, 0)]);
        assert_eq!(plan(&[used], &sizes(32, 1, Isolation::Container)), [change(1, 0)]);
    }

    #[test]
    fn a_broken_image_is_not_refilled_and_few_are_at_a_time() {
        let sizes = sizes(32, 1, Isolation::Box);
        let broken = Stock { resting: true, ..wanted(0, 0) };
        assert_eq!(plan(&[broken, wanted(0, 0)], &sizes), [change(0, 0), change(1, 0)]);
        assert_eq!(plan(&[wanted(0, 4)], &sizes), [change(REFILLS, 0)]);
    }

    #[test]
    fn a_job_waits_for_the_sandbox_of_the_one_before_rather_than_for_a_new_one() {
        let handing_over = Stock { in_use: 4, waiting: 1, ..wanted(0, 4) };
        assert_eq!(plan(&[handing_over], &sizes(32, 1, Isolation::Box)), [change(0, 0)]);
        let lost = Stock { in_use: 3, ..handing_over };
        assert_eq!(plan(&[lost], &sizes(32, 1, Isolation::Box)), [change(1, 0)]);
    }

    #[test]
    fn jobs_that_need_two_sandboxes_do_not_wait_for_each_other() {
        let judged = Stock { in_use: 4, waiting: 2, beside: 2, beside_lately: 2, ..wanted(0, 6) };
        assert_eq!(plan(&[judged], &sizes(32, 1, Isolation::Box)), [change(2, 0)]);
        let done = Stock { beside_lately: 2, ..wanted(6, 6) };
        assert_eq!(plan(&[done], &sizes(32, 1, Isolation::Box)), [change(0, 0)]);
        assert_eq!(plan(&[wanted(6, 6)], &sizes(32, 1, Isolation::Box)), [change(0, 2)]);
    }

    fn stocks() -> impl Strategy<Value = Vec<Stock>> {
        let start = Instant::now();
        let counts =
            (0..9_usize, 0..4_usize, 0..4_usize, 0..9_usize, 0..5_usize, 0..9_usize, 0..3_usize, 0..3_usize);
        let stock = (any::<(bool, bool)>(), counts, proptest::option::of(0..1000_u64));
        let stock = stock.prop_map(move |((wanted, resting), counts, last_use)| {
            let (idle, starting, tidying, in_use, waiting, demand, beside, faded) = counts;
            let (beside, beside_lately) = (beside, beside + faded);
            // Nobody waits while one stands ready.
            let waiting = if idle == 0 { waiting } else { 0 };
            let last_use = last_use.map(|seconds| start + Duration::from_secs(seconds));
            Stock {
                wanted,
                resting,
                idle,
                starting,
                tidying,
                in_use,
                waiting,
                demand,
                beside,
                beside_lately,
                last_use,
            }
        });
        proptest::collection::vec(stock, 0..6)
    }

    fn any_sizes() -> impl Strategy<Value = PoolSizes> {
        (0..40_u64, 0..4_usize, any::<bool>()).prop_map(|(sandboxes, warm, reuse)| {
            sizes(sandboxes, warm, if reuse { Isolation::Box } else { Isolation::Container })
        })
    }

    fn after(stocks: &[Stock], sizes: &PoolSizes) -> Vec<Stock> {
        let apply = |(stock, change): (&Stock, Change)| Stock {
            // There is no throwing away what there is not.
            idle: stock.idle.checked_sub(change.discard).unwrap(),
            starting: stock.starting + change.start,
            ..*stock
        };
        stocks.iter().zip(plan(stocks, sizes)).map(apply).collect()
    }

    proptest! {
        #[test]
        fn what_was_done_is_not_done_again(stocks in stocks(), sizes in any_sizes()) {
            let nothing = Change::default();
            prop_assert!(plan(&stocks, &sizes).iter().all(|change| change.start == 0 || change.discard == 0));
            prop_assert!(plan(&after(&stocks, &sizes), &sizes).iter().all(|change| *change == nothing));
        }

        #[test]
        fn what_stands_idle_stays_within_the_budget(stocks in stocks(), sizes in any_sizes()) {
            let room = (sizes.memory_bytes / SANDBOX_BYTES) as usize;
            let room = room.saturating_sub(stocks.iter().map(Stock::busy).sum());
            let after = after(&stocks, &sizes);
            prop_assert!(after.iter().map(|stock| stock.idle).sum::<usize>() <= room);
            let spare = |stocks: &[Stock]| stocks.iter().map(Stock::spare).sum::<usize>();
            prop_assert!(spare(&after) <= room.max(spare(&stocks)));
        }

        #[test]
        fn whoever_waits_gets_one_and_no_image_more_than_there_may_be_jobs(
            stocks in stocks(),
            sizes in any_sizes(),
        ) {
            for (before, after) in stocks.iter().zip(after(&stocks, &sizes)) {
                let coming = after.starting + after.tidying;
                let most = sizes.most + before.beside;
                let comes_back = sizes.isolation == Isolation::Box && coming + after.in_use >= most;
                prop_assert!(coming >= after.waiting || comes_back);
                let most = sizes.most + before.beside_lately;
                prop_assert!(after.idle <= most);
                prop_assert!(after.spare() <= most.max(before.spare()));
            }
        }

        #[test]
        fn demand_is_between_what_is_and_what_ever_was_needed(
            noted in proptest::collection::vec((0..20_usize, 0..400_u64), 0..20),
        ) {
            let (mut now, mut demand, mut most) = (Instant::now(), Demand::default(), 0);
            for (needed, seconds) in noted {
                now += Duration::from_secs(seconds);
                demand.note(needed, now, IDLE);
                most = most.max(needed);
                let level = demand.level(now, IDLE);
                prop_assert!(needed <= level && level <= most);
            }
        }
    }
}
