use std::time::Duration;

use protocol::{Attempt, JobState, Verdict};
use tempfile::TempDir;

use super::*;
use crate::store::conformance::{self, job};

const LEASE: Duration = Duration::from_secs(60);

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open_in(folder: &TempDir) -> Result<Sqlite, OpenError> {
    Sqlite::open(folder.path(), 1000, 1 << 20)
}

fn refusal(folder: &TempDir) -> String {
    let refusal = open_in(folder).unwrap_err().to_string();
    assert!(!refusal.contains('\n'), "{refusal}");
    assert!(refusal.contains("ruche.db"), "{refusal}");
    refusal
}

fn outcome() -> Outcome {
    let run = protocol::StepResult {
        stdout: Some(b"all the same\n".repeat(10_000).into()),
        ..protocol::StepResult::new(Verdict::Ok)
    };
    Outcome {
        verdict: Verdict::Ok,
        message: None,
        compile: None,
        runs: vec![run],
        score: None,
        artifacts: Vec::new(),
    }
}

#[tokio::test]
async fn it_is_a_store() {
    let folders = folder();
    let next = std::sync::atomic::AtomicU32::new(0);
    conformance::run(|| async {
        let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Sqlite::open(&folders.path().join(number.to_string()), 100, 1 << 20).unwrap()
    })
    .await;
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = folder();
    let store = open_in(&folder).unwrap();
    let (waiting, running, finished) = (job("c", 3), job("java", 0), job("c", 0));
    for new in [&waiting, &running, &finished] {
        store.enqueue(new.clone()).await.unwrap();
    }
    store.claim(running.id, "a", LEASE).await.unwrap().unwrap();
    store.claim(finished.id, "a", LEASE).await.unwrap().unwrap();
    store.finish(finished.id, Attempt(1), outcome()).await.unwrap();
    let before = store.get(finished.id).await.unwrap();
    store.close().await;

    let store = open_in(&folder).unwrap();
    assert_eq!(store.counts().await.unwrap(), Counts { queued: 1, running: 1 });
    assert_eq!(store.get(finished.id).await.unwrap(), before);
    assert!(store.claim(waiting.id, "b", LEASE).await.unwrap().is_none(), "it is at home nowhere yet");
    assert_eq!(store.at_home(0, 10).await.unwrap(), []);
    let adopted = store.adopt(10).await.unwrap();
    assert_eq!((adopted.len(), adopted[0].id, adopted[0].priority), (1, waiting.id, 3));
    let claim = store.claim(waiting.id, "b", LEASE).await.unwrap().unwrap();
    assert_eq!(claim.spec, waiting.spec);

    assert_eq!(store.expire().await.unwrap(), [], "what ran has its lease anew");
    assert_eq!(store.renew(&[(running.id, Attempt(1))], LEASE).await.unwrap().gone.len(), 1);
    let taken = store.take_over(running.id, Attempt(1), "a", LEASE).await.unwrap();
    assert!(matches!(taken, TakenOver::Resumed(_)));
    let recorded = store.finish(running.id, Attempt(1), outcome()).await.unwrap();
    assert!(matches!(recorded, Recorded::Now(_)));
}

#[tokio::test]
async fn a_job_is_at_home_here_where_its_client_was_gone() {
    let folder = folder();
    let store = open_in(&folder).unwrap();
    let new = job("c", 0);
    let id = new.id;
    let mut enqueue = store.enqueue(new);
    let polled =
        std::future::poll_fn(|context| std::task::Poll::Ready(enqueue.as_mut().poll(context).is_ready()));
    assert!(!polled.await, "nothing is committed that fast");
    drop(enqueue);
    // It is committed before this is.
    assert_eq!(store.at_home(0, 10).await.unwrap()[0].id, id);
}

#[tokio::test]
async fn the_queue_has_an_end_in_jobs_and_in_bytes() {
    let folder = folder();
    let store = Sqlite::open(folder.path(), 2, 3).unwrap();
    for _ in 0..2 {
        store.enqueue(job("c", 0)).await.unwrap();
    }
    assert!(matches!(store.enqueue(job("c", 0)).await, Err(EnqueueError::Full { waiting: 2 })));
    let first = store.list(&JobQuery::default()).await.unwrap().jobs[0].id;
    store.withdraw(first).await.unwrap();
    let mut large = job("c", 0);
    Arc::make_mut(&mut large.spec).stdin = Some(vec![0; 3].into());
    assert!(matches!(store.enqueue(large).await, Err(EnqueueError::Full { waiting: 1 })));
    store.enqueue(job("c", 0)).await.unwrap();
}

