//! Which runner gets which job. Pure: no lock, no I/O, no clock.
//!
//! A runner is eligible for a job when it offers the language, allows the limits, is available and has a free
//! slot. Among the eligible, one with a warm sandbox for the language comes first, then the least loaded, then
//! the one whose host is least busy; ties fall at random, so that many controllers do not all pick the same.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use protocol::{ExceededLimit, Limits, LimitsRequest, RunnerId};
use rand::{Rng, RngExt as _};

/// How many runners an explanation names.
const NAMED: usize = 5;

/// What a job needs of a runner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand<'a> {
    /// The language's id.
    pub language: &'a str,
    /// The most it asks for in any of its steps.
    pub limits: &'a LimitsRequest,
}

/// What there is to know of a runner.
#[derive(Debug, Clone, PartialEq)]
pub struct Runner {
    /// What people call it.
    pub name: String,
    /// The languages it offers, with the most a job may ask for.
    pub languages: BTreeMap<String, Limits>,
    /// How many jobs it takes at once.
    pub max_jobs: u32,
    /// How many it has.
    pub assigned: u32,
    /// Why it takes none, where it does not.
    pub unavailable: Option<String>,
    /// How busy its host's processors are.
    pub cpu_percent: f32,
    /// Sandboxes that stand ready, by language.
    pub warm: BTreeMap<String, u32>,
}

/// Why a runner cannot have a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Obstacle {
    /// It does not know the language.
    Language,
    /// It allows less than the job asks for.
    Limit(ExceededLimit),
    /// It takes no jobs.
    Unavailable(String),
    /// Its slots are busy.
    Full {
        /// How many jobs it has.
        assigned: u32,
        /// How many it takes.
        max_jobs: u32,
    },
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Language => f.write_str("does not offer the language"),
            Self::Limit(exceeded) => exceeded.fmt(f),
            Self::Unavailable(reason) => f.write_str(reason),
            Self::Full { assigned, max_jobs } => write!(f, "{assigned} of {max_jobs} slots busy"),
        }
    }
}

impl Runner {
    /// How many more jobs it can be given, whatever they are.
    pub fn free(&self) -> u32 {
        match self.unavailable {
            Some(_) => 0,
            None => self.max_jobs.saturating_sub(self.assigned),
        }
    }

    /// What keeps this runner from taking the job; the lasting obstacles first.
    pub fn obstacle(&self, demand: &Demand<'_>) -> Option<Obstacle> {
        let Some(maximum) = self.languages.get(demand.language) else { return Some(Obstacle::Language) };
        if let Err(exceeded) = demand.limits.check(maximum) {
            return Some(Obstacle::Limit(exceeded));
        }
        if let Some(reason) = &self.unavailable {
            return Some(Obstacle::Unavailable(reason.clone()));
        }
        let (assigned, max_jobs) = (self.assigned, self.max_jobs);
        (assigned >= max_jobs).then_some(Obstacle::Full { assigned, max_jobs })
    }

    fn take(&mut self, language: &str) {
        self.assigned += 1;
        if let Some(warm) = self.warm.get_mut(language) {
            *warm = warm.saturating_sub(1);
        }
    }

    /// Less is better.
    fn compare(&self, other: &Self, language: &str) -> Ordering {
        let cold = |runner: &Self| runner.warm.get(language).is_none_or(|warm| *warm == 0);
        let load = |runner: &Self| f64::from(runner.assigned) / f64::from(runner.max_jobs.max(1));
        cold(self)
            .cmp(&cold(other))
            .then_with(|| load(self).total_cmp(&load(other)))
            .then_with(|| self.cpu_percent.total_cmp(&other.cpu_percent))
    }
}

/// Gives out free slots to the demands, first come first served, and counts them as taken. A demand that nobody
/// can take now does not hold up those behind it.
pub fn place(
    demands: &[Demand<'_>],
    runners: &mut BTreeMap<RunnerId, Runner>,
    rng: &mut impl Rng,
) -> Vec<Option<RunnerId>> {
    let mut free: u64 = runners.values().map(|runner| u64::from(runner.free())).sum();
    // Slots only get fewer in here, so what did not fit once does not fit later.
    let mut hopeless: Vec<&Demand<'_>> = Vec::new();
    let mut place_one = |demand| {
        if free == 0 || hopeless.contains(&demand) {
            return None;
        }
        let chosen = choose(demand, runners, rng);
        match chosen.and_then(|id| runners.get_mut(&id)) {
            Some(runner) => {
                runner.take(demand.language);
                free -= 1;
            }
            None => hopeless.push(demand),
        }
        chosen
    };
    demands.iter().map(&mut place_one).collect()
}

fn choose(demand: &Demand<'_>, runners: &BTreeMap<RunnerId, Runner>, rng: &mut impl Rng) -> Option<RunnerId> {
    let mut best: Option<(&RunnerId, &Runner)> = None;
    let mut equals = 1_u32;
    for (id, runner) in runners {
        if runner.free() == 0 || runner.obstacle(demand).is_some() {
            continue;
        }
        match best.map_or(Ordering::Less, |(_, best)| runner.compare(best, demand.language)) {
            Ordering::Less => {
                best = Some((id, runner));
                equals = 1;
            }
            // The n-th of equals replaces the one before with chance 1/n: each is as likely as the others.
            Ordering::Equal => {
                equals += 1;
                if rng.random_range(0..equals) == 0 {
                    best = Some((id, runner));
                }
            }
            Ordering::Greater => {}
        }
    }
    best.map(|(id, _)| *id)
}

/// Why a job is not placed, for people.
pub fn explain<'a>(demand: &Demand<'_>, runners: impl Iterator<Item = &'a Runner>) -> String {
    let obstacles: Vec<_> = runners.map(|runner| (runner, runner.obstacle(demand))).collect();
    if obstacles.is_empty() {
        return "no runner is connected".to_owned();
    }
    let offering: Vec<_> =
        obstacles.into_iter().filter(|(_, obstacle)| *obstacle != Some(Obstacle::Language)).collect();
    if offering.is_empty() {
        return format!("no connected runner offers {}", demand.language);
    }
    let mut reasons: Vec<String> = offering
        .iter()
        .filter_map(|(runner, obstacle)| Some(format!("runner {}: {}", runner.name, obstacle.as_ref()?)))
        .collect();
    if reasons.is_empty() {
        return "it is about to be handed to a runner".to_owned();
    }
    let unnamed = reasons.len().saturating_sub(NAMED);
    reasons.truncate(NAMED);
    if unnamed > 0 {
        reasons.push(format!("and {unnamed} more"));
    }
    reasons.join("; ")
}
