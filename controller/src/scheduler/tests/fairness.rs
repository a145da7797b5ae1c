//! Shares.

use super::*;

/// The shares of jobs in the order in which they start.
fn order_of_shares(world: &mut World, jobs: &[(JobId, &'static str)]) -> Vec<&'static str> {
    let share = |id: JobId| jobs.iter().find(|(job, _)| *job == id).expect("one of them").1;
    world.order().into_iter().map(share).collect()
}

#[test]
fn a_share_with_many_jobs_does_not_hold_up_anothers_first() {
    let mut world = World::of(&[("a", 1)]);
    for _ in 0..10_000 {
        world.add("many", 0);
    }
    for _ in 0..50 {
        let next = world.next().unwrap();
        world.end(&next, Ending::Finished);
    }
    let (one, two) = (world.add("one", 0), world.add("two", 0));
    assert!(world.scheduler.position(one).unwrap() <= 2);
    let next: Vec<JobId> = (0..4)
        .map(|_| {
            let next = world.next().unwrap();
            world.end(&next, Ending::Finished);
            next.job
        })
        .collect();
    assert!(next.contains(&one) && next.contains(&two), "within one round");
}

#[test]
fn shares_take_turns_whatever_their_languages() {
    let mut world = World::of(&[("a", 1)]);
    let mut jobs = Vec::new();
    for index in 0..9 {
        let language = LANGUAGES[index % 3].to_owned();
        let job = Waiting { language, ..world.job("x", 0) };
        jobs.push((world.add_job(job), "x"));
    }
    for _ in 0..3 {
        jobs.push((world.add("y", 0), "y"));
    }
    assert_eq!(order_of_shares(&mut world, &jobs)[..6], ["x", "y", "x", "y", "x", "y"]);
}

#[test]
fn jobs_that_ask_for_more_cost_more() {
    let mut world = World::of(&[("a", 1)]);
    let mut jobs = Vec::new();
    for _ in 0..8 {
        let large = Waiting { limits: asking(8.0), ..world.job("large", 0) };
        jobs.push((world.add_job(large), "large"));
        let small = Waiting { limits: asking(2.0), ..world.job("small", 0) };
        jobs.push((world.add_job(small), "small"));
    }
    let order = order_of_shares(&mut world, &jobs);
    let large = order[..10].iter().filter(|share| **share == "large").count();
    assert_eq!(large, 2, "{order:?}");
}

#[test]
fn who_did_not_use_his_turn_does_not_save_it_up() {
    let mut world = World::of(&[("a", 1)]);
    let idle = Waiting { language: "cobol".to_owned(), ..world.job("idle", 0) };
    world.add_job(idle);
    let mut jobs: Vec<_> = (0..40).map(|_| (world.add("busy", 0), "busy")).collect();
    for _ in 0..20 {
        let next = world.next().unwrap();
        world.end(&next, Ending::Finished);
    }
    jobs.extend((0..10).map(|_| (world.add("idle", 0), "idle")));
    let order = order_of_shares(&mut world, &jobs);
    let first = order[..6].iter().filter(|share| **share == "idle").count();
    assert!((3..=4).contains(&first), "{order:?}");
}

#[test]
fn submitting_one_job_at_a_time_wins_nothing() {
    let mut world = World::of(&[("a", 1)]);
    for _ in 0..50 {
        world.add("many", 0);
    }
    let mut single = world.add("single", 0);
    let mut started = 0;
    for _ in 0..40 {
        let next = world.next().unwrap();
        world.end(&next, Ending::Finished);
        if next.job == single {
            started += 1;
            single = world.add("single", 0);
        }
    }
    assert!((19..=21).contains(&started), "{started}");
}

#[test]
fn a_share_that_runs_as_much_as_it_may_is_passed_over() {
    let mut world = World::new(Rules { max_running_per_share: Some(2), ..Rules::default() });
    world.join(newcomer("a", 10));
    let jobs: Vec<JobId> = (0..5).map(|_| world.add("x", 9)).collect();
    let running = [world.next().unwrap(), world.next().unwrap()];
    assert_eq!(world.next(), None);
    assert!(world.why(jobs[2]).ends_with("max_running_per_user is 2"), "{}", world.why(jobs[2]));
    let other = world.add("y", 0);
    assert_eq!(world.next().unwrap().job, other);
    world.scheduler.remove(jobs[2]);
    world.end(&running[0], Ending::Finished);
    assert_eq!(world.next().unwrap().job, jobs[3]);
    assert_eq!(world.next(), None);
}

#[test]
fn shares_are_forgotten_when_they_owe_nothing() {
    let mut world = World::of(&[("a", 1)]);
    for round in 0..100 {
        world.add(&format!("share {round}"), 0);
        world.order();
    }
    world.add("last", 0);
    world.order();
    assert!(world.scheduler.shares.len() <= 1, "{}", world.scheduler.shares.len());
}
