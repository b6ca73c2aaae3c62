//! Functions whose results are kept.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::answer::{Answer, Got, Unanswered};
use crate::cache::Cache;
use crate::error::Error;
use crate::key::{Key, Namespace, Tenant};
use crate::load::{Load, hide};
use crate::policy::Policy;
use crate::shape::{Cacheable, Shape, typed};
use crate::store::{Backend, NoStore};
use crate::tags::Tag;
use crate::template::{Arguments, IntoArguments, Template};

/// An asynchronous function whose results are kept by its arguments. Made by [`Cache::wrap`] and
/// [`Cache::wrap_optional`].
///
/// Cheap to clone; clones are one function over one cache.
pub struct Cached<A, T, S = NoStore> {
    cache: Cache<S>,
    namespace: Namespace,
    template: Template<A>,
    policy: Policy,
    tags: Arc<[TagsOf<A>]>,
    shape: Shape,
    load: Arc<dyn Fn(A) -> Load + Send + Sync>,
    brings: std::marker::PhantomData<fn() -> T>,
}

type TagsOf<A> = Arc<dyn Fn(&A) -> Vec<Tag> + Send + Sync>;

impl<S> Cache<S> {
    /// `function` with its results kept by `policy`, under the key that `template` makes of its
    /// arguments.
    ///
    /// What the function needs beside its arguments (a pool of connections) it brings along, cloned for
    /// each call. Its arguments are parts of keys, owned and `Clone`.
    ///
    /// ```
    /// use query_cache::{Cache, Policy, template};
    /// use std::time::Duration;
    ///
    /// # #[derive(Clone)]
    /// # struct Pool;
    /// async fn shifts(_pool: Pool, person: u32, month: String) -> Result<Vec<String>, std::io::Error> {
    ///     Ok(vec![format!("{month}: ICU {person}")])
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), query_cache::Error> {
    /// # let (cache, pool) = (Cache::builder().build(), Pool);
    /// let template = template!("schedule/{person}/{month}", person: u32, month: String);
    /// let schedule = cache
    ///     .wrap(template, Policy::ttl(Duration::from_secs(300)), move |person, month| {
    ///         shifts(pool.clone(), person, month)
    ///     })
    ///     .tag(|(person, _month)| format!("person:{person}"));
    ///
    /// assert_eq!(*schedule.get((7, "July".to_owned())).await?, ["July: ICU 7"]);
    /// schedule.invalidate((7, "July".to_owned())).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Arguments that are not those of the template do not compile:
    ///
    /// ```compile_fail,E0277
    /// # use query_cache::{Cache, Policy, template};
    /// # use std::time::Duration;
    /// let by_person = template!("schedule/{person}", person: u32);
    /// let policy = Policy::ttl(Duration::from_secs(300));
    /// Cache::builder().build().wrap(by_person, policy, |person: u32, month: u32| async move {
    ///     Ok::<u32, std::io::Error>(person + month)
    /// });
    /// ```
    pub fn wrap<A, T, F>(
        &self,
        template: Template<A>,
        policy: Policy,
        function: F,
    ) -> Cached<A, T, S>
    where
        A: Arguments,
        T: Cacheable,
        F: AsyncFunction<A, T>,
    {
        Cached::new(self, (template, policy), Shape::of::<T>(), function)
    }

    /// Like [`wrap`](Self::wrap) for a function whose result may be that there is none: `None` is kept
    /// for the policy's [`negative_ttl`](Policy::negative_ttl).
    pub fn wrap_optional<A, T, F>(
        &self,
        template: Template<A>,
        policy: Policy,
        function: F,
    ) -> Cached<A, Option<T>, S>
    where
        A: Arguments,
        T: Cacheable,
        F: AsyncFunction<A, Option<T>>,
    {
        Cached::new(self, (template, policy), Shape::of_optional::<T>(), function)
    }
}

impl<A: Arguments, T: Cacheable, S> Cached<A, T, S> {
    fn new(
        cache: &Cache<S>,
        (template, policy): (Template<A>, Policy),
        shape: Shape,
        function: impl AsyncFunction<A, T>,
    ) -> Self {
        let function = Arc::new(function);
        let load = move |arguments| {
            let function = Arc::clone(&function);
            hide(move || async move { function.call(arguments).await })
        };
        Self {
            cache: cache.clone(),
            namespace: template.namespace(),
            template,
            policy,
            tags: Arc::default(),
            shape,
            load: Arc::new(load),
            brings: std::marker::PhantomData,
        }
    }

    /// Adds a tag that depends on the arguments, to those of the policy. Must depend on nothing else.
    #[must_use]
    pub fn tag<G: Into<Tag>>(self, tag: impl Fn(&A) -> G + Send + Sync + 'static) -> Self {
        self.tags(move |arguments| [tag(arguments)])
    }

