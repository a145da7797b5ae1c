//! The decision: whose turn it is, and who gets the job.

use std::cmp::Reverse;
use std::sync::Arc;

use protocol::{JobId, RunnerId, Timestamp};
use rand::{Rng, RngExt as _};

use super::kind::{Kind, Standing};
use super::language::{Language, Open};
use super::level::Next;
use super::{Assignment, Scheduler, State, shares};

/// How many runners are drawn for a job; so many or fewer are all looked at.
const DRAWN: usize = 4;
const ALL: usize = 8;

/// Where the next job is.
#[derive(Debug, Clone, Copy)]
struct Choice {
    kind: u32,
    priority: i8,
    rank: i64,
    next: Next,
}

impl Scheduler {
    /// The next job to start and its runner, until there is no job that anybody can take.
    pub fn next(&mut self, rng: &mut impl Rng) -> Option<Assignment> {
        loop {
            let choice = self.choose_job()?;
            match self.choose_runner(choice.kind, rng) {
                Some(runner) => return self.give(choice, runner),
                None => self.stand(choice.kind, Standing::Blocked),
            }
        }
    }

    /// A claim was had: the runner is handed the job. Returns whether it is to get it. There may be several claims on
    /// their way, where the job came back before the first was heard of; one of them is had.
    pub fn hand(&mut self, runner: RunnerId, id: JobId) -> bool {
        let expected = self.expecting(runner, id);
        let Some(job) = expected.and_then(|(number, _)| self.jobs.get_mut(number)) else { return false };
        job.handed = true;
        true
    }

    /// A claim was not to be had: the runner does not get the job, unless it has it by another claim.
    pub fn forgo(&mut self, runner: RunnerId, id: JobId) {
        if self.expecting(runner, id).is_some() {
            self.drop_job(id);
        }
    }

    /// The claim came to nothing, and the job waits again where it was.
    pub fn put_back(&mut self, runner: RunnerId, id: JobId) {
        let Some((number, given)) = self.expecting(runner, id) else { return };
        let Some(job) = self.jobs.get(number) else { return };
        let (share, no_wait) = (job.share, job.no_wait);
        let name = self.shares.name(share);
        self.take_back(given, number);
        let share = self.shares.wait(&name);
        if let Some(job) = self.jobs.get_mut(number) {
            job.share = share;
        }
        self.hurried.extend(no_wait.then_some(id));
        self.line_up(number);
    }

    /// A job that this runner is to get and has not been handed, and the runner, by their numbers.
    fn expecting(&self, runner: RunnerId, id: JobId) -> Option<(u32, u32)> {
        let (number, job) = self.job(id)?;
        match job.state {
            State::Given(given) if !job.handed && self.runners.get(given)?.id == runner => {
                Some((number, given))
            }
            State::Given(_) | State::Waits(_) => None,
        }
    }

    /// Among the kinds that are ready: the priority first, then the share.
    fn choose_job(&mut self) -> Option<Choice> {
        let mut choices: Vec<Choice> = Vec::new();
        let mut parked = Vec::new();
        for kind in self.ready.iter().copied() {
            let Some(of_kind) = self.kinds.get_mut(kind) else { continue };
            let before = choices.len();
            for (priority, level) in &mut of_kind.levels {
                let Some(next) = level.next(&mut self.shares, (kind, *priority)) else { continue };
                let rank = rank(*priority, level.oldest().unwrap_or_default(), self.rules.aging);
                choices.push(Choice { kind, priority: *priority, rank, next });
            }
            if choices.len() == before {
                parked.push(kind);
            }
        }
        parked.into_iter().for_each(|kind| self.stand(kind, Standing::Parked));
        let first = choices.iter().min_by_key(|choice| (choice.rank, Reverse(choice.priority)))?.priority;
        choices.into_iter().filter(|choice| choice.priority == first).min_by_key(|choice| choice.next)
    }

    /// A good one of the runners that can take a job of this kind now.
    fn choose_runner(&mut self, kind: u32, rng: &mut impl Rng) -> Option<u32> {
        let hint = self.kinds.get_mut(kind)?.hint.take();
        let kind = self.kinds.get(kind)?;
        let mut best = Best { kind, scheduler: self, found: None };
        best.consider(hint);
        match &kind.key.requires {
            Some(requires) => best.search(self.runners.with_rarest(requires), rng),
            None => {
                let language = self.languages.get(kind.key.language)?;
                best.draw(language, rng);
                if best.found.is_none() && kind.key.needs.is_some() {
                    // Those drawn lack what others may have.
                    let members: Vec<u32> = language.members.iter().copied().collect();
                    best.search(&members, rng);
                }
            }
        }
        best.found.map(|(_, runner)| runner)
    }

