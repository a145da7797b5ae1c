//! The attempts of a runner, whichever link carries them, and what is announced of those that none does.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::runner::{Assignment, HeldAttempt};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::attempt::{Attempt, Held, Key, LinkStream};
use super::carrying::carry;
use crate::report::{Reporter, queue};

/// For how long an attempt waits for the controller whose link carried it, before others are told of it.
const GRACE: Duration = Duration::from_secs(2);

/// The same for one that needs its input again, which no other controller has: by then this one is dead, or has
/// queued the job again.
const INPUT_GRACE: Duration = Duration::from_secs(10);

/// What is held, each since when: one that is held again is announced again.
pub type Announcement = BTreeSet<(HeldAttempt, Instant)>;

/// What came of a wish to take an attempt up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resumed {
    /// It goes on over this link.
    Yes,
    /// Another link carries it.
    Elsewhere,
    /// There is no such attempt.
    Unknown,
}

/// The attempts of a runner.
#[derive(Debug, Default)]
pub struct Attempts {
    table: Mutex<HashMap<Key, Arc<Attempt>>>,
    /// Counts what may have to be announced.
    changed: watch::Sender<u64>,
    links: AtomicU64,
    /// The tasks that carry them.
    pub tasks: TaskTracker,
}

impl Attempts {
    /// A number for a new link.
    pub fn new_link(&self) -> u64 {
        self.links.fetch_add(1, Ordering::Relaxed)
    }

    /// Begins an attempt that this link brings. Returns where its worker reports to.
    pub fn begin(self: &Arc<Self>, assignment: &Assignment, link: LinkStream) -> (Arc<Attempt>, Reporter) {
        let (reporter, reports) = queue();
        let attempt = Arc::new(Attempt::new(assignment, link));
        let former = self.table().insert(attempt.key(), Arc::clone(&attempt));
        if let Some(former) = former {
            // No store hands an attempt out twice: whoever did has lost sight of the first one.
            former.forget();
        }
        let (attempts, carried) = (Arc::clone(self), Arc::clone(&attempt));
        self.tasks.spawn(async move {
            carry(Arc::clone(&carried), reports).await;
            attempts.remove(&carried);
        });
        (attempt, reporter)
    }

    /// A link takes an attempt up.
    pub fn resume(&self, key: Key, link: LinkStream) -> (Resumed, Option<Arc<Attempt>>) {
        let attempt = self.table().get(&key).map(Arc::clone);
        match attempt.filter(|attempt| !attempt.is_forgotten()) {
            Some(attempt) if attempt.resume(link) => (Resumed::Yes, Some(attempt)),
            Some(_) => (Resumed::Elsewhere, None),
            None => (Resumed::Unknown, None),
        }
    }

    /// A link is gone: what it carried is held. What no controller could take up is stopped.
    pub fn hold(&self, attempt: &Attempt, link: &LinkStream, by: &Arc<str>) {
        if !link.confirms {
            attempt.forget();
        } else if attempt.hold(link.link, by) {
            self.changed.send_modify(|changes| *changes += 1);
        }
    }

    /// An attempt that is held is of no use any more.
    pub fn forget(&self, key: Key) {
        let attempt = self.table().get(&key).map(Arc::clone);
        // One that a link carries is that controller's business.
        if let Some(attempt) = attempt.filter(|attempt| attempt.held().is_some()) {
            attempt.forget();
        }
    }

    /// Stops all of them.
    pub fn cancel_all(&self) {
        self.table().values().for_each(|attempt| attempt.cancel());
    }

    /// Tells when there may be more to announce.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// What is to be announced to a controller now, in order, and when there may be more.
    pub fn held_for(&self, controller: &str, now: Instant) -> (Announcement, Option<Instant>) {
        let mut due = Announcement::new();
        let mut next: Option<Instant> = None;
        for (announced, held) in self.table().values().filter_map(|attempt| attempt.held()) {
            match due_at(&held, controller) {
                at if at <= now => {
                    due.insert((announced, held.since));
                }
                at => next = Some(next.map_or(at, |next| next.min(at))),
            }
        }
        (due, next)
    }

    fn remove(&self, attempt: &Arc<Attempt>) {
        let mut table = self.table();
        if table.get(&attempt.key()).is_some_and(|own| Arc::ptr_eq(own, attempt)) {
            table.remove(&attempt.key());
        }
    }

