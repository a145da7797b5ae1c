//! What one program writes, on its way to another one's standard input.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

/// Pieces smaller than this are put together: each by itself takes about a hundred bytes more than it has.
const SMALL: usize = 4096;

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
    /// What was written last, in small pieces.
    tail: BytesMut,
    closed: bool,
}

impl Pipe {
    /// Adds what was written.
    pub fn write(&self, data: Bytes) {
        let mut state = self.lock();
        if !state.closed {
            state.add(data);
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
        let State { chunks, tail, closed } = &mut *state;
        match chunks.front_mut() {
            Some(front) if front.len() > most => Some(Some(front.split_to(most))),
            Some(_) => Some(chunks.pop_front()),
            None if tail.is_empty() => closed.then_some(None),
            None => Some(Some(tail.split_to(most.min(tail.len())).freeze())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, data: Bytes) {
        if data.len() < SMALL {
            self.tail.extend_from_slice(&data);
            return;
        }
        if !self.tail.is_empty() {
            let tail = self.tail.split().freeze();
            self.chunks.push_back(tail);
        }
        self.chunks.push_back(data);
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
        assert_eq!(pipe.next(6).await.as_deref(), Some(&b"5\n7"[..]));
        assert_eq!(pipe.next(6).await, None);
    }

    #[tokio::test]
    async fn small_pieces_come_together_and_in_their_place_between_large_ones() {
        let pipe = Pipe::default();
        let large = Bytes::from(vec![b'-'; SMALL]);
        for piece in [b"a", b"b", b"c"] {
            pipe.write(Bytes::from_static(piece));
        }
        pipe.write(large.clone());
        pipe.write(Bytes::from_static(b"d"));
        pipe.write(Bytes::from_static(b"e"));
        assert_eq!(pipe.next(9).await.as_deref(), Some(&b"abc"[..]));
        assert_eq!(pipe.next(SMALL).await, Some(large));
        assert_eq!(pipe.next(9).await.as_deref(), Some(&b"de"[..]));
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
