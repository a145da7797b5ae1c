//! What every store must do, whatever it is made of. Call [`run`] with a way to make an empty one that takes at
//! least 100 jobs, and [`run_shared`] with a way to make two controllers' views of an empty one.

mod artifacts;
mod listing;
mod records;
mod samples;
mod shared;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use protocol::client::JobQuery;
use protocol::cluster::Sample;
use protocol::runner::Registration;
use protocol::{
    Attempt, AttemptEnd, JobId, JobSpec, JobState, Judge, LimitsRequest, RunnerId, SourceFile, StepResult,
    Verdict,
};
use tokio::time::{sleep, timeout};

use super::{
    Cancelled, Change, Enqueued, HOME_TIMEOUT, MAX_LOST, NewJob, ORPHANED, Outcome, Queued, Recorded,
    Release, Released, Retention, Store, TakenOver,
};
use crate::needs::Needs;

pub(crate) use shared::run_shared;

const LEASE: Duration = Duration::from_secs(60);

/// How often to look again for what has to happen by itself.
const SOON: Duration = Duration::from_millis(50);

pub(crate) fn job(language: &str, priority: i8) -> NewJob {
    let spec = JobSpec {
        language: language.to_owned(),
        files: vec![SourceFile { path: "main".to_owned(), content: "x".into() }],
        priority,
        labels: [("kind".to_owned(), language.to_owned())].into(),
        ..JobSpec::default()
    };
    NewJob {
        id: JobId::random(),
        spec: Arc::new(spec),
        peak: LimitsRequest::default(),
        share: "class".to_owned(),
        owner: None,
        stdin_follows: false,
    }
}

fn outcome(verdict: Verdict) -> Outcome {
    let run = StepResult {
        stdout: Some("hello".into()),
        stderr: Some(vec![0xff, 0, b'x'].into()),
        ..StepResult::new(verdict)
    };
    Outcome { verdict, message: None, compile: None, runs: vec![run], score: None, artifacts: Vec::new() }
}

fn lost() -> Release {
    Release::Lost { reason: "its runner went away".to_owned() }
}

async fn enqueue_new(store: &impl Store, new: NewJob) -> Queued {
    match store.enqueue(new).await.unwrap() {
        Enqueued::New(queued) => queued,
        Enqueued::Existing(id) => panic!("{id} is there already"),
    }
}

async fn enqueue(store: &impl Store, language: &str) -> JobId {
    enqueue_new(store, job(language, 0)).await.id
}

async fn claim(store: &impl Store, id: JobId) -> Attempt {
    store.claim(id, "a", LEASE).await.unwrap().unwrap().attempt
}

async fn finish(store: &impl Store, language: &str) -> JobId {
    let id = enqueue(store, language).await;
    finish_one(store, id).await;
    id
}

async fn finish_one(store: &impl Store, id: JobId) {
    let attempt = claim(store, id).await;
    let recorded = store.finish(id, attempt, outcome(Verdict::Ok)).await.unwrap();
    assert!(matches!(recorded, Recorded::Now(_)));
}

pub(crate) async fn run<S: Store, F: Future<Output = S>>(empty: impl Fn() -> F) {
    a_queued_job_is_what_was_submitted(&empty().await).await;
    a_key_makes_one_job(&empty().await).await;
    a_job_is_claimed_once(&empty().await).await;
    a_result_counts_only_from_the_attempt_that_has_the_job(&empty().await).await;
    a_refused_attempt_leaves_the_job_untouched(&empty().await).await;
    a_job_that_is_lost_too_often_is_given_up(&empty().await).await;
    cancelling(&empty().await).await;
    a_cancelled_job_does_not_come_back(&empty().await).await;
    only_a_waiting_job_can_be_withdrawn(&empty().await).await;
    whoever_lost_an_answer_finds_what_waits_at_home(&empty().await).await;
    leases_run_out_unless_renewed(&empty().await).await;
    a_runner_that_holds_an_attempt_goes_on_with_it(&empty().await).await;
    attempts_are_remembered(&empty().await).await;
    pages_are_complete_and_newest_first(&empty().await).await;
    listing::jobs_are_found_by_verdict_runner_and_words(&empty().await).await;
    listing::a_page_looks_only_so_far(&empty().await).await;
    the_oldest_finished_jobs_go(&empty().await).await;
    artifacts::files_are_kept_with_the_end_that_counts(&empty().await).await;
    artifacts::files_count_as_kept_and_go_with_their_job(&empty().await).await;
    runners_are_remembered(&empty().await).await;
    samples_are_kept_for_a_time(&empty().await).await;
    samples::averages_are_made_for_each_step(&empty().await).await;
    samples::all_runners_together_are_one(&empty().await).await;
    whoever_listens_hears_of_ends_and_wishes(&empty().await).await;
    records::documents_change_by_compare_and_set(&empty().await).await;
    records::documents_are_listed_by_kind_and_key(&empty().await).await;
    records::an_expired_document_is_none(&empty().await).await;
    records::jobs_have_owners(&empty().await).await;
}

