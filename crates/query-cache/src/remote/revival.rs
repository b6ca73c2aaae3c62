//! The task that asks a suspended store whether it is back, and sends what it was not told.
//!
//! Callers do neither: a hit that was let through to a store that is silent would wait for all of its
//! time limit.

use std::sync::Weak;
use std::sync::atomic::Ordering;

use tokio::runtime::Handle;

use crate::store::Backend;

use super::Remote;

impl<S: Backend> Remote<S> {
    /// Starts the task, unless it runs already or has nothing to do.
    pub(super) fn revive(&self) {
        if !self.is_to_be_revived() || self.reviving.swap(true, Ordering::AcqRel) {
            return;
        }
        let mark = Mark(Weak::clone(&self.me));
        // Without a runtime the mark is dropped here, and the next caller tries again.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(mark.revive());
        }
    }

    fn is_to_be_revived(&self) -> bool {
        self.breaker.is_open() || !self.pending.is_empty()
    }
}

/// Says that the task runs, until it ends in whatever way.
struct Mark<S>(Weak<Remote<S>>);

impl<S: Backend> Mark<S> {
    async fn revive(self) {
        // At once for the first time: one answer that took too long, of a value that is large, does not
        // mean that the store is gone.
        while let Some(remote) = self.0.upgrade() {
            if remote.ask_now(remote.read_all(&[])).await.is_ok()
                && remote.flush().await.is_ok()
                && !remote.is_to_be_revived()
            {
                drop(self);
                // What was noted before that has found the mark, and started no other task.
                remote.revive();
                return;
            }
            let pause = remote.treatment.pause;
            drop(remote);
            tokio::time::sleep(pause).await;
        }
    }
}

impl<S> Drop for Mark<S> {
    fn drop(&mut self) {
        if let Some(remote) = self.0.upgrade() {
            remote.reviving.store(false, Ordering::Release);
        }
    }
}
