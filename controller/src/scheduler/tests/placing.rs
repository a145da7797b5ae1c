//! Which runner gets a job, and why none does.

use std::collections::BTreeSet;

use super::*;

fn report(active_jobs: u32, cpu_percent: f32, warm: &[(&str, u32)]) -> Report {
    let warm = warm.iter().map(|(language, count)| ((*language).to_owned(), *count)).collect();
    Report { active_jobs, cpu_percent, warm, ..Report::default() }
}

/// The runner that gets a job among these, of two slots each.
fn chosen_among(runners: &[(&str, Report)]) -> String {
    let mut world = World::new(Rules::default());
    for (name, report) in runners {
        let id = world.join(newcomer(name, 2));
        world.scheduler.report(id, report.clone());
    }
    world.add("", 0);
    world.next_name()
}

#[test]
fn warm_comes_before_idle_and_idle_before_a_quiet_host() {
    let warm = ("warm", report(1, 0.0, &[("c", 1)]));
    let idle = ("idle", report(0, 80.0, &[("java", 1)]));
    let quiet = ("quiet", report(1, 0.0, &[]));
    assert_eq!(chosen_among(&[quiet.clone(), idle.clone(), warm]), "warm");
    assert_eq!(chosen_among(&[quiet, idle.clone()]), "idle");
    assert_eq!(chosen_among(&[("calm", report(0, 1.0, &[])), idle]), "calm");
}

#[test]
fn ties_are_spread() {
    let first = |seed| {
        let mut world = World::with_seed(seed);
        let _runners = ["a", "b", "c"].map(|name| world.join(newcomer(name, 2)));
        world.add("", 0);
        world.next_name()
    };
    let names: BTreeSet<String> = (0..50).map(first).collect();
    assert_eq!(names.len(), 3);
}

#[test]
fn among_many_runners_work_is_spread_evenly() {
    let mut world = World::new(Rules::default());
    for index in 0..100 {
        world.join(newcomer(&format!("r{index}"), 10));
    }
    for _ in 0..500 {
        world.add("", 0);
    }
    let mut counts = BTreeMap::new();
    while let Some(next) = world.next() {
        *counts.entry(next.runner).or_insert(0_u32) += 1;
    }
    assert_eq!(counts.values().sum::<u32>(), 500);
    assert!(counts.values().all(|count| (2..=8).contains(count)), "{counts:?}");
}

#[test]
fn a_warm_sandbox_is_used_once() {
    let mut world = World::new(Rules::default());
    let (warm, cold) = (world.join(newcomer("warm", 4)), world.join(newcomer("cold", 4)));
    world.scheduler.report(warm, report(0, 50.0, &[("c", 1)]));
    world.scheduler.report(cold, report(0, 0.0, &[]));
    world.add("", 0);
    world.add("", 0);
    assert_eq!([world.next_name(), world.next_name()], ["warm", "cold"]);
}

#[test]
fn slots_that_others_use_are_not_free() {
    let mut world = World::new(Rules::default());
    let id = world.join(newcomer("a", 3));
    world.scheduler.report(id, report(2, 0.0, &[]));
    let jobs = [0, 1].map(|_| world.add("", 0));
    let first = world.next().unwrap();
    assert_eq!(world.next(), None);
    assert_eq!(world.why(jobs[1]), "runner a: 3 of 3 slots busy");
    // The report still counts the job that has just ended: it is not another controller's.
    world.end(&first, Ending::Finished);
    world.scheduler.report(id, report(1, 0.0, &[]));
    assert!(world.next().is_some());
    world.add("", 0);
    world.add("", 0);
    assert!(world.next().is_some() && world.next().is_some() && world.next().is_none());
}

#[test]
fn after_a_refusal_a_runner_gets_nothing_before_it_says_how_it_is() {
    let mut world = World::of(&[("a", 2)]);
    let job = world.job("", 0);
    world.add_job(job.clone());
    let next = world.next().unwrap();
    world.end(&next, Ending::Refused);
    world.add_job(job);
    assert_eq!(world.next(), None);
    assert_eq!(world.why(next.job), "runner a: refused a job a moment ago");
    world.scheduler.report(next.runner, Report::default());
    assert_eq!(world.next().unwrap().job, next.job);
}

#[test]
fn jobs_go_where_their_limits_and_labels_allow() {
    let mut world = World::of(&[("small", 9)]);
    let large = Newcomer {
        languages: [("c".to_owned(), limits(50.0))].into(),
        labels: [("room".to_owned(), "12".to_owned()), ("os".to_owned(), "linux".to_owned())].into(),
        ..newcomer("large", 9)
    };
    world.join(large);
    for _ in 0..5 {
        let much = Waiting { limits: asking(20.0), ..world.job("", 0) };
        world.add_job(much);
        assert_eq!(world.next_name(), "large");
        let labelled =
            Waiting { requires: [("room".to_owned(), "12".to_owned())].into(), ..world.job("", 0) };
        world.add_job(labelled);
        if world.scheduler.assigned(world.scheduler.runners.get(1).unwrap().id) < 9 {
            assert_eq!(world.next_name(), "large");
        }
    }
    let elsewhere = Waiting { requires: [("room".to_owned(), "13".to_owned())].into(), ..world.job("", 0) };
    let elsewhere = world.add_job(elsewhere);
    assert_eq!(world.next(), None);
    let why = world.why(elsewhere);
    assert!(why.contains("runner small: does not have the label room=13"), "{why}");
    let both = [("room".to_owned(), "13".to_owned()), ("os".to_owned(), "linux".to_owned())];
    world.join(Newcomer { labels: both.into(), ..newcomer("thirteen", 1) });
    assert_eq!(world.next_name(), "thirteen");
}

