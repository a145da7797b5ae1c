//! Jobs that come into the queue, and go.

use super::*;

#[test]
fn jobs_start_by_priority_and_then_in_order() {
    let mut world = World::of(&[("a", 1)]);
    let jobs = [("x", 0), ("x", 0), ("x", 5), ("x", -5)].map(|(share, priority)| world.add(share, priority));
    let positions = jobs.map(|job| world.scheduler.position(job).unwrap());
    assert_eq!(positions, [1, 2, 0, 3]);
    assert_eq!(world.order(), [jobs[2], jobs[0], jobs[1], jobs[3]]);
}

#[test]
fn a_job_that_comes_back_keeps_its_place() {
    let mut world = World::of(&[("a", 1)]);
    let first = world.job("x", 0);
    let second = world.job("x", 0);
    world.add_job(second.clone());
    let next = world.next().unwrap();
    world.add_job(first.clone());
    world.add("x", 0);
    world.end(&next, Ending::Refused);
    world.scheduler.report(next.runner, Report::default());
    world.add_job(second.clone());
    assert_eq!(world.scheduler.position(second.id), Some(1));
    assert_eq!(world.order()[..2], [first.id, second.id]);
}

#[test]
fn a_claim_that_came_to_nothing_puts_the_job_back() {
    let mut world = World::of(&[("a", 1)]);
    let jobs = [0, 1].map(|_| world.add("x", 0));
    let next = world.next().unwrap();
    assert!(!world.scheduler.waits(next.job));
    world.scheduler.put_back(next.runner, next.job);
    assert!(world.scheduler.waits(next.job));
    assert_eq!(world.scheduler.assigned(next.runner), 0);
    assert_eq!(world.order(), jobs);
}

#[test]
fn of_two_claims_one_is_had_and_the_other_takes_nothing_away() {
    let mut world = World::of(&[("a", 1)]);
    let job = world.job("x", 0);
    world.add_job(job.clone());
    let next = world.next().unwrap();
    world.add_job(job.clone());
    let again = world.next().unwrap();
    assert_eq!(again, next, "its slot was free again");
    assert!(world.scheduler.hand(next.runner, next.job));
    assert!(!world.scheduler.hand(again.runner, again.job));
    world.scheduler.forgo(again.runner, again.job);
    world.scheduler.put_back(again.runner, again.job);
    assert_eq!(world.scheduler.holder(job.id), Some(next.runner));
    assert_eq!(world.scheduler.assigned(next.runner), 1);
    world.end(&next, Ending::Finished);
    assert!(!world.scheduler.knows(job.id));
}

#[test]
fn a_claim_that_was_not_to_be_had_frees_the_slot() {
    let mut world = World::of(&[("a", 1)]);
    let gone = world.add("x", 0);
    let next = world.next().unwrap();
    world.scheduler.forgo(next.runner, next.job);
    assert!(!world.scheduler.knows(gone));
    let other = world.add("x", 0);
    assert_eq!(world.next().unwrap().job, other);
}

#[test]
fn jobs_can_go_from_anywhere_in_the_queue() {
    let mut world = World::of(&[("a", 1)]);
    let jobs: Vec<JobId> = (0..100).map(|_| world.add("x", 0)).collect();
    for gone in jobs.iter().skip(10).take(80) {
        world.scheduler.remove(*gone);
    }
    world.scheduler.remove(jobs[0]);
    let left: Vec<JobId> = jobs[1..10].iter().chain(&jobs[90..]).copied().collect();
    assert_eq!(world.order(), left);
    assert_eq!(world.scheduler.jobs.len(), 0);
    assert!(!world.scheduler.is_eager() && world.scheduler.crowd.is_empty());
}

#[test]
fn those_who_do_not_want_to_wait_are_told_once() {
    let mut world = World::of(&[("a", 1)]);
    let hurried = Waiting { no_wait: true, ..world.job("x", 0) };
    let placed = world.add_job(hurried);
    assert_eq!(world.next().unwrap().job, placed);
    assert_eq!(world.scheduler.take_hurried(), []);
    let hurried = Waiting { no_wait: true, ..world.job("x", 0) };
    let full = world.add_job(hurried);
    assert_eq!(world.next(), None);
    assert_eq!((world.scheduler.take_hurried(), world.scheduler.take_hurried()), (vec![full], vec![]));
}

#[test]
fn when_time_passes_a_low_priority_counts_as_a_higher_one() {
    let mut world = World::of(&[("a", 1)]);
    let old = world.add("x", 0);
    world.pass(Duration::from_secs(60 * 3 - 1));
    let (high, higher) = (world.add("x", 3), world.add("x", 4));
    world.pass(Duration::from_secs(2));
    let late = world.add("x", 3);
    assert_eq!(world.order(), [higher, high, old, late]);

    let mut world = World::new(Rules { aging: None, ..Rules::default() });
    world.join(newcomer("a", 1));
    let old = world.add("x", 0);
    world.pass(Duration::from_secs(1_000_000));
    let high = world.add("x", 1);
    assert_eq!(world.order(), [high, old]);
}

#[test]
fn a_steady_stream_of_urgent_jobs_starves_nobody() {
    let mut world = World::of(&[("a", 1)]);
    let patient = world.add("x", -1);
    let waited = (0..1000).find(|_| {
        world.add("y", 1);
        let next = world.next().unwrap();
        world.end(&next, Ending::Finished);
        world.pass(Duration::from_secs(1));
        next.job == patient
    });
    assert!(waited.is_some_and(|seconds| seconds <= 2 * 60 + 1), "{waited:?}");
}
