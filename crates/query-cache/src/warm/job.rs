//! What is to be warmed.

use std::error::Error as StdError;
use std::fmt;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::answer::{Got, Origin, Unanswered};
use crate::cache::Cache;
use crate::error::Cause;
use crate::key::Key;
use crate::policy::Policy;
use crate::shape::Cacheable;
use crate::store::Backend;
use crate::template::Arguments;
use crate::tiers::Seen;
use crate::wrap::Cached;

/// A list of keys, and how their values are loaded.
pub struct Job<S> {
    pub(super) name: String,
    pub(super) priority: i32,
    batch: NonZeroUsize,
    list: Box<List<S>>,
}

/// Lists pieces of work, each of up to so many keys.
type List<S> = dyn Fn(&Cache<S>, usize) -> BoxFuture<'static, Result<Vec<Box<dyn Piece<S>>>, Cause>>
    + Send
    + Sync;

impl<S: Backend> Job<S> {
    /// The results of a [wrapped](Cache::wrap) function for all arguments that `list` brings, one by one.
    /// Must be a function over the cache that is warmed.
    pub fn of<A, T, L, E, F, Fut>(
        name: impl Into<String>,
        function: &Cached<A, T, S>,
        list: F,
    ) -> Self
    where
        A: Arguments,
        T: Cacheable,
        L: IntoIterator<Item = A>,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<L, E>> + Send + 'static,
    {
        let function = function.clone();
        Self::new(name.into(), move |_, _| {
            let (listed, function) = (list(), function.clone());
            async move {
                let listed = listed.await.map_err(|error| Cause::from(error.into()))?;
                let piece = |arguments: A| -> Box<dyn Piece<S>> {
                    let key = Some(function.key_of(&arguments));
                    Box::new(One { key, arguments, function: function.clone() })
                };
                Ok(listed.into_iter().map(piece).collect())
            }
            .boxed()
        })
    }

    /// The values of all ids that `list` brings, as
    /// [`get_or_load_many`](Cache::get_or_load_many) would load them: `load` is called for up to
    /// [`batch`](Self::batch) of those that are missing at a time.
    pub fn many<I, T, L, M, D, E, F, Fut, G, Gut>(
        name: impl Into<String>,
        list: F,
        key: impl Fn(&I) -> Key + Send + Sync + 'static,
        policy: impl Fn(&I) -> Policy + Send + Sync + 'static,
        load: G,
    ) -> Self
    where
        I: Clone + Eq + Hash + Send + Sync + 'static,
        T: Cacheable,
        L: IntoIterator<Item = I>,
        M: IntoIterator<Item = (I, T)> + 'static,
        D: Into<Box<dyn StdError + Send + Sync>>,
        E: Into<Box<dyn StdError + Send + Sync>> + 'static,
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<L, D>> + Send + 'static,
        G: Fn(Vec<I>) -> Gut + Send + Sync + 'static,
        Gut: Future<Output = Result<M, E>> + Send + 'static,
    {
        let way = Arc::new(Way { key, policy, load });
        Self::new(name.into(), move |_, batch| {
            let (listed, way) = (list(), Arc::clone(&way));
            async move {
                let listed = listed.await.map_err(|error| Cause::from(error.into()))?;
                let ids: Vec<I> = listed.into_iter().collect();
                let piece = |ids: &[I]| -> Box<dyn Piece<S>> {
                    Box::new(Many { ids: ids.to_vec(), way: Arc::clone(&way) })
                };
                Ok(ids.chunks(batch).map(piece).collect())
            }
            .boxed()
        })
    }

    fn new(
        name: String,
        list: impl Fn(&Cache<S>, usize) -> BoxFuture<'static, Result<Vec<Box<dyn Piece<S>>>, Cause>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        const HUNDRED: NonZeroUsize = NonZeroUsize::new(100).expect("100 is not 0");
        Self { name, priority: 0, batch: HUNDRED, list: Box::new(list) }
    }

    /// Jobs of a higher priority come first. Default 0.
    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// How many ids one load of [`many`](Self::many) brings at most. Default 100.
    #[must_use]
    pub fn batch(mut self, ids: NonZeroUsize) -> Self {
        self.batch = ids;
        self
    }

    pub(super) async fn list(&self, cache: &Cache<S>) -> Result<Vec<Box<dyn Piece<S>>>, Cause> {
        (self.list)(cache, self.batch.get()).await
    }
}

