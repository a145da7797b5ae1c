//! Jobs that are submitted twice, or whose store does not answer.

use std::sync::atomic::Ordering;

use protocol::event::JobEvent;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::*;
use crate::callbacks;
use crate::dispatch::{Dispatcher, LEASE};
use crate::store::{Claim, Memory, Records as _, Release, conformance};
use crate::testing::{Flaky, memory, no_callbacks, registration, telemetry};

/// A controller without runners, beside another one that has taken in a job that is not to wait.
struct Hall {
    jobs: Jobs,
    flaky: Arc<Flaky>,
    there: Memory,
    claim: Claim,
    stop: CancellationToken,
}

impl Hall {
    /// A runner of the other controller has the job.
    async fn open() -> Self {
        let here = memory();
        let there = here.share();
        there.heartbeat().await.unwrap();
        let mut job = conformance::job("c", 0);
        job.spec = Arc::new(spec());
        let id = job.id;
        there.enqueue(job).await.unwrap();
        let claim = there.claim(id, "a", LEASE).await.unwrap().unwrap();
        let flaky = Arc::new(Flaky::new(here));
        let store = Arc::clone(&flaky) as Arc<dyn Store>;
        let budget = Budget::new(1 << 20);
        let live = Arc::new(Live::new(budget.clone(), 1 << 20));
        let backlog = Arc::new(Backlog::default());
        let roster = Arc::new(Roster::new(Arc::clone(&backlog)));
        let dispatcher = Dispatcher {
            store: Arc::clone(&store),
            backlog: Arc::clone(&backlog),
            live: Arc::clone(&live),
            roster: Arc::clone(&roster),
        };
        let stop = CancellationToken::new();
        tokio::spawn(dispatcher.run(stop.clone()));
        let limits = JobLimits { max_body: 1 << 20, max_stdin: 1 << 20, max_queue: 100 };
        let usage = Arc::new(Usage::new(Arc::clone(&store) as _));
        let settings = callbacks::Settings { enabled: true, ..no_callbacks() };
        let callbacks = Arc::new(Callbacks::new(Arc::clone(&store), settings));
        let jobs = Jobs::new(store, backlog, live, roster, budget, limits, (usage, callbacks));
        Self { jobs, flaky, there, claim, stop }
    }

    fn submit(&self) -> JoinHandle<Result<JobId, Problem>> {
        let jobs = self.jobs.clone();
        tokio::spawn(async move { Ok(jobs.submit(spec(), Submission::default()).await?.0) })
    }

    /// Callbacks that are owed.
    async fn owed(&self) -> usize {
        self.there.documents("callback", "", "", 10).await.unwrap().len()
    }

    async fn release(&self, release: Release) {
        self.there.release(self.claim.id, self.claim.attempt, release).await.unwrap();
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn spec() -> JobSpec {
    let mut spec = JobSpec::clone(&conformance::job("c", 0).spec);
    spec.no_wait = true;
    spec.idempotency_key = Some("once".to_owned());
    spec
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_again_is_refused_with_a_job_that_its_runner_refuses() {
    let hall = Hall::open().await;
    let submitted = hall.submit();
    sleep(Duration::from_secs(1)).await;
    assert!(!submitted.is_finished(), "nobody knows yet whether it is to be");
    hall.release(Release::Refused).await;
    assert!(hall.there.withdraw(hall.claim.id).await.unwrap());
    let refusal = submitted.await.unwrap().unwrap_err();
    assert_eq!(refusal.kind, ProblemKind::NoRunnerFree);
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_again_is_accepted_once_a_job_cannot_be_withdrawn_any_more() {
    for release in [None, Some(Release::Lost { reason: "its runner died".to_owned() })] {
        let hall = Hall::open().await;
        let submitted = hall.submit();
        if let Some(release) = release {
            hall.release(release).await;
        }
        let accepted = tokio::time::timeout(Duration::from_secs(5), submitted).await;
        assert_eq!(accepted.expect("it is decided").unwrap(), Ok(hall.claim.id));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_of_a_job_that_was_not_to_wait_and_was_sent_away() {
    let hall = Hall::open().await;
    let spec = JobSpec { idempotency_key: None, callback_url: Some("https://example.com/".into()), ..spec() };
    let submit = || {
        let (jobs, spec) = (hall.jobs.clone(), spec.clone());
        tokio::spawn(async move { jobs.submit(spec, Submission::default()).await.map(|(id, _)| id) })
    };
    assert_eq!(submit().await.unwrap().unwrap_err().kind, ProblemKind::NoRunnerFree);
    assert_eq!(hall.owed().await, 0);

    hall.flaky.fails.store(true, Ordering::SeqCst);
    let submitted = submit();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(hall.owed().await, 1, "it cannot be sent away yet");
    submitted.abort();
    hall.flaky.fails.store(false, Ordering::SeqCst);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(hall.owed().await, 0, "although its client left before");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_begun_before_the_store_fails_to_say_that_it_has_it_is_accepted() {
    let hall = Hall::open().await;
    let (membership, mut claims) = hall.jobs.roster.join(registration("b")).unwrap();
    membership.telemetry(telemetry());
    hall.flaky.loses_after.store(5000, Ordering::SeqCst);
    let jobs = hall.jobs.clone();
    let spec = JobSpec::clone(&conformance::job("c", 0).spec);
    let submitted = tokio::spawn(async move { jobs.submit(spec, Submission::default()).await });
    sleep(Duration::from_millis(100)).await;
    hall.jobs.backlog.doubt();
    let (id, mut watching) = submitted.await.unwrap().expect("it is accepted");
    let claim = claims.try_recv().expect("a runner has it");
    assert_eq!(claim.id, id);
    for told in ["Queued", "Started"] {
        let (_, event) = watching.next().await.unwrap().unwrap();
        assert!(format!("{event:?}").starts_with(told), "{event:?}");
    }
    let live = hall.jobs.live.get(id).expect("its output is kept");
    live.step_started(claim.attempt, protocol::Step(1));
    let (_, event) = watching.next().await.unwrap().unwrap();
    assert!(matches!(event, JobEvent::StepStarted { .. }), "{event:?}");
}
