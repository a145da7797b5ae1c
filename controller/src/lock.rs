//! Locking without a panic path.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex. What the controller guards is consistent after every single statement, so a panic elsewhere
/// while the lock was held is no reason to take the rest of the controller down.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