#[tokio::test]
async fn only_one_process_has_it_open() {
    let folder = folder();
    let first = open_in(&folder).unwrap();
    assert!(refusal(&folder).contains("another controller"));
    first.close().await;
    open_in(&folder).unwrap();
}

#[tokio::test]
async fn what_is_no_database_of_ours_stops_the_start() {
    let folder = folder();
    let path = folder.path().join(open::FILE);
    std::fs::write(&path, b"this is a letter, and a rather long one ".repeat(100)).unwrap();
    assert!(refusal(&folder).contains("not a database"));

    std::fs::remove_file(&path).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE recipes (name)").unwrap();
    assert!(refusal(&folder).contains("another program"));
}

#[tokio::test]
async fn a_newer_or_damaged_database_stops_the_start() {
    let folder = folder();
    let path = folder.path().join(open::FILE);
    let store = open_in(&folder).unwrap();
    for _ in 0..100 {
        store.enqueue(job("c", 0)).await.unwrap();
    }
    store.close().await;
    let db = rusqlite::Connection::open(&path).unwrap();
    let known: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    assert!(refusal(&folder).contains("newer controller (schema 99"));

    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", known).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[4096..middle].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    assert!(refusal(&folder).contains("damaged"));
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_stops_the_start() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let error = Sqlite::open(&folder.path().join("file/below"), 1, 1).unwrap_err().to_string();
    assert!(error.contains("--data-dir"), "{error}");
}

#[tokio::test]
async fn a_database_of_the_first_schema_is_taken_over() {
    let folder = folder();
    let db = rusqlite::Connection::open(folder.path().join(open::FILE)).unwrap();
    db.execute_batch(include_str!("fixtures/1.sql")).unwrap();
    drop(db);
    let store = open_in(&folder).unwrap();
    assert_eq!(store.counts().await.unwrap(), Counts { queued: 1, running: 0 });
    let page = store.list(&JobQuery::default()).await.unwrap();
    let states: Vec<_> = page.jobs.iter().map(|job| (job.state, job.verdict)).collect();
    assert_eq!(states, [(JobState::Finished, Some(Verdict::Ok)), (JobState::Queued, None)]);
    let queued = store.adopt(10).await.unwrap();
    assert_eq!((queued[0].share.as_str(), queued[0].number), ("class", 1));
    let spec = store.spec(queued[0].id).await.unwrap().unwrap();
    assert_eq!(spec.files[0].content.to_text(), "int main(){}");
    let finished = store.get(page.jobs[0].id).await.unwrap().unwrap();
    assert_eq!(finished.runs[0].stdout.as_ref().unwrap().to_text(), "hello");
    assert_eq!(store.attempts(finished.id).await.unwrap().len(), 1);
    assert_eq!(finished.owner, None);
    let owned = NewJob { owner: Some("ada".to_owned()), ..job("c", 0) };
    let id = owned.id;
    store.enqueue(owned).await.unwrap();
    store.close().await;
    let store = open_in(&folder).unwrap();
    assert_eq!(store.get(id).await.unwrap().unwrap().owner.as_deref(), Some("ada"));
}

#[tokio::test]
async fn large_output_is_stored_small_and_goes_with_its_job() {
    let folder = folder();
    let store = open_in(&folder).unwrap();
    for _ in 0..300 {
        let new = job("c", 0);
        let id = new.id;
        store.enqueue(new).await.unwrap();
        let attempt = store.claim(id, "a", LEASE).await.unwrap().unwrap().attempt;
        store.finish(id, attempt, outcome()).await.unwrap();
    }
    let keep = Retention { age: None, jobs: Some(1), bytes: None };
    let mut forgotten = Vec::new();
    loop {
        match store.retain(&keep).await.unwrap() {
            0 => break,
            some => forgotten.push(some),
        }
    }
    assert_eq!(forgotten, [200, 99], "some at a time");
    store.close().await;
    let size = std::fs::metadata(folder.path().join(open::FILE)).unwrap().len();
    assert!(size < 1 << 20, "39 MB were written by programs, {size} bytes are left");
}
