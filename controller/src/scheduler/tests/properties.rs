//! What holds whatever happens.

use std::collections::HashMap;

use proptest::prelude::*;

use super::super::runners::Trust;
use super::*;

const SHARES: [&str; 3] = ["x", "y", "z"];

#[derive(Debug, Clone)]
enum Event {
    Add { share: usize, priority: i8, language: usize, cpu: Option<u8>, room: bool, judge: Option<usize> },
    Remove(usize),
    Join { slots: u32, cpu: u8, room: bool, languages: usize },
    Leave(usize),
    Offer(usize, usize),
    Report { runner: usize, available: bool, active: u32, warm: bool },
    Allow { runner: usize, paused: bool, max_jobs: Option<u32> },
    End(usize, Ending),
    Retry(usize),
    Decide(usize),
    Pass(u64),
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        4 => Just(Ending::Finished),
        2 => Just(Ending::Lost),
        1 => Just(Ending::Refused),
        1 => Just(Ending::Void),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let add = (0..3_usize, -2..3_i8, 0..3_usize, prop::option::of(1..25_u8), prop::bool::weighted(0.2));
    let judge = prop::option::weighted(0.3, 0..3_usize);
    let join = (1..4_u32, prop::sample::select(vec![10_u8, 20]), any::<bool>(), 1..4_usize);
    let report = (any::<usize>(), prop::bool::weighted(0.8), 0..4_u32, any::<bool>());
    let allow = (any::<usize>(), prop::bool::weighted(0.3), prop::option::of(1..4_u32));
    prop_oneof![
        8 => (add, judge).prop_map(|((share, priority, language, cpu, room), judge)| {
            Event::Add { share, priority, language, cpu, room, judge }
        }),
        1 => any::<usize>().prop_map(Event::Remove),
        2 => join.prop_map(|(slots, cpu, room, languages)| Event::Join { slots, cpu, room, languages }),
        1 => any::<usize>().prop_map(Event::Leave),
        1 => (any::<usize>(), 1..4_usize).prop_map(|(runner, languages)| Event::Offer(runner, languages)),
        3 => report.prop_map(|(runner, available, active, warm)| Event::Report { runner, available, active, warm }),
        2 => allow.prop_map(|(runner, paused, max_jobs)| Event::Allow { runner, paused, max_jobs }),
        8 => (any::<usize>(), ending()).prop_map(|(job, ending)| Event::End(job, ending)),
        2 => any::<usize>().prop_map(Event::Retry),
        6 => (1..6_usize).prop_map(Event::Decide),
        2 => (0..40_u64).prop_map(Event::Pass),
    ]
}

fn room() -> BTreeMap<String, String> {
    [("room".to_owned(), "12".to_owned())].into()
}

fn languages(count: usize, cpu: f64) -> BTreeMap<String, Limits> {
    LANGUAGES.into_iter().take(count).map(|language| (language.to_owned(), limits(cpu))).collect()
}

/// What has to be true, kept apart from the scheduler.
struct Model {
    world: World,
    limit: Option<u32>,
    aging: bool,
    waiting: Vec<Waiting>,
    given: Vec<(Waiting, Assignment)>,
    runners: Vec<(Newcomer, bool)>,
    /// How many jobs runners may have by their cluster's word.
    allowed: HashMap<RunnerId, u32>,
    /// Until when a job may avoid a runner.
    shy: HashMap<JobId, Timestamp>,
}

impl Model {
    fn new(seed: u64, limit: Option<u32>, aging: bool) -> Self {
        let rules = Rules { max_running_per_share: limit, ..Rules::default() };
        let rules = if aging { rules } else { Rules { aging: None, ..rules } };
        let world = World { rng: StdRng::seed_from_u64(seed), ..World::new(rules) };
        let (waiting, given, runners) = (Vec::new(), Vec::new(), Vec::new());
        Self { world, limit, aging, waiting, given, runners, allowed: HashMap::new(), shy: HashMap::new() }
    }

