//! What goes on at this controller: how many jobs came, started and ended in the last minute, how long they waited,
//! and what became of them. It is told at every turn of every job, so telling takes a moment and never waits.

mod ring;
mod waits;

use std::collections::BTreeMap;
use std::sync::Mutex;

use protocol::cluster::Activity;
use protocol::{Timestamp, Verdict};

use crate::clock;
use crate::lock::lock;
use ring::{Ring, SECONDS};

/// The last minute.
#[derive(Debug, Default)]
pub struct Recent(Mutex<Ring>);

impl Recent {
    /// A job came in.
    pub fn submitted(&self) {
        lock(&self.0).at(clock::now().as_second()).submitted += 1;
    }

    /// A runner was given a job that came in then.
    pub fn started(&self, queued_at: Timestamp) {
        let now = clock::now();
        let waited = now.duration_since(queued_at).as_millis();
        // Clocks of other controllers may be ahead.
        let waited = u64::try_from(waited).unwrap_or(0);
        let mut ring = lock(&self.0);
        let second = ring.at(now.as_second());
        second.started += 1;
        second.waits.add(waited);
    }

    /// A job got its verdict.
    pub fn finished(&self, verdict: Verdict) {
        lock(&self.0).at(clock::now().as_second()).finish(verdict);
    }

    /// All of it, with how many jobs wait now.
    pub fn activity(&self, queued_by_language: BTreeMap<String, u64>) -> Activity {
        let at = clock::now();
        let sum = lock(&self.0).sum(at.as_second());
        let verdicts = sum.verdicts();
        let finished = verdicts.values().sum();
        Activity {
            at,
            window_seconds: SECONDS,
            submitted: sum.submitted,
            started: sum.started,
            finished,
            jobs_per_second: finished as f64 / f64::from(SECONDS),
            wait_ms: sum.waits.summary(),
            verdicts,
            queued_by_language,
        }
    }
}