    fn give(&mut self, choice: Choice, runner: u32) -> Option<Assignment> {
        let (_, _, share) = choice.next;
        let place = self.kinds.get(choice.kind)?.levels.get(&choice.priority)?.front(share)?;
        self.line_off(place.job);
        let job = self.jobs.get_mut(place.job)?;
        self.shares.start(share, shares::cost(&job.limits));
        job.state = State::Given(runner);
        let (id, language, queued_at) = (job.id, job.language, job.queued_at);
        let given = self.runners.get_mut(runner)?;
        given.give(place.job);
        if let Some(offer) = given.offers.iter_mut().find(|offer| offer.language == language) {
            offer.warm = offer.warm.saturating_sub(1);
        }
        let queued_at = Timestamp::from_millisecond(queued_at).unwrap_or(Timestamp::UNIX_EPOCH);
        let assignment = Assignment { job: id, runner: given.id, name: Arc::clone(&given.name), queued_at };
        self.list(runner);
        Some(assignment)
    }
}

/// Less is first: a priority is worth the time that a job waits to count as one higher.
fn rank(priority: i8, oldest: i64, aging: Option<std::time::Duration>) -> i64 {
    match aging {
        Some(step) => {
            let step = i64::try_from(step.as_millis()).unwrap_or(i64::MAX);
            oldest.saturating_sub(step.saturating_mul(priority.into()))
        }
        None => -i64::from(priority),
    }
}

/// The best runner found so far.
struct Best<'a> {
    kind: &'a Kind,
    scheduler: &'a Scheduler,
    found: Option<((bool, f64, f32), u32)>,
}

impl Best<'_> {
    /// Draws from those with a free slot: the warm ones, or else the others.
    fn draw(&mut self, language: &Language, rng: &mut impl Rng) {
        for warm in [true, false] {
            let total = (0..language.tiers.len()).map(|tier| self.list(language, tier, warm).len()).sum();
            match total {
                0 => {}
                1..=ALL => {
                    let start = rng.random_range(0..total);
                    (start..start + total).for_each(|index| self.consider_at(language, warm, index % total));
                }
                _ => (0..DRAWN).for_each(|_| self.consider_at(language, warm, rng.random_range(0..total))),
            }
            if self.found.is_some_and(|((cold, ..), _)| cold != warm) {
                return;
            }
        }
    }

    /// Looks through runners with a label until there are a few that can take it.
    fn search(&mut self, runners: &[u32], rng: &mut impl Rng) {
        if runners.is_empty() {
            return;
        }
        let (start, mut able) = (rng.random_range(0..runners.len()), 0);
        let (behind, before) = runners.split_at(start);
        for runner in before.iter().chain(behind) {
            able += usize::from(self.consider(Some(*runner)));
            if able == DRAWN {
                return;
            }
        }
    }

    /// Those with a free slot in a tier that allows what these jobs ask for.
    fn list<'l>(&self, language: &'l Language, tier: usize, warm: bool) -> &'l [Open] {
        match language.tiers.get(tier) {
            Some(found) if self.kind.key.tiers & (1 << tier) != 0 => match warm {
                true => &found.warm,
                false => &found.cold,
            },
            _ => &[],
        }
    }

    fn consider_at(&mut self, language: &Language, warm: bool, mut index: usize) {
        for tier in 0..language.tiers.len() {
            let list = self.list(language, tier, warm);
            match list.get(index) {
                Some(open) => {
                    self.consider(Some(open.runner));
                    return;
                }
                None => index -= list.len(),
            }
        }
    }

    /// Takes a runner into account. Returns whether it can take the job.
    fn consider(&mut self, number: Option<u32>) -> bool {
        let Some(number) = number else { return false };
        let Some(runner) = self.scheduler.runners.get(number).filter(|runner| runner.is_open()) else {
            return false;
        };
        if !self.scheduler.suits(&self.kind.key, runner) {
            return false;
        }
        let cold = runner.offer(self.kind.key.language).is_none_or(|offer| offer.warm == 0);
        let (full, cpu) = runner.load();
        let this = (cold, full, cpu);
        let better = self.found.is_none_or(|(best, _)| {
            let load = full.total_cmp(&best.1).then(cpu.total_cmp(&best.2));
            cold.cmp(&best.0).then(load).is_lt()
        });
        if better {
            self.found = Some((this, number));
        }
        true
    }
}
