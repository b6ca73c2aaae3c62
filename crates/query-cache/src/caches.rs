//! Several caches by name, set up alike.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::builder::CacheBuilder;
use crate::cache::Cache;
use crate::error::Error;
use crate::stats::Stats;
use crate::store::{Backend, NoStore, Scoped};
use crate::sync::lock;

/// Caches by name: each with a budget, counters and keys of its own, all on one store and its
/// connection, set up by one function. Cheap to clone; clones are the same caches.
///
/// A key of one is never that of another, and to [clear](Cache::clear_all) one leaves the others as they
/// are: each uses the [part](Scoped) of the store with its name. What each does for itself is to give a store
/// that fails a rest, and to listen to it: one connection more for each. There is nothing global about it: two
/// values of this type are apart, except for what their store has under the same names.
///
/// ```
/// use query_cache::{Cache, Caches, MemoryStore};
/// use std::sync::Arc;
///
/// let caches = Caches::new(Arc::new(MemoryStore::default()), |name, settings| match name {
///     "reports" => settings.local(100),
///     _ => settings.local(10_000),
/// });
/// let schedules = caches.named("schedules");
/// assert_eq!(caches.named("reports").stats().entries, 0);
/// assert_eq!(caches.stats().len(), 2);
/// # let _ = schedules;
/// ```
pub struct Caches<S = NoStore> {
    store: Option<S>,
    settings: Arc<SettingsOf<S>>,
    by_name: Arc<Mutex<BTreeMap<String, Cache<Scoped<S>>>>>,
}

type SettingsOf<S> = dyn Fn(&str, CacheBuilder<Scoped<S>>) -> CacheBuilder<Scoped<S>> + Send + Sync;

impl Caches<NoStore> {
    /// Caches of this process alone. `settings` is as in [`new`](Self::new).
    pub fn in_process(
        settings: impl Fn(&str, CacheBuilder<Scoped<NoStore>>) -> CacheBuilder<Scoped<NoStore>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self::maybe(None, settings)
    }
}

impl<S: Backend + Clone> Caches<S> {
    /// Caches that share `store`. `settings` is called once for each name, with default settings and the
    /// store in place, and returns those of that cache.
    pub fn new(
        store: S,
        settings: impl Fn(&str, CacheBuilder<Scoped<S>>) -> CacheBuilder<Scoped<S>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self::maybe(Some(store), settings)
    }

    fn maybe(
        store: Option<S>,
        settings: impl Fn(&str, CacheBuilder<Scoped<S>>) -> CacheBuilder<Scoped<S>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self { store, settings: Arc::new(settings), by_name: Arc::default() }
    }

    /// The cache called `name`, made when it is first asked for. Must be called inside a tokio runtime if
    /// there is a store. Takes a lock and copies nothing but a handle: keep it where it is used often.
    pub fn named(&self, name: &str) -> Cache<Scoped<S>> {
        if let Some(known) = lock(&self.by_name).get(name) {
            return known.clone();
        }
        // Not under the lock: the settings are the application's, and may ask for another cache.
        let store = self.store.clone().map(|store| Scoped::new(store, name));
        let made = (self.settings)(name, Cache::builder().maybe_store(store)).build();
        lock(&self.by_name).entry(name.to_owned()).or_insert(made).clone()
    }

    /// What each of the caches made so far has counted, by name.
    pub fn stats(&self) -> BTreeMap<String, Stats> {
        let caches = lock(&self.by_name).clone();
        caches.into_iter().map(|(name, cache)| (name, cache.stats())).collect()
    }

    /// [Closes](Cache::close) all caches made so far.
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told by one of them; the others are closed all the
    /// same.
    pub async fn close(&self) -> Result<(), Error> {
        let caches = lock(&self.by_name).clone();
        let closed = caches.values().map(Cache::close);
        futures::future::join_all(closed).await.into_iter().collect()
    }
}

impl<S: Clone> Clone for Caches<S> {
    fn clone(&self) -> Self {
        let (store, settings) = (self.store.clone(), Arc::clone(&self.settings));
        Self { store, settings, by_name: Arc::clone(&self.by_name) }
    }
}

impl<S> fmt::Debug for Caches<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = lock(&self.by_name).keys().cloned().collect();
        f.debug_struct("Caches").field("names", &names).finish_non_exhaustive()
    }
}
