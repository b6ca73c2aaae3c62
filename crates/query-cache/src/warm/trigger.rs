//! When to warm after changes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::answer::Origin;
use crate::clock::LONGEST;
use crate::key::Key;
use crate::observe::{Invalidated, Observer};
use crate::sync::lock;

/// Says when to warm after changes: once it has been quiet for a while, and at the latest a while after
/// the first change, so that changes or misses that never cease do not put it off for ever.
///
/// As an [`Observer`] of the cache it is pulled by each invalidation. Clones are one trigger.
///
/// ```
/// use query_cache::{Cache, Trigger, Warmer};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let trigger = Trigger::new(Duration::from_secs(1), Duration::from_secs(30));
/// let cache = Cache::builder().observer(trigger.clone()).build();
/// let warming = Warmer::new(&cache).on(&trigger).start();
/// # drop(warming);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Trigger {
    quiet: Duration,
    at_latest: Duration,
    by_misses: bool,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    pulled: Mutex<Option<Pulled>>,
    first: Notify,
}

/// When it was pulled first and last since it was last due.
#[derive(Clone, Copy, Debug)]
struct Pulled {
    first: Instant,
    last: Instant,
}

impl Trigger {
    /// Due `quiet` after the last pull, and at the latest `at_latest` after the first.
    pub fn new(quiet: Duration, at_latest: Duration) -> Self {
        let (quiet, at_latest) = (quiet.min(LONGEST), at_latest.min(LONGEST));
        Self { quiet, at_latest, by_misses: false, state: Arc::default() }
    }

    /// As an observer, this clone is pulled by queries that had to load, too.
    #[must_use]
    pub fn by_misses(mut self) -> Self {
        self.by_misses = true;
        self
    }

    /// Something has changed.
    pub fn pull(&self) {
        let now = Instant::now();
        let mut pulled = lock(&self.state.pulled);
        match &mut *pulled {
            Some(pulled) => pulled.last = now,
            None => {
                *pulled = Some(Pulled { first: now, last: now });
                self.state.first.notify_one();
            }
        }
    }

    /// Waits until it is due, and lets go. What is pulled from then on is for the next time. For one that
    /// waits at a time. If the future is dropped, it stays pulled.
    pub(super) async fn due(&self) {
        loop {
            let pulled = *lock(&self.state.pulled);
            let Some(Pulled { first, last }) = pulled else {
                self.state.first.notified().await;
                continue;
            };
            let due = (last + self.quiet).min(first + self.at_latest);
            if Instant::now() >= due {
                *lock(&self.state.pulled) = None;
                return;
            }
            sleep_until(due).await;
        }
    }
}

impl Observer for Trigger {
    fn answered(&self, _: &Key, origin: Origin) {
        if self.by_misses && origin == Origin::Loaded {
            self.pull();
        }
    }

    fn invalidated(&self, _: Invalidated<'_>) {
        self.pull();
    }
}
