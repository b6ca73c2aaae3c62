//! Queries whose answers fall by themselves when a statement changes their tables. Feature `sql`.
//!
//! ```
//! use query_cache::sql::{Dialect, Schema, SqlCache, SqlError, Statement};
//! use query_cache::{Cache, Policy};
//! use std::time::Duration;
//!
//! # async fn fetch(_: Statement) -> Result<Vec<String>, std::io::Error> { Ok(vec!["ICU".to_owned()]) }
//! # async fn execute(_: &Statement) -> Result<(), std::io::Error> { Ok(()) }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sql = SqlCache::new(Cache::builder().build(), Schema::new(Dialect::Sqlite));
//! let policy = Policy::ttl(Duration::from_secs(300));
//! let wards = || Statement::new("SELECT ward FROM shifts WHERE person = ?").bind(7);
//!
//! // `fetch` runs the statement it is given. The answer is kept, tagged with `shifts`:
//! let found = sql.read(wards(), &policy, fetch).await?;
//!
//! // Whoever changes `shifts` outdates it, once the change is committed:
//! let night = Statement::new("INSERT INTO shifts (person, ward) VALUES (?, ?)").bind(7).bind("ER");
//! sql.write(&night, execute(&night)).await?;
//! # assert_eq!(*found, ["ICU"]);
//! # Ok(())
//! # }
//! ```
//!
//! # What the text does not show
//!
//! The tables are found in the text, and **the text does not show everything. Declare in the
//! [`Schema`], once:**
//!
//! * **views**, and partitions or children of a table: reading one reads other tables;
//! * **triggers, rules and foreign keys that cascade**: writing one table writes others;
//! * **functions and operators of your own**: an unknown function is noticed (a read is refused, a
//!   write outdates all tables). Not noticed are operators, functions that are named like one the
//!   database brings along, and functions written like a column (`person.full_name`).
//!
//! What is not declared stays stale until its time to live ends. So do answers to changes made
//! **outside** [`write`](SqlCache::write) and [`change`](SqlCache::change): by another program, or a
//! call that was left as it was. [`invalidate_tables`](SqlCache::invalidate_tables) is for those.
//!
//! All connections behind one [`SqlCache`] must mean the same by the same text: one database, one
//! `search_path`, time zone and role. What differs by tenant gets a cache with another
//! [`database`](SqlCache::database); row-level security by user does not belong into a cache.
//!
//! # What cannot be known fails safe
//!
//! A read that cannot be parsed, writes, locks rows, calls an unknown function, or depends on the
//! clock, on chance or on the session is refused with an error that says why, at its first call. The
//! caller may vouch for it with [`tables`](Statement::tables) or
//! [`accept_volatile`](Statement::accept_volatile). A write that cannot be understood (DDL, `CALL`,
//! `COPY`, anything the parser does not know) outdates all tables.
//!
//! # Freshness
//!
//! * When [`write`](SqlCache::write) has returned, no read of this process that begins after it gets
//!   an answer from before it. A read that began before the commit, and ends after it with the old
//!   rows, hands them to those who waited for it; they are not kept. Other processes follow as for
//!   every [invalidation](crate#guarantees).
//! * Between the commit and the invalidation, which follows at once, reads may still get the old
//!   answer. They run beside the write, and might as well have come before it. A process that dies
//!   in between invalidates nothing: the time to live is the bound then.
//! * The load must read **committed** rows in a snapshot taken after it began: on a pool, not inside
//!   a transaction that is open already, never inside the one that writes, and not from a replica
//!   that lags.
//! * A write that fails, panics or is dropped may have been committed all the same (a connection
//!   lost after the commit was sent). Its tables are outdated at once, and again after the
//!   [`settle_time`](SqlCache::settle_time), because the server may commit later.

use std::error::Error as StdError;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lru::LruCache;

mod change;
mod effects;
mod error;
mod functions;
mod scan;
mod schema;
mod statement;
mod table;

pub use self::change::Change;
pub use self::error::SqlError;
pub use self::schema::Schema;
pub use self::statement::{Statement, Value};
pub use self::table::Dialect;
#[cfg(feature = "postgres")]
pub(crate) use self::table::Table;

use self::change::warn_unsent;
use self::effects::Effects;
use self::scan::{Found, Unread, scan};
use crate::cache::Cache;
use crate::clock::LONGEST;
use crate::error::Error;
use crate::key::{Namespace, Tenant};
use crate::policy::Policy;
use crate::shape::Cacheable;
use crate::store::{Backend, NoStore};
use crate::sync::lock;
use crate::tags::Tag;

/// Longer texts are parsed at every call, so that the memory of parsed texts stays bounded.
const LONGEST_KEPT: usize = 1 << 14;

/// How many texts are remembered with what was found in them.
const TEXTS_KEPT: NonZeroUsize = NonZeroUsize::new(1024).expect("1024 is not 0");

