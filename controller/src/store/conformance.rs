//! What every store must do, whatever it is made of. Call [`run`] with a way to make an empty one that takes at
//! least 100 jobs.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use protocol::client::JobQuery;
use protocol::{Attempt, JobId, JobSpec, JobState, LimitsRequest, SourceFile, StepResult, Verdict};

use super::{Cancelled, MAX_LOST, NewJob, Outcome, Release, Released, Store};

const LEASE: Duration = Duration::from_secs(60);

pub(crate) fn job(language: &str, priority: i8) -> NewJob {
    let spec = JobSpec {
        language: language.to_owned(),
        files: vec![SourceFile { path: "main".to_owned(), content: "x".into() }],
        priority,
        labels: [("kind".to_owned(), language.to_owned())].into(),
        ..JobSpec::default()
    };
    NewJob { id: JobId::random(), spec: Arc::new(spec), peak: LimitsRequest::default(), stdin_follows: false }
}

fn outcome(verdict: Verdict) -> Outcome {
    let run = StepResult { stdout: Some("hello".into()), ..StepResult::new(verdict) };
    Outcome { verdict, message: None, compile: None, runs: vec![run] }
}

fn lost() -> Release {
    Release::Lost { reason: "its runner went away".to_owned() }
}

async fn enqueue(store: &impl Store, language: &str, priority: i8) -> JobId {
    let new = job(language, priority);
    let id = new.id;
    store.enqueue(new).await.unwrap();
    id
}

async fn claim(store: &impl Store, id: JobId) -> Attempt {
    store.claim(id, "a", LEASE).await.unwrap().unwrap().attempt
}

async fn order(store: &impl Store, languages: &[&str]) -> Vec<JobId> {
    let languages: Vec<_> = languages.iter().map(|&language| language.to_owned()).collect();
    store.queued(&languages, None, 100).await.unwrap().into_iter().map(|queued| queued.id).collect()
}

pub(crate) async fn run<S: Store, F: Future<Output = S>>(empty: impl Fn() -> F) {
    jobs_start_by_priority_and_then_in_order(&empty().await).await;
    the_queue_can_be_read_in_parts(&empty().await).await;
    a_job_is_claimed_once(&empty().await).await;
    a_result_counts_only_from_the_attempt_that_has_the_job(&empty().await).await;
    a_refused_attempt_leaves_the_job_untouched(&empty().await).await;
    a_job_that_is_lost_too_often_is_given_up(&empty().await).await;
    cancelling(&empty().await).await;
    a_cancelled_job_does_not_come_back(&empty().await).await;
    only_a_waiting_job_can_be_withdrawn(&empty().await).await;
    leases_run_out_unless_renewed(&empty().await).await;
    pages_are_complete_and_newest_first(&empty().await).await;
    a_new_job_wakes(&empty().await).await;
}

async fn jobs_start_by_priority_and_then_in_order(store: &impl Store) {
    let first = enqueue(store, "c", 0).await;
    let second = enqueue(store, "java", 0).await;
    let urgent = enqueue(store, "c", 5).await;
    assert_eq!(order(store, &["c", "java", "python"]).await, [urgent, first, second]);
    assert_eq!(order(store, &["java"]).await, [second]);
    assert_eq!(order(store, &[]).await, []);
    assert_eq!(store.get(urgent).await.unwrap().unwrap().position, Some(0));
    assert_eq!(store.get(second).await.unwrap().unwrap().position, Some(2));
    assert_eq!(store.enqueue(job("c", 1)).await.unwrap(), 1);
}

async fn the_queue_can_be_read_in_parts(store: &impl Store) {
    let languages = ["c".to_owned(), "java".to_owned()];
    let mut expected = Vec::new();
    for index in 0..7 {
        expected.push(enqueue(store, &languages[index % 2], 0).await);
    }
    let mut read = Vec::new();
    let mut after = None;
    loop {
        let part = store.queued(&languages, after, 3).await.unwrap();
        let Some(last) = part.last() else { break };
        after = Some(last.place);
        read.extend(part.iter().map(|queued| queued.id));
    }
    assert_eq!(read, expected);
}

