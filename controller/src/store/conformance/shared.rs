//! What a store must do that several controllers share: jobs at home with one of them, and handed on.

use super::*;

pub(crate) async fn run_shared<S: Store, F: Future<Output = (S, S)>>(empty: impl Fn() -> F) {
    let (here, there) = empty().await;
    a_job_is_dispatched_from_its_home_alone(&here, &there).await;
    let (here, there) = empty().await;
    what_a_controller_leaves_behind_is_adopted(&here, &there).await;
    let (here, there) = empty().await;
    the_jobs_of_a_dead_controller_are_adopted(&here, &there).await;
    let (here, there) = empty().await;
    an_attempt_is_taken_over_with_its_runner(&here, &there).await;
    let (here, there) = empty().await;
    an_orphaned_lease_is_anybodys_to_end(&here, &there).await;
    let (here, there) = empty().await;
    two_controllers_cannot_both_win(&here, &there).await;
    let (here, there) = empty().await;
    only_ones_own_jobs_are_at_home(&here, &there).await;
    let (here, there) = empty().await;
    records::one_of_many_writers_wins(&here, &there).await;
}

async fn a_job_is_dispatched_from_its_home_alone(here: &impl Store, there: &impl Store) {
    let id = enqueue(here, "c").await;
    assert!(there.claim(id, "a", LEASE).await.unwrap().is_none());
    assert_eq!(there.adopt(10).await.unwrap(), []);
    assert!(there.get(id).await.unwrap().is_some());
    let attempt = claim(here, id).await;
    // Released by another controller it waits there.
    assert!(matches!(there.release(id, attempt, Release::Refused).await.unwrap(), Released::Requeued(_)));
    assert!(here.claim(id, "a", LEASE).await.unwrap().is_none());
    assert!(there.claim(id, "a", LEASE).await.unwrap().is_some());
}

async fn only_ones_own_jobs_are_at_home(here: &impl Store, there: &impl Store) {
    let ours = enqueue_new(here, job("c", 0)).await;
    let theirs = enqueue_new(there, job("c", 0)).await;
    assert_eq!(here.at_home(0, 10).await.unwrap(), std::slice::from_ref(&ours));
    assert_eq!(there.at_home(0, 10).await.unwrap(), std::slice::from_ref(&theirs));
    let attempt = claim(here, ours.id).await;
    there.release(ours.id, attempt, Release::Refused).await.unwrap();
    assert_eq!(here.at_home(0, 10).await.unwrap(), []);
    assert_eq!(there.at_home(0, 10).await.unwrap(), [ours.clone(), theirs.clone()]);
    there.disown().await.unwrap();
    assert_eq!(there.at_home(0, 10).await.unwrap(), []);
    assert_eq!(here.adopt(10).await.unwrap(), [ours.clone(), theirs.clone()]);
    assert_eq!(here.at_home(0, 10).await.unwrap(), [ours, theirs]);
}

async fn what_a_controller_leaves_behind_is_adopted(here: &impl Store, there: &impl Store) {
    let mut expected = Vec::new();
    for _ in 0..3 {
        expected.push(enqueue_new(here, job("c", 0)).await);
    }
    here.disown().await.unwrap();
    assert_eq!(there.adopt(2).await.unwrap(), expected[..2]);
    assert_eq!(there.adopt(2).await.unwrap(), expected[2..]);
    assert!(here.claim(expected[0].id, "a", LEASE).await.unwrap().is_none());
    assert!(there.claim(expected[0].id, "a", LEASE).await.unwrap().is_some());
}

async fn the_jobs_of_a_dead_controller_are_adopted(here: &impl Store, there: &impl Store) {
    let waiting = enqueue(here, "c").await;
    let running = enqueue(here, "c").await;
    let attempt = here.claim(running, "a", Duration::ZERO).await.unwrap().unwrap().attempt;
    let adopted = timeout(HOME_TIMEOUT * 2, async {
        loop {
            there.heartbeat().await.unwrap();
            let adopted = there.adopt(10).await.unwrap();
            if !adopted.is_empty() {
                return adopted;
            }
            sleep(SOON).await;
        }
    });
    let adopted: Vec<JobId> = adopted.await.unwrap().iter().map(|queued| queued.id).collect();
    assert_eq!(adopted, [waiting]);
    let expired = there.expire().await.unwrap();
    assert_eq!((expired[0].id, expired[0].attempt), (running, attempt));
    assert!(there.claim(running, "b", LEASE).await.unwrap().is_some(), "it waits where it was found");
}

async fn an_attempt_is_taken_over_with_its_runner(here: &impl Store, there: &impl Store) {
    let id = enqueue(here, "c").await;
    let attempt = claim(here, id).await;
    assert!(matches!(there.take_over(id, attempt, "a", LEASE).await.unwrap(), TakenOver::Resumed(_)));
    assert_eq!(here.renew(&[(id, attempt)], Duration::ZERO).await.unwrap().gone, [(id, attempt)]);
    assert_eq!(there.renew(&[(id, attempt)], LEASE).await.unwrap().gone, []);
    assert!(matches!(there.finish(id, attempt, outcome(Verdict::Ok)).await.unwrap(), Recorded::Now(_)));
    assert_eq!(here.finish(id, attempt, outcome(Verdict::Ok)).await.unwrap(), Recorded::Before);
}

async fn an_orphaned_lease_is_anybodys_to_end(here: &impl Store, there: &impl Store) {
    let id = enqueue(here, "c").await;
    here.claim(id, "a", Duration::ZERO).await.unwrap().unwrap();
    assert_eq!(there.expire().await.unwrap(), [], "its home comes first");
    let ended = timeout(ORPHANED * 2, async {
        while there.expire().await.unwrap().is_empty() {
            here.heartbeat().await.unwrap();
            sleep(SOON).await;
        }
    });
    ended.await.unwrap();
    assert_eq!(here.expire().await.unwrap(), []);
}

async fn two_controllers_cannot_both_win(here: &impl Store, there: &impl Store) {
    let id = enqueue(here, "c").await;
    let attempt = claim(here, id).await;
    let (one, other) = tokio::join!(
        here.finish(id, attempt, outcome(Verdict::Ok)),
        there.finish(id, attempt, outcome(Verdict::WrongAnswer))
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    let won = [&one, &other].into_iter().filter(|recorded| matches!(recorded, Recorded::Now(_))).count();
    assert_eq!(won, 1, "{one:?} {other:?}");
    let recorded = [one, other].into_iter().find_map(|recorded| match recorded {
        Recorded::Now(job) => job.verdict,
        _ => None,
    });
    assert_eq!(here.get(id).await.unwrap().unwrap().verdict, recorded);
}
