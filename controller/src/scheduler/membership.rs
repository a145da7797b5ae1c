//! Runners that come and go, and what becomes of the jobs that they have.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::{JobId, Limits, LimitsRequest, RunnerId, Timestamp};

use super::kind::Standing;
use super::language::Open;
use super::runners::{Offer, Runner};
use super::{Allowance, Ending, Job, Newcomer, Report, Scheduler, State};

impl Scheduler {
    /// A runner is there. It gets nothing before it says how it is.
    pub fn join(&mut self, newcomer: Newcomer, now: Timestamp) {
        let Newcomer { id, name, languages, labels, features, max_jobs } = newcomer;
        self.leave(id, now);
        let mut runner = Runner::new(id, Arc::from(name), labels, max_jobs);
        runner.features = features;
        runner.trust = self.health.trust(&runner.name);
        let number = self.runners.insert(runner);
        self.enrol(number, languages);
    }

    /// A runner offers other languages.
    pub fn offer(&mut self, id: RunnerId, languages: BTreeMap<String, Limits>) {
        let Some(number) = self.runners.number(id) else { return };
        self.strike_off(number);
        let warm = self.runners.get(number).and_then(|runner| runner.report.as_ref());
        let warm = warm.map(|report| report.warm.clone()).unwrap_or_default();
        self.enrol(number, languages);
        self.count_warm(number, &warm);
        self.list(number);
        self.open(number);
    }

    /// A runner is gone, and what it has is lost.
    pub fn leave(&mut self, id: RunnerId, now: Timestamp) {
        let Some(number) = self.runners.number(id) else { return };
        self.strike_off(number);
        let Some(runner) = self.runners.remove(number) else { return };
        let jobs: Vec<JobId> = runner.jobs.iter().filter_map(|job| Some(self.jobs.get(*job)?.id)).collect();
        jobs.iter().for_each(|job| self.drop_job(*job));
        if !jobs.is_empty() {
            self.blame(&runner.name, &jobs, now);
        }
    }

    /// A runner is to take no more than this. What it has it keeps.
    pub fn allow(&mut self, id: RunnerId, allowance: Allowance) {
        let Some(number) = self.runners.number(id) else { return };
        if let Some(runner) = self.runners.get_mut(number) {
            runner.allowance = allowance;
        }
        self.list(number);
        self.open(number);
    }

    /// A runner says how it is.
    pub fn report(&mut self, id: RunnerId, report: Report) {
        let Some(number) = self.runners.number(id) else { return };
        self.count_warm(number, &report.warm);
        if let Some(runner) = self.runners.get_mut(number) {
            runner.report(report);
        }
        self.list(number);
        self.open(number);
    }

    /// A runner does not have a job any more.
    pub fn end(&mut self, runner: RunnerId, id: JobId, ending: Ending, now: Timestamp) {
        let Some(number) = self.runners.number(runner) else { return };
        if self.job(id).is_none_or(|(_, job)| job.state != State::Given(number)) {
            return;
        }
        let Some(name) = self.runners.get(number).map(|runner| Arc::clone(&runner.name)) else { return };
        match ending {
            Ending::Finished => {
                let ashamed = self.health.finished(&name, id, now.as_millisecond());
                self.trust(&name);
                if let Some(ashamed) = ashamed {
                    self.put_aside(&ashamed, now);
                }
            }
            Ending::Lost => self.blame(&name, &[id], now),
            Ending::Refused => {
                if let Some(runner) = self.runners.get_mut(number) {
                    runner.refuse();
                }
            }
            Ending::Void => {}
        }
        self.drop_job(id);
    }

    /// A runner has a job that it was not given here, or before it was gone for a moment.
    pub fn resume(&mut self, runner: RunnerId, id: JobId, language: &str, share: &str) {
        let Some(number) = self.runners.number(runner) else { return };
        self.drop_job(id);
        self.health.forget(id);
        let language = self.languages.number(language);
        if let Some(language) = self.languages.get_mut(language) {
            language.jobs += 1;
        }
        let job = self.jobs.insert(Job {
            id,
            number: 0,
            queued_at: 0,
            limits: LimitsRequest::default(),
            requires: None,
            needs: None,
            avoids: None,
            share: self.shares.resume(share),
            language,
            priority: 0,
            no_wait: false,
            state: State::Given(number),
            handed: true,
        });
        self.ids.insert(id, job);
        if let Some(runner) = self.runners.get_mut(number) {
            runner.give(job);
        }
        self.list(number);
    }

