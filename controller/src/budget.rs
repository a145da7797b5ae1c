//! One bound on all bytes that are held for others: request bodies, streamed input, collected output.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bytes may be held at once, all together. Clones share it.
#[derive(Debug, Clone)]
pub struct Budget(Arc<AtomicU64>);

/// There is no room for more bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the controller holds as much data as it may; try again later")]
pub struct Exhausted;

/// Bytes of a [`Budget`] in use; dropping gives them back.
#[derive(Debug)]
pub struct Held {
    budget: Budget,
    bytes: u64,
}

impl Budget {
    /// A budget of this many bytes.
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }

    /// A holder of nothing yet.
    pub fn hold(&self) -> Held {
        Held { budget: self.clone(), bytes: 0 }
    }
}

impl Held {
    /// Takes more.
    ///
    /// # Errors
    /// Where that is not to be had; what was held before stays.
    pub fn grow(&mut self, bytes: u64) -> Result<(), Exhausted> {
        let take = |left: u64| left.checked_sub(bytes);
        self.budget.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).map_err(|_| Exhausted)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Gives some back.
    pub fn shrink(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.budget.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// How much is held.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives all back.
    pub fn clear(&mut self) {
        self.shrink(self.bytes);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_comes_back_and_never_more() {
        let budget = Budget::new(10);
        let mut held = budget.hold();
        assert_eq!(held.grow(8), Ok(()));
        assert_eq!(budget.hold().grow(3), Err(Exhausted));
        held.shrink(100);
        assert_eq!(budget.hold().grow(10), Ok(()));
        assert_eq!(budget.hold().grow(11), Err(Exhausted));
    }
}
