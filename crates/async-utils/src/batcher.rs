//! Collects items by number or age and hands them over in batches.

use crate::error::Closed;
use crate::lock::locked;
use crate::parallel::guarded::{ended, started};
use crate::stats::BatcherStats;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tracing::Instrument as _;

/// When a batch is complete.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BatcherConfig {
    /// The most items in one batch. Default 100.
    pub max_items: NonZeroUsize,
    /// How long the *first* item of a batch waits for company, counted from when it was added;
    /// later ones do not extend it. Default 100 ms.
    pub max_age: Duration,
    /// How many items may wait besides the batch being collected. Default 1 000.
    pub capacity: NonZeroUsize,
}

impl Default for BatcherConfig {
    fn default() -> Self {
        const ONE: NonZeroUsize = NonZeroUsize::MIN;
        Self {
            max_items: ONE.saturating_add(99),
            max_age: Duration::from_millis(100),
            capacity: ONE.saturating_add(999),
        }
    }
}

impl BatcherConfig {
    /// Sets [`max_items`](Self::max_items).
    #[must_use]
    pub const fn max_items(mut self, items: NonZeroUsize) -> Self {
        self.max_items = items;
        self
    }

    /// Sets [`max_age`](Self::max_age).
    #[must_use]
    pub const fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Sets [`capacity`](Self::capacity).
    #[must_use]
    pub const fn capacity(mut self, items: NonZeroUsize) -> Self {
        self.capacity = items;
        self
    }
}

/// Hands items to a processor in batches, one batch at a time, in the order they were added.
///
/// While a batch is being processed the next one waits; when `capacity` items wait, `add` does.
/// Nothing taken is lost: [`close`](Self::close), and the drop of the last clone too, let all of it
/// be processed (as long as the runtime lives).
///
/// ```
/// use async_utils::{Batcher, BatcherConfig};
/// use std::convert::Infallible;
/// use std::num::NonZeroUsize;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = BatcherConfig::default().max_items(NonZeroUsize::new(2).unwrap());
/// let batcher = Batcher::new(config, |batch: Vec<u32>| async move {
///     assert!(batch.len() <= 2);
///     Ok::<_, Infallible>(())
/// });
/// for item in 1..=5 {
///     batcher.add(item).await?;
/// }
/// let stats = batcher.close().await;
/// assert_eq!((stats.processed, stats.batches), (5, 3));
/// # Ok(())
/// # }
/// ```
pub struct Batcher<T> {
    items: mpsc::Sender<Added<T>>,
    shared: Arc<Shared>,
}

struct Added<T> {
    item: T,
    at: Instant,
}

#[derive(Debug)]
struct Shared {
    stats: Mutex<BatcherStats>,
    /// Closed to ask for the end.
    closing: Semaphore,
    /// Closed at the end.
    done: Semaphore,
}

impl<T: Send + 'static> Batcher<T> {
    /// Starts collecting, as a task of the current runtime.
    ///
    /// A batch whose `process` fails or panics is counted as failed and not handed over again:
    /// retry inside `process`, where it is known what may be repeated.
    ///
    /// # Panics
    /// Outside a tokio runtime, as [`tokio::spawn`] does.
    #[must_use]
    pub fn new<F, Fut, E>(config: BatcherConfig, process: F) -> Self
    where
        F: FnMut(Vec<T>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        let capacity = config.capacity.get().min(Semaphore::MAX_PERMITS);
        let (items, waiting) = mpsc::channel(capacity);
        let shared = Arc::new(Shared {
            stats: Mutex::default(),
            closing: Semaphore::new(0),
            done: Semaphore::new(0),
        });
        let end = End(Arc::clone(&shared));
        let collector = Collector { waiting, config, end };
        tokio::spawn(collector.run(process));
        Self { items, shared }
    }
}

