//! Many futures, so many at once: in order, as they end, all or none, the first of several.

pub(crate) mod guarded;

use crate::error::{AllFailed, Panicked, TimedOut, TryMapError};
use futures::stream::{self, FuturesUnordered, Stream, StreamExt};
use guarded::{Spawned, ended, started};
use std::fmt;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Runs a future for each item of an iterator, at most so many at once.
///
/// The limit is that of one call, not a pool: a call inside an item of another, through the same
/// value, cannot wait for itself. Items are drawn when there is room for them, so an endless
/// iterator is fine and memory is bounded by the limit.
///
/// The `map` family polls its futures where its results are awaited: cheap, and they may borrow,
/// but they rest while the consumer is busy. The `spawn_` family gives each its own task.
/// Either way a panic is that item's result, and dropping the results drops what still runs.
///
/// ```
/// use async_utils::Parallel;
/// use std::num::NonZeroUsize;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let two = Parallel::new(NonZeroUsize::new(2).unwrap());
/// let squares = two.map(1..=4, |n: u32| async move { n * n }).collect().await;
/// assert_eq!(squares, [Ok(1), Ok(4), Ok(9), Ok(16)]);
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Parallel {
    limit: NonZeroUsize,
}

impl Parallel {
    /// At most `limit` futures at once.
    #[must_use]
    pub const fn new(limit: NonZeroUsize) -> Self {
        Self { limit }
    }

    /// Results in the order of the items. One that is ready early waits for those before it, and
    /// keeps its place among the limit while it does.
    pub fn map<'a, I, F, Fut, T>(&self, items: I, mut work: F) -> Results<'a, Result<T, Panicked>>
    where
        I: IntoIterator,
        I::IntoIter: Send + 'a,
        F: FnMut(I::Item) -> Fut + Send + 'a,
        Fut: Future<Output = T> + Send + 'a,
        T: Send + 'a,
    {
        let items = stream::iter(items).map(move |item| ended(started(&mut work, item)));
        Results::new(items.buffered(self.limit.get()))
    }

    /// Results as they come, whatever the order of the items.
    pub fn map_as_completed<'a, I, F, Fut, T>(
        &self,
        items: I,
        mut work: F,
    ) -> Results<'a, Result<T, Panicked>>
    where
        I: IntoIterator,
        I::IntoIter: Send + 'a,
        F: FnMut(I::Item) -> Fut + Send + 'a,
        Fut: Future<Output = T> + Send + 'a,
        T: Send + 'a,
    {
        let items = stream::iter(items).map(move |item| ended(started(&mut work, item)));
        Results::new(items.buffer_unordered(self.limit.get()))
    }

    /// All values in the order of the items, or the first failure in time. When it returns, no
    /// other item is running and none will start.
    ///
    /// Cancel safety: dropping it drops all running items at their await points.
    ///
    /// # Errors
    /// The failed item's position and error, or its panic.
    pub async fn try_map<I, F, Fut, T, E>(
        &self,
        items: I,
        mut work: F,
    ) -> Result<Vec<T>, TryMapError<E>>
    where
        I: IntoIterator,
        F: FnMut(I::Item) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let items = stream::iter(items).enumerate().map(|(index, item)| {
            let item = ended(started(&mut work, item));
            async move { (index, item.await) }
        });
        gather(items.buffer_unordered(self.limit.get())).await
    }

    /// [`map`](Self::map) with a task for each item: items go on while the consumer is busy, on
    /// all threads of the runtime.
    ///
    /// # Panics
    /// When polled outside a tokio runtime, as [`tokio::spawn`] does.
    pub fn spawn_map<'a, I, F, Fut, T>(
        &self,
        items: I,
        mut work: F,
    ) -> Results<'a, Result<T, Panicked>>
    where
        I: IntoIterator,
        I::IntoIter: Send + 'a,
        F: FnMut(I::Item) -> Fut + Send + 'a,
        Fut: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let items = stream::iter(items).map(move |item| Spawned::new(started(&mut work, item)));
        Results::new(items.buffered(self.limit.get()))
    }

    /// [`map_as_completed`](Self::map_as_completed) with a task for each item.
    ///
    /// # Panics
    /// When polled outside a tokio runtime, as [`tokio::spawn`] does.
    pub fn spawn_map_as_completed<'a, I, F, Fut, T>(
        &self,
        items: I,
        mut work: F,
    ) -> Results<'a, Result<T, Panicked>>
    where
        I: IntoIterator,
        I::IntoIter: Send + 'a,
        F: FnMut(I::Item) -> Fut + Send + 'a,
        Fut: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let items = stream::iter(items).map(move |item| Spawned::new(started(&mut work, item)));
        Results::new(items.buffer_unordered(self.limit.get()))
    }
}

