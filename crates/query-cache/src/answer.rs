//! Answers that say how the call came to them.

use std::error::Error as StdError;
use std::fmt;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::cache::Cache;
use crate::clock::now;
use crate::entry::{AnyValue, Entry, Freshness};
use crate::error::Error;
use crate::key::Key;
use crate::load::{Load, Loaded, hide, hide_with};
use crate::policy::Policy;
use crate::shape::{Cacheable, Shape, typed};
use crate::store::Backend;
use crate::tiers::{Landed, Source};

/// How a call came to its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// This process had it, fresh.
    Local,
    /// The store had it, fresh.
    Store,
    /// This call loaded it.
    Loaded,
    /// Another call was looking for it already, and this one waited.
    Shared,
    /// It is stale: it is being refreshed, or its load failed.
    Stale,
}

/// A value, how the call came to it, and its times. Derefs to the value.
///
/// Made by the calls of [`Traced`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer<T> {
    /// The value.
    pub value: Arc<T>,
    /// How the call came to it.
    pub origin: Origin,
    /// How long ago its load ended, here or in another process.
    pub age: Duration,
    /// How long it is still fresh; zero if it is stale.
    pub fresh_for: Duration,
}

impl<T: Cacheable> Answer<T> {
    pub(crate) fn new(got: &Got) -> Result<Self, Error> {
        let (now, life) = (now(), &got.entry.life);
        let fresh_for = match got.entry.at(now) {
            Freshness::Fresh | Freshness::Due => life.fresh_until.saturating_duration_since(now),
            Freshness::Stale | Freshness::Dead => Duration::ZERO,
        };
        let age = now.saturating_duration_since(life.made_at);
        Ok(Self { value: typed(got.value())?, origin: got.origin, age, fresh_for })
    }
}

impl<T> Deref for Answer<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), ..*self }
    }
}

/// The reads of a [`Cache`], with answers that say how the call came to them: see
/// [`Cache::traced`].
pub struct Traced<'a, S>(&'a Cache<S>);

impl<S> Cache<S> {
    /// The same cache, whose reads tell where a value comes from, its age and what remains of its life.
    /// Costs two readings of the clock more.
    ///
    /// ```
    /// # use query_cache::{Cache, Error, Key, Origin, Policy};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let cache = Cache::builder().build();
    /// # let policy = Policy::ttl(Duration::from_secs(60));
    /// # let key = Key::new("schedule").part(7u32);
    /// # let load = || async { Ok::<_, std::io::Error>(3) };
    /// let shifts = cache.traced().get_or_load(&key, &policy, load).await?;
    /// assert_eq!((*shifts, shifts.origin), (3, Origin::Loaded));
    /// # Ok(())
    /// # }
    /// ```
    pub fn traced(&self) -> Traced<'_, S> {
        Traced(self)
    }
}

impl<S: Backend> Traced<'_, S> {
    /// As [`Cache::get`].
    ///
    /// # Errors
    ///
    /// Those of [`Cache::get`].
    pub async fn get<T: Cacheable>(&self, key: &Key) -> Result<Option<Answer<T>>, Error> {
        let got = self.0.get_any(key, Shape::of::<T>()).await;
        got.as_ref().map(Answer::new).transpose()
    }

    /// As [`Cache::get_or_load`].
    ///
    /// # Errors
    ///
    /// Those of [`Cache::get_or_load`].
    pub async fn get_or_load<T, E, F, Fut>(
        &self,
        key: &Key,
        policy: &Policy,
        load: F,
    ) -> Result<Answer<T>, Error>
    where
        T: Cacheable,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.ask((key, policy), Shape::of::<T>(), hide(load)).await
    }

    /// As [`Cache::get_or_load_optional`].
    ///
    /// # Errors
    ///
    /// Those of [`Cache::get_or_load`].
    pub async fn get_or_load_optional<T, E, F, Fut>(
        &self,
        key: &Key,
        policy: &Policy,
        load: F,
    ) -> Result<Answer<Option<T>>, Error>
    where
        T: Cacheable,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Option<T>, E>> + Send + 'static,
    {
        let answer: Answer<Option<T>> =
            self.ask((key, policy), Shape::of_optional::<T>(), hide(load)).await?;
        self.0.tiers.counters.absent(answer.is_none());
        Ok(answer)
    }

    /// As [`Cache::get_or_load_with`].
    ///
    /// # Errors
    ///
    /// Those of [`Cache::get_or_load`].
    pub async fn get_or_load_with<T, E, F, Fut>(
        &self,
        key: &Key,
        policy: &Policy,
        load: F,
    ) -> Result<Answer<T>, Error>
    where
        T: Cacheable,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: FnOnce(Option<Arc<T>>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<T>, E>> + Send + 'static,
    {
        self.ask((key, policy), Shape::of::<T>(), hide_with(load)).await
    }

    /// As [`Cache::get_or_load_many`].
    ///
    /// # Errors
    ///
    /// Those of [`Cache::get_or_load_many`].
    pub async fn get_or_load_many<I, T, L, E, F, Fut>(
        &self,
        ids: &[I],
        key: impl Fn(&I) -> Key,
        policy: impl Fn(&I) -> Policy,
        load: F,
    ) -> Result<Vec<Answer<Option<T>>>, Error>
    where
        I: Clone + Eq + Hash + Send + Sync + 'static,
        T: Cacheable,
        L: IntoIterator<Item = (I, T)>,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: FnOnce(Vec<I>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<L, E>> + Send + 'static,
    {
        let got = self.0.many(ids, key, policy, load).await?;
        let answers: Vec<_> = got.iter().map(Answer::new).collect::<Result<_, _>>()?;
        let counters = &self.0.tiers.counters;
        answers.iter().for_each(|answer: &Answer<Option<T>>| counters.absent(answer.is_none()));
        Ok(answers)
    }

    async fn ask<T: Cacheable>(
        &self,
        (key, policy): (&Key, &Policy),
        shape: Shape,
        load: Load,
    ) -> Result<Answer<T>, Error> {
        Answer::new(&self.0.read(key, policy, shape, load).await?)
    }
}

impl<S> fmt::Debug for Traced<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Traced").field(self.0).finish()
    }
}

/// What a call ends with, its type hidden.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) entry: Arc<Entry>,
    pub(crate) origin: Origin,
}

impl Got {
    pub(crate) fn new(entry: &Arc<Entry>, origin: Origin) -> Self {
        Self { entry: Arc::clone(entry), origin }
    }

    /// What the caller's own flight brought, or one that it joined.
    pub(crate) fn landed(landed: Option<Landed>, joined: bool) -> Result<Self, Unanswered> {
        let landed = landed.unwrap_or(Err(Error::LoadAborted));
        let (entry, source) = landed.map_err(|error| Unanswered { error, joined })?;
        let origin = match source {
            Source::Kept => Origin::Stale,
            _ if joined => Origin::Shared,
            Source::Store => Origin::Store,
            Source::Load => Origin::Loaded,
        };
        Ok(Self { entry, origin })
    }

    pub(crate) fn value(&self) -> AnyValue {
        Arc::clone(&self.entry.value)
    }
}

/// Why a call ends without a value.
#[derive(Clone, Debug)]
pub(crate) struct Unanswered {
    pub(crate) error: Error,
    /// It is what somebody else's flight ended with.
    pub(crate) joined: bool,
}

impl From<Unanswered> for Error {
    fn from(unanswered: Unanswered) -> Self {
        unanswered.error
    }
}