impl<T> Batcher<T> {
    /// Adds an item; waits while too many wait.
    ///
    /// Cancel safety: dropped before it returns, the item was not added (and is dropped).
    ///
    /// # Errors
    /// [`Closed`], with the item.
    pub async fn add(&self, item: T) -> Result<(), Closed<T>> {
        match self.items.reserve().await {
            Ok(place) => {
                self.added();
                place.send(Added { item, at: Instant::now() });
                Ok(())
            }
            Err(_) => Err(Closed(item)),
        }
    }

    /// Takes no more items, and waits until all that were added are processed.
    ///
    /// Cancel safety: dropped, the batcher closes all the same; a second call waits again.
    pub async fn close(&self) -> BatcherStats {
        self.shared.closing.close();
        // Never granted: the semaphore is empty until it is closed.
        let _ = self.shared.done.acquire().await;
        self.stats()
    }

    /// What became of all items so far.
    #[must_use]
    pub fn stats(&self) -> BatcherStats {
        *locked(&self.shared.stats)
    }

    /// Before it is sent, or the other side could count it as processed first.
    fn added(&self) {
        let mut stats = locked(&self.shared.stats);
        stats.added += 1;
        stats.pending += 1;
    }
}

impl<T> Clone for Batcher<T> {
    fn clone(&self) -> Self {
        Self { items: self.items.clone(), shared: Arc::clone(&self.shared) }
    }
}

impl<T> fmt::Debug for Batcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// Tells those who wait for the end, even if the collector is dropped with its runtime.
#[derive(Debug)]
struct End(Arc<Shared>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.done.close();
    }
}

struct Collector<T> {
    waiting: mpsc::Receiver<Added<T>>,
    config: BatcherConfig,
    end: End,
}

impl<T> Collector<T> {
    async fn run<F, Fut, E>(mut self, mut process: F)
    where
        F: FnMut(Vec<T>) -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: fmt::Display,
    {
        while let Some(batch) = self.collect().await {
            let size = batch.len() as u64;
            self.begun();
            let span = tracing::info_span!("batch", size);
            let work = ended(started(&mut process, batch)).instrument(span);
            let result = match work.await {
                Ok(result) => result.map_err(|error| error.to_string()),
                Err(panicked) => Err(panicked.to_string()),
            };
            if let Err(error) = &result {
                tracing::warn!(size, %error, "a batch failed");
            }
            self.settled(size, result.is_ok());
        }
    }

    /// A full batch, or what came within the age of its first item, or what is left at the end.
    async fn collect(&mut self) -> Option<Vec<T>> {
        let most = self.config.max_items.get();
        let mut batch = Vec::new();
        if self.receive(&mut batch, most).await == 0 {
            return None;
        }
        // An age too far off to be told is as good as none: only size and the end complete it.
        let first = batch.first().map_or_else(Instant::now, |added| added.at);
        let deadline = first.checked_add(self.config.max_age);
        while batch.len() < most {
            let left = most - batch.len();
            let more = self.receive(&mut batch, left);
            let received = match deadline {
                Some(deadline) => tokio::time::timeout_at(deadline, more).await.unwrap_or(0),
                None => more.await,
            };
            if received == 0 {
                break;
            }
        }
        Some(batch.into_iter().map(|added| added.item).collect())
    }

    /// Receives up to so many items; none when all is received that will ever come.
    async fn receive(&mut self, batch: &mut Vec<Added<T>>, most: usize) -> usize {
        if !self.waiting.is_closed() {
            tokio::select! {
                received = self.waiting.recv_many(batch, most) => return received,
                _ = self.end.0.closing.acquire() => self.waiting.close(),
            }
        }
        self.waiting.recv_many(batch, most).await
    }

    fn begun(&self) {
        locked(&self.end.0.stats).batches += 1;
    }

    fn settled(&self, size: u64, processed: bool) {
        let mut stats = locked(&self.end.0.stats);
        stats.pending -= size;
        let counter = if processed { &mut stats.processed } else { &mut stats.failed };
        *counter += size;
    }
}
