//! A scheduler, jobs and runners for it.

mod allowance;
mod fairness;
mod placing;
mod properties;
mod trust;
mod waiting;

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::{JobId, Limits, LimitsRequest, RunnerId, Timestamp};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;

pub(super) const LANGUAGES: [&str; 3] = ["c", "java", "python"];

pub(super) fn limits(cpu_seconds: f64) -> Limits {
    Limits {
        cpu_seconds,
        wall_seconds: 60.0,
        memory_bytes: 1 << 30,
        processes: 64,
        output_bytes: 1 << 20,
        disk_bytes: 1 << 20,
    }
}

pub(super) fn asking(cpu_seconds: f64) -> LimitsRequest {
    LimitsRequest { cpu_seconds: Some(cpu_seconds), ..LimitsRequest::default() }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + seconds).unwrap()
}

pub(super) fn newcomer(name: &str, max_jobs: u32) -> Newcomer {
    Newcomer {
        id: RunnerId::random(),
        name: name.to_owned(),
        languages: LANGUAGES.map(|language| (language.to_owned(), limits(10.0))).into(),
        labels: BTreeMap::new(),
        features: BTreeSet::new(),
        max_jobs,
    }
}

/// A scheduler at a moment.
pub(super) struct World {
    pub(super) scheduler: Scheduler,
    pub(super) now: Timestamp,
    rng: StdRng,
    numbers: u64,
}

impl World {
    pub(super) fn new(rules: Rules) -> Self {
        Self { scheduler: Scheduler::new(rules), now: at(0), rng: StdRng::seed_from_u64(1), numbers: 0 }
    }

    pub(super) fn with_seed(seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), ..Self::new(Rules::default()) }
    }

    /// With these runners, ready for jobs.
    pub(super) fn of(runners: &[(&str, u32)]) -> Self {
        let mut world = Self::new(Rules::default());
        for (name, max_jobs) in runners {
            world.join(newcomer(name, *max_jobs));
        }
        world
    }

    pub(super) fn join(&mut self, newcomer: Newcomer) -> RunnerId {
        let id = newcomer.id;
        self.scheduler.join(newcomer, self.now);
        self.scheduler.report(id, Report::default());
        id
    }

    pub(super) fn job(&mut self, share: &str, priority: i8) -> Waiting {
        self.numbers += 1;
        Waiting {
            id: JobId::random(),
            number: self.numbers,
            priority,
            language: "c".to_owned(),
            limits: LimitsRequest::default(),
            requires: BTreeMap::new(),
            needs: Needs::default(),
            share: share.to_owned(),
            queued_at: self.now,
            no_wait: false,
        }
    }

    /// Queues a job of this share and priority.
    pub(super) fn add(&mut self, share: &str, priority: i8) -> JobId {
        let job = self.job(share, priority);
        self.add_job(job)
    }

    pub(super) fn add_job(&mut self, job: Waiting) -> JobId {
        let id = job.id;
        self.scheduler.add(job, self.now);
        id
    }

    pub(super) fn next(&mut self) -> Option<Assignment> {
        self.scheduler.next(&mut self.rng)
    }

    /// The runner that the next job goes to.
    pub(super) fn next_name(&mut self) -> String {
        self.next().expect("a job is placed").name.to_string()
    }

    pub(super) fn end(&mut self, assignment: &Assignment, ending: Ending) {
        self.scheduler.end(assignment.runner, assignment.job, ending, self.now);
    }

    /// Runs job after job on the slots that are free, and tells their order.
    pub(super) fn order(&mut self) -> Vec<JobId> {
        let mut order = Vec::new();
        while let Some(next) = self.next() {
            order.push(next.job);
            self.end(&next, Ending::Finished);
        }
        order
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now = self.now.checked_add(time).unwrap();
        self.scheduler.tick(self.now);
    }

    pub(super) fn why(&self, id: JobId) -> String {
        self.scheduler.explain(id, self.now).expect("it waits")
    }
}
