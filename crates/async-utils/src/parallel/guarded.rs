//! Keeps a panic with the item it belongs to.

use crate::error::Panicked;
use futures::FutureExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::task::JoinHandle;

/// A future whose panic is an error.
///
/// Unwind safety is asserted: the future is never polled again, and what it shared with others is
/// in the state any cancelled future may leave it in.
pub(crate) async fn guarded<Fut: Future>(future: Fut) -> Result<Fut::Output, Panicked> {
    let ended = AssertUnwindSafe(future).catch_unwind().await;
    ended.map_err(|payload| Panicked::from_payload(&*payload))
}

/// Starts an item: the panic of `work` itself, before there is a future, is the item's too.
pub(crate) fn started<I, Fut: Future>(
    work: &mut impl FnMut(I) -> Fut,
    item: I,
) -> Result<Fut, Panicked> {
    let called = catch_unwind(AssertUnwindSafe(|| work(item)));
    called.map_err(|payload| Panicked::from_payload(&*payload))
}

/// An item to its end.
pub(crate) async fn ended<Fut: Future>(
    started: Result<Fut, Panicked>,
) -> Result<Fut::Output, Panicked> {
    guarded(started?).await
}

/// A future in its own task, which ends with this value.
#[derive(Debug)]
pub(crate) struct Spawned<T>(JoinHandle<Result<T, Panicked>>);

impl<T: Send + 'static> Spawned<T> {
    pub(crate) fn new(started: Result<impl Future<Output = T> + Send + 'static, Panicked>) -> Self {
        Self(tokio::spawn(ended(started)))
    }
}

impl<T> Future for Spawned<T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|joined| {
            joined.unwrap_or_else(|error| {
                // Panics were caught inside the task, so the runtime has ended it.
                Err(Panicked { message: error.to_string() })
            })
        })
    }
}

impl<T> Drop for Spawned<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs a caller's destructor; its panic has nobody to go to, and must not end a worker.
pub(crate) fn quietly(work: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
        let panicked = Panicked::from_payload(&*payload);
        tracing::error!(error = %panicked, "a destructor panicked");
    }
}
