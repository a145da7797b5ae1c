//! Dispatch with stores that fail and controllers that die.

use std::sync::atomic::Ordering;

use protocol::{Attempt, JobState, Verdict};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::*;
use crate::budget::Budget;
use crate::clock;
use crate::elsewhere::Elsewhere;
use crate::roster::Membership;
use crate::store::*;
use crate::testing::{Flaky, memory, registration, telemetry};

/// A controller without doors.
struct Hall {
    store: Arc<Flaky>,
    dispatcher: Dispatcher,
    stop: CancellationToken,
}

impl Hall {
    fn open(inner: Memory) -> Self {
        let store = Arc::new(Flaky::new(inner));
        let backlog = Arc::new(Backlog::default());
        let dispatcher = Dispatcher {
            store: Arc::clone(&store) as Arc<dyn Store>,
            backlog: Arc::clone(&backlog),
            live: Arc::new(Live::new(Budget::new(1 << 20), 1 << 20)),
            roster: Arc::new(Roster::new(backlog)),
        };
        let stop = CancellationToken::new();
        tokio::spawn(dispatcher.clone().run(stop.clone()));
        Self { store, dispatcher, stop }
    }

    fn join(&self, name: &str) -> (Membership, mpsc::Receiver<Claim>) {
        let (membership, claims) =
            self.dispatcher.roster.join(registration(name)).expect("a name of its own");
        membership.telemetry(telemetry());
        (membership, claims)
    }

    async fn submit(&self, job: NewJob) -> JobId {
        let Ok(Enqueued::New(queued)) = self.store.enqueue(job).await else { panic!("no place") };
        let id = queued.id;
        self.dispatcher.backlog.add(queued);
        id
    }

