//! Files that runs left: kept with their job's end, read one by one, and gone with the job.

use bytes::Bytes;

use super::*;
use crate::store::Produced;

fn file(run: u32, path: &str, content: impl Into<Bytes>) -> Produced {
    Produced { run, path: path.to_owned(), content: content.into() }
}

fn with(artifacts: Vec<Produced>) -> Outcome {
    Outcome { artifacts, ..outcome(Verdict::RuntimeError) }
}

pub(super) async fn files_are_kept_with_the_end_that_counts(store: &impl Store) {
    let large: Bytes = b"row\n".repeat(100_000).into();
    let binary: Bytes = (0..=255).cycle().take(3000).collect::<Vec<u8>>().into();
    let id = enqueue(store, "c").await;
    let lost = claim(store, id).await;
    assert!(matches!(store.release(id, lost, super::lost()).await.unwrap(), Released::Requeued(_)));
    let attempt = claim(store, id).await;
    let stale = store.finish(id, lost, with(vec![file(0, "stale", "x")])).await.unwrap();
    assert_eq!(stale, Recorded::Stale);
    let files = vec![
        file(1, "d/table.csv", large.clone()),
        file(2, "d/table.csv", "other"),
        file(1, "empty", ""),
        file(0, "é.png", binary.clone()),
    ];
    let recorded = store.finish(id, attempt, with(files)).await.unwrap();
    assert!(matches!(recorded, Recorded::Now(_)));
    assert_eq!(store.finish(id, attempt, with(vec![file(9, "twice", "x")])).await.unwrap(), Recorded::Before);

    let read = async |run, path| store.artifact(id, run, path).await.unwrap();
    assert_eq!(read(None, "d/table.csv").await, Some(large.clone()), "the first run's");
    assert_eq!(read(Some(1), "d/table.csv").await, Some(large));
    assert_eq!(read(Some(2), "d/table.csv").await, Some("other".into()));
    assert_eq!(read(None, "empty").await, Some(Bytes::new()));
    assert_eq!(read(Some(0), "é.png").await, Some(binary));
    for (run, path) in
        [(None, "stale"), (None, "twice"), (Some(0), "d/table.csv"), (None, "table.csv"), (None, "d/")]
    {
        assert_eq!(read(run, path).await, None, "{path}");
    }
    assert_eq!(store.artifact(JobId::random(), None, "empty").await.unwrap(), None);
}

pub(super) async fn files_count_as_kept_and_go_with_their_job(store: &impl Store) {
    // Noise, since what repeats is stored small.
    let noise: Vec<u8> = (0..100_000).map(|_| rand::random()).collect();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = enqueue(store, "c").await;
        let attempt = claim(store, id).await;
        store.finish(id, attempt, with(vec![file(0, "noise", noise.clone())])).await.unwrap();
        ids.push(id);
    }
    let keep = Retention { age: None, jobs: None, bytes: Some(250_000) };
    while store.retain(&keep).await.unwrap() > 0 {}
    assert_eq!(store.artifact(ids[0], None, "noise").await.unwrap(), None);
    for id in &ids[1..] {
        assert_eq!(store.artifact(*id, None, "noise").await.unwrap().as_deref(), Some(noise.as_slice()));
    }
}
