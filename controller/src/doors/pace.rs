//! How slowly something may come in: a file over a poor line is fine, a byte now and then is not.

use std::time::Duration;

use tokio::time::Instant;

/// How long nothing may come, and how long anything may take, however little it is.
const GRACE: Duration = Duration::from_secs(15);

/// How much has to come in a second after that, on average, in bytes.
const LEAST: u64 = 8 * 1024;

/// How something comes in.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    begin: Instant,
    last: Instant,
    received: u64,
}

impl Pace {
    /// It begins now.
    pub fn begin() -> Self {
        let now = Instant::now();
        Self { begin: now, last: now, received: 0 }
    }

    /// So many bytes more have come.
    pub fn received(&mut self, bytes: usize) {
        self.last = Instant::now();
        self.received = self.received.saturating_add(bytes as u64);
    }

    /// By when there has to be more.
    pub fn deadline(&self) -> Instant {
        let fair = Duration::from_millis(self.received.saturating_mul(1000) / LEAST);
        (self.begin + GRACE + fair).min(self.last + GRACE)
    }

    /// Whether it is too late.
    pub fn is_lost(&self) -> bool {
        Instant::now() > self.deadline()
    }

    /// What is said to those who are too slow.
    pub fn refusal() -> String {
        let grace = GRACE.as_secs();
        format!(
            "this comes too slowly: {LEAST} bytes a second are the least, and {grace} s the longest pause"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_poor_line_has_time() {
        let mut pace = Pace::begin();
        for _ in 0..100 {
            tokio::time::advance(Duration::from_secs(1)).await;
            pace.received(9000);
            assert!(!pace.is_lost());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_drip_and_a_pause_have_none() {
        let mut pace = Pace::begin();
        for _ in 0..16 {
            tokio::time::advance(Duration::from_secs(1)).await;
            pace.received(1);
        }
        assert!(pace.is_lost());
        let mut pace = Pace::begin();
        pace.received(1 << 20);
        tokio::time::advance(GRACE + Duration::from_secs(1)).await;
        assert!(pace.is_lost());
    }
}