    fn happens(&mut self, event: Event) -> Result<(), TestCaseError> {
        match event {
            Event::Add { share, priority, language, cpu, room: with_room, judge } => {
                let judge = judge.map(|judge| ("checker".to_owned(), LANGUAGES[judge].to_owned()));
                let job = Waiting {
                    language: LANGUAGES[language].to_owned(),
                    limits: cpu.map_or_else(LimitsRequest::default, |cpu| asking(cpu.into())),
                    requires: if with_room { room() } else { BTreeMap::new() },
                    needs: Needs { judges: judge.into_iter().collect(), ..Needs::default() },
                    ..self.world.job(SHARES[share], priority)
                };
                self.world.add_job(job.clone());
                self.waiting.push(job);
            }
            Event::Remove(index) if !self.waiting.is_empty() => {
                let job = self.waiting.swap_remove(index % self.waiting.len());
                self.world.scheduler.remove(job.id);
            }
            Event::Join { slots, cpu, room: with_room, languages: count } => {
                let newcomer = Newcomer {
                    languages: languages(count, cpu.into()),
                    labels: if with_room { room() } else { BTreeMap::new() },
                    ..newcomer(&format!("r{}", self.world.numbers % 7), slots)
                };
                if self.runners.iter().all(|(other, _)| other.name != newcomer.name) {
                    self.world.join(newcomer.clone());
                    self.runners.push((newcomer, true));
                }
            }
            Event::Leave(index) if !self.runners.is_empty() => {
                let (gone, _) = self.runners.swap_remove(index % self.runners.len());
                self.world.scheduler.leave(gone.id, self.world.now);
                let (lost, kept) = std::mem::take(&mut self.given)
                    .into_iter()
                    .partition(|(_, assignment): &(_, Assignment)| assignment.runner == gone.id);
                self.given = kept;
                lost.into_iter().for_each(|(job, _)| self.wait_again(job, true));
            }
            Event::Offer(index, count) if !self.runners.is_empty() => {
                let index = index % self.runners.len();
                let (runner, _) = &mut self.runners[index];
                let cpu = runner.languages.values().next().map_or(10.0, |limits| limits.cpu_seconds);
                runner.languages = languages(count, cpu);
                self.world.scheduler.offer(runner.id, runner.languages.clone());
            }
            Event::Report { runner, available, active, warm } if !self.runners.is_empty() => {
                let index = runner % self.runners.len();
                let warm = if warm { [("c".to_owned(), 1)].into() } else { BTreeMap::new() };
                let unavailable = (!available).then(|| "busy".to_owned());
                let report = Report { unavailable, active_jobs: active, warm, ..Report::default() };
                self.runners[index].1 = available;
                self.world.scheduler.report(self.runners[index].0.id, report);
            }
            Event::Allow { runner, paused, max_jobs } if !self.runners.is_empty() => {
                let id = self.runners[runner % self.runners.len()].0.id;
                let reason = paused.then(|| "paused".to_owned());
                let allowance = Allowance { paused: reason, max_jobs, ..Allowance::default() };
                self.allowed.insert(id, if paused { 0 } else { max_jobs.unwrap_or(u32::MAX) });
                self.world.scheduler.allow(id, allowance);
            }
            Event::End(index, ending) if !self.given.is_empty() => {
                let (job, assignment) = self.given.swap_remove(index % self.given.len());
                self.world.end(&assignment, ending);
                if ending == Ending::Refused {
                    self.runners
                        .iter_mut()
                        .filter(|(r, _)| r.id == assignment.runner)
                        .for_each(|r| r.1 = false);
                }
                if matches!(ending, Ending::Lost | Ending::Refused) {
                    self.wait_again(job, ending == Ending::Lost);
                }
            }
            Event::Retry(index) if !self.given.is_empty() => {
                let (job, assignment) = self.given.swap_remove(index % self.given.len());
                self.world.scheduler.put_back(assignment.runner, assignment.job);
                self.waiting.push(job);
            }
            Event::Decide(count) => {
                for _ in 0..count {
                    let Some(assignment) = self.world.next() else { return self.check_complete() };
                    self.check(assignment)?;
                }
            }
            Event::Pass(seconds) => self.world.pass(Duration::from_secs(seconds)),
            _ => {}
        }
        self.check_counts()
    }

    fn wait_again(&mut self, job: Waiting, lost: bool) {
        if lost || self.shy.contains_key(&job.id) {
            self.shy.insert(job.id, self.world.now.checked_add(Duration::from_secs(5)).unwrap());
        }
        self.world.add_job(job.clone());
        self.waiting.push(job);
    }

    fn running(&self, share: &str) -> usize {
        self.given.iter().filter(|(job, _)| job.share == share).count()
    }

    fn is_free(&self, share: &str) -> bool {
        self.limit.is_none_or(|limit| self.running(share) < limit as usize)
    }

    fn is_shy(&self, job: &Waiting) -> bool {
        self.shy.contains_key(&job.id)
    }

    fn suits(job: &Waiting, runner: &Newcomer) -> bool {
        let allowed =
            runner.languages.get(&job.language).is_some_and(|limits| job.limits.check(limits).is_ok());
        let judged = job.needs.judges.values().all(|language| runner.languages.contains_key(language));
        let known = job.needs.features.is_subset(&runner.features);
        allowed
            && judged
            && known
            && job.requires.iter().all(|(name, value)| runner.labels.get(name) == Some(value))
    }