    fn table(&self) -> MutexGuard<'_, HashMap<Key, Arc<Attempt>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From when on a controller is told of a held attempt.
fn due_at(held: &Held, controller: &str) -> Instant {
    match &held.stdin {
        _ if *held.by == *controller => held.since,
        None => held.since + GRACE,
        Some(_) => held.since + INPUT_GRACE,
    }
}

#[cfg(test)]
mod tests {
    use protocol::frame::Frame;
    use protocol::runner::FromRunner;
    use protocol::window::SendWindow;
    use protocol::{JobId, JobSpec, Step, Verdict};
    use tokio::sync::mpsc;

    use super::*;
    use crate::report::Report;

    /// A link of this number, and what goes out over it.
    fn link(number: u64, confirms: bool) -> (LinkStream, mpsc::Receiver<Frame>) {
        let (outgoing, frames) = mpsc::channel(64);
        let ended = mpsc::channel(1).0;
        let credit = SendWindow::new(1 << 20);
        (LinkStream { link: number, stream: 7, outgoing, credit, confirms, ended }, frames)
    }

    fn assignment() -> Assignment {
        Assignment {
            job: JobId::random(),
            attempt: protocol::Attempt(1),
            spec: JobSpec::default(),
            stdin_follows: false,
        }
    }

    async fn report(reporter: &Reporter, message: FromRunner) {
        reporter.send(Report::Message(message)).await.unwrap();
    }

    async fn next(frames: &mut mpsc::Receiver<Frame>) -> FromRunner {
        frames.recv().await.unwrap().parse().unwrap()
    }

    const BEGUN: FromRunner = FromRunner::StepStarted { step: Step(1) };
    const DONE: FromRunner = FromRunner::Finished { verdict: Verdict::Ok, message: None };

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_lost_its_link_tells_everything_again_over_the_next_until_it_is_recorded() {
        let attempts = Arc::new(Attempts::default());
        let (first, mut frames) = link(1, true);
        let (attempt, reporter) = attempts.begin(&assignment(), first.clone());
        report(&reporter, BEGUN).await;
        assert_eq!(next(&mut frames).await, BEGUN);
        attempts.hold(&attempt, &first, &"here".into());

        let (second, mut frames) = link(2, true);
        assert_eq!(attempts.resume(attempt.key(), second).0, Resumed::Yes);
        report(&reporter, DONE).await;
        assert_eq!((next(&mut frames).await, next(&mut frames).await), (BEGUN, DONE));
        // The former link has nothing to say about it any more, and a third has to wait.
        attempts.hold(&attempt, &first, &"here".into());
        assert_eq!(attempts.resume(attempt.key(), link(3, true).0).0, Resumed::Elsewhere);
        attempt.forget();
        attempts.tasks.close();
        attempts.tasks.wait().await;
        assert_eq!(attempts.resume(attempt.key(), link(3, true).0).0, Resumed::Unknown);
    }

    #[tokio::test(start_paused = true)]
    async fn others_are_told_of_a_held_attempt_once_its_own_controller_had_its_time() {
        let attempts = Arc::new(Attempts::default());
        let (own, _frames) = link(1, true);
        let (attempt, _reporter) = attempts.begin(&assignment(), own.clone());
        attempts.hold(&attempt, &own, &"here".into());
        let now = Instant::now();
        assert_eq!(attempts.held_for("here", now).0.len(), 1);
        let (held, next) = attempts.held_for("there", now);
        assert_eq!((held.len(), next), (0, Some(now + GRACE)));
        assert_eq!(attempts.held_for("there", now + GRACE).0.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_nobody_wants_is_dropped() {
        let attempts = Arc::new(Attempts::default());
        let (own, _frames) = link(1, true);
        let (attempt, _reporter) = attempts.begin(&assignment(), own.clone());
        attempts.hold(&attempt, &own, &"here".into());
        attempts.tasks.close();
        attempts.tasks.wait().await;
        assert!(attempt.is_forgotten());
    }

    #[tokio::test(start_paused = true)]
    async fn a_controller_that_confirms_nothing_has_the_end_once_it_was_sent() {
        let attempts = Arc::new(Attempts::default());
        let (old, mut frames) = link(1, false);
        let (attempt, reporter) = attempts.begin(&assignment(), old.clone());
        report(&reporter, DONE).await;
        assert_eq!(next(&mut frames).await, DONE);
        attempts.tasks.close();
        attempts.tasks.wait().await;
        let (other, reporter) = attempts.begin(&assignment(), old.clone());
        attempts.hold(&other, &old, &"here".into());
        assert!(other.is_forgotten() && attempt.is_forgotten());
        drop(reporter);
    }
}
