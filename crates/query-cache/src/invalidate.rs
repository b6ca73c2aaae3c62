//! What makes values dead, or stale, before their time.

use crate::cache::Cache;
use crate::error::Error;
use crate::key::{Key, Namespace};
use crate::name::Name;
use crate::observe::Subject;
use crate::store::Backend;
use crate::tags::{Change, Tag};

impl<S: Backend> Cache<S> {
    /// Makes the value of `key` dead, with whatever a load under way may bring. Stale serving is
    /// forbidden too. Costs one round trip if there is a store.
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told; in this process the invalidation holds.
    pub async fn invalidate(&self, key: &Key) -> Result<(), Error> {
        self.tiers.invalidate(key).await
    }

    /// Makes all values dead that carry `tag`. See [`invalidate_tags`](Self::invalidate_tags).
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told; in this process the invalidation holds.
    pub async fn invalidate_tag(&self, tag: impl Into<Tag>) -> Result<(), Error> {
        self.invalidate_tags([tag]).await
    }

    /// Makes all values dead that carry one of `tags`, with whatever loads under way may bring.
    ///
    /// Costs one look-up a tag and, if there is a store, one round trip for all, however many
    /// values carry them. Other processes that share the store stop serving the values when they
    /// hear of it or next compare versions, at most
    /// [`recheck_after`](crate::CacheBuilder::recheck_after) later; who waits there for a load that is
    /// under way still gets what it brings.
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told; in this process the invalidation holds.
    pub async fn invalidate_tags<T: Into<Tag>>(
        &self,
        tags: impl IntoIterator<Item = T>,
    ) -> Result<(), Error> {
        self.change_tags(tags, Change::Outdated).await
    }

    /// Makes all values of a namespace dead. Costs what one tag costs.
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told; in this process the invalidation holds.
    pub async fn clear(&self, namespace: impl Into<Namespace>) -> Result<(), Error> {
        self.change_namespace(&namespace.into(), Change::Outdated).await
    }

    /// Makes all values dead, in all namespaces and tenants. Costs what one tag costs.
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told; in this process the invalidation holds.
    pub async fn clear_all(&self) -> Result<(), Error> {
        self.tiers.change(&[Name::everything()], Change::Outdated, Subject::Everything).await
    }

    /// Makes the value of `key` stale, with whatever a load under way may bring: it may still be
    /// served while the next one is loaded or when that fails, where the policy has
    /// [`stale_for`](crate::Policy::stale_for), until the time it would have died anyway. Without
    /// that window it is dead. For changes that may be seen a little late; for others,
    /// [`invalidate`](Self::invalidate).
    ///
    /// Costs what an invalidation costs, here and in other processes.
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told; in this process the value is stale.
    pub async fn expire(&self, key: &Key) -> Result<(), Error> {
        self.tiers.expire(key).await
    }

    /// Makes all values stale that carry `tag`. See [`expire_tags`](Self::expire_tags).
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told; in this process the values are stale.
    pub async fn expire_tag(&self, tag: impl Into<Tag>) -> Result<(), Error> {
        self.expire_tags([tag]).await
    }

    /// Makes all values stale that carry one of `tags`. See [`expire`](Self::expire), and for the cost
    /// [`invalidate_tags`](Self::invalidate_tags).
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told; in this process the values are stale.
    pub async fn expire_tags<T: Into<Tag>>(
        &self,
        tags: impl IntoIterator<Item = T>,
    ) -> Result<(), Error> {
        self.change_tags(tags, Change::Expired).await
    }

    /// Makes all values of a namespace stale. See [`expire`](Self::expire).
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told; in this process the values are stale.
    pub async fn expire_namespace(&self, namespace: impl Into<Namespace>) -> Result<(), Error> {
        self.change_namespace(&namespace.into(), Change::Expired).await
    }

    /// Makes all values stale, in all namespaces and tenants. See [`expire`](Self::expire).
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told; in this process the values are stale.
    pub async fn expire_all(&self) -> Result<(), Error> {
        self.tiers.change(&[Name::everything()], Change::Expired, Subject::Everything).await
    }

    async fn change_tags<T: Into<Tag>>(
        &self,
        tags: impl IntoIterator<Item = T>,
        change: Change,
    ) -> Result<(), Error> {
        let tags: Vec<Tag> = tags.into_iter().map(Into::into).collect();
        let names: Vec<Name> = tags.iter().map(Tag::version_name).collect();
        self.tiers.change(&names, change, Subject::Tags(&tags)).await
    }

    async fn change_namespace(&self, namespace: &Namespace, change: Change) -> Result<(), Error> {
        let names = [namespace.version_name()];
        self.tiers.change(&names, change, Subject::Namespace(namespace)).await
    }
}
