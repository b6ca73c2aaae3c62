//! States of compressors, kept for the next value: making one costs more than a small value.

use std::fmt;
use std::sync::Mutex;
use std::thread::available_parallelism;

use crate::sync::lock;

/// States that nobody uses at the moment, at most one a core.
pub(super) struct Pool<T> {
    idle: Mutex<Vec<T>>,
    most: usize,
}

impl<T> Pool<T> {
    pub(super) fn new() -> Self {
        let most = available_parallelism().map_or(1, usize::from);
        Self { idle: Mutex::default(), most }
    }

    /// What `work` makes with a state that nobody else has, new where none is idle. The lock is
    /// not held meanwhile.
    pub(super) fn with<R>(
        &self,
        make: impl FnOnce() -> Option<T>,
        work: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        let idle = lock(&self.idle).pop();
        let mut state = idle.or_else(make)?;
        let result = work(&mut state);
        let mut idle = lock(&self.idle);
        if idle.len() < self.most {
            idle.push(state);
        }
        Some(result)
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("idle", &lock(&self.idle).len()).finish_non_exhaustive()
    }
}