async fn a_job_is_claimed_once(store: &impl Store) {
    let id = enqueue(store, "c", 0).await;
    let claim = store.claim(id, "a", LEASE).await.unwrap().unwrap();
    assert_eq!((claim.id, claim.attempt), (id, Attempt(1)));
    assert_eq!(claim.spec.files.len(), 1);
    assert!(store.claim(id, "b", LEASE).await.unwrap().is_none());
    let job = store.get(id).await.unwrap().unwrap();
    assert_eq!((job.state, job.runner.as_deref(), job.position), (JobState::Running, Some("a"), None));
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.queued, counts.running), (0, 1));
    assert!(store.claim(JobId::random(), "a", LEASE).await.unwrap().is_none());
}

async fn a_result_counts_only_from_the_attempt_that_has_the_job(store: &impl Store) {
    let id = enqueue(store, "c", 0).await;
    let first = claim(store, id).await;
    store.release(id, first, lost()).await.unwrap();
    assert_eq!(store.finish(id, first, outcome(Verdict::Ok)).await.unwrap(), None);
    let second = claim(store, id).await;
    assert!(second > first);
    assert_eq!(store.finish(id, first, outcome(Verdict::Ok)).await.unwrap(), None);
    assert_eq!(store.release(id, first, lost()).await.unwrap(), Released::Stale);

    let job = store.finish(id, second, outcome(Verdict::Ok)).await.unwrap().unwrap();
    assert_eq!((job.state, job.verdict, job.attempts), (JobState::Finished, Some(Verdict::Ok), second));
    assert_eq!(store.get(id).await.unwrap(), Some(job));
    assert_eq!(store.finish(id, second, outcome(Verdict::WrongAnswer)).await.unwrap(), None);
    assert_eq!(store.counts().await.unwrap().running, 0);
}

async fn a_refused_attempt_leaves_the_job_untouched(store: &impl Store) {
    let id = enqueue(store, "c", 0).await;
    let later = enqueue(store, "c", 0).await;
    for _ in 0..=MAX_LOST {
        let attempt = claim(store, id).await;
        let released = store.release(id, attempt, Release::Refused).await.unwrap();
        assert_eq!(released, Released::Requeued { position: 0 });
    }
    assert_eq!(order(store, &["c"]).await, [id, later]);
    assert_eq!(store.get(id).await.unwrap().unwrap().runner, None);
}

async fn a_job_that_is_lost_too_often_is_given_up(store: &impl Store) {
    let id = enqueue(store, "c", 0).await;
    for _ in 1..MAX_LOST {
        let attempt = claim(store, id).await;
        assert!(matches!(store.release(id, attempt, lost()).await.unwrap(), Released::Requeued { .. }));
    }
    let attempt = claim(store, id).await;
    let Released::Finished(job) = store.release(id, attempt, lost()).await.unwrap() else {
        panic!("it should be finished");
    };
    assert_eq!(job.verdict, Some(Verdict::InternalError));
    let message = job.message.unwrap();
    assert!(message.contains("lost 3 times") && message.contains("its runner went away"), "{message}");
}

async fn cancelling(store: &impl Store) {
    let queued = enqueue(store, "c", 0).await;
    let Cancelled::Finished(job) = store.cancel(queued, "no more").await.unwrap() else { panic!() };
    assert_eq!((job.verdict, job.message.as_deref()), (Some(Verdict::Cancelled), Some("no more")));
    assert_eq!(store.cancel(queued, "no more").await.unwrap(), Cancelled::TooLate);
    assert_eq!(order(store, &["c"]).await, []);

    let running = enqueue(store, "c", 0).await;
    let attempt = claim(store, running).await;
    assert!(matches!(store.cancel(running, "no more").await.unwrap(), Cancelled::Requested(_)));
    let job = store.finish(running, attempt, outcome(Verdict::Cancelled)).await.unwrap().unwrap();
    assert_eq!(job.message.as_deref(), Some("no more"));
    assert_eq!(store.cancel(JobId::random(), "").await.unwrap(), Cancelled::Unknown);
}

