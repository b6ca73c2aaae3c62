//! What a transaction is about to change, remembered until its outcome is known.

use std::fmt;
use std::mem;

use futures::FutureExt;
use tokio::runtime::Handle;

use super::{SqlCache, Statement};
use crate::error::Error;
use crate::store::Backend;
use crate::tags::Tag;

/// What a transaction changes. Made by [`SqlCache::change`], told of each statement before it runs,
/// and ended by [`committed`](Self::committed) or [`rolled_back`](Self::rolled_back).
///
/// Dropped without either (an early return, a panic, a caller that goes away) its outcome is
/// unknown. Then all it was told of is outdated at once, and again after the cache's
/// [`settle_time`](SqlCache::settle_time): a server may still commit what it was sent.
#[must_use = "a change that is dropped at once outdates its tables before they are written"]
pub struct Change<S: Backend> {
    sql: SqlCache<S>,
    runtime: Handle,
    tags: Vec<Tag>,
}

impl<S: Backend> Change<S> {
    pub(super) fn new(sql: SqlCache<S>) -> Self {
        Self { sql, runtime: Handle::current(), tags: Vec::new() }
    }

    /// Notes what `statement` writes.
    pub fn statement(&mut self, statement: &Statement) -> &mut Self {
        let effects = self.sql.effects(statement);
        self.tags(effects.write_tags())
    }

    /// Notes tags of the application's own.
    pub fn tags<T: Into<Tag>>(&mut self, tags: impl IntoIterator<Item = T>) -> &mut Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Outdates all that was noted. To be called as soon as the commit has returned.
    ///
    /// May be dropped at any point; see [`Cache`](crate::Cache#cancellation).
    ///
    /// # Errors
    ///
    /// [`Error::Unsent`] if the store could not be told; in this process the invalidation holds.
    pub async fn committed(mut self) -> Result<(), Error> {
        let tags = mem::take(&mut self.tags);
        self.sql.outdate(tags).await
    }

    /// Forgets what was noted: nothing has changed. Only after the server has confirmed it, or where
    /// nothing was sent to it.
    pub fn rolled_back(mut self) {
        self.tags.clear();
    }
}

impl<S: Backend> Drop for Change<S> {
    fn drop(&mut self) {
        let tags = mem::take(&mut self.tags);
        if tags.is_empty() {
            return;
        }
        // The future of a caller may be dropped outside the runtime it ran in.
        let _inside = self.runtime.enter();
        let sql = self.sql.clone();
        let again = tags.clone();
        let mut told = Box::pin(async move { sql.outdate(tags).await });
        // Polled here, so that it holds in this process when the caller goes on.
        let at_once = told.as_mut().now_or_never();
        let sql = self.sql.clone();
        self.runtime.spawn(async move {
            if at_once.is_none() {
                warn_unsent(told.await);
            }
            tokio::time::sleep(sql.settle_time).await;
            warn_unsent(sql.outdate(again).await);
        });
    }
}

/// Nobody is there to be told; the cache goes on trying.
pub(super) fn warn_unsent(told: Result<(), Error>) {
    if let Err(error) = told {
        tracing::warn!(%error, "other processes may still serve what a write has changed");
    }
}

impl<S: Backend> fmt::Debug for Change<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change").field("tags", &self.tags).finish_non_exhaustive()
    }
}
