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
        #[expect(clippy::disallowed_methods, reason = "the pause between two looks at a condition")]
        std::thread::sleep(Duration::from_millis(20));
    }
}