    /// Adds tags that depend on the arguments, as [`tag`](Self::tag) adds one.
    #[must_use]
    pub fn tags<G, L>(mut self, tags: impl Fn(&A) -> L + Send + Sync + 'static) -> Self
    where
        G: Into<Tag>,
        L: IntoIterator<Item = G>,
    {
        let tags: TagsOf<A> =
            Arc::new(move |arguments| tags(arguments).into_iter().map(Into::into).collect());
        self.tags = self.tags.iter().cloned().chain([tags]).collect();
        self
    }

    /// The same function for one tenant: its keys are no other's. The function itself has to be one
    /// that asks for this tenant.
    #[must_use]
    pub fn of(mut self, tenant: &Tenant) -> Self {
        self.namespace = self.template.namespace_of(tenant);
        self
    }

    /// The key of these arguments, for the other calls of the [`Cache`].
    pub fn key(&self, arguments: impl IntoArguments<A>) -> Key {
        arguments.into_arguments().key(self.namespace.clone())
    }

    pub(crate) fn key_of(&self, arguments: &A) -> Key {
        arguments.key(self.namespace.clone())
    }

    /// The policy for these arguments, with its tags.
    fn policy(&self, arguments: &A) -> Policy {
        self.policy.clone().tags(self.tags.iter().flat_map(|tags| tags(arguments)))
    }
}

impl<A: Arguments, T: Cacheable, S: Backend> Cached<A, T, S> {
    /// The result for these arguments: kept from before, or else from the function. As
    /// [`Cache::get_or_load`], whose guarantees hold.
    ///
    /// # Errors
    ///
    /// Those of [`Cache::get_or_load`].
    pub async fn get(&self, arguments: impl IntoArguments<A>) -> Result<Arc<T>, Error> {
        let arguments = arguments.into_arguments();
        let key = arguments.key(self.namespace.clone());
        let value = match self.cache.tiers.at_hand(&key) {
            Some(value) => value,
            None => {
                let (policy, shape) = (self.policy(&arguments), self.shape);
                self.cache.read(&key, &policy, shape, (self.load)(arguments)).await?.value()
            }
        };
        self.cache.tiers.counters.absent((self.shape.is_absent)(value.as_ref()));
        typed(value)
    }

    /// The same, with where the result comes from and its times.
    ///
    /// # Errors
    ///
    /// Those of [`Cache::get_or_load`].
    pub async fn traced(&self, arguments: impl IntoArguments<A>) -> Result<Answer<T>, Error> {
        let arguments = arguments.into_arguments();
        let key = arguments.key(self.namespace.clone());
        let (policy, shape) = (self.policy(&arguments), self.shape);
        let got = self.cache.read(&key, &policy, shape, (self.load)(arguments)).await?;
        self.cache.tiers.counters.absent((shape.is_absent)(got.value().as_ref()));
        Answer::new(&got)
    }

    /// Sees to it that the result for these arguments is there.
    pub(crate) async fn warm(&self, arguments: A) -> Result<Got, Unanswered> {
        let (key, policy) = (self.key_of(&arguments), self.policy(&arguments));
        self.cache.warm(&key, &policy, self.shape, (self.load)(arguments)).await
    }

    /// Makes the result for these arguments dead: [`Cache::invalidate`].
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told; in this process the invalidation holds.
    pub async fn invalidate(&self, arguments: impl IntoArguments<A>) -> Result<(), Error> {
        self.cache.invalidate(&self.key(arguments)).await
    }

    /// Makes the result for these arguments stale: [`Cache::expire`].
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told; in this process the result is stale.
    pub async fn expire(&self, arguments: impl IntoArguments<A>) -> Result<(), Error> {
        self.cache.expire(&self.key(arguments)).await
    }

    /// Makes all results of this function dead: [`Cache::clear`].
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told; in this process the invalidation holds.
    pub async fn clear(&self) -> Result<(), Error> {
        self.cache.clear(self.namespace.clone()).await
    }
}

impl<A, T, S> Clone for Cached<A, T, S> {
    fn clone(&self) -> Self {
        Self {
            cache: self.cache.clone(),
            namespace: self.namespace.clone(),
            template: self.template,
            policy: self.policy.clone(),
            tags: Arc::clone(&self.tags),
            shape: self.shape,
            load: Arc::clone(&self.load),
            brings: self.brings,
        }
    }
}

impl<A, T, S> fmt::Debug for Cached<A, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached")
            .field("template", &self.template)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// An asynchronous function of the arguments `A`, a tuple: any `Fn` with as many parameters whose
/// future gives a `Result`. Its error becomes the source of [`Error::Load`].
pub trait AsyncFunction<A, T>: Send + Sync + 'static {
    /// Calls it.
    fn call(
        &self,
        arguments: A,
    ) -> impl Future<Output = Result<T, Box<dyn StdError + Send + Sync>>> + Send;
}

macro_rules! functions {
    ($($name:ident)*) => {
        impl<Fun, Fut, Ret, Err, $($name),*> AsyncFunction<($($name,)*), Ret> for Fun
        where
            Fun: Fn($($name),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<Ret, Err>> + Send,
            Err: Into<Box<dyn StdError + Send + Sync>>,
            $($name: Send,)*
        {
            #[expect(non_snake_case, reason = "one name for a type and its value")]
            async fn call(
                &self,
                ($($name,)*): ($($name,)*),
            ) -> Result<Ret, Box<dyn StdError + Send + Sync>> {
                self($($name),*).await.map_err(Into::into)
            }
        }
    };
}

functions!(A);
functions!(A B);
functions!(A B C);
functions!(A B C D);
functions!(A B C D E);
functions!(A B C D E F);

impl<Fun, Fut, Ret, Err> AsyncFunction<(), Ret> for Fun
where
    Fun: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Ret, Err>> + Send,
    Err: Into<Box<dyn StdError + Send + Sync>>,
{
    async fn call(&self, (): ()) -> Result<Ret, Box<dyn StdError + Send + Sync>> {
        self().await.map_err(Into::into)
    }
}
