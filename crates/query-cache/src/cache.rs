//! The cache itself.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::answer::{Got, Origin};
use crate::builder::CacheBuilder;
use crate::clock::now;
use crate::entry::AnyValue;
use crate::error::Error;
use crate::key::Key;
use crate::load::{Loaded, hide, hide_with};
use crate::policy::Policy;
use crate::shape::{Cacheable, Shape, typed};
use crate::stats::Stats;
use crate::store::{Backend, NoStore};
use crate::tiers::{Seen, Tiers};

/// A read-through cache of two levels: this process, and perhaps a store shared with others.
///
/// Cheap to clone; all clones are one cache. Calls must be made inside a tokio runtime.
///
/// # Cancellation
///
/// Any future returned here may be dropped at any point. A load or a `set` that has begun goes on
/// in a task of its own and its value is kept. An invalidation has taken effect in this process
/// when its future is first polled; if it is dropped before the store was told, the store is told
/// in the background.
pub struct Cache<S = NoStore> {
    pub(crate) tiers: Arc<Tiers<S>>,
}

impl Cache<NoStore> {
    /// Settings of a new cache, in-process unless a store is given.
    pub fn builder() -> CacheBuilder<NoStore> {
        CacheBuilder::new()
    }
}

impl<S> Cache<S> {
    pub(crate) fn from_tiers(tiers: Tiers<S>) -> Self {
        Self { tiers: Arc::new(tiers) }
    }

    /// What was counted so far. Takes each lock of the local tier for a moment.
    pub fn stats(&self) -> Stats {
        self.tiers.stats()
    }
}