    fn fail(&self, fails: bool) {
        self.store.fails.store(fails, Ordering::SeqCst);
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn given(claims: &mut mpsc::Receiver<Claim>) -> Claim {
    let claim = timeout(Duration::from_secs(60), claims.recv()).await;
    claim.expect("it takes too long").expect("the runner is there")
}

#[tokio::test(start_paused = true)]
async fn while_the_store_fails_jobs_are_kept_and_it_is_left_in_peace() {
    let hall = Hall::open(memory());
    hall.fail(true);
    let (_membership, mut claims) = hall.join("a");
    let id = hall.submit(conformance::job("c", 0)).await;
    sleep(Duration::from_secs(20)).await;
    let tried = hall.store.claims.load(Ordering::SeqCst);
    assert!((2..30).contains(&tried), "{tried} claims in 20 s");
    assert!(claims.try_recv().is_err());
    hall.fail(false);
    assert_eq!(given(&mut claims).await.id, id);
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_runner_left_meanwhile_goes_to_another() {
    let hall = Hall::open(memory());
    let (_left, claims) = hall.join("a");
    drop(claims);
    let id = hall.submit(conformance::job("c", 0)).await;
    sleep(Duration::from_secs(1)).await;
    let (_membership, mut claims) = hall.join("b");
    let claim = given(&mut claims).await;
    assert_eq!((claim.id, claim.attempt), (id, Attempt(2)));
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_controller_leaves_is_adopted_or_answered() {
    let here = memory();
    let there = here.share();
    let mut jobs = Vec::new();
    for (no_wait, stdin_follows) in [(false, false), (true, false), (false, true)] {
        let mut job = conformance::job("c", 0);
        Arc::make_mut(&mut job.spec).no_wait = no_wait;
        job.stdin_follows = stdin_follows;
        jobs.push(job.id);
        there.enqueue(job).await.unwrap();
    }
    let hall = Hall::open(here);
    let (_membership, mut claims) = hall.join("a");
    // Its silence makes it dead.
    assert_eq!(given(&mut claims).await.id, jobs[0]);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(hall.store.get(jobs[1]).await.unwrap(), None, "nobody waits for an answer any more");
    let ended = hall.store.get(jobs[2]).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.verdict), (JobState::Finished, Some(Verdict::InternalError)));
    assert!(ended.message.unwrap().contains("standard input was lost"));
    assert!(claims.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn an_accepted_job_is_adopted_although_it_was_not_to_wait() {
    let here = memory();
    let there = here.share();
    let mut job = conformance::job("c", 0);
    Arc::make_mut(&mut job.spec).no_wait = true;
    let id = job.id;
    there.enqueue(job).await.unwrap();
    let claim = there.claim(id, "gone", LEASE).await.unwrap().unwrap();
    there.release(id, claim.attempt, Release::Lost { reason: "gone".to_owned() }).await.unwrap();
    let hall = Hall::open(here);
    let (_membership, mut claims) = hall.join("a");
    assert_eq!(given(&mut claims).await.attempt, Attempt(2));
}

#[tokio::test(start_paused = true)]
async fn what_came_home_without_a_word_is_found_after_a_failure() {
    let hall = Hall::open(memory());
    let (_membership, mut claims) = hall.join("a");
    let mut hurried = conformance::job("c", 0);
    Arc::make_mut(&mut hurried.spec).no_wait = true;
    let (lost, hurried) = (hall.store.enqueue(conformance::job("c", 0)), hall.store.enqueue(hurried.clone()));
    let (Enqueued::New(lost), Enqueued::New(hurried)) = (lost.await.unwrap(), hurried.await.unwrap()) else {
        panic!("they are new")
    };
    sleep(Duration::from_secs(5)).await;
    assert!(claims.try_recv().is_err(), "nobody knows of them");
    hall.fail(true);
    hall.dispatcher.backlog.doubt();
    sleep(Duration::from_secs(5)).await;
    hall.fail(false);
    assert_eq!(given(&mut claims).await.id, lost.id);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(hall.store.get(hurried.id).await.unwrap(), None, "its client has heard that it failed");
    assert!(claims.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_told_of_twice_stays_where_it_is() {
    let hall = Hall::open(memory());
    let (_membership, mut claims) = hall.join("a");
    let job = conformance::job("c", 0);
    let Ok(Enqueued::New(queued)) = hall.store.enqueue(job).await else { panic!("no place") };
    hall.dispatcher.backlog.doubt();
    assert_eq!(given(&mut claims).await.id, queued.id, "it was found before its own call told of it");
    let (id, backlog) = (queued.id, &hall.dispatcher.backlog);
    backlog.add_new(queued);
    assert!(backlog.with(|scheduler, _| scheduler.holder(id)).is_some(), "its runner has it still");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_two_claims_are_after_stays_with_the_runner_that_got_it() {
    let hall = Hall::open(memory());
    let (_membership, mut claims) = hall.join("a");
    hall.store.claims_take.store(1000, Ordering::SeqCst);
    let Ok(Enqueued::New(queued)) = hall.store.enqueue(conformance::job("c", 0)).await else {
        panic!("no place")
    };
    let (id, backlog) = (queued.id, &hall.dispatcher.backlog);
    backlog.add(queued.clone());
    sleep(Duration::from_millis(500)).await;
    // Late news of what was before: it is claimed again, and that is not to be had.
    backlog.add(queued);
    assert_eq!(given(&mut claims).await.attempt, Attempt(1));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(hall.store.claims.load(Ordering::SeqCst), 2);
    assert!(backlog.with(|scheduler, _| scheduler.holder(id)).is_some(), "its slot is not free");
}

#[tokio::test(start_paused = true)]
async fn a_client_hears_of_a_job_that_was_withdrawn_without_a_word() {
    let hall = Hall::open(memory());
    let mut job = conformance::job("c", 0);
    Arc::make_mut(&mut job.spec).no_wait = true;
    let id = job.id;
    let watcher = hall.dispatcher.live.open(id, None, true);
    let _undecided = hall.dispatcher.live.undecided(id);
    let Ok(Enqueued::New(queued)) = hall.store.enqueue(job).await else { panic!("no place") };
    assert!(hall.store.withdraw(id).await.unwrap());
    hall.dispatcher.backlog.add(queued);
    let refusal = timeout(LEASE, watcher.begun()).await.expect("it is told").unwrap_err();
    assert_eq!(refusal.kind, ProblemKind::NoRunnerFree);
}

#[tokio::test(start_paused = true)]
async fn a_client_hears_of_a_withdrawn_job_although_its_runner_left_and_its_claim_failed() {
    let hall = Hall::open(memory());
    let Dispatcher { store, live, backlog, .. } = hall.dispatcher.clone();
    tokio::spawn(Elsewhere { store, live: Arc::clone(&live) }.listen(hall.stop.clone()));
    let (membership, _claims) = hall.join("a");
    hall.store.claims_take.store(1000, Ordering::SeqCst);
    let mut job = conformance::job("c", 0);
    Arc::make_mut(&mut job.spec).no_wait = true;
    let id = job.id;
    let watcher = live.open(id, None, true);
    let _undecided = live.undecided(id);
    let Ok(Enqueued::New(queued)) = hall.store.enqueue(job).await else { panic!("no place") };
    assert!(hall.store.withdraw(id).await.unwrap());
    backlog.add(queued);
    sleep(Duration::from_millis(500)).await;
    drop(membership);
    hall.fail(true);
    sleep(Duration::from_secs(1)).await;
    hall.fail(false);
    let refusal = timeout(LEASE, watcher.begun()).await.expect("it is told").unwrap_err();
    assert_eq!(refusal.kind, ProblemKind::NoRunnerFree);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_was_not_to_wait_is_not_withdrawn_once_a_runner_may_have_begun_with_it() {
    clock::simulate();
    let lost = Release::Lost { reason: "its runner died".to_owned() };
    for (release, after) in [(lost, Duration::ZERO), (Release::Refused, REFUSING)] {
        let hall = Hall::open(memory());
        let mut job = conformance::job("c", 0);
        Arc::make_mut(&mut job.spec).no_wait = true;
        let id = job.id;
        let watcher = hall.dispatcher.live.open(id, None, true);
        let _undecided = hall.dispatcher.live.undecided(id);
        hall.store.enqueue(job).await.unwrap();
        let claim = hall.store.claim(id, "a", LEASE).await.unwrap().unwrap();
        sleep(after).await;
        let released = hall.store.release(id, claim.attempt, release).await.unwrap();
        ending::announce(&hall.dispatcher.live, &hall.dispatcher.backlog, id, released);
        timeout(LEASE, watcher.begun()).await.expect("it is told").expect("it is accepted");
        assert_eq!(hall.store.get(id).await.unwrap().unwrap().state, JobState::Queued);
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_store_was_away_leases_can_be_renewed_before_they_are_ended() {
    let hall = Hall::open(memory());
    let (_membership, mut claims) = hall.join("a");
    let id = hall.submit(conformance::job("c", 0)).await;
    let first = given(&mut claims).await.attempt;
    hall.fail(true);
    sleep(LEASE * 2).await;
    hall.fail(false);
    sleep(LEASE / 3).await;
    assert_eq!(hall.store.renew(&[(id, first)], LEASE).await.unwrap().gone, []);
    assert_eq!(given(&mut claims).await.attempt, first.next(), "it is ended where nobody renews it");
}
