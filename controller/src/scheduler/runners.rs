//! The runners: what they offer, what they have, and whether they have a free slot.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use protocol::RunnerId;

use super::model::{Allowance, Report};
use super::table::Table;

/// What there is to know of a runner.
#[derive(Debug)]
pub(super) struct Runner {
    pub(super) id: RunnerId,
    pub(super) name: Arc<str>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) features: BTreeSet<String>,
    /// How many jobs it takes by its own word.
    max_jobs: u32,
    pub(super) allowance: Allowance,
    pub(super) offers: Vec<Offer>,
    /// The jobs that this controller has given it.
    pub(super) jobs: Vec<u32>,
    /// What it said last, where it has said anything.
    pub(super) report: Option<Report>,
    /// Jobs that it has from others, as far as can be told.
    others: u32,
    /// The most that it had from here since its last report, without those that it refused.
    peak: u32,
    /// It refused a job: it gets no other before it says anew how it is.
    pub(super) refused: bool,
    /// How many jobs it may have because of what it did with earlier ones.
    pub(super) trust: Trust,
}

/// Whether a runner is given jobs, as far as its past goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// As many as it takes.
    Full,
    /// One, to see.
    Probation,
    /// None until then, in milliseconds.
    Aside(i64),
}

/// A language that a runner offers.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) language: u32,
    pub(super) tier: usize,
    pub(super) warm: u32,
    /// Where the runner stands among the tier's with a free slot: among the warm, and its index.
    pub(super) place: Option<(bool, usize)>,
}

impl Runner {
    pub(super) fn new(id: RunnerId, name: Arc<str>, labels: BTreeMap<String, String>, max_jobs: u32) -> Self {
        Self {
            id,
            name,
            labels,
            features: BTreeSet::new(),
            max_jobs,
            allowance: Allowance::default(),
            offers: Vec::new(),
            jobs: Vec::new(),
            report: None,
            others: 0,
            peak: 0,
            refused: false,
            trust: Trust::Full,
        }
    }

    /// How many jobs it has.
    pub(super) fn busy(&self) -> u32 {
        self.assigned().saturating_add(self.others)
    }

    /// How many of them are from here.
    pub(super) fn assigned(&self) -> u32 {
        u32::try_from(self.jobs.len()).unwrap_or(u32::MAX)
    }

    /// How many jobs it is given at most.
    pub(super) fn max_jobs(&self) -> u32 {
        self.max_jobs.min(self.allowance.max_jobs.unwrap_or(u32::MAX))
    }

    /// What its host has too much of to be given anything: its name, how much of it, and how much it may be, in percent.
    pub(super) fn overload(&self) -> Option<(&'static str, f32, u32)> {
        let report = self.report.as_ref()?;
        let over = |what, value: f32, most: Option<u32>| {
            most.filter(|most| f64::from(value) > f64::from(*most)).map(|most| (what, value, most))
        };
        over("cpu", report.cpu_percent, self.allowance.max_cpu_percent)
            .or_else(|| over("memory", report.memory_percent, self.allowance.max_memory_percent))
    }

    /// Whether it can be given a job, whatever it is.
    pub(super) fn is_open(&self) -> bool {
        let most = match self.trust {
            Trust::Full => self.max_jobs(),
            Trust::Probation => 1,
            Trust::Aside(_) => 0,
        };
        let willing = self.report.as_ref().is_some_and(|report| report.unavailable.is_none());
        let allowed = self.allowance.paused.is_none() && self.overload().is_none();
        let free = self.assigned() < most && self.busy() < self.max_jobs();
        willing && allowed && free && !self.refused
    }

    pub(super) fn offer(&self, language: u32) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.language == language)
    }

    /// A job is given to it.
    pub(super) fn give(&mut self, job: u32) {
        self.jobs.push(job);
        self.peak = self.peak.max(self.assigned());
    }

    /// It does not have the job any more.
    pub(super) fn take(&mut self, job: u32) {
        if let Some(index) = self.jobs.iter().position(|other| *other == job) {
            self.jobs.swap_remove(index);
        }
    }

    /// It does not take a job, and that will not be in its next report.
    pub(super) fn refuse(&mut self) {
        self.refused = true;
        self.peak = self.peak.saturating_sub(1);
    }

    /// It says how it is. Its report is older than what is known here of its jobs, so those that ended since the
    /// one before may still be in it: they are not taken for other controllers' jobs. One job is tried in any case where none
    /// is from here: others take what is free before it is reported.
    pub(super) fn report(&mut self, report: Report) {
        let others = report.active_jobs.saturating_sub(self.peak.max(self.assigned()));
        self.others = others.min(self.max_jobs().saturating_sub(1));
        self.peak = self.assigned();
        self.refused = false;
        self.report = Some(report);
    }

    /// Less is better: how full it is, then how busy its host.
    pub(super) fn load(&self) -> (f64, f32) {
        let full = f64::from(self.busy()) / f64::from(self.max_jobs().max(1));
        (full, self.report.as_ref().map_or(0.0, |report| report.cpu_percent))
    }
}

/// All runners.
#[derive(Debug, Default)]
pub(super) struct Runners {
    table: Table<Runner>,
    ids: HashMap<RunnerId, u32>,
    names: HashMap<Arc<str>, u32>,
    /// Those with a label of this name and value.
    labels: HashMap<(String, String), Vec<u32>>,
}

impl Runners {
    pub(super) fn number(&self, id: RunnerId) -> Option<u32> {
        self.ids.get(&id).copied()
    }

    pub(super) fn called(&self, name: &str) -> Option<u32> {
        self.names.get(name).copied()
    }

    pub(super) fn get(&self, number: u32) -> Option<&Runner> {
        self.table.get(number)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Runner> {
        self.table.get_mut(number)
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn insert(&mut self, runner: Runner) -> u32 {
        let (id, name, labels) = (runner.id, Arc::clone(&runner.name), runner.labels.clone());
        let number = self.table.insert(runner);
        self.ids.insert(id, number);
        self.names.insert(name, number);
        for label in labels {
            self.labels.entry(label).or_default().push(number);
        }
        number
    }

    pub(super) fn remove(&mut self, number: u32) -> Option<Runner> {
        let runner = self.table.remove(number)?;
        self.ids.remove(&runner.id);
        if self.names.get(&runner.name) == Some(&number) {
            self.names.remove(&runner.name);
        }
        for (name, value) in &runner.labels {
            let label = (name.clone(), value.clone());
            if let Some(those) = self.labels.get_mut(&label) {
                those.retain(|other| *other != number);
                if those.is_empty() {
                    self.labels.remove(&label);
                }
            }
        }
        Some(runner)
    }

    /// Those with the rarest of these labels.
    pub(super) fn with_rarest(&self, requires: &BTreeMap<String, String>) -> &[u32] {
        let lists = requires.iter().map(|(name, value)| {
            self.labels.get(&(name.clone(), value.clone())).map_or(&[][..], Vec::as_slice)
        });
        lists.min_by_key(|list| list.len()).unwrap_or(&[])
    }
}