impl<S: Backend> Cache<S> {
    /// The value of `key`: from this process, from the store, or else from `load`, kept by
    /// `policy`.
    ///
    /// However many calls ask for a key at once, in this process one load runs, and all of them get
    /// its value or its error. A call that begins after an invalidation never gets a value whose
    /// load began before it.
    ///
    /// A fresh value in this process costs no allocation and no waiting. Once per
    /// [`recheck_after`](CacheBuilder::recheck_after) a hit compares versions with the store, in
    /// one round trip.
    ///
    /// # Errors
    ///
    /// [`Error::Load`], [`Error::LoadTimeout`] or [`Error::LoadAborted`] when the load brought
    /// nothing and no stale value may be served; [`Error::WrongType`] if the key holds another
    /// type. A store that fails is no error.
    ///
    /// ```
    /// # use query_cache::{Cache, Error, Key, Policy};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let cache = Cache::builder().build();
    /// let policy = Policy::ttl(Duration::from_secs(60)).tag("person:7");
    /// let key = Key::new("schedule").part(7u32);
    /// let shifts = cache
    ///     .get_or_load(&key, &policy, || async { Ok::<_, std::io::Error>(vec!["Mon", "Tue"].len()) })
    ///     .await?;
    /// assert_eq!(*shifts, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_or_load<T, E, F, Fut>(
        &self,
        key: &Key,
        policy: &Policy,
        load: F,
    ) -> Result<Arc<T>, Error>
    where
        T: Cacheable,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        if let Some(value) = self.tiers.at_hand(key) {
            return typed(value);
        }
        typed(self.read(key, policy, Shape::of::<T>(), hide(load)).await?.value())
    }

    /// Like [`get_or_load`](Self::get_or_load) for a value that may not exist: `None` is kept too,
    /// for the policy's [`negative_ttl`](Policy::negative_ttl).
    ///
    /// # Errors
    ///
    /// Those of [`get_or_load`](Self::get_or_load).
    pub async fn get_or_load_optional<T, E, F, Fut>(
        &self,
        key: &Key,
        policy: &Policy,
        load: F,
    ) -> Result<Arc<Option<T>>, Error>
    where
        T: Cacheable,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Option<T>, E>> + Send + 'static,
    {
        let value = match self.tiers.at_hand(key) {
            Some(value) => value,
            None => self.read(key, policy, Shape::of_optional::<T>(), hide(load)).await?.value(),
        };
        let value = typed(value);
        self.tiers.counters.if_absent(&value);
        value
    }

    /// Like [`get_or_load`](Self::get_or_load) for a load that looks at the value it is to replace, and
    /// decides how long the next one lives.
    ///
    /// It is given the previous value where that is stale or about to be, here or in the store; not one
    /// that was invalidated. If the source says that nothing has changed, by an entity tag or a time of
    /// change in the value, [`Loaded::unchanged`] gives it a new life.
    ///
    /// # Errors
    ///
    /// Those of [`get_or_load`](Self::get_or_load).
    ///
    /// ```
    /// # use query_cache::{Cache, Error, Key, Loaded, Policy};
    /// # use std::time::Duration;
    /// # async fn fetch(_etag: Option<String>) -> Result<Option<(String, u32)>, std::io::Error> {
    /// #     Ok(Some(("v1".into(), 7)))
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let cache = Cache::builder().build();
    /// let policy = Policy::ttl(Duration::from_secs(60)).stale_for(Duration::from_secs(3600));
    /// let page = cache
    ///     .get_or_load_with(&Key::new("page"), &policy, |previous| async move {
    ///         let etag = previous.map(|page: std::sync::Arc<(String, u32)>| page.0.clone());
    ///         let fetched = fetch(etag).await?;
    ///         Ok::<_, std::io::Error>(fetched.map_or(Loaded::unchanged(), Loaded::new))
    ///     })
    ///     .await?;
    /// assert_eq!(page.1, 7);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_or_load_with<T, E, F, Fut>(
        &self,
        key: &Key,
        policy: &Policy,
        load: F,
    ) -> Result<Arc<T>, Error>
    where
        T: Cacheable,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: FnOnce(Option<Arc<T>>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<T>, E>> + Send + 'static,
    {
        if let Some(value) = self.tiers.at_hand(key) {
            return typed(value);
        }
        typed(self.read(key, policy, Shape::of::<T>(), hide_with(load)).await?.value())
    }

    /// The fresh value of `key`, if one of the tiers has it. Does not wait for loads under way.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the key holds another type.
    pub async fn get<T: Cacheable>(&self, key: &Key) -> Result<Option<Arc<T>>, Error> {
        let got = self.get_any(key, Shape::of::<T>()).await;
        got.map(|got| typed(got.value())).transpose()
    }

    pub(crate) async fn get_any(&self, key: &Key, shape: Shape) -> Option<Got> {
        let got = match self.tiers.look_checked(key).await {
            Seen::Fresh(entry) | Seen::Due(entry) => Some(Got::new(&entry, Origin::Local)),
            _ => self.get_from_store(key, shape).await,
        };
        let counters = &self.tiers.counters;
        match &got {
            Some(got) => counters.ended(key, Ok(got)),
            None => counters.found_nothing(key),
        }
        got
    }

    /// Puts `value` in place of whatever `key` has. A load that is under way is not kept any more.
    ///
    /// Calls of `get_or_load` that come meanwhile get the new value. Of two concurrent calls in
    /// this process the later one wins; between processes either may. So where several write to the
    /// source, [`invalidate`](Self::invalidate) after the write, and let the next call load.
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told that the old value is gone. The new one is
    /// then served in this process all the same.
    pub async fn set<T: Cacheable>(
        &self,
        key: &Key,
        value: T,
        policy: &Policy,
    ) -> Result<Arc<T>, Error> {
        let value = Arc::new(value);
        let fill = self.fill(key, policy.clone(), Shape::of::<T>(), &Seen::Nothing);
        let erased: AnyValue = Arc::<T>::clone(&value);
        let told = self.tiers.replace(fill, erased).await.map_err(|_| Error::LoadAborted)?;
        told.map(|()| value)
    }

    /// How long the value of `key` is still fresh, in one of the tiers; `None` if there is none that is.
    /// Does not count as a query. Costs two round trips where this process does not have it.
    pub async fn ttl(&self, key: &Key) -> Option<Duration> {
        match self.tiers.look_checked(key).await {
            Seen::Fresh(entry) | Seen::Due(entry) => {
                Some(entry.life.fresh_until.saturating_duration_since(now()))
            }
            _ => self.tiers.remote.as_ref()?.fresh_for(key).await,
        }
    }

    /// Whether one of the tiers has a fresh value of `key`. See [`ttl`](Self::ttl).
    pub async fn exists(&self, key: &Key) -> bool {
        self.ttl(key).await.is_some()
    }

    /// Waits for all that was begun: loads, `set`s, their writes to the store, and invalidations that
    /// it was not told yet. For the end of a program; the cache can still be used.
    ///
    /// Takes as long as the longest load under way, and no longer than its
    /// [`load_timeout`](Policy::load_timeout) and the store's time limits if nobody begins a new one.
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told.
    pub async fn close(&self) -> Result<(), Error> {
        self.tiers.tasks.idle().await;
        self.tiers.tell().await
    }

    async fn get_from_store(&self, key: &Key, shape: Shape) -> Option<Got> {
        let tiers = &self.tiers;
        let generation = tiers.flights.generation(key);
        let remote = tiers.remote.as_ref()?;
        let found = remote.read_unknown(key, shape, |deps| tiers.snapshot(deps)).await;
        let (found, tags) = found.filter(|(found, _)| !found.fresh.is_zero())?;
        let entry = tiers.entry_from(key, found, shape, tags, Duration::ZERO);
        tiers.flights.keep_if_unchanged(key, generation, || {
            // What a load has brought meanwhile is newer.
            if !matches!(tiers.look(key), Seen::Fresh(_) | Seen::Due(_)) {
                tiers.local.insert(key, Arc::clone(&entry));
            }
        });
        Some(Got { entry, origin: Origin::Store })
    }
}

impl<S> Clone for Cache<S> {
    fn clone(&self) -> Self {
        Self { tiers: Arc::clone(&self.tiers) }
    }
}

impl<S> fmt::Debug for Cache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