    fn check(&mut self, assignment: Assignment) -> Result<(), TestCaseError> {
        let index = self.waiting.iter().position(|job| job.id == assignment.job);
        prop_assert!(index.is_some(), "it does not wait");
        let job = self.waiting.swap_remove(index.unwrap());
        let runner = self.runners.iter().find(|(runner, _)| runner.id == assignment.runner);
        let (runner, available) = runner.expect("it is connected");
        prop_assert!(*available && Self::suits(&job, runner), "{job:?} on {runner:?}");
        let has = self.given.iter().filter(|(_, given)| given.runner == runner.id).count();
        prop_assert!(has < runner.max_jobs as usize, "a slot was sold twice");
        let allowed = self.allowed.get(&runner.id).copied().unwrap_or(u32::MAX);
        prop_assert!(has < allowed as usize, "more than it is to take");
        prop_assert!(self.is_free(&job.share), "a share has too much");
        match self.world.scheduler.health.trust(&runner.name) {
            Trust::Full => {}
            Trust::Probation => prop_assert_eq!(has, 0, "more than the probe"),
            Trust::Aside(_) => prop_assert!(false, "it is put aside"),
        }
        for other in &self.waiting {
            let same = (&other.language, other.limits, &other.requires, &other.needs)
                == (&job.language, job.limits, &job.requires, &job.needs);
            if !same || self.is_shy(other) || self.is_shy(&job) {
                continue;
            }
            let higher = !self.aging && other.priority > job.priority && self.is_free(&other.share);
            prop_assert!(!higher, "a lower priority went first");
            let earlier =
                other.share == job.share && other.priority == job.priority && other.number < job.number;
            prop_assert!(!earlier, "a later job of the same share went first");
        }
        self.given.push((job, assignment));
        Ok(())
    }

    /// Nobody waits whom somebody could take.
    fn check_complete(&self) -> Result<(), TestCaseError> {
        for job in self.waiting.iter().filter(|job| !self.is_shy(job) && self.is_free(&job.share)) {
            for (runner, _) in self.runners.iter().filter(|(runner, _)| Self::suits(job, runner)) {
                let scheduler = &self.world.scheduler;
                let number = scheduler.runners.number(runner.id).expect("it is known");
                let open = scheduler.runners.get(number).expect("it is known").is_open();
                prop_assert!(!open, "{} could take {job:?}", runner.name);
            }
        }
        Ok(())
    }

    fn check_counts(&self) -> Result<(), TestCaseError> {
        let scheduler = &self.world.scheduler;
        prop_assert_eq!(scheduler.jobs.len(), self.waiting.len() + self.given.len());
        for job in &self.waiting {
            prop_assert!(scheduler.waits(job.id), "a job is forgotten");
            prop_assert!(scheduler.position(job.id).unwrap() < self.waiting.len() as u64);
            prop_assert!(scheduler.explain(job.id, self.world.now).is_some());
        }
        for (job, assignment) in &self.given {
            prop_assert_eq!(scheduler.holder(job.id), Some(assignment.runner), "a job is forgotten");
        }
        Ok(())
    }

    /// With a runner for everything, everything runs.
    fn check_nothing_is_forgotten(mut self) -> Result<(), TestCaseError> {
        let all = Newcomer { languages: languages(3, 100.0), labels: room(), ..newcomer("all", 100) };
        self.world.pass(Duration::from_secs(10));
        self.world.join(all.clone());
        self.runners.push((all, true));
        self.shy.clear();
        for _ in 0..2000 {
            match self.world.next() {
                Some(assignment) => self.check(assignment)?,
                None if self.given.is_empty() => break,
                None => {
                    for (_, assignment) in std::mem::take(&mut self.given) {
                        self.world.end(&assignment, Ending::Finished);
                    }
                }
            }
        }
        prop_assert!(self.waiting.is_empty(), "{:?} are forgotten", self.waiting);
        prop_assert_eq!(self.world.scheduler.jobs.len(), 0);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_slots_shares_and_priorities_hold_and_nobody_is_forgotten(
        events in prop::collection::vec(event(), 1..120),
        seed in any::<u64>(),
        limit in prop::option::of(1..4_u32),
        aging in any::<bool>(),
    ) {
        let mut model = Model::new(seed, limit, aging);
        for event in events {
            model.happens(event)?;
        }
        model.check_nothing_is_forgotten()?;
    }

    #[test]
    fn while_shares_wait_none_gets_more_than_one_job_ahead(
        sizes in prop::collection::vec(1..60_usize, 2..6),
        cpus in prop::collection::vec(1..10_u8, 1..20),
        slots in 1..4_u32,
    ) {
        let mut world = World::of(&[("a", slots)]);
        let mut left: BTreeMap<String, usize> = BTreeMap::new();
        let mut shares = HashMap::new();
        for (index, size) in sizes.iter().enumerate() {
            let share = format!("s{index}");
            for number in 0..*size {
                let cpu = cpus[number % cpus.len()];
                let job = Waiting { limits: asking(cpu.into()), ..world.job(&share, 0) };
                shares.insert(world.add_job(job), (share.clone(), u64::from(cpu)));
            }
            left.insert(share, *size);
        }
        let mut used: BTreeMap<String, u64> = left.keys().map(|share| (share.clone(), 0)).collect();
        while left.values().all(|left| *left > 0) {
            let next = world.next().expect("all have jobs");
            world.end(&next, Ending::Finished);
            let (share, cost) = &shares[&next.job];
            *used.get_mut(share).unwrap() += cost;
            *left.get_mut(share).unwrap() -= 1;
            let (least, most) = (used.values().min().unwrap(), used.values().max().unwrap());
            let dearest = u64::from(*cpus.iter().max().unwrap());
            prop_assert!(most - least <= dearest, "{used:?}");
        }
    }
}
