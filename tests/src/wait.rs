//! Waiting for conditions.

use std::time::{Duration, Instant};

/// How long anything here may take on a busy machine with two processors.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer, and returns it.
pub fn wait_until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
        pause(Duration::from_millis(20));
    }
}

/// Lets time pass, where that is the point.
pub fn pause(time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "the one place that waits for time to pass")]
    std::thread::sleep(time);
}
