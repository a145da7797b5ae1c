//! A program's standard input: given with the job, or following it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use protocol::frame::FrameError;
use protocol::window::ReceiveWindow;
use tokio::sync::Notify;

use crate::pipe::Pipe;
use crate::report::{Report, Reporter};

/// Where a step's input comes from.
#[derive(Debug)]
pub enum Stdin {
    /// All of it is here.
    Given(Bytes),
    /// It comes as the client sends it.
    Following(Arc<Following>, Reporter),
    /// It is what another program writes.
    From(Arc<Pipe>),
}

/// Input between the link and the worker; no more than a window of it.
#[derive(Debug)]
pub struct Following {
    size: u32,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    chunks: VecDeque<Bytes>,
    /// How many bytes have gone on to the program.
    passed: u64,
    ended: bool,
    window: ReceiveWindow,
}

impl Stdin {
    /// The next at most `most` bytes, or nothing at the end. Nothing is lost when the future is dropped.
    pub async fn next(&mut self, most: usize) -> Option<Bytes> {
        match self {
            Self::Given(rest) if rest.is_empty() => None,
            Self::Given(rest) => Some(rest.split_to(most.min(rest.len()))),
            Self::Following(following, _) => following.next(most).await,
            Self::From(pipe) => pipe.next(most).await,
        }
    }

    /// The program has taken this much.
    pub async fn taken(&mut self, bytes: u32) {
        let Self::Following(following, reporter) = self else { return };
        let credit = following.lock().window.consumed(bytes as usize);
        if let Some(credit) = credit {
            // A link that is gone has no use for it.
            let _ = reporter.send(Report::Credit(credit)).await;
        }
    }
}

impl Following {
    /// Input that is yet to come, within a window of so many bytes.
    pub fn new(window: u32) -> Self {
        let (chunks, size) = (VecDeque::new(), window);
        let state = State { chunks, passed: 0, ended: false, window: ReceiveWindow::new(window) };
        Self { size, state: Mutex::new(state), changed: Notify::new() }
    }

    /// More came.
    ///
    /// # Errors
    /// Where there was no credit for it, or it had ended.
    pub fn push(&self, data: Bytes) -> Result<(), FrameError> {
        let mut state = self.lock();
        state.window.received(data.len())?;
        if !data.is_empty() && !state.ended {
            state.chunks.push_back(data);
        }
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// No more will come.
    pub fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_one();
    }

    /// Its link is gone. Returns from which byte on it has to come again over the next one; what waits for the
    /// program is dropped. Nothing where all of it is here.
    pub fn rewind(&self) -> Option<u64> {
        let mut state = self.lock();
        if state.ended {
            return None;
        }
        state.chunks.clear();
        // Credit that was on its way when the link broke may go out over the next one: there is room for it.
        state.window = ReceiveWindow::new(self.size.saturating_mul(2));
        Some(state.passed)
    }

    async fn next(&self, most: usize) -> Option<Bytes> {
        loop {
            // The one reader's permit is kept when this changes between the look and the wait.
            if let Some(next) = self.take(most) {
                return next;
            }
            self.changed.notified().await;
        }
    }

    /// What there is: some bytes, or the end, or neither yet.
    fn take(&self, most: usize) -> Option<Option<Bytes>> {
        let mut state = self.lock();
        let next = match state.chunks.front_mut() {
            Some(front) if front.len() > most => Some(front.split_to(most)),
            Some(_) => state.chunks.pop_front(),
            None => return state.ended.then_some(None),
        };
        state.passed += next.as_ref().map_or(0, Bytes::len) as u64;
        Some(next)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn following_input_comes_in_pieces_and_ends() {
        let following = Arc::new(Following::new(10));
        let (reporter, mut reports) = crate::report::queue();
        let mut stdin = Stdin::Following(Arc::clone(&following), reporter);
        following.push(Bytes::from_static(b"12345")).unwrap();
        assert_eq!(stdin.next(3).await.as_deref(), Some(&b"123"[..]));
        assert_eq!(stdin.next(3).await.as_deref(), Some(&b"45"[..]));
        stdin.taken(5).await;
        assert_eq!(reports.recv().await, Some(Report::Credit(5)));
        following.end();
        assert_eq!(stdin.next(3).await, None);
    }

    #[tokio::test]
    async fn input_that_has_not_reached_the_program_comes_again() {
        let following = Arc::new(Following::new(10));
        let mut stdin = Stdin::Following(Arc::clone(&following), crate::report::queue().0);
        following.push(Bytes::from_static(b"12345678")).unwrap();
        assert_eq!(stdin.next(3).await.as_deref(), Some(&b"123"[..]));
        assert_eq!(following.rewind(), Some(3));
        following.push(Bytes::from_static(b"45678")).unwrap();
        following.end();
        assert_eq!(stdin.next(9).await.as_deref(), Some(&b"45678"[..]));
        assert_eq!(following.rewind(), None);
        assert_eq!(stdin.next(9).await, None);
    }

    #[test]
    fn input_without_credit_is_refused() {
        let following = Following::new(4);
        assert!(following.push(Bytes::from_static(b"12345")).is_err());
    }

    #[tokio::test]
    async fn given_input_ends_by_itself() {
        let mut stdin = Stdin::Given(Bytes::from_static(b"ab"));
        assert_eq!(stdin.next(1).await.as_deref(), Some(&b"a"[..]));
        assert_eq!(stdin.next(9).await.as_deref(), Some(&b"b"[..]));
        assert_eq!(stdin.next(9).await, None);
    }
}
