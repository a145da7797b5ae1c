//! Which runners can be trusted with jobs, from what became of those they had.
//!
//! That an attempt is lost says nothing by itself: the job may have killed its runner. It counts against the
//! runner once **another runner has finished the same job**. A job that is lost on two runners is to blame itself,
//! and so for all else that was lost together with it: the runners are forgiven. What is lost at one stroke counts
//! once. Each count adds [`LOSS`] to a runner's score, each job that it finishes takes one away, and at
//! [`TOO_MUCH`] it is put aside: for [`FIRST_TERM`], twice as long each time up to [`LONGEST_TERM`]. Then it gets one job
//! to show how it does. Never more than a quarter of the runners are aside, so that no user can stop a cluster.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use protocol::JobId;

use super::runners::Trust;

const LOSS: u32 = 2;
const TOO_MUCH: u32 = 6;

/// For how long a runner is put aside, in milliseconds.
const FIRST_TERM: i64 = 30_000;
const LONGEST_TERM: i64 = 600_000;

/// After so long without a count a runner starts from the beginning.
const FORGOTTEN: i64 = 3_600_000;

/// How long a lost job is remembered, and how many are, in milliseconds.
const REMEMBERED: i64 = 600_000;
const MOST: usize = 16_384;

/// What is known of runners' reliability.
#[derive(Debug, Default)]
pub(super) struct Health {
    records: HashMap<Arc<str>, Record>,
    losses: HashMap<JobId, Loss>,
    order: VecDeque<(i64, JobId)>,
    incidents: BTreeMap<u64, Incident>,
    last_incident: u64,
}

#[derive(Debug)]
struct Record {
    score: u32,
    term: i64,
    trust: Trust,
    changed: i64,
}

/// A job that was lost and has not been finished since.
#[derive(Debug)]
struct Loss {
    at: Arc<str>,
    /// What it was part of, where that may count against the runner.
    incident: Option<u64>,
    when: i64,
}

/// Jobs that were lost at one stroke.
#[derive(Debug)]
struct Incident {
    runner: Arc<str>,
    counted: bool,
}

impl Health {
    /// These jobs were lost at one stroke. Returns whether the runner is to be put aside for it at once.
    pub(super) fn lost(&mut self, runner: &Arc<str>, jobs: &[JobId], now: i64) -> bool {
        let elsewhere = |job: &&JobId| self.losses.get(*job).is_some_and(|loss| loss.at != *runner);
        let suspects: Vec<JobId> = jobs.iter().filter(elsewhere).copied().collect();
        for earlier in suspects.iter().filter_map(|job| self.losses.get(job)?.incident).collect::<Vec<_>>() {
            self.forgive(earlier);
        }
        let incident = suspects.is_empty().then(|| self.incident(runner));
        for job in jobs {
            self.losses.insert(*job, Loss { at: Arc::clone(runner), incident, when: now });
            self.order.push_back((now, *job));
        }
        self.forget_old(now);
        suspects.is_empty() && self.trust(runner) == Trust::Probation
    }

    /// The runner has finished a job. Returns whom that puts to shame: a runner that lost it and whose score is
    /// too high now.
    pub(super) fn finished(&mut self, runner: &Arc<str>, job: JobId, now: i64) -> Option<Arc<str>> {
        if let Some(record) = self.records.get_mut(runner) {
            record.score = record.score.saturating_sub(1);
            if record.trust == Trust::Probation {
                record.trust = Trust::Full;
                record.score = 0;
            }
        }
        let loss = self.losses.remove(&job).filter(|loss| loss.at != *runner)?;
        let incident = self.incidents.get_mut(&loss.incident?).filter(|incident| !incident.counted)?;
        incident.counted = true;
        let record = self.record(&loss.at, now);
        record.score += LOSS;
        (record.score >= TOO_MUCH && record.trust == Trust::Full).then_some(loss.at)
    }

    /// Puts a runner aside, unless so many are aside already.
    pub(super) fn put_aside(&mut self, runner: &Arc<str>, runners: usize, now: i64) {
        let aside = self.records.values().filter(|record| matches!(record.trust, Trust::Aside(_))).count();
        if aside >= most_aside(runners) {
            return;
        }
        let record = self.record(runner, now);
        record.term = (record.term * 2).clamp(FIRST_TERM, LONGEST_TERM);
        record.trust = Trust::Aside(now + record.term);
        record.score = 0;
    }

    /// The runners whose time is over: they are on probation now.
    pub(super) fn due(&mut self, now: i64) -> Vec<Arc<str>> {
        self.forget_old(now);
        let over = |record: &Record| matches!(record.trust, Trust::Aside(until) if until <= now);
        let due = self.records.iter_mut().filter(|(_, record)| over(record));
        let mut due: Vec<Arc<str>> = due
            .map(|(name, record)| {
                record.trust = Trust::Probation;
                Arc::clone(name)
            })
            .collect();
        due.sort_unstable();
        due
    }

    pub(super) fn trust(&self, runner: &str) -> Trust {
        self.records.get(runner).map_or(Trust::Full, |record| record.trust)
    }

    /// The runner that lost this job last, if any has.
    pub(super) fn loser(&self, job: JobId) -> Option<&Arc<str>> {
        self.losses.get(&job).map(|loss| &loss.at)
    }

    /// The job is not tried again, or was not lost after all.
    pub(super) fn forget(&mut self, job: JobId) {
        self.losses.remove(&job);
    }

    fn incident(&mut self, runner: &Arc<str>) -> u64 {
        self.last_incident += 1;
        self.incidents.insert(self.last_incident, Incident { runner: Arc::clone(runner), counted: false });
        if self.incidents.len() > MOST {
            self.incidents.pop_first();
        }
        self.last_incident
    }

    /// It was no fault of the runner's.
    fn forgive(&mut self, incident: u64) {
        let Some(incident) = self.incidents.remove(&incident) else { return };
        if let Some(record) = self.records.get_mut(&incident.runner).filter(|_| incident.counted) {
            record.score = record.score.saturating_sub(LOSS);
        }
    }

    fn record(&mut self, runner: &Arc<str>, now: i64) -> &mut Record {
        if self.records.len() >= MOST {
            self.records.retain(|_, record| record.is_of_use(now));
        }
        let fresh = || Record { score: 0, term: 0, trust: Trust::Full, changed: now };
        let record = self.records.entry(Arc::clone(runner)).or_insert_with(fresh);
        if !record.is_of_use(now) {
            *record = fresh();
        }
        record.changed = now;
        record
    }

    fn forget_old(&mut self, now: i64) {
        while let Some((when, job)) = self.order.front().copied() {
            if when + REMEMBERED > now && self.order.len() <= MOST {
                break;
            }
            self.order.pop_front();
            if self.losses.get(&job).is_some_and(|loss| loss.when == when) {
                self.losses.remove(&job);
            }
        }
    }
}

impl Record {
    fn is_of_use(&self, now: i64) -> bool {
        self.trust != Trust::Full || self.changed + FORGOTTEN > now
    }
}

/// How many runners may be aside at once: a quarter, and one of two or three.
fn most_aside(runners: usize) -> usize {
    match runners {
        0 | 1 => 0,
        _ => (runners / 4).max(1),
    }
}