async fn a_queued_job_is_what_was_submitted(store: &impl Store) {
    let mut new = job("c", 5);
    let spec = Arc::make_mut(&mut new.spec);
    spec.requires = [("gpu".to_owned(), "yes".to_owned())].into();
    spec.checker = Some(Judge { language: "cpp".to_owned(), ..Judge::default() });
    spec.files[0].content = vec![0, 159, 146, 150].into();
    new.peak.memory_bytes = Some(77);
    new.stdin_follows = true;
    let first = enqueue_new(store, new.clone()).await;
    assert_eq!((first.id, first.priority, first.language.as_str()), (new.id, 5, "c"));
    assert_eq!((first.share.as_str(), first.peak.memory_bytes), ("class", Some(77)));
    assert_eq!(first.requires, new.spec.requires);
    assert_eq!(first.needs, Needs::of(&new.spec));
    assert!(first.stdin_follows && !first.no_wait);
    assert_eq!(store.spec(new.id).await.unwrap(), Some(Arc::clone(&new.spec)));
    let job = store.get(new.id).await.unwrap().unwrap();
    assert_eq!((job.state, job.queued_at), (JobState::Queued, first.queued_at));

    let second = enqueue_new(store, job_without_wait()).await;
    assert!(second.number > first.number && second.no_wait);
    assert_eq!(store.counts().await.unwrap().queued, 2);
    assert_eq!(store.get(JobId::random()).await.unwrap(), None);
    assert_eq!(store.spec(JobId::random()).await.unwrap(), None);
}

fn job_without_wait() -> NewJob {
    let mut new = job("c", 0);
    Arc::make_mut(&mut new.spec).no_wait = true;
    new
}

async fn a_key_makes_one_job(store: &impl Store) {
    let keyed = |key: &str| {
        let mut new = job("c", 0);
        Arc::make_mut(&mut new.spec).idempotency_key = Some(key.to_owned());
        new
    };
    let first = enqueue_new(store, keyed("one")).await.id;
    assert_eq!(store.enqueue(keyed("one")).await.unwrap(), Enqueued::Existing(first));
    assert_ne!(enqueue_new(store, keyed("two")).await.id, first);
    let attempt = claim(store, first).await;
    store.finish(first, attempt, outcome(Verdict::Ok)).await.unwrap();
    assert_eq!(store.enqueue(keyed("one")).await.unwrap(), Enqueued::Existing(first));
    assert_eq!(store.counts().await.unwrap().queued, 1);
}

async fn a_job_is_claimed_once(store: &impl Store) {
    let id = enqueue(store, "c").await;
    let claim = store.claim(id, "a", LEASE).await.unwrap().unwrap();
    assert_eq!((claim.id, claim.attempt), (id, Attempt(1)));
    assert_eq!(claim.spec.files.len(), 1);
    assert!(store.claim(id, "b", LEASE).await.unwrap().is_none());
    let job = store.get(id).await.unwrap().unwrap();
    assert_eq!((job.state, job.runner.as_deref()), (JobState::Running, Some("a")));
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.queued, counts.running), (0, 1));
    assert!(store.claim(JobId::random(), "a", LEASE).await.unwrap().is_none());
}

