//! A value that comes once, or never, and is waited for by many.

use std::sync::OnceLock;

use tokio::sync::Notify;

/// What something ends with. Costs no allocation and, until somebody waits, no lock.
#[derive(Debug)]
pub(crate) struct Outcome<O> {
    /// `Some(None)`: it will never come.
    value: OnceLock<Option<O>>,
    settled: Notify,
}

impl<O> Outcome<O> {
    pub(crate) fn new() -> Self {
        Self { value: OnceLock::new(), settled: Notify::new() }
    }

    /// Tells all who wait, and those who will. Only the first call counts.
    pub(crate) fn settle(&self, value: Option<O>) {
        if self.value.set(value).is_ok() {
            self.settled.notify_waiters();
        }
    }

    /// The value; `None` if it never comes.
    pub(crate) async fn get(&self) -> Option<&O> {
        // Made before the look, so that it is told of what is settled after it.
        let settled = self.settled.notified();
        if self.value.get().is_none() {
            settled.await;
        }
        self.value.get()?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whenever_it_is_settled_all_are_told() {
        for _ in 0..2000 {
            let outcome = Arc::new(Outcome::new());
            let waiting = [(); 3].map(|()| {
                let outcome = Arc::clone(&outcome);
                tokio::spawn(async move { outcome.get().await.copied() })
            });
            outcome.settle(Some(7));
            outcome.settle(None);
            for waits in waiting {
                assert_eq!(waits.await.unwrap(), Some(7));
            }
            assert_eq!(outcome.get().await, Some(&7));
        }
    }

    #[tokio::test]
    async fn what_never_comes_is_told_too() {
        let outcome = Outcome::<u8>::new();
        let (never, ()) = tokio::join!(outcome.get(), async { outcome.settle(None) });
        assert_eq!(never, None);
    }
}