impl<S> fmt::Debug for Job<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("name", &self.name)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}

/// Keys that are loaded together.
pub(super) trait Piece<S>: Send {
    fn keys(&self) -> usize;

    /// Forgets the keys that this process has fresh values of. How many.
    fn leave_out_fresh(&mut self, cache: &Cache<S>) -> usize;

    fn warm<'a>(self: Box<Self>, cache: &'a Cache<S>) -> BoxFuture<'a, Warmed>
    where
        Self: 'a;
}

/// What became of some keys.
#[derive(Debug, Default)]
pub(super) struct Warmed {
    pub(super) loaded: usize,
    pub(super) fresh: usize,
    pub(super) failed: usize,
    pub(super) left_out: usize,
    pub(super) weight: u64,
    pub(super) error: Option<String>,
}

impl Warmed {
    fn add(mut self, got: Result<Got, Unanswered>) -> Self {
        match got {
            Ok(got) if got.origin == Origin::Loaded => {
                self.loaded += 1;
                self.weight += got.entry.weight();
            }
            Ok(got) if got.origin == Origin::Stale => {
                self.failed += 1;
                self.error = Some("the refresh failed, and the stale value stays".to_owned());
            }
            Ok(_) => self.fresh += 1,
            Err(Unanswered { error, .. }) => {
                self.failed += 1;
                let cause = StdError::source(&error).map(ToString::to_string);
                self.error = Some(cause.map_or(error.to_string(), |c| format!("{error}: {c}")));
            }
        }
        self
    }
}

fn is_fresh<S>(cache: &Cache<S>, key: &Key) -> bool {
    matches!(cache.tiers.look(key), Seen::Fresh(_))
}

/// One result of a wrapped function.
struct One<A, T, S> {
    /// `None` once it was found fresh.
    key: Option<Key>,
    arguments: A,
    function: Cached<A, T, S>,
}

impl<A: Arguments, T: Cacheable, S: Backend> Piece<S> for One<A, T, S> {
    fn keys(&self) -> usize {
        usize::from(self.key.is_some())
    }

    fn leave_out_fresh(&mut self, cache: &Cache<S>) -> usize {
        usize::from(self.key.take_if(|key| is_fresh(cache, key)).is_some())
    }

    fn warm<'a>(self: Box<Self>, _: &'a Cache<S>) -> BoxFuture<'a, Warmed>
    where
        Self: 'a,
    {
        async move { Warmed::default().add(self.function.warm(self.arguments).await) }.boxed()
    }
}

/// How ids are loaded.
struct Way<K, P, G> {
    key: K,
    policy: P,
    load: G,
}

/// Some ids that are loaded together.
struct Many<I, K, P, G> {
    ids: Vec<I>,
    way: Arc<Way<K, P, G>>,
}

impl<S, I, T, M, E, K, P, G, Gut> Piece<S> for Many<I, K, P, G>
where
    S: Backend,
    I: Clone + Eq + Hash + Send + Sync + 'static,
    T: Cacheable,
    M: IntoIterator<Item = (I, T)> + 'static,
    E: Into<Box<dyn StdError + Send + Sync>> + 'static,
    K: Fn(&I) -> Key + Send + Sync + 'static,
    P: Fn(&I) -> Policy + Send + Sync + 'static,
    G: Fn(Vec<I>) -> Gut + Send + Sync + 'static,
    Gut: Future<Output = Result<M, E>> + Send + 'static,
{
    fn keys(&self) -> usize {
        self.ids.len()
    }

    fn leave_out_fresh(&mut self, cache: &Cache<S>) -> usize {
        let all = self.ids.len();
        self.ids.retain(|id| !is_fresh(cache, &(self.way.key)(id)));
        all - self.ids.len()
    }

    fn warm<'a>(self: Box<Self>, cache: &'a Cache<S>) -> BoxFuture<'a, Warmed>
    where
        Self: 'a,
    {
        async move {
            let way = Arc::clone(&self.way);
            let load = move |missing| (way.load)(missing);
            let way = &self.way;
            let all = cache.warm_many(&self.ids, &way.key, &way.policy, load).await;
            all.into_iter().fold(Warmed::default(), Warmed::add)
        }
        .boxed()
    }
}
