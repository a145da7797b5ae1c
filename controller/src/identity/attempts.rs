//! How often somebody may try: a few times at once, and then now and again. Pure.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// Who is remembered at most; beyond that those whose tries are longest ago are forgotten.
const MOST: usize = 16_384;

/// So many tries at once, and one more after each pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many at once.
    pub burst: u32,
    /// How long one takes to come back.
    pub pause: Duration,
}

/// The tries of many.
#[derive(Debug)]
pub struct Attempts<K> {
    rate: Rate,
    /// When all the tries of each are back.
    full_at: HashMap<K, Instant>,
}

impl<K: Hash + Eq + Clone> Attempts<K> {
    /// Nobody has tried yet.
    pub fn new(rate: Rate) -> Self {
        Self { rate, full_at: HashMap::new() }
    }

    /// Tries. Says how long to wait where that is one too many, and it does not count then.
    pub fn take(&mut self, key: &K, now: Instant) -> Result<(), Duration> {
        let full_at = self.full_at.get(key).copied().unwrap_or(now).max(now) + self.rate.pause;
        let allowed = self.rate.pause * self.rate.burst;
        if full_at - now > allowed {
            return Err(full_at - now - allowed);
        }
        if self.full_at.len() >= MOST && !self.full_at.contains_key(key) {
            self.forget(now);
        }
        self.full_at.insert(key.clone(), full_at);
        Ok(())
    }

    /// One try was none of those that are to be few.
    pub fn give_back(&mut self, key: &K) {
        if let Some(full_at) = self.full_at.get_mut(key) {
            *full_at = full_at.checked_sub(self.rate.pause).unwrap_or(*full_at);
        }
    }

    /// All its tries are back.
    pub fn forgive(&mut self, key: &K) {
        self.full_at.remove(key);
    }

    fn forget(&mut self, now: Instant) {
        self.full_at.retain(|_, full_at| *full_at > now);
        if self.full_at.len() < MOST {
            return;
        }
        let mut times: Vec<Instant> = self.full_at.values().copied().collect();
        let (_, middle, _) = times.select_nth_unstable(MOST / 2);
        let middle = *middle;
        self.full_at.retain(|_, full_at| *full_at > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, pause: Duration::from_secs(10) };

    #[test]
    fn a_few_at_once_and_then_one_after_each_pause() {
        let (mut attempts, now) = (Attempts::new(RATE), Instant::now());
        for _ in 0..3 {
            assert_eq!(attempts.take(&"ada", now), Ok(()));
        }
        assert_eq!(attempts.take(&"ada", now), Err(RATE.pause));
        assert_eq!(attempts.take(&"bob", now), Ok(()), "others are not concerned");
        let later = now + Duration::from_secs(4);
        assert_eq!(attempts.take(&"ada", later), Err(Duration::from_secs(6)));
        assert_eq!(attempts.take(&"ada", now + RATE.pause), Ok(()));
        assert!(attempts.take(&"ada", now + RATE.pause).is_err());
        attempts.give_back(&"ada");
        assert_eq!(attempts.take(&"ada", now + RATE.pause), Ok(()));
        assert!(attempts.take(&"ada", now + RATE.pause).is_err());
        attempts.forgive(&"ada");
        assert_eq!(attempts.take(&"ada", now + RATE.pause), Ok(()));
    }

    #[test]
    fn strangers_without_end_are_forgotten() {
        let (mut attempts, now) = (Attempts::new(RATE), Instant::now());
        for stranger in 0..3 * MOST {
            attempts.take(&stranger, now).unwrap();
        }
        assert!(attempts.full_at.len() <= MOST);
    }
}
