//! What one program writes, on its way to another one's standard input.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

/// A pipe between two sandboxes. Who writes never waits for who reads, so that each of the two can be stopped whatever the
/// other does; no more than what the one may write in all can be in it.
#[derive(Debug, Default)]
pub struct Pipe {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Bytes>,
    closed: bool,
}

impl Pipe {
    /// Adds what was written.
    pub fn write(&self, data: Bytes) {
        let mut state = self.lock();
        if !data.is_empty() && !state.closed {
            state.chunks.push_back(data);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Nothing more will be written.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// The next at most `most` bytes, or nothing at the end. Nothing is lost when the future is dropped. One reads.
    pub async fn next(&self, most: usize) -> Option<Bytes> {
        loop {
            if let Some(next) = self.take(most) {
                return next;
            }
            self.changed.notified().await;
        }
    }

    /// What there is: some bytes, or the end, or neither yet.
    fn take(&self, most: usize) -> Option<Option<Bytes>> {
        let mut state = self.lock();
        match state.chunks.front_mut() {
            Some(front) if front.len() > most => Some(Some(front.split_to(most))),
            Some(_) => Some(state.chunks.pop_front()),
            None => state.closed.then_some(None),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_comes_in_order_and_ends() {
        let pipe = Pipe::default();
        pipe.write(Bytes::from_static(b"guess 5\n"));
        pipe.write(Bytes::new());
        pipe.write(Bytes::from_static(b"7"));
        assert_eq!(pipe.next(6).await.as_deref(), Some(&b"guess "[..]));
        pipe.close();
        pipe.write(Bytes::from_static(b"too late"));
        assert_eq!(pipe.next(6).await.as_deref(), Some(&b"5\n"[..]));
        assert_eq!(pipe.next(6).await.as_deref(), Some(&b"7"[..]));
        assert_eq!(pipe.next(6).await, None);
    }

    #[tokio::test]
    async fn who_reads_waits_for_who_writes() {
        let pipe = Pipe::default();
        let write = async {
            tokio::task::yield_now().await;
            pipe.write(Bytes::from_static(b"late"));
        };
        let (read, ()) = tokio::join!(pipe.next(9), write);
        assert_eq!(read.as_deref(), Some(&b"late"[..]));
    }
}
