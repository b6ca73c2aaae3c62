//! Who is told what the cache does.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::answer::Origin;
use crate::error::{Error, StoreError};
use crate::key::{Key, Namespace};
use crate::tags::Tag;

/// Is told what a cache does, as it does it: for metrics, logs and tests. Given to
/// [`CacheBuilder::observer`](crate::CacheBuilder::observer); every method does nothing by default.
///
/// The methods are called on the caller's path, or that of the task that loads, without a lock held,
/// so they may ask the cache in turn; they should not block. One that panics is logged and has no
/// other effect. An `Arc` of an observer is one, and so is a pair, to have two.
///
/// A key's parts may be personal. [`Key::namespace_label`] is not, and has few values: what a metric's
/// label should be. What makes room or is not admitted is not told one by one but counted, in
/// [`Stats::evictions`](crate::Stats::evictions).
///
/// ```
/// use query_cache::{Cache, Key, Observer, Origin};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// /// Counts the answers that are out of date.
/// #[derive(Default)]
/// struct StaleAnswers(AtomicU64);
///
/// impl Observer for StaleAnswers {
///     fn answered(&self, _key: &Key, origin: Origin) {
///         self.0.fetch_add(u64::from(origin == Origin::Stale), Ordering::Relaxed);
///     }
/// }
///
/// let cache = Cache::builder().observer(StaleAnswers::default()).build();
/// # let _ = cache;
/// ```
pub trait Observer: Send + Sync + 'static {
    /// A query was answered with a value. One call for each key of a batch.
    fn answered(&self, _key: &Key, _origin: Origin) {}

    /// A query ended without a value: with this error, or, if there is none, because a
    /// [`get`](crate::Cache::get) found nothing.
    fn missed(&self, _key: &Key, _error: Option<&Error>) {}

    /// A load of so many keys begins, this being the first.
    fn load_began(&self, _key: &Key, _keys: usize) {}

    /// A load ended, well or with this error ([`Error::LoadAborted`] if it panicked), after so long. The
    /// key and their number are those of [`load_began`](Self::load_began).
    fn load_ended(&self, _key: &Key, _keys: usize, _took: Duration, _error: Option<&Error>) {}

    /// Something was invalidated or expired by a call in this process, which has taken effect here. The
    /// store may not be told yet.
    fn invalidated(&self, _what: Invalidated<'_>) {}

    /// A call to the store failed or took too long.
    fn store_failed(&self, _error: &StoreError) {}

    /// The store failed and is left alone for a while: reads are answered by this process or loaded.
    fn store_suspended(&self) {}

    /// The store answers again.
    fn store_resumed(&self) {}

    /// News of other processes may have been missed: what this process has is compared with the store
    /// before it is served.
    fn gap(&self) {}
}

/// What was invalidated or expired, and which of the two.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Invalidated<'a> {
    /// What fell.
    pub what: Subject<'a>,
    /// It may still be served as stale.
    pub expired: bool,
}

/// What an invalidation hits.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Subject<'a> {
    /// One key.
    Key(&'a Key),
    /// Whatever carries one of these.
    Tags(&'a [Tag]),
    /// All keys of a namespace.
    Namespace(&'a Namespace),
    /// All.
    Everything,
}

macro_rules! forward {
    ($self:ident => $($to:expr),+) => {
        fn answered(&$self, key: &Key, origin: Origin) {
            $($to.answered(key, origin);)+
        }

        fn missed(&$self, key: &Key, error: Option<&Error>) {
            $($to.missed(key, error);)+
        }

        fn load_began(&$self, key: &Key, keys: usize) {
            $($to.load_began(key, keys);)+
        }

        fn load_ended(&$self, key: &Key, keys: usize, took: Duration, error: Option<&Error>) {
            $($to.load_ended(key, keys, took, error);)+
        }

        fn invalidated(&$self, what: Invalidated<'_>) {
            $($to.invalidated(what);)+
        }

        fn store_failed(&$self, error: &StoreError) {
            $($to.store_failed(error);)+
        }

        fn store_suspended(&$self) {
            $($to.store_suspended();)+
        }

        fn store_resumed(&$self) {
            $($to.store_resumed();)+
        }

        fn gap(&$self) {
            $($to.gap();)+
        }
    };
}

impl<O: Observer> Observer for Arc<O> {
    forward!(self => **self);
}

impl<A: Observer, B: Observer> Observer for (A, B) {
    forward!(self => self.0, self.1);
}

/// The observer of a cache, if it has one.
#[derive(Default)]
pub(crate) struct Observed(Option<Box<dyn Observer>>);

impl Observed {
    pub(crate) fn by(observer: Option<Box<dyn Observer>>) -> Self {
        Self(observer)
    }

    /// Not to be called with a lock held.
    pub(crate) fn tell(&self, news: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = &self.0 {
            // Whatever state the observer is in then is its own.
            if catch_unwind(AssertUnwindSafe(|| news(&**observer))).is_err() {
                tracing::error!("an observer of the cache panicked");
            }
        }
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observed").field(&self.0.is_some()).finish()
    }
}
