//! A name in a store, and the ways to acquire it.

mod attempt;

use crate::error::{AcquireError, ConfigError, StoreError};
use crate::guard::Guard;
use crate::stats::{Counters, Stats};
use crate::store::{Holder, Holders, LeaseStore};
use attempt::Answer;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The shortest TTL of a lock: below it, margins and timers would eat most of the lease.
pub const MIN_TTL: Duration = Duration::from_millis(20);

/// The longest TTL of a lock. Leases are renewed, so the TTL is not how long a lock may be held: it is how
/// long a dead holder blocks the others.
pub const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest name a store has to keep, in bytes.
const MAX_NAME: usize = 512;

/// Bounds the pause before the next try from below: a lease that has just run out reads as "0 ms left".
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// A name that one holder at a time works under, across all processes that use the same store.
///
/// Cheap to clone. Each acquisition is a stranger to all others, those of the same `Lock` included: there
/// is no re-entrance, so a task that acquires what it already holds waits for itself.
///
/// The lease is kept by a task on the runtime that acquired it; needs a tokio runtime with its timer on.
pub struct Lock<S> {
    store: Arc<S>,
    settings: Arc<Settings>,
    counters: Arc<Counters>,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) name: Arc<str>,
    pub(crate) label: String,
    pub(crate) ttl: Duration,
    pub(crate) max_hold: Option<Duration>,
}

impl<S> Lock<S> {
    /// A lock on `name`, held by leases of `ttl` that are renewed every third of it.
    ///
    /// Choose the TTL longer than any pause of the process or the store worth surviving, and no longer
    /// than the others may be kept waiting for a holder that died: 10 to 30 seconds serve most.
    ///
    /// # Errors
    /// When the name is empty, longer than 512 bytes or contains NUL, or the TTL is out of range.
    pub fn new(store: S, name: impl Into<Arc<str>>, ttl: Duration) -> Result<Self, ConfigError> {
        let name = name.into();
        if name.is_empty() || name.len() > MAX_NAME || name.contains('\0') {
            return Err(ConfigError::Name { bytes: name.len() });
        }
        if !(MIN_TTL..=MAX_TTL).contains(&ttl) {
            return Err(ConfigError::Ttl { given: ttl });
        }
        let settings = Settings { name, label: String::new(), ttl, max_hold: None };
        let counters = Arc::default();
        Ok(Self { store: Arc::new(store), settings: Arc::new(settings), counters })
    }

    /// What those who ask who holds the lock are told, such as `host:pid`. Empty by default.
    #[must_use]
    pub fn holder_label(mut self, label: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.settings).label = label.into();
        self
    }

    /// Renews no lease beyond this time after its acquisition, which is then lost. By default a guard is
    /// renewed for as long as it lives, so a holder that hangs keeps the lock for ever.
    #[must_use]
    pub fn max_hold(mut self, longest: Duration) -> Self {
        Arc::make_mut(&mut self.settings).max_hold = Some(longest);
        self
    }

    /// The name this lock is about.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// What happened to this lock and its clones so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.counters.snapshot()
    }
}

impl<S: LeaseStore + 'static> Lock<S> {
    /// Acquires the lock unless somebody else holds it: `None`. One request to the store (a second one
    /// in some, to learn how long the other's lease lasts).
    ///
    /// Cancel safe: a lease granted after the future was dropped is given back.
    ///
    /// # Errors
    /// When the store failed or did not answer for a TTL; the lock is not held then.
    pub async fn try_acquire(&self) -> Result<Option<Guard>, AcquireError> {
        match self.attempt(Instant::now()).await? {
            Answer::Granted(guard) => Ok(Some(guard)),
            Answer::Held { .. } => Ok(None),
        }
    }

    /// Acquires the lock, for as long as that takes. Waiters do not queue.
    ///
    /// Cancel safe: a lease granted after the future was dropped is given back.
    ///
    /// # Errors
    /// At the first failure of the store; the lock is not held then. Whether to go on is the caller's
    /// to decide, and safe.
    #[tracing::instrument(name = "dist_lock.acquire", level = "debug", skip_all, err(level = "debug"),
        fields(lock = %self.settings.name))]
    pub async fn acquire(&self) -> Result<Guard, AcquireError> {
        let started = Instant::now();
        if let Answer::Granted(guard) = self.attempt(started).await? {
            return Ok(guard);
        }
        loop {
            // Listening starts before the try, so that no release falls between the two.
            let mut change = pin!(self.store.released(&self.settings.name));
            let changed = futures::poll!(change.as_mut()).is_ready();
            match self.attempt(started).await? {
                Answer::Granted(guard) => return Ok(guard),
                Answer::Held { .. } if changed => {}
                // A lease that runs out tells nobody: whichever comes first.
                Answer::Held { expires_in } => {
                    let _ = timeout(expires_in.max(SHORTEST_WAIT), change).await;
                }
            }
        }
    }

    /// Acquires the lock within this time. Zero is no time at all: to try once, use
    /// [`try_acquire`](Self::try_acquire).
    ///
    /// Cancel safe, as [`acquire`](Self::acquire).
    ///
    /// # Errors
    /// [`AcquireError::TimedOut`] when the time is over; otherwise as `acquire`.
    pub async fn acquire_within(&self, limit: Duration) -> Result<Guard, AcquireError> {
        let timed_out =
            |_| AcquireError::TimedOut { name: Arc::clone(&self.settings.name), within: limit };
        timeout(limit, self.acquire()).await.map_err(timed_out)?
    }
}

impl<S: Holders> Lock<S> {
    /// Who holds the lock just now: to be shown, not to decide by.
    ///
    /// # Errors
    /// When the store does not answer. That does not mean that nobody holds it.
    pub async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        self.store.holder(&self.settings.name).await
    }
}

impl<S> Clone for Lock<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            settings: Arc::clone(&self.settings),
            counters: Arc::clone(&self.counters),
        }
    }
}

impl<S> fmt::Debug for Lock<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryLeases;
    use futures::FutureExt;

    fn new(name: &str, ttl: Duration) -> Result<Lock<MemoryLeases>, ConfigError> {
        Lock::new(MemoryLeases::new(), name, ttl)
    }

    #[test]
    fn settings_no_store_could_honour_are_refused() {
        let second = Duration::from_secs(1);
        for name in ["", "a\0b", &"x".repeat(513)] {
            assert!(matches!(new(name, second), Err(ConfigError::Name { .. })), "{name:?}");
        }
        for ttl in [Duration::ZERO, Duration::from_millis(19), Duration::from_secs(86_401)] {
            assert!(matches!(new("a", ttl), Err(ConfigError::Ttl { .. })), "{ttl:?}");
        }
        assert!(new("a", MIN_TTL).is_ok());
        assert!(new(&"x".repeat(512), MAX_TTL).is_ok());
    }

    #[test]
    fn acquiring_outside_of_a_runtime_is_an_error() {
        let lock = new("a", Duration::from_secs(1)).unwrap();
        let refused = lock.try_acquire().now_or_never();
        assert!(matches!(refused, Some(Err(AcquireError::NoRuntime { .. }))));
    }
}
