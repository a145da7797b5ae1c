//! What runners are to take by their cluster's word.

use super::*;

fn paused() -> Allowance {
    Allowance { paused: Some("paused by ada".to_owned()), ..Allowance::default() }
}

fn at_most(max_jobs: u32) -> Allowance {
    Allowance { max_jobs: Some(max_jobs), ..Allowance::default() }
}

/// A world with a runner of so many slots, which may take this much, and as many jobs that wait and one more.
fn world(slots: u32, allowance: Allowance) -> (World, RunnerId) {
    let mut world = World::of(&[]);
    let runner = world.join(newcomer("a", slots));
    world.scheduler.allow(runner, allowance);
    (0..=slots).for_each(|_| {
        world.add("", 0);
    });
    (world, runner)
}

fn given(world: &mut World) -> Vec<Assignment> {
    std::iter::from_fn(|| world.next()).collect()
}

#[test]
fn a_paused_runner_is_given_nothing_and_keeps_what_it_has() {
    let (mut world, runner) = world(2, Allowance::default());
    let first = world.next().unwrap();
    world.scheduler.allow(runner, paused());
    assert_eq!(world.next(), None);
    assert_eq!(world.scheduler.assigned(runner), 1);
    let waiting = world.add("", 0);
    assert_eq!(world.why(waiting), "runner a: paused by ada");
    assert_eq!(world.scheduler.unavailable(runner, world.now).as_deref(), Some("paused by ada"));
    world.end(&first, Ending::Finished);
    world.scheduler.report(runner, Report::default());
    assert_eq!(world.next(), None, "neither an end nor a report makes it take something");
    world.scheduler.allow(runner, Allowance::default());
    assert_eq!(given(&mut world).len(), 2, "what waited is given at once");
}

#[test]
fn a_runner_is_paused_from_the_moment_it_joins() {
    let mut world = World::of(&[]);
    world.add("", 0);
    let new = newcomer("a", 1);
    world.scheduler.join(new.clone(), world.now);
    world.scheduler.allow(new.id, paused());
    world.scheduler.report(new.id, Report::default());
    assert_eq!(world.next(), None);
}

#[test]
fn a_runner_is_given_no_more_than_either_says() {
    for (own, set, most) in [(3, 1, 1), (3, 3, 3), (3, 100, 3), (1, 2, 1)] {
        let (mut world, runner) = world(own, at_most(set));
        assert_eq!(given(&mut world).len(), most, "{own} {set}");
        world.scheduler.report(runner, Report::default());
        assert_eq!(given(&mut world).len(), 0, "{own} {set}");
    }
}

#[test]
fn less_is_heeded_once_jobs_end_and_more_at_once() {
    let (mut world, runner) = world(3, Allowance::default());
    let running = given(&mut world);
    assert_eq!(running.len(), 3);
    world.scheduler.allow(runner, at_most(2));
    world.end(&running[0], Ending::Finished);
    assert_eq!(world.next(), None, "it still has two");
    let waiting = world.add("", 0);
    assert_eq!(world.why(waiting), "runner a: 2 of 2 slots busy");
    world.scheduler.allow(runner, at_most(3));
    assert_eq!(given(&mut world).len(), 1);
}

#[test]
fn a_busy_host_is_left_alone_until_its_next_report() {
    let allowance =
        Allowance { max_cpu_percent: Some(80), max_memory_percent: Some(60), ..Allowance::default() };
    let (mut world, runner) = world(2, allowance);
    let waiting = world.add("", 0);
    let report = |world: &mut World, cpu_percent, memory_percent| {
        let report = Report { cpu_percent, memory_percent, ..Report::default() };
        world.scheduler.report(runner, report);
    };
    report(&mut world, 93.4, 10.0);
    assert_eq!(world.next(), None);
    assert_eq!(world.why(waiting), "runner a: cpu 93 % over max_cpu_percent 80");
    report(&mut world, 10.0, 61.0);
    assert_eq!(world.next(), None);
    assert_eq!(world.why(waiting), "runner a: memory 61 % over max_memory_percent 60");
    report(&mut world, 80.0, 60.0);
    assert!(world.next().is_some(), "as much as it may");
}