fn judged(world: &mut World, language: &str) -> Waiting {
    let judges = [("checker".to_owned(), language.to_owned())].into();
    let needs = Needs { judges, features: ["judging".to_owned()].into() };
    Waiting { needs, ..world.job("", 0) }
}

#[test]
fn judged_jobs_go_where_their_judges_can_run() {
    let features = || ["judging".to_owned()].into();
    let c_only = || BTreeMap::from([("c".to_owned(), limits(10.0))]);
    let mut world = World::of(&[("old", 9)]);
    let job = judged(&mut world, "java");
    let job = world.add_job(job);
    assert_eq!(world.next(), None);
    assert_eq!(world.why(job), "runner old: is too old for this job: it does not know judging");
    for number in 0..30 {
        world.join(Newcomer {
            languages: c_only(),
            features: features(),
            ..newcomer(&format!("c{number}"), 9)
        });
    }
    assert_eq!(world.next(), None);
    assert!(world.why(job).contains("runner c0: does not offer java for its checker"), "{}", world.why(job));
    let able = world.join(Newcomer { features: features(), ..newcomer("able", 2) });
    assert_eq!(world.next_name(), "able");
    let next = judged(&mut world, "java");
    world.add_job(next);
    assert_eq!(world.next_name(), "able", "among many that cannot");

    let cobol = judged(&mut world, "cobol");
    let cobol = world.add_job(cobol);
    assert_eq!(world.next(), None);
    assert_eq!(world.why(cobol), "no connected runner offers cobol for its checker");
    world.scheduler.remove(cobol);
    let offers = [("c".to_owned(), limits(10.0)), ("cobol".to_owned(), limits(10.0))];
    world.scheduler.leave(able, world.now);
    let cobol = judged(&mut world, "cobol");
    world.add_job(cobol);
    assert_eq!(world.next(), None);
    let later = world.join(Newcomer { languages: c_only(), features: features(), ..newcomer("later", 2) });
    assert_eq!(world.next(), None);
    world.scheduler.offer(later, offers.into());
    assert_eq!(world.next_name(), "later", "once it offers both");
}

#[test]
fn what_nobody_can_take_does_not_hold_up_others_and_waits_for_its_runner() {
    let mut world = World::of(&[("a", 1)]);
    let much = Waiting { limits: asking(11.0), priority: 100, ..world.job("", 0) };
    let much = world.add_job(much);
    let strange = Waiting { language: "cobol".to_owned(), ..world.job("", 0) };
    let strange = world.add_job(strange);
    let plain = world.add("", -100);
    assert_eq!(world.order(), [plain]);
    assert_eq!(world.why(strange), "no connected runner offers cobol");
    assert_eq!(world.why(much), "runner a: cpu_seconds may be at most 10, not 11");

    let languages = [("cobol".to_owned(), limits(1.0)), ("c".to_owned(), limits(20.0))];
    let id = world.join(Newcomer { languages: languages.into(), ..newcomer("b", 1) });
    assert_eq!(world.order(), [much, strange]);
    world.scheduler.leave(id, world.now);
    let again = Waiting { language: "cobol".to_owned(), ..world.job("", 0) };
    world.add_job(again);
    assert_eq!(world.next(), None);
}

#[test]
fn a_runner_that_is_full_of_other_controllers_jobs_is_tried_with_one() {
    let mut world = World::of(&[("a", 3)]);
    (0..6).for_each(|_| {
        world.add("x", 0);
    });
    let full = Report { active_jobs: 3, ..Report::default() };
    let given: Vec<Assignment> = std::iter::from_fn(|| world.next()).collect();
    assert_eq!(given.len(), 3);
    given.iter().for_each(|next| world.end(next, Ending::Refused));
    for _ in 0..2 {
        world.scheduler.report(given[0].runner, full.clone());
        let tried = world.next().expect("it is tried");
        assert_eq!(world.next(), None, "and with no more");
        world.end(&tried, Ending::Refused);
    }
}

#[test]
fn a_runner_that_offers_something_else_gets_that() {
    let mut world = World::of(&[]);
    let id = world.join(newcomer("a", 1));
    world.scheduler.offer(id, [("python".to_owned(), limits(10.0))].into());
    let c = world.add("", 0);
    assert_eq!(world.next(), None);
    assert_eq!(world.why(c), "no connected runner offers c");
    world.scheduler.offer(id, [("c".to_owned(), limits(10.0))].into());
    assert_eq!(world.next().unwrap().job, c);
}

#[test]
fn an_explanation_names_some_of_many_runners() {
    let mut world = World::of(&[]);
    let job = world.add("", 0);
    assert_eq!(world.why(job), "no runner is connected");
    for index in 0..8 {
        let id = world.join(newcomer(&format!("r{index}"), 1));
        let unavailable = Some("cpu 93 % over max_cpu_percent 85".to_owned());
        world.scheduler.report(id, Report { unavailable, ..Report::default() });
    }
    let why = world.why(job);
    assert!(why.starts_with("runner r0: cpu 93 % over max_cpu_percent 85; runner r1"), "{why}");
    assert!(why.ends_with("; and 3 more"), "{why}");
    world.join(newcomer("free", 1));
    assert_eq!(world.why(job), "it is about to be handed to a runner");
}
