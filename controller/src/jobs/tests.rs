//! Jobs that are submitted twice, through two controllers on one store.

use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::*;
use crate::dispatch::{Dispatcher, LEASE};
use crate::store::{Claim, Memory, MemoryLimits, Release, conformance};

/// A controller without runners, beside another one that has taken in a job that is not to wait.
struct Hall {
    jobs: Jobs,
    there: Memory,
    claim: Claim,
    stop: CancellationToken,
}

impl Hall {
    /// A runner of the other controller has the job.
    async fn open() -> Self {
        let here = Memory::new(MemoryLimits {
            max_queue: 100,
            max_queue_bytes: 1 << 20,
            keep_finished: 100,
            keep_bytes: 1 << 20,
        });
        let there = here.share();
        there.heartbeat().await.unwrap();
        let mut job = conformance::job("c", 0);
        job.spec = Arc::new(spec());
        let id = job.id;
        there.enqueue(job).await.unwrap();
        let claim = there.claim(id, "a", LEASE).await.unwrap().unwrap();
        let store: Arc<dyn Store> = Arc::new(here);
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
        Self { jobs: Jobs::new(store, backlog, live, roster, budget, limits), there, claim, stop }
    }

    fn submit(&self) -> JoinHandle<Result<JobId, Problem>> {
        let jobs = self.jobs.clone();
        tokio::spawn(async move { Ok(jobs.submit(spec(), Submission::default()).await?.0) })
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
