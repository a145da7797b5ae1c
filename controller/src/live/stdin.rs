//! Standard input that is streamed to a job. All of it is kept until the job ends, so that another attempt reads
//! it from the start.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use protocol::frame::MAX_CHUNK;
use tokio::sync::Notify;

use super::attendance::Attendance;
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

/// How much of an input is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Its bytes.
    pub bytes: u64,
    /// Whether no more are taken.
    pub ended: bool,
}

/// The input is not where its writer believes it to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another connection has written to this input, which has {0} bytes now: connect again to go on")]
pub struct Overtaken(u64);

/// The input of one job: written by its client's connections, read by each attempt.
#[derive(Debug)]
pub struct StdinLog {
    maximum: u64,
    state: Mutex<State>,
    changed: Notify,
    /// Where it does not end with the connection that it comes over.
    attendance: Option<Attendance>,
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
    /// An empty input that may grow to `maximum` bytes, and comes over the connection that the job came over.
    pub fn new(maximum: u64, budget: &Budget) -> Arc<Self> {
        Self::with(maximum, budget, None)
    }

    /// The same, that any connection of this user may go on with, or of somebody without an account. Nobody may be
    /// there for so long.
    pub fn attended(maximum: u64, budget: &Budget, writer: Option<String>, patience: Duration) -> Arc<Self> {
        Self::with(maximum, budget, Some(Attendance::new(writer, patience)))
    }

    fn with(maximum: u64, budget: &Budget, attendance: Option<Attendance>) -> Arc<Self> {
        let state = State {
            segments: Vec::new(),
            bytes: 0,
            held: budget.hold(),
            ended: false,
            failure: None,
            discarding: false,
        };
        Arc::new(Self { maximum, state: Mutex::new(state), changed: Notify::new(), attendance })
    }

    /// Whether several connections may write it, one after the other; and whose they have to be.
    pub fn writer(&self) -> Option<Option<&str>> {
        self.attendance.as_ref().map(|attendance| attendance.writer.as_deref())
    }

    /// Whoever writes it is there, until this is dropped.
    pub fn attend(self: &Arc<Self>) -> Writer {
        if let Some(attendance) = &self.attendance {
            attendance.come();
        }
        Writer(Arc::clone(self))
    }

    /// Waits until nobody has been there to write it for too long; never returns where it ends with a connection.
    pub async fn forsaken(&self) {
        match &self.attendance {
            Some(attendance) => attendance.forsaken().await,
            None => std::future::pending().await,
        }
    }

    /// Adds input. Where it becomes too much, [`failed`](Self::failed) tells whoever looks after the job.
    pub fn push(&self, data: &[u8]) {
        lock(&self.state).push(data, self.maximum);
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
    fn push(&mut self, data: &[u8], maximum: u64) {
        if !self.is_over() {
            self.failure = self.append(data, maximum).err();
        }
    }

    /// Whether nothing more is taken.
    fn is_over(&self) -> bool {
        self.discarding || self.ended || self.failure.is_some()
    }

    fn taken(&self) -> Taken {
        Taken { bytes: self.bytes, ended: self.is_over() }
    }

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

/// A connection that writes the input. Each names the byte where it goes on, so that what two of them send is
/// never mixed, and what was on its way when the former broke is not taken twice.
#[derive(Debug)]
pub struct Writer(Arc<StdinLog>);

impl Writer {
    /// How much there is.
    pub fn taken(&self) -> Taken {
        lock(&self.0.state).taken()
    }

    /// Adds input from the byte with this number on. What comes after the end is dropped.
    ///
    /// # Errors
    /// Where that is not the next byte.
    pub fn write(&self, at: u64, data: &[u8]) -> Result<Taken, Overtaken> {
        self.change(at, |state, maximum| state.push(data, maximum))
    }

    /// Marks the end of the input, which has so many bytes.
    ///
    /// # Errors
    /// Where it has not.
    pub fn end(&self, at: u64) -> Result<Taken, Overtaken> {
        self.change(at, |state, _| state.ended = true)
    }

    fn change(&self, at: u64, change: impl FnOnce(&mut State, u64)) -> Result<Taken, Overtaken> {
        let mut state = lock(&self.0.state);
        if state.bytes != at {
            return Err(Overtaken(state.bytes));
        }
        change(&mut state, self.0.maximum);
        let taken = state.taken();
        drop(state);
        self.0.changed.notify_waiters();
        Ok(taken)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(attendance) = &self.0.attendance {
            attendance.go();
        }
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
    async fn writers_do_not_mix_and_nothing_is_taken_twice() {
        let log = StdinLog::attended(100, &Budget::new(100), None, Duration::from_secs(10));
        let (former, latter) = (log.attend(), log.attend());
        assert_eq!(former.write(0, b"one "), Ok(Taken { bytes: 4, ended: false }));
        assert_eq!(latter.write(0, b"one "), Err(Overtaken(4)), "it was on its way already");
        assert_eq!(latter.write(4, b"two"), Ok(Taken { bytes: 7, ended: false }));
        assert_eq!(former.end(4), Err(Overtaken(7)));
        assert_eq!(latter.end(7), Ok(Taken { bytes: 7, ended: true }));
        assert_eq!(latter.write(7, b"late"), Ok(Taken { bytes: 7, ended: true }));
        assert_eq!(read_all(log.reader(0)).await, b"one two");
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
