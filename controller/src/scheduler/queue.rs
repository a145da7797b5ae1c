//! Jobs that come into the queue and leave it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use protocol::{ExceededLimit, JobId, LimitsRequest, Timestamp};

use super::kind::{KindKey, Standing};
use super::level::Place;
use super::runners::Runner;
use super::shares::Turn;
use super::{Crowd, Ending, Job, Scheduler, State, Waiting};
use crate::needs::Needs;

/// What a runner does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lack<'n> {
    /// The language of a program that judges the job.
    Language { judge: &'n str, language: &'n str },
    /// What it is too old to know.
    Feature(&'n str),
}

/// For how long a job that a runner lost waits for another one, in milliseconds.
const AVOIDING: i64 = 5_000;

impl Scheduler {
    /// A job waits; one that is known already waits anew, and where a runner had been handed it, that has lost it.
    /// Returns about how many are before it.
    pub fn add(&mut self, waiting: Waiting, now: Timestamp) -> u64 {
        let id = waiting.id;
        if let Some(runner) = self.holder(id).filter(|_| self.is_handed(id)) {
            self.end(runner, id, Ending::Lost, now);
        }
        self.drop_job(id);
        let language = self.languages.number(&waiting.language);
        if let Some(language) = self.languages.get_mut(language) {
            language.jobs += 1;
        }
        let avoids = self.health.loser(id).map(Arc::clone);
        let until = now.as_millisecond().saturating_add(AVOIDING);
        self.avoiding.extend(avoids.iter().map(|_| (until, id)));
        self.hurried.extend(waiting.no_wait.then_some(id));
        let share = self.shares.wait(&waiting.share);
        let requires = Some(waiting.requires).filter(|requires| !requires.is_empty()).map(Arc::new);
        let number = self.jobs.insert(Job {
            id,
            number: waiting.number,
            queued_at: waiting.queued_at.as_millisecond(),
            limits: waiting.limits,
            requires,
            needs: Some(waiting.needs).filter(|needs| !needs.is_empty()).map(Arc::new),
            avoids,
            share,
            language,
            priority: waiting.priority,
            no_wait: waiting.no_wait,
            state: State::Waits(u32::MAX),
            handed: false,
        });
        self.ids.insert(id, number);
        self.line_up(number);
        self.position(id).unwrap_or_default()
    }

    /// A job waits no more: it is gone.
    pub fn remove(&mut self, id: JobId) {
        if matches!(self.job(id), Some((_, Job { state: State::Waits(_), .. }))) {
            self.drop_job(id);
            self.health.forget(id);
        }
    }

    /// Whether a job waits, or a runner has it.
    pub fn knows(&self, id: JobId) -> bool {
        self.ids.contains_key(&id)
    }

    /// Whether a job waits.
    pub fn waits(&self, id: JobId) -> bool {
        matches!(self.job(id), Some((_, Job { state: State::Waits(_), .. })))
    }

    /// Whether a runner has been handed a job.
    pub(super) fn is_handed(&self, id: JobId) -> bool {
        self.job(id).is_some_and(|(_, job)| job.handed)
    }

    /// About how many jobs start before this one, while it waits: those of higher priorities, those before it in
    /// its share's line, and for each of these as many as there are other shares that wait with it.
    pub fn position(&self, id: JobId) -> Option<u64> {
        let (_, job) = self.job(id)?;
        let State::Waits(kind) = job.state else { return None };
        let level = self.kinds.get(kind)?.levels.get(&job.priority)?;
        let before = level.rank(job.share, job.number);
        let higher: usize = self.crowd.range(job.priority..).skip(1).map(|(_, crowd)| crowd.jobs).sum();
        let crowd = self.crowd.get(&job.priority)?;
        let others = (crowd.lines as u64).saturating_sub(1).saturating_mul(before);
        let same = before.saturating_add(others).min((crowd.jobs as u64).saturating_sub(1));
        Some((higher as u64).saturating_add(same))
    }

    /// A job is to be placed at once or not at all.
    pub fn hurry(&mut self, id: JobId) {
        self.hurried.push(id);
    }

    /// The jobs that were not to wait and still do, each told once.
    pub fn take_hurried(&mut self) -> Vec<JobId> {
        let hurried = std::mem::take(&mut self.hurried);
        hurried.into_iter().filter(|id| self.waits(*id)).collect()
    }

    /// Whether a connected runner allows this much, if any offers the language.
    ///
    /// # Errors
    /// The limit that is over what the most generous runner allows.
    pub fn allows(&self, language: &str, asked: &LimitsRequest) -> Result<(), ExceededLimit> {
        self.languages.find(language).map_or(Ok(()), |language| language.allows(asked))
    }

