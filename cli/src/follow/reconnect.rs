//! Getting a lost connection back.

use std::time::Duration;

use tokio::time::Instant;

use crate::failure::Failure;

/// How long a lost connection is looked for.
const PATIENCE: Duration = Duration::from_secs(30);
/// The first and the longest pause between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// A connection that was lost and has not proved itself again.
#[derive(Debug)]
pub struct Loss {
    since: Instant,
    pause: Duration,
    why: Failure,
}

impl Loss {
    /// It was lost just now.
    pub fn new(why: Failure, now: Instant) -> Self {
        Self { since: now, pause: PAUSES.0, why }
    }

    /// How long to wait before the next attempt; the first failure where it is time to give up.
    pub fn next_pause(mut self, now: Instant) -> Result<(Duration, Self), Failure> {
        if now.duration_since(self.since) >= PATIENCE {
            return Err(self.why);
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(PAUSES.1);
        Ok((pause, self))
    }
}

/// Whether another attempt may go better. A controller that is being restarted, or a proxy before it, may look
/// like a stranger for a while.
pub fn is_passing(failure: &Failure, lost_before: bool) -> bool {
    match failure {
        Failure::Lost(..) => true,
        Failure::Unreachable(..) | Failure::NotRuche(..) => lost_before,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Master;

    fn lost() -> Failure {
        Failure::Lost(Master::default(), std::io::ErrorKind::UnexpectedEof.into())
    }

    #[test]
    fn pauses_grow_until_patience_ends() {
        let start = Instant::now();
        let mut now = start;
        let mut loss = Loss::new(lost(), start);
        let mut pauses = Vec::new();
        while let Ok((pause, next)) = loss.next_pause(now) {
            pauses.push(pause);
            now += pause;
            loss = next;
            if pauses.len() > 100 {
                break;
            }
        }
        assert_eq!(pauses[..3], [100, 200, 400].map(Duration::from_millis));
        assert_eq!(pauses.last(), Some(&Duration::from_secs(2)));
        assert!(now.duration_since(start) >= PATIENCE && now.duration_since(start) < PATIENCE + PAUSES.1);
    }

    #[test]
    fn a_stranger_is_forgiven_only_after_a_loss() {
        let stranger = Failure::NotRuche(Master::default(), crate::failure::Stranger::Mute);
        assert!(is_passing(&lost(), false));
        assert!(is_passing(&stranger, true));
        assert!(!is_passing(&stranger, false));
    }
}
