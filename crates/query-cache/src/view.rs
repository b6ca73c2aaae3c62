//! Answers that the database keeps: materialized views that are looked after, and tables of which only
//! changed groups are computed again. Feature `postgres`.
//!
//! ```no_run
//! use query_cache::sql::{Dialect, Schema, SqlCache};
//! use query_cache::view::{View, Views};
//! use query_cache::Cache;
//! use std::time::Duration;
//!
//! # async fn example(pool: sqlx::PgPool) -> Result<(), Box<dyn std::error::Error>> {
//! let sql = SqlCache::new(Cache::builder().build(), Schema::new(Dialect::Postgres));
//! let views = Views::new(&pool, &sql);
//!
//! // A materialized view, refreshed as a whole:
//! let coverage = View::new("duty.coverage", "SELECT ward, day, count(*) FROM duty.shifts GROUP BY ward, day")
//!     .key(&["ward", "day"])
//!     .max_age(Duration::from_secs(600));
//! // A table of which the groups of changed shifts are computed again:
//! let workload = View::new("duty.workload", "SELECT person, sum(hours) AS hours FROM duty.shifts GROUP BY person")
//!     .key(&["person"])
//!     .source("duty.shifts", &["person"]);
//! for view in [&coverage, &workload] {
//!     views.ensure(view).await?; // at each start: creates, replaces a changed one, drops nothing
//! }
//! views.refresh(&workload).await?; // now, by this process
//! let _keeping = views.keep_fresh([coverage, workload]); // when they are due, by one process of all
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! * **State is in the database**, in the table `query_cache.views`: a process that starts finds what there
//!   is. Nothing is dropped but by [`ensure`](Views::ensure) with a changed definition, or by
//!   [`remove`](Views::remove).
//! * **Readers do not wait.** A view with a key is refreshed concurrently, or by its groups. A changed
//!   definition is built beside the old one and takes its place in a moment, with its grants, its
//!   comment and the indexes that others have made.
//! * **One refreshes.** An advisory lock makes one process of all do it; the others are told so.
//! * **A refresh is whole or did not happen.** Dropped, stopped, killed or failed half way it leaves the
//!   old rows, a free lock and a [`Status`] that says so. The server ends the work of a client that
//!   has gone within a second.
//! * **The cache follows.** What [`SqlCache::read`](crate::sql::SqlCache::read) kept of a view is
//!   outdated when it was refreshed; every [`Listener`](crate::postgres::Listener) of this database
//!   hears of it too.
//!
//! # Groups
//!
//! A view with a [`source`](View::source) is a table with a change log. Triggers on the sources note the
//! keys of changed rows in the transaction that changes them; a refresh computes those groups again, in
//! one transaction and one snapshot. After it, the table equals the query as of that snapshot: groups
//! that vanished are gone, and NULL is a key like any other.
//!
//! That holds if **a change of a row of a source changes no other groups than those that its key columns
//! name**, before and after the change. `GROUP BY` its columns is like that; a rank over all groups is
//! not. A table that is joined to describe (a ward's name) is declared with
//! [`rebuilt_by`](View::rebuilt_by). A table that the query reads and that is not declared is refused.
//!
//! To be fast, the condition on the key has to be one that PostgreSQL pushes down into the query (it
//! does into `GROUP BY` and `PARTITION BY`), and each source needs an index that begins with its key
//! columns: where one lacks it, all groups are computed again, and [`ensure`](Views::ensure) logs a
//! warning with the statement that makes it. Computing all of them leaves as many dead rows behind for
//! autovacuum; so does, for the rows that differ, each concurrent refresh.
//!
//! # Rights
//!
//! [`Views`] needs a role that may create a schema (the first time), owns the views, and reads what they
//! read; for sources it needs `TRIGGER` on them. Who writes sources needs no right to the change log.
//! PostgreSQL 14 or later, on the primary, and no pooler in transaction mode: the lock belongs to a
//! connection.

mod build;
mod catalog;
mod definition;
mod error;
mod groups;
mod keeper;
mod manager;
mod refresh;
mod session;
mod status;

pub use self::definition::View;
pub use self::error::ViewError;
pub use self::keeper::KeepingFresh;
pub use self::manager::{Ensured, Views};
pub use self::refresh::{Refresh, Refreshed};
pub use self::status::{Phase, Status};
