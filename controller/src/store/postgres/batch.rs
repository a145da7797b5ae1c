//! Callers' requests of one kind, put together into statements of many rows: while one statement is under way, the
//! requests for the next gather.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::link::Fault;
use crate::store::StoreError;

/// Requests that may wait; further callers wait for room.
const QUEUE: usize = 1024;

/// Requests in one statement.
const BATCH: usize = 256;

type Request<T, R> = (T, oneshot::Sender<Result<R, StoreError>>);

/// Where requests of one kind go.
#[derive(Debug)]
pub(super) struct Batcher<T, R> {
    queue: mpsc::Sender<Request<T, R>>,
    unheard: Arc<AtomicBool>,
}

impl<T: Send + 'static, R: Send + 'static> Batcher<T, R> {
    /// Starts a task that answers many requests at once, in their order. `unheard` is set where it is not known
    /// what became of one, or nobody took the answer.
    pub(super) fn start<F>(
        unheard: Arc<AtomicBool>,
        run: impl Fn(Vec<T>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Vec<R>, Fault>> + Send,
    {
        let (queue, mut requests) = mpsc::channel::<Request<T, R>>(QUEUE);
        let mark = Arc::clone(&unheard);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while requests.recv_many(&mut batch, BATCH).await > 0 {
                let (asked, callers): (Vec<T>, Vec<_>) = batch.drain(..).unzip();
                match run(asked).await {
                    Ok(answers) => {
                        for (caller, answer) in callers.into_iter().zip(answers) {
                            if caller.send(Ok(answer)).is_err() {
                                mark.store(true, Ordering::Release);
                            }
                        }
                    }
                    Err(fault) => {
                        mark.store(true, Ordering::Release);
                        let text = fault.to_string();
                        for caller in callers {
                            // Whoever has gone does not need to know.
                            let _ = caller.send(Err(StoreError::failed(text.clone())));
                        }
                    }
                }
            }
        });
        Self { queue, unheard }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn ask(&self, request: T) -> Result<R, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let closed = || StoreError::failed("the store is closed");
        self.queue.send((request, sender)).await.map_err(|_| closed())?;
        let mut heard = Heard { unheard: &self.unheard, done: false };
        let answer = receiver.await;
        heard.done = true;
        answer.map_err(|_| closed())?
    }
}

/// Notices a caller who goes away before the answer.
struct Heard<'a> {
    unheard: &'a AtomicBool,
    done: bool,
}

impl Drop for Heard<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.unheard.store(true, Ordering::Release);
        }
    }
}
