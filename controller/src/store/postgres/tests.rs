use std::future::Future;
use std::sync::Arc;

use ::tests::postgres::Postgres as Server;
use protocol::{JobState, StepResult, Verdict};
use tokio::task::JoinSet;

use super::*;
use crate::store::conformance::{self, job};

const LEASE: Duration = Duration::from_secs(60);

async fn open(url: &str) -> Postgres {
    Postgres::open(&PostgresUrl::new(url), 1000, 1 << 20).await.unwrap()
}

fn outcome(text: &str) -> Outcome {
    let run = StepResult { stdout: Some(text.into()), ..StepResult::new(Verdict::Ok) };
    Outcome {
        verdict: Verdict::Ok,
        message: None,
        compile: None,
        runs: vec![run],
        score: None,
        artifacts: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_a_store() {
    let server = Server::shared();
    conformance::run(|| async { open(&server.url(&server.database())).await }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_a_store_for_several_controllers() {
    let server = Server::shared();
    conformance::run_shared(|| async {
        let url = server.url(&server.database());
        (open(&url).await, open(&url).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_share_statements_and_each_gets_its_own_answer() {
    let server = Server::shared();
    let store = Arc::new(open(&server.url(&server.database())).await);
    let mut callers = JoinSet::new();
    for number in 0..200 {
        let store = Arc::clone(&store);
        callers.spawn(async move { run_one(&store, &format!("number {number}")).await });
    }
    while let Some(done) = callers.join_next().await {
        done.unwrap();
    }
    assert_eq!(
        store.list(&JobQuery { limit: Some(100), ..JobQuery::default() }).await.unwrap().jobs.len(),
        100
    );
}

/// Takes a job through its life; returns its id once the store has said that it is over.
async fn run_one(store: &Postgres, text: &str) -> JobId {
    let new = job("c", 0);
    let id = new.id;
    let Enqueued::New(queued) = store.enqueue(new).await.unwrap() else { panic!("it is new") };
    assert_eq!(queued.id, id);
    let claim = store.claim(id, "a", LEASE).await.unwrap().unwrap();
    assert_eq!((claim.id, claim.attempt), (id, Attempt(1)));
    let Recorded::Now(job) = store.finish(id, claim.attempt, outcome(text)).await.unwrap() else { panic!() };
    assert_eq!((job.id, job.runs[0].stdout.as_ref().unwrap().to_text()), (id, text.to_owned()));
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_the_first_schema_is_taken_over() {
    let server = Server::shared();
    let database = server.database();
    server.sql(&database, include_str!("schema/1.sql"));
    server.sql(&database, "CREATE TABLE ruche_schema (version integer NOT NULL)");
    server.sql(&database, "INSERT INTO ruche_schema VALUES (1)");
    let id = JobId::random();
    let traits = r#"{"priority":3,"peak":{},"share":"class"}"#;
    server.sql(
        &database,
        &format!(
            "INSERT INTO jobs (id, key, language, labels, traits, bytes, stored, queued_at)
             VALUES ('{id}', 'one', 'c', '{{}}', '{traits}', 1, 1, 0)"
        ),
    );
    let store = open(&server.url(&database)).await;
    assert_eq!(store.get(id).await.unwrap().unwrap().owner, None);
    assert_eq!(store.adopt(10).await.unwrap()[0].share, "class");
    let mut again = job("c", 0);
    Arc::make_mut(&mut again.spec).idempotency_key = Some("one".to_owned());
    assert_eq!(store.enqueue(again).await.unwrap(), Enqueued::Existing(id));
    let owned = NewJob { owner: Some("ada".to_owned()), ..job("c", 0) };
    let id = owned.id;
    store.enqueue(owned).await.unwrap();
    assert_eq!(store.get(id).await.unwrap().unwrap().owner.as_deref(), Some("ada"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_schema_and_an_absent_server_stop_the_start() {
    let server = Server::shared();
    let database = server.database();
    drop(open(&server.url(&database)).await);
    server.sql(&database, "UPDATE ruche_schema SET version = 99");
    let refusal = refused(&server.url(&database)).await;
    assert!(refusal.contains("newer controller (schema 99"), "{refusal}");

    let refusal = refused(&server.url("no_such_database")).await;
    assert!(refusal.contains("no_such_database"), "{refusal}");
    let refusal = refused("postgres://ruche:tulip@127.0.0.1:1/db?sslmode=disable").await;
    assert!(refusal.contains("is the database up") && !refusal.contains("tulip"), "{refusal}");
}

async fn refused(url: &str) -> String {
    let refusal = Postgres::open(&PostgresUrl::new(url), 1, 1).await.unwrap_err().to_string();
    assert!(!refusal.contains('\n'), "{refusal}");
    refusal
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_controllers_may_start_on_an_empty_database_at_once() {
    let server = Server::shared();
    let url = server.url(&server.database());
    let all = tokio::join!(open(&url), open(&url), open(&url), open(&url));
    all.0.enqueue(job("c", 0)).await.unwrap();
    assert_eq!(all.3.list(&JobQuery::default()).await.unwrap().jobs.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_controller_records_others_hear() {
    let server = Server::shared();
    let url = server.url(&server.database());
    let (here, there) = (open(&url).await, open(&url).await);
    let mut changes = there.changes();
    // It listens once it has said that there may be something.
    heard(&mut changes, Change::Adoptable).await;
    let id = run_one(&here, "x").await;
    heard(&mut changes, Change::Finished(id)).await;
}

async fn heard(changes: &mut broadcast::Receiver<Change>, expected: Change) {
    let hear = async { while changes.recv().await != Ok(expected.clone()) {} };
    soon("a change", hear).await;
}

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LEASE, future).await.unwrap_or_else(|_| panic!("it takes too long: {what}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_lose_nothing_and_make_nothing_twice() {
    let server = Server::shared();
    let database = server.database();
    let store = Arc::new(open(&server.url(&database)).await);
    let running = tokio::spawn(load(Arc::clone(&store), 40));
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ruche-controller' \
               AND datname = current_database()";
    while !running.is_finished() {
        let (server, database) = (Arc::clone(&server), database.clone());
        tokio::task::spawn_blocking(move || server.sql(&database, cut)).await.unwrap();
    }
    let done = running.await.unwrap();
    check_all(&store, &done).await;
}

/// Eight callers that each take so many jobs through their lives.
async fn load(store: Arc<Postgres>, jobs: usize) -> Vec<JobId> {
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&store);
        callers.spawn(async move {
            let mut done = Vec::new();
            for number in 0..jobs {
                done.push(run_one(&store, &number.to_string()).await);
            }
            done
        });
    }
    callers.join_all().await.into_iter().flatten().collect()
}

async fn check_all(store: &Postgres, done: &[JobId]) {
    for id in done {
        let job = store.get(*id).await.unwrap().unwrap();
        assert_eq!(
            (job.state, job.verdict, job.attempts),
            (JobState::Finished, Some(Verdict::Ok), Attempt(1))
        );
    }
    let load = keep::load(&store.link).await.unwrap();
    assert_eq!((load.queued, load.running), (0, 0), "nothing was made twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_loses_nothing_that_was_answered() {
    let mut primary = tokio::task::spawn_blocking(Server::start).await.unwrap();
    let database = primary.database();
    let standby = primary.standby();
    let store = Arc::new(open(&Server::url_of(&[&primary, &standby], &database)).await);
    let before = load(Arc::clone(&store), 10).await;
    let during = tokio::spawn(load(Arc::clone(&store), 60));
    let standby = tokio::task::spawn_blocking(move || {
        primary.kill();
        standby.promote();
        standby
    });
    let standby = standby.await.unwrap();
    let during = soon("what was under way", during).await.unwrap();
    check_all(&store, &[before, during].concat()).await;
    drop(store);
    tokio::task::spawn_blocking(move || drop(standby)).await.unwrap();
}

/// An attempt that runs.
async fn start_one(store: &Postgres) -> (JobId, Attempt) {
    let new = job("c", 0);
    let id = new.id;
    store.enqueue(new).await.unwrap();
    let claim = store.claim(id, "a", LEASE).await.unwrap().unwrap();
    (id, claim.attempt)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewing_does_not_wait_for_what_is_changing_and_does_not_take_it_for_gone() {
    let server = Server::shared();
    let store = open(&server.url(&server.database())).await;
    let attempts = [start_one(&store).await, start_one(&store).await];
    let ended = run_one(&store, "x").await;
    let mut client = store.link.once().await.unwrap();
    let until = "SELECT lease_until FROM jobs WHERE id = $1";
    let lease = async |(id, _): (JobId, Attempt)| {
        let client = store.link.once().await.unwrap();
        client.query_one(until, &[&rows::key(id)]).await.unwrap().get::<_, i64>(0)
    };
    let (first, second) = (lease(attempts[0]).await, lease(attempts[1]).await);
    let change = client.transaction().await.unwrap();
    change
        .query_one("SELECT 1 FROM jobs WHERE id = $1 FOR UPDATE", &[&rows::key(attempts[0].0)])
        .await
        .unwrap();

    let all = [attempts[0], attempts[1], (ended, Attempt(1))];
    let renewed = soon("renewing", store.renew(&all, LEASE * 2)).await.unwrap();
    assert_eq!((renewed.gone, renewed.cancelled), (vec![(ended, Attempt(1))], Vec::new()));
    assert_eq!(lease(attempts[0]).await, first, "somebody else is at it");
    assert!(lease(attempts[1]).await > second + 59_000_000);

    change.rollback().await.unwrap();
    store.renew(&all, LEASE * 2).await.unwrap();
    assert!(lease(attempts[0]).await > first + 59_000_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_to_one_job_does_not_take_a_look_at_all_the_others() {
    const JOBS: usize = 300;
    let server = Server::shared();
    let database = server.database();
    let store = open(&server.url(&database)).await;
    let mut attempts = Vec::new();
    for _ in 0..JOBS {
        attempts.push(start_one(&store).await);
    }
    for (id, attempt) in attempts {
        store.renew(&[(id, attempt)], LEASE).await.unwrap();
        let refused = store.release(id, attempt, Release::Refused).await.unwrap();
        assert!(matches!(refused, Released::Requeued(_)));
        let again = store.claim(id, "a", LEASE).await.unwrap().unwrap();
        store.finish(id, again.attempt, outcome("x")).await.unwrap();
    }
    // A connection that ends has said what it did.
    store.close().await;
    drop(store);
    let read = "SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes WHERE relname = 'jobs'";
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ruche-controller' \
                    AND datname = current_database()";
    ::tests::wait_until("the connections to end", || (server.sql(&database, sessions) == "0").then_some(()));
    let read: usize = server.sql(&database, read).parse().unwrap();
    assert!(read < JOBS * 40, "{read} entries of indexes were read for {JOBS} jobs");
}