async fn a_result_counts_only_from_the_attempt_that_has_the_job(store: &impl Store) {
    let id = enqueue(store, "c").await;
    let first = claim(store, id).await;
    store.release(id, first, lost()).await.unwrap();
    assert_eq!(store.finish(id, first, outcome(Verdict::Ok)).await.unwrap(), Recorded::Stale);
    let second = claim(store, id).await;
    assert!(second > first);
    assert_eq!(store.finish(id, first, outcome(Verdict::Ok)).await.unwrap(), Recorded::Stale);
    assert_eq!(store.release(id, first, lost()).await.unwrap(), Released::Stale);

    let Recorded::Now(job) = store.finish(id, second, outcome(Verdict::Ok)).await.unwrap() else { panic!() };
    assert_eq!((job.state, job.verdict, job.attempts), (JobState::Finished, Some(Verdict::Ok), second));
    assert_eq!(job.runs, outcome(Verdict::Ok).runs);
    assert_eq!(store.get(id).await.unwrap(), Some(*job));
    assert_eq!(store.finish(id, second, outcome(Verdict::WrongAnswer)).await.unwrap(), Recorded::Before);
    assert_eq!(store.finish(id, first, outcome(Verdict::WrongAnswer)).await.unwrap(), Recorded::Stale);
    assert_eq!(store.get(id).await.unwrap().unwrap().verdict, Some(Verdict::Ok));
    assert_eq!(store.counts().await.unwrap().running, 0);
    let nobody = store.finish(JobId::random(), first, outcome(Verdict::Ok)).await.unwrap();
    assert_eq!(nobody, Recorded::Stale);
}

async fn a_refused_attempt_leaves_the_job_untouched(store: &impl Store) {
    let before = enqueue_new(store, job("c", 0)).await;
    for _ in 0..=MAX_LOST {
        let attempt = claim(store, before.id).await;
        let released = store.release(before.id, attempt, Release::Refused).await.unwrap();
        assert_eq!(released, Released::Requeued(before.clone()));
    }
    assert_eq!(store.get(before.id).await.unwrap().unwrap().runner, None);
    assert_eq!(store.counts().await.unwrap().queued, 1);
}

