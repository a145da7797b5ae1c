//! The memory store on its own, and as every store has to be.

use super::*;
use crate::store::conformance::{self, job};

fn store(max_queue: u64, keep_finished: usize, keep_bytes: u64) -> Memory {
    Memory::new(MemoryLimits { max_queue, max_queue_bytes: 1000, keep_finished, keep_bytes })
}

#[tokio::test(start_paused = true)]
async fn it_is_a_store() {
    conformance::run(|| async { store(100, 100, 1 << 20) }).await;
    conformance::run_shared(|| async {
        let here = store(100, 100, 1 << 20);
        let there = here.share();
        (here, there)
    })
    .await;
}

#[tokio::test]
async fn the_queue_has_an_end_in_jobs_and_in_bytes() {
    let jobs = store(2, 10, 10);
    jobs.enqueue(job("c", 0)).await.unwrap();
    jobs.enqueue(job("c", 0)).await.unwrap();
    let error = jobs.enqueue(job("c", 0)).await.unwrap_err();
    assert!(matches!(error, EnqueueError::Full { waiting: 2 }), "{error}");

    let bytes = store(100, 10, 10);
    let mut large = job("c", 0);
    std::sync::Arc::make_mut(&mut large.spec).stdin = Some(vec![0; 1001].into());
    assert!(matches!(bytes.enqueue(large).await, Err(EnqueueError::Full { .. })));
}

#[tokio::test]
async fn the_oldest_finished_jobs_are_forgotten() {
    let store = store(10, 2, 1 << 20);
    let mut ids = Vec::new();
    for _ in 0..3 {
        let new = job("c", 0);
        ids.push(new.id);
        store.enqueue(new).await.unwrap();
        store.cancel(ids[ids.len() - 1], "enough").await.unwrap();
    }
    assert_eq!(store.get(ids[0]).await.unwrap(), None);
    assert!(store.get(ids[1]).await.unwrap().is_some());
    assert_eq!(store.list(&JobQuery::default()).await.unwrap().jobs.len(), 2);
    assert_eq!(lock(&store.shared.state).work_bytes, 0);
}
