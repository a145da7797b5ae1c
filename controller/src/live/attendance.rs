//! Whether anybody is there to write a job's input. A connection may break and come back; one that stays away leaves
//! nobody to wait for.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// Who may write, and how many connections of theirs are there.
#[derive(Debug)]
pub(super) struct Attendance {
    /// The user whose input it is; that of nobody who has an account, where there is none.
    pub(super) writer: Option<String>,
    /// For how long nobody may be there.
    patience: Duration,
    present: watch::Sender<usize>,
}

impl Attendance {
    /// Nobody is there yet.
    pub(super) fn new(writer: Option<String>, patience: Duration) -> Self {
        Self { writer, patience, present: watch::Sender::new(0) }
    }

    pub(super) fn come(&self) {
        self.present.send_modify(|present| *present += 1);
    }

    pub(super) fn go(&self) {
        self.present.send_modify(|present| *present = present.saturating_sub(1));
    }

    /// Waits until nobody has been there for too long.
    pub(super) async fn forsaken(&self) {
        let mut present = self.present.subscribe();
        loop {
            let nobody = *present.borrow_and_update() == 0;
            let changed = present.changed();
            if !nobody {
                // The sender is here, so a change is all that can be heard.
                let _ = changed.await;
            } else if timeout(self.patience, changed).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::{Instant, sleep};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn who_never_comes_is_not_waited_for() {
        let begin = Instant::now();
        Attendance::new(None, PATIENCE).forsaken().await;
        assert_eq!(begin.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_back_in_time_is_waited_for_anew() {
        let attendance = Arc::new(Attendance::new(None, PATIENCE));
        let begin = Instant::now();
        let waiting = Arc::clone(&attendance);
        let forsaken = tokio::spawn(async move { waiting.forsaken().await });
        for seconds in [9, 30, 9, 1] {
            sleep(Duration::from_secs(seconds)).await;
            assert!(!forsaken.is_finished());
            let present = *attendance.present.borrow();
            if present == 0 { attendance.come() } else { attendance.go() }
        }
        forsaken.await.unwrap();
        assert_eq!(begin.elapsed().as_secs(), 9 + 30 + 9 + 1 + 10);
    }
}