/// A [`Cache`] that knows SQL: reads are tagged with their tables, writes outdate them.
///
/// Cheap to clone; clones share the cache and the memory of parsed texts. A text is parsed when it is
/// first met, in a thread that ends with it. After that a hit costs no parse, but more than one with a
/// key and tags made by hand: a pass over the text, its look-up under one lock, and a copy of the
/// policy with the tags. The last 1,024 texts of up to 16 KiB are
/// remembered.
pub struct SqlCache<S = NoStore> {
    cache: Cache<S>,
    schema: Arc<Schema>,
    database: Arc<str>,
    settle_time: Duration,
    parsed: Arc<Mutex<LruCache<Box<str>, Arc<Effects>>>>,
}

impl<S> SqlCache<S> {
    /// Answers of the database that `schema` describes, kept in `cache`.
    pub fn new(cache: Cache<S>, schema: Schema) -> Self {
        Self {
            cache,
            schema: Arc::new(schema),
            database: "".into(),
            settle_time: Duration::from_secs(10),
            parsed: Arc::new(Mutex::new(LruCache::new(TEXTS_KEPT))),
        }
    }

    /// Sets the name of the database, for caches that hold the answers of several. Databases of
    /// different names share neither answers nor invalidations. Default: no name.
    #[must_use]
    pub fn database(mut self, name: &str) -> Self {
        self.database = name.into();
        // What was parsed carries tags of the former name.
        self.parsed = Arc::new(Mutex::new(LruCache::new(TEXTS_KEPT)));
        self
    }

    /// Sets how long after a write of unknown outcome its tables are outdated once more. Should be
    /// longer than a statement may run on the server after its client has gone. Default 10 s. A
    /// process that ends before does not do it, and [`Cache::close`] does not wait for it.
    #[must_use]
    pub fn settle_time(mut self, time: Duration) -> Self {
        self.settle_time = time.min(LONGEST);
        self
    }

    /// The tables that `statement` reads, views resolved, for logs and tests.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read) that concern the text.
    pub fn tables_read(&self, statement: &Statement) -> Result<Vec<String>, SqlError> {
        let effects = self.effects(statement);
        effects.read_tags(self.schema.dialect(), statement)?;
        Ok(effects.reads()?.iter().map(ToString::to_string).collect())
    }

    /// The tables that `statement` may write, or `None` if it may be any.
    pub fn tables_written(&self, statement: &Statement) -> Option<Vec<String>> {
        let effects = self.effects(statement);
        effects.writes().map(|tables| tables.iter().map(ToString::to_string).collect())
    }

    /// The tags of a value that was computed from `tables` without [`read`](Self::read): for a
    /// [`Policy`] of the application's own.
    ///
    /// # Errors
    ///
    /// [`SqlError::BadName`].
    pub fn table_tags(&self, tables: &[&str]) -> Result<Vec<Tag>, SqlError> {
        let statement = Statement::new("");
        let effects = self.of_tables(tables)?;
        effects.read_tags(self.schema.dialect(), &statement).map(<[Tag]>::to_vec)
    }

    /// The tags that outdate whatever depends on `tables`.
    #[cfg(feature = "postgres")]
    pub(crate) fn outdating(&self, tables: &[&str]) -> Result<Vec<Tag>, SqlError> {
        Ok(self.of_tables(tables)?.write_tags().to_vec())
    }