    /// Time passes: runners that were put aside are tried again, and lost jobs take what they get. To be told
    /// about once a second.
    pub fn tick(&mut self, now: Timestamp) {
        let now = now.as_millisecond();
        for name in self.health.due(now) {
            self.trust(&name);
        }
        self.stop_avoiding(now);
    }

    /// The runner that has this job, as far as is known here.
    pub fn holder(&self, id: JobId) -> Option<RunnerId> {
        match self.job(id)?.1.state {
            State::Given(runner) => Some(self.runners.get(runner)?.id),
            State::Waits(_) => None,
        }
    }

    /// How many jobs of this controller a runner has.
    pub fn assigned(&self, id: RunnerId) -> u32 {
        let runner = self.runners.number(id).and_then(|number| self.runners.get(number));
        runner.map_or(0, Runner::assigned)
    }

    /// Takes a job from its runner.
    pub(super) fn take_back(&mut self, runner: u32, job: u32) {
        if let Some(runner) = self.runners.get_mut(runner) {
            runner.take(job);
        }
        if let Some(share) = self.jobs.get(job).map(|job| job.share) {
            let turns = self.shares.end(share);
            self.unpark(share, turns);
        }
        self.list(runner);
        self.open(runner);
    }

    /// Puts a runner on the lists of those with a free slot, or takes it off.
    pub(super) fn list(&mut self, number: u32) {
        let Some(runner) = self.runners.get(number) else { return };
        let open = runner.is_open();
        for index in 0..runner.offers.len() {
            let Some(offer) = self.runners.get(number).and_then(|runner| runner.offers.get(index)) else {
                return;
            };
            let wanted = open.then_some(offer.warm > 0);
            if offer.place.map(|(warm, _)| warm) != wanted {
                self.unlist(number, index);
                self.list_at(number, index, wanted);
            }
        }
    }

    fn list_at(&mut self, number: u32, index: usize, wanted: Option<bool>) {
        let Some(warm) = wanted else { return };
        let Some(offer) = self.runners.get_mut(number).and_then(|runner| runner.offers.get_mut(index)) else {
            return;
        };
        let tier = self.languages.get_mut(offer.language).and_then(|found| found.tiers.get_mut(offer.tier));
        let Some(tier) = tier else { return };
        let list = tier.list(warm);
        offer.place = Some((warm, list.len()));
        list.push(Open { runner: number, offer: u32::try_from(index).unwrap_or(u32::MAX) });
    }

    fn unlist(&mut self, number: u32, index: usize) {
        let Some(offer) = self.runners.get_mut(number).and_then(|runner| runner.offers.get_mut(index)) else {
            return;
        };
        let Some((warm, at)) = offer.place.take() else { return };
        let tier = self.languages.get_mut(offer.language).and_then(|found| found.tiers.get_mut(offer.tier));
        let Some(list) = tier.map(|tier| tier.list(warm)) else { return };
        list.swap_remove(at);
        // The last one has moved to where this one was.
        let Some(moved) = list.get(at).copied() else { return };
        let runner = self.runners.get_mut(moved.runner);
        if let Some(offer) = runner.and_then(|runner| runner.offers.get_mut(moved.offer as usize)) {
            offer.place = Some((warm, at));
        }
    }

    /// Where a runner has a free slot, the kinds that it suits are worth a look again.
    fn open(&mut self, number: u32) {
        let Some(runner) = self.runners.get(number).filter(|runner| runner.is_open()) else { return };
        let blocked = runner.offers.iter().filter_map(|offer| self.languages.get(offer.language));
        let suits = |kind: &u32| self.kinds.get(*kind).is_some_and(|kind| self.suits(&kind.key, runner));
        let woken: Vec<u32> = blocked.flat_map(|language| &language.blocked).copied().filter(suits).collect();
        for kind in woken {
            self.stand(kind, Standing::Ready);
            if let Some(kind) = self.kinds.get_mut(kind) {
                kind.hint = Some(number);
            }
        }
    }

