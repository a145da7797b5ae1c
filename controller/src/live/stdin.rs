//! Standard input that is streamed to a job. All of it is kept until the job ends, so that another attempt reads
//! it from the start.

use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use protocol::frame::MAX_CHUNK;
use tokio::sync::Notify;

use crate::budget::{Budget, Held};
use crate::lock::lock;

/// There is no such input as the job was to have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StdinFailure {
    /// More than one job may have.
    #[error("standard input is over the maximum of {0} bytes")]
    Job(u64),
    /// More than there is room for just now.
    #[error("standard input was cut off: {0}")]
    Controller(#[from] crate::budget::Exhausted),
    /// Its client's connection ended before the input did.
    #[error("standard input broke off with the connection that it came over")]
    Connection,
}

/// The input of one job: written by its client's connection, read by each attempt.
#[derive(Debug)]
pub struct StdinLog {
    maximum: u64,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// All full but the last, so that tiny writes do not cost an allocation each.
    segments: Vec<BytesMut>,
    bytes: u64,
    held: Held,
    ended: bool,
    failure: Option<StdinFailure>,
    /// The job is over: what still comes is dropped.
    discarding: bool,
}

impl StdinLog {
    /// An empty input that may grow to `maximum` bytes.
    pub fn new(maximum: u64, budget: &Budget) -> Arc<Self> {
        let state = State {
            segments: Vec::new(),
            bytes: 0,
            held: budget.hold(),
            ended: false,
            failure: None,
            discarding: false,
        };
        Arc::new(Self { maximum, state: Mutex::new(state), changed: Notify::new() })
    }

    /// Adds input. Where it becomes too much, [`failed`](Self::failed) tells whoever looks after the job.
    pub fn push(&self, data: &[u8]) {
        let mut state = lock(&self.state);
        if state.discarding || state.ended || state.failure.is_some() {
            return;
        }
        state.failure = state.append(data, self.maximum).err();
        drop(state);
        self.changed.notify_waiters();
    }

    /// Marks the end of the input.
    pub fn end(&self) {
        lock(&self.state).ended = true;
        self.changed.notify_waiters();
    }

    /// Nothing more comes. Where the end was not marked, this is not all of the input: whoever looks after the job is
    /// told, and its program is not made to believe that it were.
    pub fn break_off(&self) {
        let mut state = lock(&self.state);
        if !state.ended && state.failure.is_none() {
            state.failure = Some(StdinFailure::Connection);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Forgets everything: the job is over.
    pub fn discard(&self) {
        let mut state = lock(&self.state);
        state.discarding = true;
        state.segments = Vec::new();
        state.held.clear();
    }

    /// Waits until the input cannot be had; never returns where all is well.
    pub async fn failed(&self) -> StdinFailure {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(failure) = lock(&self.state).failure.clone() {
                return failure;
            }
            changed.await;
        }
    }

    /// Reads from the byte with this number on.
    pub fn reader(self: &Arc<Self>, from: u64) -> StdinReader {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        StdinReader { log: Arc::clone(self), segment: from / MAX_CHUNK, offset: from % MAX_CHUNK }
    }
}

impl State {
    fn append(&mut self, mut data: &[u8], maximum: u64) -> Result<(), StdinFailure> {
        let length = data.len() as u64;
        if self.bytes + length > maximum {
            return Err(StdinFailure::Job(maximum));
        }
        self.held.grow(length)?;
        self.bytes += length;
        while !data.is_empty() {
            let room = self.segments.last().map_or(0, |last| MAX_CHUNK - last.len());
            if room == 0 {
                self.segments.push(BytesMut::new());
                continue;
            }
            let (piece, rest) = data.split_at(data.len().min(room));
            if let Some(last) = self.segments.last_mut() {
                last.extend_from_slice(piece);
            }
            data = rest;
        }
        Ok(())
    }
}

/// One attempt's place in the input.
#[derive(Debug)]
pub struct StdinReader {
    log: Arc<StdinLog>,
    segment: usize,
    offset: usize,
}

impl StdinReader {
    /// The next piece, of at most [`MAX_CHUNK`] bytes; `None` at the end.
    pub async fn next(&mut self) -> Option<Bytes> {
        let log = Arc::clone(&self.log);
        loop {
            let mut changed = std::pin::pin!(log.changed.notified());
            changed.as_mut().enable();
            if let Some(piece) = self.read() {
                return piece;
            }
            changed.await;
        }
    }

    /// The next piece; `Some(None)` at the end, `None` where it has yet to come.
    fn read(&mut self) -> Option<Option<Bytes>> {
        let state = lock(&self.log.state);
        if self.offset == MAX_CHUNK {
            self.segment += 1;
            self.offset = 0;
        }
        let unread = state.segments.get(self.segment).and_then(|segment| segment.get(self.offset..));
        match unread.filter(|unread| !unread.is_empty()) {
            Some(unread) => {
                self.offset += unread.len();
                Some(Some(Bytes::copy_from_slice(unread)))
            }
            None => (state.ended || state.discarding).then_some(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_all(mut reader: StdinReader) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(piece) = reader.next().await {
            assert!(piece.len() <= MAX_CHUNK);
            all.extend_from_slice(&piece);
        }
        all
    }

    #[tokio::test]
    async fn every_reader_gets_all_of_it() {
        let log = StdinLog::new(1 << 20, &Budget::new(1 << 20));
        let early = tokio::spawn(read_all(log.reader(0)));
        let data: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
        for piece in data.chunks(997) {
            log.push(piece);
            tokio::task::yield_now().await;
        }
        log.end();
        assert_eq!(early.await.unwrap(), data);
        assert_eq!(read_all(log.reader(0)).await, data);
        assert_eq!(read_all(log.reader(123_456)).await, data[123_456..]);
    }

    #[tokio::test]
    async fn too_much_is_told() {
        let log = StdinLog::new(5, &Budget::new(100));
        log.push(b"12345");
        log.push(b"6");
        assert_eq!(log.failed().await, StdinFailure::Job(5));

        let log = StdinLog::new(100, &Budget::new(3));
        log.push(b"1234");
        assert_eq!(log.failed().await, StdinFailure::Controller(crate::budget::Exhausted));
    }

    #[tokio::test]
    async fn input_that_breaks_off_is_not_taken_for_all_of_it() {
        let log = StdinLog::new(100, &Budget::new(100));
        log.push(b"half");
        log.break_off();
        assert_eq!(log.failed().await, StdinFailure::Connection);
        let mut reader = log.reader(0);
        assert_eq!(reader.next().await.unwrap(), "half");
        assert_eq!(reader.read(), None, "there is no end");

        let log = StdinLog::new(100, &Budget::new(100));
        log.end();
        log.break_off();
        assert_eq!(lock(&log.state).failure, None);
    }

    #[tokio::test]
    async fn what_is_forgotten_is_given_back() {
        let budget = Budget::new(10);
        let log = StdinLog::new(10, &budget);
        log.push(b"0123456789");
        log.discard();
        assert_eq!(budget.hold().grow(10), Ok(()));
        assert_eq!(read_all(log.reader(0)).await, b"");
    }
}
