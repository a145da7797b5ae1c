//! Why a job waits and why a runner takes nothing, for people.

use std::fmt;

use protocol::{ExceededLimit, JobId, RunnerId, Timestamp};

use super::queue::Lack;
use super::runners::{Runner, Trust};
use super::{Job, Scheduler, State};

/// How many runners an explanation names, and how many are looked at for it.
const NAMED: usize = 5;
const EXAMINED: usize = 64;

/// Why a runner cannot have a job.
#[derive(Debug, Clone, PartialEq)]
enum Obstacle {
    /// It allows less than the job asks for.
    Limit(ExceededLimit),
    /// It does not have a label that the job requires.
    Label(String),
    /// It does not have what the job needs beside its language.
    Lack(String),
    /// It takes no jobs.
    Unavailable(String),
    /// Its slots are busy.
    Full { busy: u32, max_jobs: u32 },
    /// It lost this job a moment ago.
    Avoided,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(exceeded) => exceeded.fmt(f),
            Self::Label(label) => write!(f, "does not have the label {label}"),
            Self::Lack(what) | Self::Unavailable(what) => f.write_str(what),
            Self::Full { busy, max_jobs } => write!(f, "{busy} of {max_jobs} slots busy"),
            Self::Avoided => f.write_str("lost this job a moment ago"),
        }
    }
}

impl Scheduler {
    /// Why a job waits, if it does.
    pub fn explain(&self, id: JobId, now: Timestamp) -> Option<String> {
        let (_, job) = self.job(id)?;
        let State::Waits(_) = job.state else { return None };
        if self.runners.len() == 0 {
            return Some("no runner is connected".to_owned());
        }
        let language = self.languages.get(job.language)?;
        if language.members.is_empty() {
            return Some(format!("no connected runner offers {}", language.name));
        }
        if let Some((judge, missing)) = self.judge_without_runner(job) {
            return Some(format!("no connected runner offers {missing} for its {judge}"));
        }
        if self.shares.is_full(job.share) {
            let most = self.shares.limit(job.share).unwrap_or_default();
            let name = match self.rules.max_running_per_share == Some(most) {
                true => "max_running_per_user",
                false => "max_running",
            };
            return Some(format!("the same user runs as many jobs as allowed: {name} is {most}"));
        }
        let looked_at = language.members.iter().take(EXAMINED).filter_map(|number| self.runners.get(*number));
        let mut reasons: Vec<String> = looked_at
            .filter_map(|runner| {
                Some(format!("runner {}: {}", runner.name, self.obstacle(job, runner, now)?))
            })
            .collect();
        if reasons.len() < language.members.len().min(EXAMINED) {
            return Some("it is about to be handed to a runner".to_owned());
        }
        reasons.truncate(NAMED);
        let unnamed = language.members.len() - reasons.len();
        if unnamed > 0 {
            reasons.push(format!("and {unnamed} more"));
        }
        Some(reasons.join("; "))
    }

    /// What judges the job, and its language, where nobody offers that.
    fn judge_without_runner<'j>(&self, job: &'j Job) -> Option<(&'j str, &'j str)> {
        let mut judges = job.needs.iter().flat_map(|needs| &needs.judges);
        let offered = |name: &str| self.languages.find(name).is_some_and(|it| !it.members.is_empty());
        let missing = judges.find(|(_, language)| !offered(language));
        missing.map(|(judge, language)| (judge.as_str(), language.as_str()))
    }

    /// Why a runner takes no jobs, whatever they are; leaving aside that it may be full.
    pub fn unavailable(&self, id: RunnerId, now: Timestamp) -> Option<String> {
        let runner = self.runners.number(id).and_then(|number| self.runners.get(number))?;
        runner.unavailable(now)
    }

    /// What keeps a runner from taking the job; the lasting obstacles first.
    fn obstacle(&self, job: &Job, runner: &Runner, now: Timestamp) -> Option<Obstacle> {
        let offer = runner.offer(job.language)?;
        let tier = self.languages.get(job.language).and_then(|language| language.tiers.get(offer.tier))?;
        if let Err(exceeded) = job.limits.check(&tier.maximum) {
            return Some(Obstacle::Limit(exceeded));
        }
        let mut required = job.requires.iter().flat_map(|requires| requires.iter());
        if let Some((name, value)) = required.find(|(name, value)| runner.labels.get(*name) != Some(*value)) {
            return Some(Obstacle::Label(format!("{name}={value}")));
        }
        if let Some(lack) = job.needs.as_ref().and_then(|needs| self.lacks(needs, runner)) {
            return Some(Obstacle::Lack(match lack {
                Lack::Language { judge, language } => format!("does not offer {language} for its {judge}"),
                Lack::Feature(feature) => format!("is too old for this job: it does not know {feature}"),
            }));
        }
        if let Some(reason) = runner.unavailable(now) {
            return Some(Obstacle::Unavailable(reason));
        }
        let (busy, max_jobs) = (runner.busy(), runner.max_jobs());
        if !runner.is_open() {
            return Some(Obstacle::Full { busy, max_jobs });
        }
        (job.avoids.as_ref() == Some(&runner.name)).then_some(Obstacle::Avoided)
    }
}

impl Runner {
    fn unavailable(&self, now: Timestamp) -> Option<String> {
        if let Some(reason) = &self.allowance.paused {
            return Some(reason.clone());
        }
        let Some(report) = &self.report else { return Some("has just connected".to_owned()) };
        if let Some(reason) = &report.unavailable {
            return Some(reason.clone());
        }
        if let Some((what, value, most)) = self.overload() {
            return Some(format!("{what} {value:.0} % over max_{what}_percent {most}"));
        }
        match self.trust {
            Trust::Aside(until) => {
                let seconds = (until - now.as_millisecond()).max(0) / 1000 + 1;
                Some(format!("put aside for {seconds} s more: it lost jobs that other runners finished"))
            }
            Trust::Probation if self.assigned() > 0 => {
                Some("on probation with one job: it lost jobs that other runners finished".to_owned())
            }
            _ if self.refused => Some("refused a job a moment ago".to_owned()),
            _ => None,
        }
    }
}
