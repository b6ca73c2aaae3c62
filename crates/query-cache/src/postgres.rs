//! Changes made by others: another program, `psql`, a migration. Feature `postgres`.
//!
//! Triggers that [`Watch::install`] puts on tables tell of each change when it is committed. A
//! [`Listener`] in each process outdates what was read from these tables.
//!
//! ```no_run
//! use query_cache::postgres::{Listener, Watch};
//! use query_cache::sql::{Dialect, Schema, SqlCache};
//! use query_cache::{Cache, Key, Windows};
//! # async fn example(pool: sqlx::PgPool) -> Result<(), Box<dyn std::error::Error>> {
//! let sql = SqlCache::new(Cache::builder().build(), Schema::new(Dialect::Postgres));
//! let watch = Watch::new().table("people").keyed("duty.shifts", &["person", "day"]);
//! watch.install(&pool).await?; // when the database is migrated
//!
//! let listening = Listener::new(&pool, &watch)
//!     .exact("duty.shifts", |row| {
//!         let windows = Windows::of(Key::new("duty").part(row.integer("person")?));
//!         Some(windows.changed([row.day("day")?]))
//!     })
//!     .start(&sql)?;
//! // From now on `INSERT INTO duty.shifts …` in psql drops what `sql.read` kept of that table, and
//! // the windows that contain the day.
//! listening.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What a reader may see
//!
//! Everything below is about values read from watched tables; `h` is the
//! [`heartbeat`](Listener::heartbeat), 2 s unless set.
//!
//! | state | a value from before a change that was committed is served |
//! |---|---|
//! | live | until the notification arrives: milliseconds on a server that is not busy |
//! | the connection is dead and nobody has noticed, or a trigger is missing or disabled | no longer than `2 h` |
//! | not live | no longer than `3 h`: all that depends on watched tables is outdated at each attempt to connect |
//! | live again | never: all of it was outdated after the new connection listened |
//!
//! A transaction tells when it commits, and nothing when it is rolled back. What this process
//! writes through [`SqlCache::write`](crate::sql::SqlCache::write) is outdated twice, at once and by
//! its notification, which costs at most one more load.
//!
//! # Several processes, one store
//!
//! Each process needs a listener, and each outdates in the store too. That is more than once for
//! each change, and harmless: what was loaded between two of them is loaded again. Outdating in
//! its own memory alone would not do: the process would find the old value in the store, for as
//! long as no other has told the store.
//!
//! # What is not told
//!
//! * Changes that fire no statement triggers: those that logical replication applies, those of a
//!   session with `session_replication_role = replica`, and DDL. Run
//!   [`install`](Watch::install) after a migration: it tells of each table that it changes.
//! * A partition written by its own name, if it was added after the last
//!   [`install`](Watch::install). Through its parent it is told. The [`State`] names it as missing
//!   within `2 h` and its readers are outdated at each heartbeat until it is installed.
//! * A refreshed materialized view, unless [`Views`](crate::view::Views) of the same schema do it.
//!
//! # What it costs
//!
//! A statement on a table watched as a whole calls a trigger once, whatever the number of its rows:
//! some tens of microseconds in the server, and some milliseconds the first time in a session. It tells
//! also where no row was changed. A table with [`keys`](Watch::keyed) hands its changed rows to the
//! trigger in memory, which takes some hundreds of microseconds for a few of them, and reads the keys of up
//! to 10,000 of them. Commits that notify are made one after another in a server; that is how
//! PostgreSQL keeps their order. A transaction that has notified cannot be prepared for two-phase
//! commit. A standby has no notifications: listen on the primary.

mod error;
mod exact;
mod handle;
mod install;
mod listener;
mod payload;
mod quote;
mod row;
mod watch;

pub use self::error::InstallError;
pub use self::handle::{Listening, State};
pub use self::listener::Listener;
pub use self::row::ChangedRow;
pub use self::watch::Watch;

pub(crate) use self::install::{ONE_AT_A_TIME, create_schema};
pub(crate) use self::quote::{identifier, literal, qualified};
