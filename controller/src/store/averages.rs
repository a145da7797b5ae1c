//! Samples of long times, averaged over steps: what is asked for, and how it is reckoned where no database does it.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::Timestamp;
use protocol::cluster::{ALL_RUNNERS, Sample};

/// Whose samples are averaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Each runner's by themselves.
    Each,
    /// Those of the runner with this name alone.
    One(String),
    /// All runners' together: shares of hosts are averaged over them, jobs and containers are added up.
    All,
}

/// Averages to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Averages {
    /// Of whose samples.
    pub whose: Whose,
    /// Of samples since then.
    pub since: Timestamp,
    /// How long each step is. Steps begin at multiples of it, and a step without samples is left out.
    pub step: Duration,
}

impl Averages {
    /// The runner, where only one is asked for.
    pub(super) fn runner(&self) -> Option<&str> {
        match &self.whose {
            Whose::One(runner) => Some(runner),
            Whose::Each | Whose::All => None,
        }
    }

    /// How long each step is, in microseconds.
    pub(super) fn microseconds(&self) -> i64 {
        i64::try_from(self.step.as_micros()).unwrap_or(i64::MAX).max(1)
    }

    /// Makes them from these samples.
    pub(super) fn of<'a>(&self, samples: impl Iterator<Item = &'a Sample>) -> Vec<Sample> {
        let step = self.microseconds();
        let mut each: BTreeMap<(i64, &str), Sum> = BTreeMap::new();
        for sample in samples.filter(|sample| sample.at >= self.since) {
            if self.runner().is_none_or(|runner| sample.runner == runner) {
                let slot = sample.at.as_microsecond() / step * step;
                each.entry((slot, &sample.runner)).or_default().add(sample);
            }
        }
        let each = each.into_iter().map(|((slot, runner), sum)| (slot, runner, sum.average()));
        if self.whose != Whose::All {
            return each.map(|(slot, runner, average)| average.sample(slot, runner)).collect();
        }
        let mut all: BTreeMap<i64, Sum> = BTreeMap::new();
        each.for_each(|(slot, _, average)| all.entry(slot).or_default().join(&average));
        all.into_iter().map(|(slot, sum)| sum.total().sample(slot, ALL_RUNNERS)).collect()
    }
}

/// What samples come to.
#[derive(Debug, Default)]
struct Sum {
    count: f64,
    cpu: f64,
    memory: f64,
    jobs: f64,
    containers: f64,
}

impl Sum {
    fn add(&mut self, sample: &Sample) {
        self.join(&Self {
            count: 1.0,
            cpu: sample.cpu_percent.into(),
            memory: sample.memory_percent.into(),
            jobs: sample.active_jobs.into(),
            containers: sample.active_containers.into(),
        });
    }

    fn join(&mut self, other: &Self) {
        let Self { count, cpu, memory, jobs, containers } = other;
        self.count += count;
        self.cpu += cpu;
        self.memory += memory;
        self.jobs += jobs;
        self.containers += containers;
    }

    /// One runner's.
    fn average(&self) -> Self {
        let Self { count, cpu, memory, jobs, containers } = *self;
        Self {
            count: 1.0,
            cpu: cpu / count,
            memory: memory / count,
            jobs: jobs / count,
            containers: containers / count,
        }
    }

    /// All runners', of their averages.
    fn total(&self) -> Self {
        let Self { count, cpu, memory, jobs, containers } = *self;
        Self { count: 1.0, cpu: cpu / count, memory: memory / count, jobs, containers }
    }

    fn sample(&self, slot: i64, runner: &str) -> Sample {
        Sample {
            runner: runner.to_owned(),
            at: Timestamp::from_microsecond(slot).unwrap_or(Timestamp::UNIX_EPOCH),
            cpu_percent: self.cpu as f32,
            memory_percent: self.memory as f32,
            active_jobs: self.jobs.round() as u32,
            active_containers: self.containers.round() as u32,
        }
    }
}
