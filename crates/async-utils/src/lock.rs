//! Locking short critical sections.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes a lock and ignores poison: of callers' code only the hash, equality and `to_owned` of a key run
/// under these locks, and always before anything is changed.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
