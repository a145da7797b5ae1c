//! Callers' requests of one kind, put together into statements of many rows: while one statement is under way, the
//! requests for the next gather.

use std::future::Future;

use tokio::sync::{mpsc, oneshot};

use super::link::Fault;
use crate::store::StoreError;

/// Requests that may wait; further callers wait for room.
const QUEUE: usize = 1024;

/// Requests in one statement.
const BATCH: usize = 256;

/// Bytes in one statement. A larger request goes alone.
const BYTES: usize = 16 << 20;

type Request<T, R> = (T, oneshot::Sender<Result<R, StoreError>>);

/// Where requests of one kind go.
#[derive(Debug)]
pub(super) struct Batcher<T, R> {
    queue: mpsc::Sender<Request<T, R>>,
}

impl<T: Send + 'static, R: Send + 'static> Batcher<T, R> {
    /// Starts a task that answers many requests at once, in their order, and that knows how many bytes each has.
    pub(super) fn start<F>(
        weigh: impl Fn(&T) -> usize + Send + 'static,
        run: impl Fn(Vec<T>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Vec<R>, Fault>> + Send,
    {
        let (queue, mut requests) = mpsc::channel::<Request<T, R>>(QUEUE);
        tokio::spawn(async move {
            let mut waiting = Vec::with_capacity(BATCH);
            while !waiting.is_empty() || requests.recv_many(&mut waiting, BATCH).await > 0 {
                let fitting = fitting(waiting.iter().map(|(request, _)| weigh(request)));
                let (asked, callers): (Vec<T>, Vec<_>) = waiting.drain(..fitting).unzip();
                match run(asked).await {
                    Ok(answers) => {
                        for (caller, answer) in callers.into_iter().zip(answers) {
                            // Whoever has gone does not need to know.
                            let _ = caller.send(Ok(answer));
                        }
                    }
                    Err(fault) => {
                        let text = fault.to_string();
                        for caller in callers {
                            let _ = caller.send(Err(StoreError::failed(text.clone())));
                        }
                    }
                }
            }
        });
        Self { queue }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn ask(&self, request: T) -> Result<R, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let closed = || StoreError::failed("the store is closed");
        self.queue.send((request, sender)).await.map_err(|_| closed())?;
        receiver.await.map_err(|_| closed())?
    }
}

/// How many of the first ones go together: at least one.
fn fitting(weights: impl Iterator<Item = usize>) -> usize {
    let mut total = 0_usize;
    let fit = |weight: &usize| {
        total = total.saturating_add(*weight);
        total <= BYTES
    };
    weights.take_while(fit).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_an_end_in_bytes_and_a_larger_request_goes_alone() {
        assert_eq!(fitting([1, 2, 3].into_iter()), 3);
        assert_eq!(fitting([BYTES / 2, BYTES / 2, 1].into_iter()), 2);
        assert_eq!(fitting([BYTES + 1, 1].into_iter()), 1);
        assert_eq!(fitting([1, BYTES, 1].into_iter()), 1);
    }
}