async fn a_job_that_is_lost_too_often_is_given_up(store: &impl Store) {
    let id = enqueue(store, "c").await;
    for _ in 1..MAX_LOST {
        let attempt = claim(store, id).await;
        assert!(matches!(store.release(id, attempt, lost()).await.unwrap(), Released::Requeued(_)));
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
    let queued = enqueue(store, "c").await;
    let Cancelled::Finished(job) = store.cancel(queued, "no more").await.unwrap() else { panic!() };
    assert_eq!((job.verdict, job.message.as_deref()), (Some(Verdict::Cancelled), Some("no more")));
    assert_eq!(store.cancel(queued, "no more").await.unwrap(), Cancelled::TooLate);
    assert_eq!(store.claim(queued, "a", LEASE).await.unwrap().map(|claim| claim.id), None);

    let running = enqueue(store, "c").await;
    let attempt = claim(store, running).await;
    assert!(matches!(store.cancel(running, "no more").await.unwrap(), Cancelled::Requested(_)));
    let renewed = store.renew(&[(running, attempt)], LEASE).await.unwrap();
    assert_eq!((renewed.cancelled, renewed.gone), (vec![(running, attempt)], vec![]));
    let recorded = store.finish(running, attempt, outcome(Verdict::Cancelled)).await.unwrap();
    let Recorded::Now(job) = recorded else { panic!() };
    assert_eq!(job.message.as_deref(), Some("no more"));
    assert_eq!(store.cancel(JobId::random(), "").await.unwrap(), Cancelled::Unknown);
}

async fn a_cancelled_job_does_not_come_back(store: &impl Store) {
    for release in [Release::Refused, lost()] {
        let id = enqueue(store, "c").await;
        let attempt = claim(store, id).await;
        store.cancel(id, "no more").await.unwrap();
        let Released::Finished(job) = store.release(id, attempt, release).await.unwrap() else { panic!() };
        assert_eq!(job.verdict, Some(Verdict::Cancelled));
    }
}

async fn only_a_waiting_job_can_be_withdrawn(store: &impl Store) {
    let mut new = job("c", 0);
    Arc::make_mut(&mut new.spec).idempotency_key = Some("key".to_owned());
    let id = enqueue_new(store, new.clone()).await.id;
    assert!(store.withdraw(id).await.unwrap());
    assert!(!store.withdraw(id).await.unwrap());
    assert_eq!(store.get(id).await.unwrap(), None);
    let again = NewJob { id: JobId::random(), ..new };
    let id = enqueue_new(store, again).await.id;
    claim(store, id).await;
    assert!(!store.withdraw(id).await.unwrap());
    assert!(store.get(id).await.unwrap().is_some());
}

async fn whoever_lost_an_answer_finds_what_waits_at_home(store: &impl Store) {
    let mut all = Vec::new();
    for priority in [0, 5, 0, 0] {
        all.push(enqueue_new(store, job("c", priority)).await);
    }
    assert_eq!(store.at_home(0, 10).await.unwrap(), all, "in the order of their numbers");
    assert_eq!(store.at_home(0, 2).await.unwrap(), all[..2]);
    assert_eq!(store.at_home(all[1].number, 10).await.unwrap(), all[2..]);
    assert_eq!(store.at_home(u64::MAX >> 1, 10).await.unwrap(), []);

    let attempt = claim(store, all[0].id).await;
    finish_one(store, all[1].id).await;
    store.withdraw(all[2].id).await.unwrap();
    assert_eq!(store.at_home(0, 10).await.unwrap(), all[3..]);
    store.release(all[0].id, attempt, Release::Refused).await.unwrap();
    assert_eq!(store.at_home(0, 10).await.unwrap(), [all[0].clone(), all[3].clone()]);
    store.cancel(all[3].id, "enough").await.unwrap();
    assert_eq!(store.at_home(0, 10).await.unwrap(), all[..1]);
}

async fn leases_run_out_unless_renewed(store: &impl Store) {
    let queued = enqueue_new(store, job("c", 0)).await;
    let id = queued.id;
    let attempt = store.claim(id, "a", Duration::ZERO).await.unwrap().unwrap().attempt;
    assert_eq!(store.renew(&[(id, attempt)], LEASE).await.unwrap(), super::Renewed::default());
    assert_eq!(store.expire().await.unwrap(), []);
    let stale = store.renew(&[(id, attempt.next())], Duration::ZERO).await.unwrap();
    assert_eq!(stale.gone, [(id, attempt.next())]);
    assert_eq!(store.expire().await.unwrap(), []);
    store.renew(&[(id, attempt)], Duration::ZERO).await.unwrap();
    let expired = store.expire().await.unwrap();
    assert_eq!((expired[0].id, expired[0].attempt), (id, attempt));
    assert_eq!(expired[0].released, Released::Requeued(queued));
    assert_eq!(store.expire().await.unwrap(), []);
}

async fn a_runner_that_holds_an_attempt_goes_on_with_it(store: &impl Store) {
    let id = enqueue(store, "c").await;
    let attempt = store.claim(id, "a", Duration::ZERO).await.unwrap().unwrap().attempt;
    let taken = store.take_over(id, attempt, "a", LEASE).await.unwrap();
    let TakenOver::Resumed(claim) = taken else { panic!("{taken:?}") };
    assert_eq!((claim.id, claim.attempt, claim.spec.files.len()), (id, attempt, 1));
    assert_eq!(store.expire().await.unwrap(), [], "its lease is renewed");
    let other = store.take_over(id, attempt.next(), "a", LEASE).await.unwrap();
    assert!(matches!(other, TakenOver::Stale));
    let thief = store.take_over(id, attempt, "b", Duration::ZERO).await.unwrap();
    assert!(matches!(thief, TakenOver::Stale), "it is another runner's");
    assert_eq!(store.expire().await.unwrap(), [], "its lease is untouched");
    store.finish(id, attempt, outcome(Verdict::Ok)).await.unwrap();
    assert!(matches!(store.take_over(id, attempt, "a", LEASE).await.unwrap(), TakenOver::Recorded));
    assert!(matches!(store.take_over(JobId::random(), attempt, "a", LEASE).await.unwrap(), TakenOver::Stale));
}

async fn attempts_are_remembered(store: &impl Store) {
    let id = enqueue(store, "c").await;
    for release in [Release::Refused, lost()] {
        let attempt = claim(store, id).await;
        store.release(id, attempt, release).await.unwrap();
    }
    let attempt = store.claim(id, "b", LEASE).await.unwrap().unwrap().attempt;
    store.finish(id, attempt, outcome(Verdict::Ok)).await.unwrap();
    let attempts = store.attempts(id).await.unwrap();
    let ends: Vec<_> = attempts.iter().map(|attempt| (attempt.runner.as_str(), attempt.end)).collect();
    let expected =
        [("a", Some(AttemptEnd::Refused)), ("a", Some(AttemptEnd::Lost)), ("b", Some(AttemptEnd::Finished))];
    assert_eq!(ends, expected);
    assert_eq!(attempts[1].reason.as_deref(), Some("its runner went away"));
    assert!(attempts.iter().all(|attempt| attempt.ended_at >= Some(attempt.started_at)));
    assert_eq!(store.attempts(JobId::random()).await.unwrap(), []);
}

async fn pages_are_complete_and_newest_first(store: &impl Store) {
    let mut expected = Vec::new();
    for index in 0..10 {
        expected.insert(0, enqueue(store, if index % 2 == 0 { "c" } else { "java" }).await);
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

async fn the_oldest_finished_jobs_go(store: &impl Store) {
    let waiting = enqueue(store, "c").await;
    let mut finished = Vec::new();
    for _ in 0..4 {
        finished.push(finish(store, "c").await);
    }
    let keep = |jobs, age| Retention { age, jobs, bytes: None };
    assert_eq!(drain(store, keep(Some(10), Some(LEASE))).await, 0);
    assert_eq!(drain(store, keep(Some(3), None)).await, 1);
    assert_eq!(store.get(finished[0]).await.unwrap(), None);
    assert!(store.get(finished[1]).await.unwrap().is_some());
    sleep(Duration::from_millis(20)).await;
    let small = Retention { age: None, jobs: None, bytes: Some(1) };
    assert!(drain(store, small).await >= 1);
    assert_eq!(store.get(finished[1]).await.unwrap(), None);
    assert!(store.get(waiting).await.unwrap().is_some(), "only finished ones go");
}

async fn drain(store: &impl Store, keep: Retention) -> u64 {
    let mut all = 0;
    loop {
        match store.retain(&keep).await.unwrap() {
            0 => return all,
            forgotten => all += forgotten,
        }
    }
}

async fn runners_are_remembered(store: &impl Store) {
    let mut registration = Registration {
        id: RunnerId::random(),
        name: "b".to_owned(),
        version: "1".to_owned(),
        languages: Vec::new(),
        max_jobs: 4,
        cpus: 2,
        memory_bytes: 1 << 30,
        selftest: None,
        started_at: None,
        labels: [("room".to_owned(), "12".to_owned())].into(),
        features: Default::default(),
        held: Vec::new(),
    };
    store.remember_runner(&registration).await.unwrap();
    registration.max_jobs = 5;
    store.remember_runner(&registration).await.unwrap();
    registration.name = "a".to_owned();
    store.remember_runner(&registration).await.unwrap();
    let known = store.runners().await.unwrap();
    let known: Vec<_> =
        known.iter().map(|known| (&*known.registration.name, known.registration.max_jobs)).collect();
    assert_eq!(known, [("a", 5), ("b", 5)]);
    assert!(store.forget_runner("a").await.unwrap());
    assert!(!store.forget_runner("a").await.unwrap());
    assert_eq!(store.runners().await.unwrap().len(), 1);
}

async fn samples_are_kept_for_a_time(store: &impl Store) {
    let now = super::record::now();
    let sample = |runner: &str, seconds: i64| Sample {
        runner: runner.to_owned(),
        at: now - jiff::SignedDuration::from_secs(seconds),
        cpu_percent: 12.5,
        memory_percent: 50.0,
        active_jobs: 1,
        active_containers: 3,
    };
    let keep = Duration::from_secs(100);
    store.record_samples(&[sample("a", 200), sample("a", 50)], keep).await.unwrap();
    store.record_samples(&[sample("a", 10), sample("b", 10)], keep).await.unwrap();
    let ago = |seconds| now - jiff::SignedDuration::from_secs(seconds);
    assert_eq!(store.samples(Some("a"), ago(300)).await.unwrap(), [sample("a", 50), sample("a", 10)]);
    assert_eq!(store.samples(None, ago(20)).await.unwrap().len(), 2);
}

async fn whoever_listens_hears_of_ends_and_wishes(store: &impl Store) {
    let mut changes = store.changes();
    let id = enqueue(store, "c").await;
    let attempt = claim(store, id).await;
    store.cancel(id, "no more").await.unwrap();
    store.finish(id, attempt, outcome(Verdict::Cancelled)).await.unwrap();
    for expected in [Change::Cancel(id), Change::Finished(id)] {
        let heard = timeout(HOME_TIMEOUT, async { while changes.recv().await != Ok(expected.clone()) {} });
        heard.await.unwrap_or_else(|_| panic!("{expected:?} was not told"));
    }
}