async fn a_cancelled_job_does_not_come_back(store: &impl Store) {
    for release in [Release::Refused, lost()] {
        let id = enqueue(store, "c", 0).await;
        let attempt = claim(store, id).await;
        store.cancel(id, "no more").await.unwrap();
        let Released::Finished(job) = store.release(id, attempt, release).await.unwrap() else { panic!() };
        assert_eq!(job.verdict, Some(Verdict::Cancelled));
    }
}

async fn only_a_waiting_job_can_be_withdrawn(store: &impl Store) {
    let id = enqueue(store, "c", 0).await;
    assert_eq!(store.waiting(id).await.unwrap().unwrap().id, id);
    assert_eq!(store.withdraw(id).await.unwrap().unwrap().id, id);
    assert_eq!(store.get(id).await.unwrap(), None);
    let id = enqueue(store, "c", 0).await;
    claim(store, id).await;
    assert_eq!(store.waiting(id).await.unwrap(), None);
    assert_eq!(store.withdraw(id).await.unwrap(), None);
    assert!(store.get(id).await.unwrap().is_some());
}

async fn leases_run_out_unless_renewed(store: &impl Store) {
    let id = enqueue(store, "c", 0).await;
    let attempt = store.claim(id, "a", Duration::ZERO).await.unwrap().unwrap().attempt;
    store.renew(&[(id, attempt)], LEASE).await.unwrap();
    assert_eq!(store.expire().await.unwrap(), []);
    store.renew(&[(id, attempt.next())], Duration::ZERO).await.unwrap();
    assert_eq!(store.expire().await.unwrap(), []);
    store.renew(&[(id, attempt)], Duration::ZERO).await.unwrap();
    let expired = store.expire().await.unwrap();
    assert_eq!((expired[0].id, expired[0].attempt), (id, attempt));
    assert_eq!(expired[0].released, Released::Requeued { position: 0 });
    assert_eq!(store.expire().await.unwrap(), []);
}

async fn pages_are_complete_and_newest_first(store: &impl Store) {
    let mut expected = Vec::new();
    for index in 0..10 {
        expected.insert(0, enqueue(store, if index % 2 == 0 { "c" } else { "java" }, 0).await);
    }
    let mut query = JobQuery { limit: Some(4), ..JobQuery::default() };
    let mut listed = Vec::new();
    loop {
        let page = store.list(&query).await.unwrap();
        listed.extend(page.jobs.iter().map(|job| job.id));
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    assert_eq!(listed, expected);

    let only = |query: JobQuery| async move { store.list(&query).await.unwrap().jobs.len() };
    store.cancel(expected[0], "").await.unwrap();
    assert_eq!(only(JobQuery { state: Some(JobState::Finished), ..JobQuery::default() }).await, 1);
    assert_eq!(only(JobQuery { language: Some("c".into()), ..JobQuery::default() }).await, 5);
    assert_eq!(only(JobQuery { label: Some("kind=java".into()), ..JobQuery::default() }).await, 5);
    assert_eq!(only(JobQuery { label: Some("kind=lisp".into()), ..JobQuery::default() }).await, 0);
    let bad = JobQuery { cursor: Some("?".into()), ..JobQuery::default() };
    assert!(store.list(&bad).await.is_err());
}

async fn a_new_job_wakes(store: &impl Store) {
    enqueue(store, "c", 0).await;
    tokio::time::timeout(Duration::from_secs(5), store.queue_changed().notified()).await.unwrap();
}
