//! What is done to a program while it runs, beside writing to it: between the link and the step under way.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::{Gesture, Signal, TerminalSize};
use tokio::sync::Notify;

/// How many signals may wait: nobody sends more in a moment.
const MOST_SIGNALS: usize = 16;

/// The gestures of one job.
#[derive(Debug, Default)]
pub struct Gestures {
    state: Mutex<State>,
    made: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Whether a program runs.
    is_heard: bool,
    signals: VecDeque<Signal>,
    /// The last size, where the program's terminal does not have it yet.
    size: Option<TerminalSize>,
}

impl Gestures {
    /// Does this to the program. A signal is for one that runs; a size holds from the program's start on.
    pub fn make(&self, gesture: Gesture) {
        let mut state = self.lock();
        match gesture {
            Gesture::Signal(signal) if state.is_heard && state.signals.len() < MOST_SIGNALS => {
                state.signals.push_back(signal);
            }
            Gesture::Signal(_) => {}
            Gesture::Resize(size) => state.size = Some(size),
        }
        drop(state);
        self.made.notify_one();
    }

    /// A program runs, until what is returned is dropped.
    pub fn listen(&self) -> Listening<'_> {
        self.lock().is_heard = true;
        Listening(self)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Gestures::listen`].
#[derive(Debug)]
pub struct Listening<'a>(&'a Gestures);

impl Listening<'_> {
    /// What is done next. Nothing is lost when the future is dropped.
    pub async fn next(&self) -> Gesture {
        loop {
            // The one listener's permit is kept when something is done between the look and the wait.
            if let Some(gesture) = self.take() {
                return gesture;
            }
            self.0.made.notified().await;
        }
    }

    fn take(&self) -> Option<Gesture> {
        let mut state = self.0.lock();
        let size = state.size.take().map(Gesture::Resize);
        size.or_else(|| state.signals.pop_front().map(Gesture::Signal))
    }
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_heard = false;
        state.signals.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn signals_are_for_a_program_that_runs_and_the_last_size_for_the_next_as_well() {
        let gestures = Gestures::default();
        let size = |rows| TerminalSize { rows, columns: 80 };
        gestures.make(Gesture::Signal(Signal::Term));
        gestures.make(Gesture::Resize(size(10)));
        gestures.make(Gesture::Resize(size(20)));
        let running = gestures.listen();
        gestures.make(Gesture::Signal(Signal::Int));
        assert_eq!(running.next().await, Gesture::Resize(size(20)));
        assert_eq!(running.next().await, Gesture::Signal(Signal::Int));
        gestures.make(Gesture::Signal(Signal::Hup));
        drop(running);
        gestures.make(Gesture::Resize(size(30)));
        assert_eq!(gestures.listen().next().await, Gesture::Resize(size(30)));
    }

    #[test]
    fn nobody_fills_memory_with_signals() {
        let gestures = Gestures::default();
        let running = gestures.listen();
        (0..100).for_each(|_| gestures.make(Gesture::Signal(Signal::Usr1)));
        assert_eq!(std::iter::from_fn(|| running.take()).count(), MOST_SIGNALS);
    }
}
