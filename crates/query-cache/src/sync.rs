//! Locks and atomics of what threads share: the standard library's.
//!
//! In unit tests each use of them is also a point at which the scheduler of a test may let another
//! thread go on.

use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(not(test))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};

#[cfg(test)]
pub(crate) use self::points::{AtomicBool, AtomicU64, AtomicUsize};

#[cfg(test)]
mod points;

/// A lock that outlives a panic under it: every structure guarded here is valid after each
/// statement.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    #[cfg(test)]
    points::wait_for(mutex);
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
