//! Tags of values that fall exactly, and of those that fall when that cannot be.

use super::quote::qualified;
use crate::error::Error;
use crate::sql::{SqlCache, SqlError, Table};
use crate::store::Backend;
use crate::tags::Tag;

impl<S> SqlCache<S> {
    /// The tags of a value that carries exact tags for changes in `tables`, such as those of
    /// [`Windows`](crate::Windows): they fall whenever it is not known exactly which rows were changed,
    /// as after a lost connection. Give the value these **and** its exact tags, and not
    /// [`table_tags`](Self::table_tags), which fall with every change.
    ///
    /// # Errors
    ///
    /// [`SqlError::BadName`].
    ///
    /// ```
    /// # use query_cache::sql::{Dialect, Schema, SqlCache, SqlError};
    /// # use query_cache::{Cache, Key, Policy, Windows};
    /// # use std::time::Duration;
    /// # fn main() -> Result<(), SqlError> {
    /// # let sql = SqlCache::new(Cache::builder().build(), Schema::new(Dialect::Postgres));
    /// let windows = Windows::of(Key::new("duty").part(7));
    /// let policy = Policy::ttl(Duration::from_secs(3600))
    ///     .tags(windows.covering(20_000..=20_027))
    ///     .tags(sql.gap_tags(&["duty.shifts"])?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn gap_tags(&self, tables: &[&str]) -> Result<Vec<Tag>, SqlError> {
        self.aside(GAPS).table_tags(tables)
    }
}

/// The name under which tables are tagged once more.
const GAPS: &str = "gaps";

/// What a listener does to a cache.
#[derive(Debug)]
pub(super) struct Outdater<S> {
    sql: SqlCache<S>,
    gaps: SqlCache<S>,
}

impl<S: Backend> Outdater<S> {
    pub(super) fn new(sql: SqlCache<S>) -> Self {
        let gaps = sql.aside(GAPS);
        Self { sql, gaps }
    }

    /// The table of that name, as this cache compares names.
    pub(super) fn table(&self, name: &str) -> Result<Table, SqlError> {
        self.sql.schema().table(name)
    }

    /// What falls with each change of `table`.
    pub(super) fn changed(&self, (schema, table): &(String, String)) -> Vec<Tag> {
        self.sql.outdating(&[&qualified(schema, table)]).unwrap_or_default()
    }

    /// What falls when it is not known which rows of `table` were changed.
    pub(super) fn inexactly(&self, (schema, table): &(String, String)) -> Vec<Tag> {
        self.gaps.outdating(&[&qualified(schema, table)]).unwrap_or_default()
    }

    /// Both, of a table as the application names it.
    pub(super) fn all_of(&self, name: &str) -> Result<Vec<Tag>, SqlError> {
        let mut tags = self.sql.outdating(&[name])?;
        tags.extend(self.gaps.outdating(&[name])?);
        Ok(tags)
    }

    pub(super) async fn invalidate(&self, tags: &[Tag]) -> Result<(), Error> {
        self.sql.cache().invalidate_tags(tags).await
    }

    pub(super) async fn expire(&self, tags: &[Tag]) -> Result<(), Error> {
        self.sql.cache().expire_tags(tags).await
    }
}
