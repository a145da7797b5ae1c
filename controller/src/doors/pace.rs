//! How slowly something may come in: a file over a poor line is fine, a byte now and then is not.

use std::time::Duration;

use tokio::time::Instant;

/// How long anything may take, however little it is.
const GRACE: Duration = Duration::from_secs(15);

/// How much has to come in a second after that, on average, in bytes.
const LEAST: u64 = 8 * 1024;

/// When something began to come in.
#[derive(Debug, Clone, Copy)]
pub struct Pace(Instant);

impl Pace {
    /// It begins now.
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    /// By when there has to be more, where so many bytes are here.
    pub fn deadline(self, received: u64) -> Instant {
        self.0 + GRACE + Duration::from_millis(received.saturating_mul(1000) / LEAST)
    }

    /// Whether it is too late.
    pub fn is_lost(self, received: u64) -> bool {
        Instant::now() > self.deadline(received)
    }

    /// What is said to those who are too slow.
    pub fn refusal() -> String {
        format!("this comes too slowly: {LEAST} bytes a second are the least, after {} s", GRACE.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_poor_line_has_time_and_a_drip_has_not() {
        let pace = Pace::begin();
        tokio::time::advance(GRACE + Duration::from_secs(60)).await;
        assert!(!pace.is_lost(61 * LEAST));
        assert!(pace.is_lost(75));
        assert!(!Pace::begin().is_lost(0));
    }
}