/// Collects by position; the stream is dropped at the first failure, and its futures with it.
async fn gather<T, E>(
    running: impl Stream<Item = (usize, Result<Result<T, E>, Panicked>)>,
) -> Result<Vec<T>, TryMapError<E>> {
    let mut running = std::pin::pin!(running);
    let mut values = Vec::new();
    while let Some((index, ended)) = running.next().await {
        match ended {
            Ok(Ok(value)) => values.push((index, value)),
            Ok(Err(cause)) => return Err(TryMapError::Failed { index, cause }),
            Err(cause) => return Err(TryMapError::Panicked { index, cause }),
        }
    }
    values.sort_unstable_by_key(|(index, _)| *index);
    Ok(values.into_iter().map(|(_, value)| value).collect())
}

/// Results to be awaited one by one. Nothing runs before the first is asked for; dropping it drops
/// what still runs. Also a [`Stream`].
#[must_use = "nothing runs until the results are awaited"]
pub struct Results<'a, T> {
    inner: Pin<Box<dyn Stream<Item = T> + Send + 'a>>,
}

impl<'a, T> Results<'a, T> {
    fn new(inner: impl Stream<Item = T> + Send + 'a) -> Self {
        Self { inner: Box::pin(inner) }
    }

    /// The next result; `None` after the last.
    ///
    /// Cancel safety: dropping this future loses nothing; ask again.
    pub async fn next(&mut self) -> Option<T> {
        self.inner.next().await
    }

    /// All results that are left.
    ///
    /// Cancel safety: dropping it drops what still runs, and the results so far.
    pub async fn collect(self) -> Vec<T> {
        self.inner.collect().await
    }
}

impl<T> Stream for Results<'_, T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.inner.as_mut().poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

impl<T> fmt::Debug for Results<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Results").finish_non_exhaustive()
    }
}

/// The first of several futures to end; `None` if there were none. The others are dropped before
/// this returns. All are polled in the caller's task.
///
/// Cancel safety: dropping it drops them all.
pub async fn race<I, Fut>(candidates: I) -> Option<Fut::Output>
where
    I: IntoIterator<Item = Fut>,
    Fut: Future,
{
    let mut running: FuturesUnordered<Fut> = candidates.into_iter().collect();
    running.next().await
}

/// The first success of several futures. The others are dropped before this returns.
///
/// Cancel safety: dropping it drops them all.
///
/// # Errors
/// Every candidate's error, when none succeeds.
pub async fn first_ok<I, Fut, T, E>(candidates: I) -> Result<T, AllFailed<E>>
where
    I: IntoIterator<Item = Fut>,
    Fut: Future<Output = Result<T, E>>,
{
    let mut running: FuturesUnordered<Fut> = candidates.into_iter().collect();
    let mut errors = Vec::new();
    while let Some(ended) = running.next().await {
        match ended {
            Ok(value) => return Ok(value),
            Err(error) => errors.push(error),
        }
    }
    Err(AllFailed { errors })
}

/// Gives a future so long. A value that happens to look like a default cannot be mistaken for a
/// timeout.
///
/// Cancel safety: as the future's own. On a timeout it is dropped at its await point, so work that must not
/// stop half-way belongs in a task of its own.
///
/// # Errors
/// [`TimedOut`].
pub async fn with_timeout<Fut: Future>(
    after: Duration,
    future: Fut,
) -> Result<Fut::Output, TimedOut> {
    tokio::time::timeout(after, future).await.map_err(|_| TimedOut { after })
}
