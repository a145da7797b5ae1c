//! Runners that lose jobs, and jobs that kill runners.

use super::super::runners::Trust;
use super::*;

/// Loses a job on this runner and lets another finish it.
fn lose_and_finish_elsewhere(world: &mut World, bad: RunnerId) {
    let job = world.job("x", 0);
    loop {
        world.add_job(job.clone());
        let next = world.next().expect("somebody takes it");
        match next.runner == bad {
            true => {
                world.end(&next, Ending::Lost);
                world.add_job(job);
                let next = world.next().expect("another takes it");
                assert_ne!(next.runner, bad, "it prefers another");
                world.end(&next, Ending::Finished);
                return;
            }
            false => world.end(&next, Ending::Void),
        }
    }
}

fn trust(world: &World, name: &str) -> Trust {
    world.scheduler.health.trust(name)
}

fn fleet(count: usize) -> (World, Vec<RunnerId>) {
    let mut world = World::new(Rules::default());
    let ids = (0..count).map(|index| world.join(newcomer(&format!("r{index}"), 4))).collect();
    (world, ids)
}

#[test]
fn a_runner_that_loses_what_others_finish_is_put_aside_and_tried_again() {
    let (mut world, ids) = fleet(4);
    (0..3).for_each(|_| lose_and_finish_elsewhere(&mut world, ids[0]));
    assert!(matches!(trust(&world, "r0"), Trust::Aside(_)));
    let reason = world.scheduler.unavailable(ids[0], world.now).unwrap();
    assert!(reason.contains("put aside for 31 s") || reason.contains("put aside for 30 s"), "{reason}");
    for _ in 0..30 {
        world.add("x", 0);
    }
    let mut given = Vec::new();
    while let Some(next) = world.next() {
        given.push(next);
    }
    assert!(given.len() == 12 && given.iter().all(|next| next.runner != ids[0]));

    world.pass(Duration::from_secs(31));
    let probe = world.next().unwrap();
    assert_eq!((probe.runner, world.next()), (ids[0], None), "it gets one job");
    world.end(&probe, Ending::Finished);
    assert_eq!(trust(&world, "r0"), Trust::Full);
    assert!((0..4).all(|_| world.next().is_some_and(|next| next.runner == ids[0])));
}

#[test]
fn the_time_aside_grows_and_outlives_a_connection() {
    let (mut world, ids) = fleet(4);
    (0..3).for_each(|_| lose_and_finish_elsewhere(&mut world, ids[0]));
    world.pass(Duration::from_secs(31));
    world.scheduler.leave(ids[0], world.now);
    let back = world.join(newcomer("r0", 4));
    ids[1..].iter().for_each(|id| world.scheduler.leave(*id, world.now));
    for index in 1..4 {
        world.join(newcomer(&format!("r{index}"), 4));
    }
    let until = |world: &World| match trust(world, "r0") {
        Trust::Aside(until) => Some((until - world.now.as_millisecond()) / 1000),
        _ => None,
    };
    let mut terms = Vec::new();
    for _ in 0..6 {
        let job = world.job("x", 0);
        loop {
            world.add_job(job.clone());
            let next = world.next().unwrap();
            world.end(&next, if next.runner == back { Ending::Lost } else { Ending::Void });
            if next.runner == back {
                break;
            }
        }
        let term = until(&world).unwrap();
        terms.push(term);
        world.pass(Duration::from_secs(u64::try_from(term).unwrap() + 1));
    }
    assert_eq!(terms, [60, 120, 240, 480, 600, 600]);
}

#[test]
fn a_job_that_kills_its_runners_puts_nobody_aside() {
    let (mut world, _) = fleet(4);
    for round in 0..20 {
        let killer = world.job("evil", 0);
        let bystander = world.job("good", 0);
        for _ in 0..3 {
            world.add_job(killer.clone());
            let next = world.next().unwrap();
            // Whatever else runs there is lost with it.
            world.scheduler.resume(next.runner, bystander.id, "c", "good");
            world.scheduler.leave(next.runner, world.now);
            world.add_job(bystander.clone());
            let other = world.next().unwrap();
            world.end(&other, Ending::Finished);
            let name = next.name.to_string();
            world.join(newcomer(&name, 4));
        }
        world.pass(Duration::from_secs(10));
        let aside = (0..4).filter(|index| trust(&world, &format!("r{index}")) != Trust::Full).count();
        assert!(aside <= 1, "round {round}: {aside}");
    }
}

#[test]
fn the_only_runner_is_never_put_aside() {
    let mut world = World::of(&[("a", 1)]);
    for _ in 0..50 {
        world.add("x", 0);
        let next = world.next().unwrap();
        world.end(&next, Ending::Lost);
    }
    assert_eq!(trust(&world, "a"), Trust::Full);
}

#[test]
fn a_lost_job_takes_the_same_runner_after_a_while() {
    let (mut world, ids) = fleet(2);
    let busy = Report { unavailable: Some("busy".to_owned()), ..Report::default() };
    world.scheduler.report(ids[1], busy);
    let job = world.job("x", 0);
    world.add_job(job.clone());
    let next = world.next().unwrap();
    world.end(&next, Ending::Lost);
    world.add_job(job);
    assert_eq!(world.next(), None);
    assert!(world.why(next.job).contains("r0: lost this job a moment ago"), "{}", world.why(next.job));
    world.pass(Duration::from_secs(6));
    assert_eq!(world.next().unwrap().runner, ids[0]);
}

#[test]
fn a_runner_that_fails_now_and_then_stays() {
    let (mut world, ids) = fleet(4);
    for _ in 0..20 {
        lose_and_finish_elsewhere(&mut world, ids[0]);
        for _ in 0..16 {
            world.add("x", 0);
        }
        let mut given = Vec::new();
        while let Some(next) = world.next() {
            given.push(next);
        }
        given.iter().for_each(|next| world.end(next, Ending::Finished));
        assert_eq!(trust(&world, "r0"), Trust::Full);
    }
}