    /// Adds what a runner offers, and gives hope to the kinds that it suits.
    fn enrol(&mut self, number: u32, languages: BTreeMap<String, Limits>) {
        for (name, maximum) in languages {
            let language = self.languages.number(&name);
            let Some(found) = self.languages.get_mut(language) else { continue };
            let (tier, changed) = found.tier(&maximum);
            found.members.insert(number);
            if let Some(tier) = found.tiers.get_mut(tier) {
                tier.members += 1;
            }
            if let Some(runner) = self.runners.get_mut(number) {
                runner.offers.push(Offer { language, tier, warm: 0, place: None });
            }
            if changed {
                self.sort_anew(language);
            }
        }
        // Only now: a job may need several of them.
        let offers = self.runners.get(number).map(|runner| runner.offers.as_slice()).unwrap_or_default();
        let languages: Vec<u32> = offers.iter().map(|offer| offer.language).collect();
        languages.into_iter().for_each(|language| self.give_hope(number, language));
    }

    fn give_hope(&mut self, number: u32, language: u32) {
        let (Some(runner), Some(found)) = (self.runners.get(number), self.languages.get(language)) else {
            return;
        };
        let suits = |kind: &u32| self.kinds.get(*kind).is_some_and(|kind| self.suits(&kind.key, runner));
        let hopeful: Vec<u32> = found.hopeless.iter().copied().filter(suits).collect();
        hopeful.into_iter().for_each(|kind| self.stand(kind, Standing::Blocked));
    }

    /// Removes all that a runner offers, and takes hope from the kinds that only it suited.
    fn strike_off(&mut self, number: u32) {
        let offers = self.runners.get(number).map_or(0, |runner| runner.offers.len());
        (0..offers).for_each(|index| self.unlist(number, index));
        let Some(runner) = self.runners.get_mut(number) else { return };
        for offer in std::mem::take(&mut runner.offers) {
            let Some(language) = self.languages.get_mut(offer.language) else { continue };
            language.members.remove(&number);
            if let Some(tier) = language.tiers.get_mut(offer.tier) {
                tier.members -= 1;
            }
            self.take_hope(offer.language);
            self.languages.settle(offer.language);
        }
    }

    fn take_hope(&mut self, language: u32) {
        let Some(found) = self.languages.get(language) else { return };
        let lost = |kind: &u32| {
            let kind = self.kinds.get(*kind).filter(|kind| kind.key.language == language);
            kind.is_some_and(|kind| !self.is_served(&kind.key))
        };
        let lost: Vec<u32> = found.blocked.iter().chain(&self.ready).copied().filter(lost).collect();
        lost.into_iter().for_each(|kind| self.stand(kind, Standing::Hopeless));
    }

    fn count_warm(&mut self, number: u32, warm: &BTreeMap<String, u32>) {
        let Some(runner) = self.runners.get_mut(number) else { return };
        for offer in &mut runner.offers {
            let name = self.languages.get(offer.language).map(|language| language.name.as_str());
            offer.warm = name.and_then(|name| warm.get(name)).copied().unwrap_or_default();
        }
    }

    /// These jobs were lost together, and perhaps by the runner's fault.
    fn blame(&mut self, name: &Arc<str>, jobs: &[JobId], now: Timestamp) {
        if self.health.lost(name, jobs, now.as_millisecond()) {
            self.put_aside(name, now);
        }
    }

    fn put_aside(&mut self, name: &Arc<str>, now: Timestamp) {
        self.health.put_aside(name, self.runners.len(), now.as_millisecond());
        self.trust(name);
    }

    /// A runner may have been put aside, or taken back.
    fn trust(&mut self, name: &Arc<str>) {
        let trust = self.health.trust(name);
        let Some(number) = self.runners.called(name) else { return };
        let Some(runner) = self.runners.get_mut(number).filter(|runner| runner.trust != trust) else {
            return;
        };
        runner.trust = trust;
        self.list(number);
        self.open(number);
    }
}