    /// Puts a job among those of its kind.
    pub(super) fn line_up(&mut self, number: u32) {
        let Some(job) = self.jobs.get(number) else { return };
        let key = self.key(job, job.avoids.clone());
        let key = match key.avoids.is_some() && !self.is_served(&key) {
            true => KindKey { avoids: None, ..key },
            false => key,
        };
        let kind = self.kinds.find(&key).unwrap_or_else(|| self.new_kind(key));
        let (Some(job), Some(of_kind)) = (self.jobs.get_mut(number), self.kinds.get_mut(kind)) else {
            return;
        };
        job.state = State::Waits(kind);
        let place = Place { number: job.number, queued_at: job.queued_at, job: number };
        of_kind.waiting += 1;
        let level = of_kind.levels.entry(job.priority).or_default();
        let lines = level.shares();
        level.add(job.share, place, self.shares.paid(job.share));
        let crowd = self.crowd.entry(job.priority).or_default();
        crowd.jobs += 1;
        crowd.lines += level.shares() - lines;
        if of_kind.standing == Standing::Parked {
            self.stand(kind, Standing::Ready);
        }
    }

    /// Takes a job out from among those of its kind.
    pub(super) fn line_off(&mut self, number: u32) {
        let Some(job) = self.jobs.get(number) else { return };
        let State::Waits(kind) = job.state else { return };
        let Some(of_kind) = self.kinds.get_mut(kind) else { return };
        let Some(level) = of_kind.levels.get_mut(&job.priority) else { return };
        let lines = level.shares();
        if !level.remove(job.share, job.number) {
            return;
        }
        let lines = lines - level.shares();
        if level.is_empty() {
            of_kind.levels.remove(&job.priority);
        }
        of_kind.waiting -= 1;
        let empty = of_kind.waiting == 0;
        self.thin_out(job.priority, lines);
        if empty {
            self.forget_kind(kind);
        }
    }

    /// Forgets a job, whether it waits or a runner has it.
    pub(super) fn drop_job(&mut self, id: JobId) {
        let Some((number, job)) = self.job(id) else { return };
        let share = job.share;
        match job.state {
            State::Waits(_) => {
                self.line_off(number);
                self.shares.leave(share);
            }
            State::Given(runner) => self.take_back(runner, number),
        }
        self.ids.remove(&id);
        let Some(job) = self.jobs.remove(number) else { return };
        if let Some(language) = self.languages.get_mut(job.language) {
            language.jobs = language.jobs.saturating_sub(1);
        }
        self.languages.settle(job.language);
    }

    /// A share may wait at these places again.
    /// How many jobs of a share wait.
    pub fn waiting_of(&self, share: &str) -> usize {
        self.shares.waiting(share)
    }

    /// Shares of these names may run so many jobs at once, others as many as the rules say.
    pub fn limit_shares(&mut self, limits: HashMap<String, u32>) {
        for (share, turns) in self.shares.set_limits(limits) {
            self.unpark(share, turns);
        }
    }

    pub(super) fn unpark(&mut self, share: u32, turns: BTreeSet<Turn>) {
        for (kind, priority) in turns {
            let paid = self.shares.paid(share);
            let level = self.kinds.get_mut(kind).and_then(|kind| kind.levels.get_mut(&priority));
            if let Some(level) = level {
                level.unpark(share, paid);
                self.stand(kind, Standing::Ready);
            }
        }
    }

    /// Sorts all jobs in a language into kinds anew: it has other tiers now.
    pub(super) fn sort_anew(&mut self, language: u32) {
        let Some(found) = self.languages.get(language) else { return };
        let ready = self
            .ready
            .iter()
            .filter(|kind| self.kinds.get(**kind).is_some_and(|kind| kind.key.language == language));
        let kinds =
            ready.chain(&found.blocked).chain(&found.hopeless).filter_map(|kind| self.kinds.get(*kind));
        let mut jobs: Vec<u32> =
            kinds.flat_map(|kind| kind.levels.values()).flat_map(super::level::Level::jobs).collect();
        jobs.sort_unstable_by_key(|job| self.jobs.get(*job).map(|job| job.number));
        jobs.iter().for_each(|job| self.line_off(*job));
        jobs.iter().for_each(|job| self.line_up(*job));
    }

