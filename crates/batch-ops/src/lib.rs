//! Bulk writes to SQLite and PostgreSQL that tell what became of every row.
//!
//! A [`Record`] type says which table it belongs to. A [`Batch`] writes a slice of records: it cuts
//! them into statements that the backend takes, puts them into one transaction, and returns a
//! [`Report`] with an [`Outcome`] for each row of the input.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use batch_ops::{Batch, Column, Outcome, Record, Row, Table};
//! use sqlx::sqlite::SqlitePoolOptions;
//!
//! struct Person {
//!     id: String,
//!     age: u8,
//! }
//!
//! impl Record for Person {
//!     const TABLE: Table =
//!         Table::new("people", &[Column::text("id").key(), Column::i64("age")]);
//!
//!     fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
//!         row.push(&self.id).push(self.age);
//!     }
//! }
//!
//! let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
//! sqlx::query("CREATE TABLE people (id TEXT PRIMARY KEY, age INTEGER NOT NULL)")
//!     .execute(&pool)
//!     .await?;
//!
//! let mut batch = Batch::default();
//! let people = [Person { id: "ada".into(), age: 36 }, Person { id: "alan".into(), age: 41 }];
//! batch.insert(&pool, &people).await?;
//!
//! let again = [Person { id: "ada".into(), age: 37 }, Person { id: "alan".into(), age: 41 }];
//! let report = batch.upsert(&pool, &again).await?;
//! assert_eq!(report.outcomes(), [Outcome::Updated, Outcome::Unchanged]);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sqlite"))]
//! # fn main() {}
//! ```
//!
//! # Guarantees
//!
//! * No statement exceeds the backend's bounds for parameters and bytes.
//! * A call is one transaction unless [`Commit::EachChunk`] is set; inside a transaction of the
//!   caller's it commits nothing and retries nothing.
//! * Counts are of rows that really matched. A row that would change nothing is not written.
//! * No key reaches the database twice in one call; keys are sent in one order, so that batches
//!   on the same table do not deadlock with each other.
//! * With [`Refusals::Isolate`] exactly the refused rows are left out, each with its cause.
//! * No value of a row appears in an error's message, source or debug print.
//!
//! # Limits
//!
//! * A unique key with a collation that equates different bytes (`NOCASE`, `citext`) has to be
//!   normalised by the caller: the crate compares keys byte by byte.
//! * A conflict with a unique index other than the key's is an error, not an update.
//! * PostgreSQL's `COPY` is not used: rows travel as arrays. Array columns cannot.
//! * Generated ids are not returned; make ids before the insert.
//!
//! # Features
//!
//! `sqlite` and `postgres` add the backends in the modules of those names, through sqlx. Without
//! them the crate is its planning core and the traits [`Target`] and [`Executor`]. `testing` adds
//! the suite that every backend has to pass.

mod cause;
mod config;
mod dialect;
mod error;
mod executor;
mod isolate;
mod limits;
mod plan;
mod record;
mod report;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod statement;
#[cfg(feature = "testing")]
pub mod testing;
mod value;
mod writer;

pub use cause::{Cause, CauseKind};
pub use config::{BatchConfig, Commit, Duplicates, Refusals};
pub use dialect::quote;
pub use error::{Error, Repeat, RowFault, TableFault};
#[cfg(feature = "postgres")]
pub use executor::postgres;
#[cfg(feature = "sqlite")]
pub use executor::sqlite;
pub use executor::{Chunk, End, Executor, Operation, Savepoint, Step, Target, Terms, Written};
pub use limits::Limits;
pub use record::{Column, Record, Row, Table};
pub use report::{Outcome, Refused, Report, Stats};
pub use value::{Kind, Value};
pub use writer::{Batch, Progress};