    /// The same database under a name of its own, which shares no tags with this one.
    #[cfg(feature = "postgres")]
    pub(crate) fn aside(&self, name: &str) -> Self {
        let database = format!("{}\0{name}", self.database);
        self.clone().database(&database)
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn cache(&self) -> &Cache<S> {
        &self.cache
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    fn of_tables(&self, tables: &[&str]) -> Result<Effects, SqlError> {
        Effects::of_tables(&self.schema, &self.database, tables.iter().copied())
    }

    fn effects(&self, statement: &Statement) -> Arc<Effects> {
        let (schema, database, text) = (&*self.schema, &*self.database, statement.text());
        if let Some(tables) = statement.named_tables() {
            let named = Effects::of_tables(schema, database, tables.iter().map(AsRef::as_ref));
            return Arc::new(named.unwrap_or_else(|error| Effects::unknown(database, error)));
        }
        if let Some(known) = lock(&self.parsed).get(text) {
            return Arc::clone(known);
        }
        // Outside the lock: two callers may parse a text at once, none waits for another's.
        self.learn(text, scan(schema.dialect(), text))
    }

    /// Remembers what was found in `text`, unless that may be different the next time.
    fn learn(&self, text: &str, scan: Result<Found, Unread>) -> Arc<Effects> {
        let effects = Arc::new(Effects::of_text(&self.schema, &self.database, scan));
        if text.len() <= LONGEST_KEPT && effects.are_lasting() {
            lock(&self.parsed).put(text.into(), Arc::clone(&effects));
        }
        effects
    }

    fn namespace(&self) -> Namespace {
        const NAME: &str = "query_cache::sql";
        match &*self.database {
            "" => Namespace::new(NAME),
            database => Tenant::new(database).namespace(NAME),
        }
    }
}

impl<S: Backend> SqlCache<S> {
    /// The answer of `statement`: kept from before, or else from `load`, which runs the statement it
    /// is given. It is tagged with the statement's tables beside the tags of `policy`.
    ///
    /// Statements that have the same text and the same values share an answer, so they must be read
    /// as one type. See [`Cache::get_or_load`] for what happens when many ask at once.
    ///
    /// # Errors
    ///
    /// [`SqlError::Cache`] as [`Cache::get_or_load`]; the others if the statement cannot be cached.
    pub async fn read<T, E, F, Fut>(
        &self,
        statement: Statement,
        policy: &Policy,
        load: F,
    ) -> Result<Arc<T>, SqlError>
    where
        T: Cacheable,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: FnOnce(Statement) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        let policy = self.tagged(&statement, policy)?;
        let key = statement.key(self.namespace());
        Ok(self.cache.get_or_load(&key, &policy, || load(statement)).await?)
    }

    /// Like [`read`](Self::read) for an answer of one row or none; none is kept for the policy's
    /// [`negative_ttl`](Policy::negative_ttl).
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub async fn read_optional<T, E, F, Fut>(
        &self,
        statement: Statement,
        policy: &Policy,
        load: F,
    ) -> Result<Arc<Option<T>>, SqlError>
    where
        T: Cacheable,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: FnOnce(Statement) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Option<T>, E>> + Send + 'static,
    {
        let policy = self.tagged(&statement, policy)?;
        let key = statement.key(self.namespace());
        Ok(self.cache.get_or_load_optional(&key, &policy, || load(statement)).await?)
    }

    /// Awaits `run`, which executes `statement` and commits, then outdates what the statement writes:
    /// also if `run` fails, panics, or is dropped half way, because it may be committed nevertheless.
    /// Returns what `run` returns.
    ///
    /// For several statements in one transaction, or for tags beside tables, use
    /// [`change`](Self::change). If the store cannot be told, that is logged and tried again in the
    /// background; in this process the invalidation holds.
    ///
    /// # Errors
    ///
    /// Those of `run`.
    pub async fn write<R, E>(
        &self,
        statement: &Statement,
        run: impl Future<Output = Result<R, E>>,
    ) -> Result<R, E> {
        let mut change = self.change();
        change.statement(statement);
        let done = run.await?;
        warn_unsent(change.committed().await);
        Ok(done)
    }

    /// Begins to note what a transaction changes.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    ///
    /// ```
    /// # use query_cache::sql::{Dialect, Schema, SqlCache, Statement};
    /// # use query_cache::{Cache, Error};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let sql = SqlCache::new(Cache::builder().build(), Schema::new(Dialect::Sqlite));
    /// let mut change = sql.change();
    /// for ward in ["ICU", "ER"] {
    ///     let add = Statement::new("INSERT INTO shifts (ward) VALUES (?)").bind(ward);
    ///     change.statement(&add);
    ///     // execute `add` in the transaction
    /// }
    /// change.tags(["person:7"]);
    /// // commit the transaction; if that or anything before it fails, `change` is dropped
    /// change.committed().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn change(&self) -> Change<S> {
        Change::new(self.clone())
    }

    /// Outdates all answers that depend on one of `tables`: for changes made elsewhere.
    ///
    /// # Errors
    ///
    /// [`SqlError::BadName`], before anything is done; [`SqlError::Cache`] if the store could not be
    /// told, while in this process the invalidation holds.
    pub async fn invalidate_tables(&self, tables: &[&str]) -> Result<(), SqlError> {
        let effects = self.of_tables(tables)?;
        Ok(self.outdate(effects.write_tags().to_vec()).await?)
    }

    async fn outdate(&self, mut tags: Vec<Tag>) -> Result<(), Error> {
        // The statements of one transaction often write the same tables.
        let mut seen = std::collections::HashSet::new();
        tags.retain(|tag| seen.insert(tag.clone()));
        self.cache.invalidate_tags(tags).await
    }

    fn tagged(&self, statement: &Statement, policy: &Policy) -> Result<Policy, SqlError> {
        let effects = self.effects(statement);
        Ok(policy.clone().tags(effects.read_tags(self.schema.dialect(), statement)?))
    }
}

impl<S> Clone for SqlCache<S> {
    fn clone(&self) -> Self {
        Self {
            cache: self.cache.clone(),
            schema: Arc::clone(&self.schema),
            database: Arc::clone(&self.database),
            settle_time: self.settle_time,
            parsed: Arc::clone(&self.parsed),
        }
    }
}

impl<S> fmt::Debug for SqlCache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schema = &self.schema;
        f.debug_struct("SqlCache").field("schema", schema).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
