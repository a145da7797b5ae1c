//! Dispatch with stores that fail and controllers that die.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use protocol::client::JobQuery;
use protocol::cluster::Sample;
use protocol::runner::{LanguageOffer, Registration, Telemetry};
use protocol::{Attempt, Job, JobAttempt, JobPage, JobSpec, JobState, Limits, RunnerId, Timestamp, Verdict};
use tokio::sync::{broadcast, mpsc};
use tokio::time::{sleep, timeout};

use super::*;
use crate::budget::Budget;
use crate::roster::Membership;
use crate::store::*;

/// A memory store that fails while it is told to.
struct Flaky {
    inner: Memory,
    fails: AtomicBool,
    claims: AtomicUsize,
}

impl Flaky {
    fn check(&self) -> Result<(), StoreError> {
        // Which error it is does not matter here.
        if self.fails.load(Ordering::SeqCst) { Err(StoreError::Cursor) } else { Ok(()) }
    }
}

#[async_trait]
impl Records for Flaky {
    async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, StoreError> {
        self.inner.document(kind, key).await
    }
    async fn documents(
        &self,
        kind: &str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        self.inner.documents(kind, prefix, after, limit).await
    }
    async fn put_document(
        &self,
        kind: &str,
        key: &str,
        new: NewDocument,
        expected: Option<Version>,
    ) -> Result<Option<Version>, StoreError> {
        self.inner.put_document(kind, key, new, expected).await
    }
    async fn remove_document(&self, kind: &str, key: &str) -> Result<bool, StoreError> {
        self.inner.remove_document(kind, key).await
    }
    async fn forget_expired(&self) -> Result<(), StoreError> {
        self.inner.forget_expired().await
    }
}

#[async_trait]
impl Store for Flaky {
    fn is_durable(&self) -> bool {
        self.inner.is_durable()
    }
    fn changes(&self) -> broadcast::Receiver<Change> {
        self.inner.changes()
    }
    async fn heartbeat(&self) -> Result<(), StoreError> {
        self.check()?;
        self.inner.heartbeat().await
    }
    async fn enqueue(&self, job: NewJob) -> Result<Enqueued, EnqueueError> {
        self.inner.enqueue(job).await
    }
    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.inner.get(id).await
    }
    async fn spec(&self, id: JobId) -> Result<Option<Arc<JobSpec>>, StoreError> {
        self.inner.spec(id).await
    }
    async fn attempts(&self, id: JobId) -> Result<Vec<JobAttempt>, StoreError> {
        self.check()?;
        self.inner.attempts(id).await
    }
    async fn list(&self, query: &JobQuery) -> Result<JobPage, StoreError> {
        self.inner.list(query).await
    }
    async fn adopt(&self, limit: usize) -> Result<Vec<Queued>, StoreError> {
        self.check()?;
        self.inner.adopt(limit).await
    }
    async fn at_home(&self, after: u64, limit: usize) -> Result<Vec<Queued>, StoreError> {
        self.check()?;
        self.inner.at_home(after, limit).await
    }
    async fn disown(&self) -> Result<(), StoreError> {
        self.inner.disown().await
    }
    async fn claim(&self, id: JobId, runner: &str, lease: Duration) -> Result<Option<Claim>, StoreError> {
        self.claims.fetch_add(1, Ordering::SeqCst);
        self.check()?;
        self.inner.claim(id, runner, lease).await
    }
    async fn take_over(
        &self,
        id: JobId,
        attempt: Attempt,
        runner: &str,
        lease: Duration,
    ) -> Result<TakenOver, StoreError> {
        self.inner.take_over(id, attempt, runner, lease).await
    }
    async fn renew(&self, attempts: &[(JobId, Attempt)], lease: Duration) -> Result<Renewed, StoreError> {
        self.inner.renew(attempts, lease).await
    }
    async fn finish(&self, id: JobId, attempt: Attempt, outcome: Outcome) -> Result<Recorded, StoreError> {
        self.check()?;
        self.inner.finish(id, attempt, outcome).await
    }
    async fn release(&self, id: JobId, attempt: Attempt, release: Release) -> Result<Released, StoreError> {
        self.check()?;
        self.inner.release(id, attempt, release).await
    }
    async fn cancel(&self, id: JobId, message: &str) -> Result<Cancelled, StoreError> {
        self.inner.cancel(id, message).await
    }
    async fn withdraw(&self, id: JobId) -> Result<bool, StoreError> {
        self.check()?;
        self.inner.withdraw(id).await
    }
    async fn expire(&self) -> Result<Vec<Expired>, StoreError> {
        self.check()?;
        self.inner.expire().await
    }
    async fn counts(&self) -> Result<Counts, StoreError> {
        self.inner.counts().await
    }
    async fn retain(&self, keep: &Retention) -> Result<u64, StoreError> {
        self.inner.retain(keep).await
    }
    async fn remember_runner(&self, registration: &Registration) -> Result<(), StoreError> {
        self.inner.remember_runner(registration).await
    }
    async fn forget_runner(&self, name: &str) -> Result<bool, StoreError> {
        self.inner.forget_runner(name).await
    }
    async fn runners(&self) -> Result<Vec<KnownRunner>, StoreError> {
        self.inner.runners().await
    }
    async fn record_samples(&self, samples: &[Sample], keep: Duration) -> Result<(), StoreError> {
        self.inner.record_samples(samples, keep).await
    }
    async fn samples(&self, runner: Option<&str>, since: Timestamp) -> Result<Vec<Sample>, StoreError> {
        self.inner.samples(runner, since).await
    }
    async fn close(&self) {
        self.inner.close().await
    }
}

/// A controller without doors.
struct Hall {
    store: Arc<Flaky>,
    dispatcher: Dispatcher,
    stop: CancellationToken,
}

impl Hall {
    fn open(inner: Memory) -> Self {
        let store = Arc::new(Flaky { inner, fails: AtomicBool::new(false), claims: AtomicUsize::new(0) });
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

fn memory() -> Memory {
    Memory::new(MemoryLimits {
        max_queue: 100,
        max_queue_bytes: 1 << 20,
        keep_finished: 100,
        keep_bytes: 1 << 20,
    })
}

fn registration(name: &str) -> Registration {
    let limits = Limits {
        cpu_seconds: 10.0,
        wall_seconds: 20.0,
        memory_bytes: 1 << 28,
        processes: 64,
        output_bytes: 1 << 20,
        disk_bytes: 1 << 20,
    };
    let offer = LanguageOffer {
        id: "c".to_owned(),
        name: "C".to_owned(),
        aliases: Vec::new(),
        extensions: Vec::new(),
        version: None,
        default_limits: limits,
        maximum_limits: limits,
    };
    Registration {
        id: RunnerId::random(),
        name: name.to_owned(),
        version: "1".to_owned(),
        languages: vec![offer],
        max_jobs: 2,
        cpus: 1,
        memory_bytes: 1 << 30,
        selftest: None,
        labels: Default::default(),
        held: Vec::new(),
    }
}

fn telemetry() -> Telemetry {
    Telemetry {
        cpu_percent: 0.0,
        memory_percent: 0.0,
        load: 0.0,
        active_jobs: 0,
        active_containers: 0,
        warm: Default::default(),
        unavailable: None,
        draining: false,
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