    /// Jobs whose time of avoiding a runner is over.
    pub(super) fn stop_avoiding(&mut self, now: i64) {
        while let Some((_, id)) = self.avoiding.front().copied().filter(|(until, _)| *until <= now) {
            self.avoiding.pop_front();
            let Some(number) = self.ids.get(&id).copied() else { continue };
            if self.jobs.get_mut(number).and_then(|job| job.avoids.take()).is_some() && self.waits(id) {
                self.line_off(number);
                self.line_up(number);
            }
        }
    }

    /// Notes how a kind stands.
    pub(super) fn stand(&mut self, number: u32, standing: Standing) {
        let Some(kind) = self.kinds.get_mut(number) else { return };
        if kind.standing == Standing::Hopeless && standing == Standing::Ready {
            return;
        }
        kind.standing = standing;
        let Some(language) = self.languages.get_mut(kind.key.language) else { return };
        self.ready.remove(&number);
        language.blocked.remove(&number);
        language.hopeless.remove(&number);
        match standing {
            Standing::Ready => self.ready.insert(number),
            Standing::Blocked | Standing::Parked => language.blocked.insert(number),
            Standing::Hopeless => language.hopeless.insert(number),
        };
    }

    /// Whether a runner could ever take jobs of this kind.
    pub(super) fn suits(&self, key: &KindKey, runner: &Runner) -> bool {
        let Some(offer) = runner.offer(key.language) else { return false };
        let required = key.requires.iter().flat_map(|requires| requires.iter());
        key.tiers & (1 << offer.tier) != 0
            && key.avoids.as_ref() != Some(&runner.name)
            && required.into_iter().all(|(name, value)| runner.labels.get(name) == Some(value))
            && key.needs.as_ref().is_none_or(|needs| self.lacks(needs, runner).is_none())
    }

    /// What a runner does not have of what a job needs.
    pub(super) fn lacks<'n>(&self, needs: &'n Needs, runner: &Runner) -> Option<Lack<'n>> {
        let offers = |language: &str| {
            self.languages.number_of(language).is_some_and(|number| runner.offer(number).is_some())
        };
        let missing = needs.judges.iter().find(|(_, language)| !offers(language));
        let missing = missing.map(|(judge, language)| Lack::Language { judge, language });
        let unknown = || needs.features.iter().find(|feature| !runner.features.contains(*feature));
        missing.or_else(|| unknown().map(|feature| Lack::Feature(feature)))
    }

    /// Whether somebody who is connected could take jobs of this kind.
    pub(super) fn is_served(&self, key: &KindKey) -> bool {
        let suits = |runner: u32| self.runners.get(runner).is_some_and(|runner| self.suits(key, runner));
        if let Some(requires) = &key.requires {
            return self.runners.with_rarest(requires).iter().any(|runner| suits(*runner));
        }
        let Some(language) = self.languages.get(key.language) else { return false };
        if key.needs.is_some() {
            return language.members.iter().any(|runner| suits(*runner));
        }
        let tiers = language.tiers.iter().enumerate();
        let able = tiers.filter(|(index, _)| key.tiers & (1 << index) != 0).map(|(_, tier)| tier.members);
        let avoided = key.avoids.as_ref().and_then(|name| self.runners.called(name));
        let without = KindKey { avoids: None, ..key.clone() };
        let avoided = avoided.and_then(|number| self.runners.get(number));
        let avoided = avoided.is_some_and(|runner| self.suits(&without, runner));
        able.sum::<usize>() > usize::from(avoided)
    }

    fn key(&self, job: &Job, avoids: Option<Arc<str>>) -> KindKey {
        let tiers = self.languages.get(job.language).map_or(0, |language| language.tiers_for(&job.limits));
        KindKey {
            language: job.language,
            tiers,
            requires: job.requires.clone(),
            needs: job.needs.clone(),
            avoids,
        }
    }

    fn new_kind(&mut self, key: KindKey) -> u32 {
        let standing = match self.is_served(&key) {
            true => Standing::Ready,
            false => Standing::Hopeless,
        };
        let number = self.kinds.insert(key, standing);
        self.stand(number, standing);
        number
    }

    fn forget_kind(&mut self, number: u32) {
        let Some(kind) = self.kinds.remove(number) else { return };
        self.ready.remove(&number);
        if let Some(language) = self.languages.get_mut(kind.key.language) {
            language.blocked.remove(&number);
            language.hopeless.remove(&number);
        }
    }

    fn thin_out(&mut self, priority: i8, lines: usize) {
        let Some(Crowd { jobs, lines: all }) = self.crowd.get_mut(&priority) else { return };
        *jobs -= 1;
        *all -= lines;
        if *jobs == 0 {
            self.crowd.remove(&priority);
        }
    }
}
