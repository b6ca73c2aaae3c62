//! SQLite through sqlx (feature `sqlite`).
//!
//! A batch runs on a `&SqlitePool`, in a transaction of its own that begins `IMMEDIATE` (two
//! writers then wait for each other by the connection's busy timeout, and none fails halfway), or
//! on a `&mut SqliteConnection`, inside the transaction that sqlx has begun on it, if any. A
//! transaction begun by a hand-written `BEGIN` is not known to sqlx; a batch on such a connection
//! fails before it writes.

mod cause;

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, Connection, Row as _, Sqlite, Transaction};

use crate::cause::{Cause, CauseKind};
use crate::executor::{Chunk, End, Executor, Operation, Savepoint, Target, Terms, Written};
use crate::limits::Limits;
use crate::report::Outcome;
use crate::statement::sqlite as sql;
use crate::value::Value;

/// One transaction on SQLite.
#[derive(Debug)]
pub struct SqliteExecutor<'s> {
    transaction: Transaction<'s, Sqlite>,
    /// Whether the write lock is held: from the first statement on.
    locked: bool,
}

const BEGIN: &str = "BEGIN IMMEDIATE";

impl Target for &SqlitePool {
    type Executor<'s>
        = SqliteExecutor<'static>
    where
        Self: 's;

    fn terms(&self) -> Terms {
        Terms { limits: Limits::SQLITE, joined: false }
    }

    async fn begin(&mut self) -> Result<SqliteExecutor<'static>, Cause> {
        let transaction = self.begin_with(BEGIN).await.map_err(cause::of)?;
        Ok(SqliteExecutor { transaction, locked: true })
    }
}

impl Target for &mut SqliteConnection {
    type Executor<'s>
        = SqliteExecutor<'s>
    where
        Self: 's;

    fn terms(&self) -> Terms {
        Terms { limits: Limits::SQLITE, joined: self.is_in_transaction() }
    }

    async fn begin(&mut self) -> Result<SqliteExecutor<'_>, Cause> {
        let joined = self.is_in_transaction();
        let transaction = match joined {
            true => Connection::begin(&mut **self).await,
            false => self.begin_with(BEGIN).await,
        };
        Ok(SqliteExecutor { transaction: transaction.map_err(cause::of)?, locked: !joined })
    }
}

impl SqliteExecutor<'_> {
    async fn lock(&mut self, chunk: &Chunk<'_>) -> Result<(), Cause> {
        if !self.locked {
            let text = sql::lock(chunk.table());
            self.run(text, SqliteArguments::default(), true).await?;
            self.locked = true;
        }
        Ok(())
    }

    /// What the table holds for each row: nothing, the same values (false), or others (true).
    async fn found(&mut self, chunk: &Chunk<'_>) -> Result<Vec<Option<bool>>, Cause> {
        let text = sql::found(chunk.table(), chunk.columns(), chunk.len());
        let query = query(text, bind(chunk, 0..chunk.len())?, chunk.is_full());
        let rows = query.fetch_all(&mut *self.transaction).await.map_err(cause::of)?;
        let mut found = vec![None; chunk.len()];
        for row in &rows {
            let (place, differs) = place(row)?;
            let Some(slot) = found.get_mut(place) else { continue };
            // A key that is not unique matches more than one row: any difference counts.
            *slot = Some(slot.unwrap_or(false) || differs);
        }
        Ok(found)
    }

    async fn run(
        &mut self,
        text: String,
        arguments: SqliteArguments,
        again: bool,
    ) -> Result<u64, Cause> {
        let done = query(text, arguments, again).execute(&mut *self.transaction).await;
        done.map(|done| done.rows_affected()).map_err(cause::of)
    }

    async fn insert(&mut self, chunk: &Chunk<'_>) -> Result<Written, Cause> {
        let text = sql::insert(chunk.table(), chunk.columns(), chunk.len());
        let arguments = bind(chunk, 0..chunk.len())?;
        let affected = self.run(text, arguments, chunk.is_full()).await?;
        if usize::try_from(affected) != Ok(chunk.len()) {
            return Err(Cause::new(CauseKind::Other)
                .with_message("a trigger or a constraint's conflict clause kept rows out"));
        }
        Ok(Written { outcomes: vec![Outcome::Inserted; chunk.len()], statements: 1 })
    }

    /// Asks what the table holds, then writes the rows that change it.
    async fn change(&mut self, chunk: &Chunk<'_>, text: WriteText) -> Result<Written, Cause> {
        self.lock(chunk).await?;
        let found = self.found(chunk).await?;
        let outcomes: Vec<_> =
            found.into_iter().map(|found| outcome(chunk.operation(), found)).collect();
        let writes = |place: &usize| {
            matches!(outcomes[*place], Outcome::Inserted | Outcome::Updated | Outcome::Deleted)
        };
        let places: Vec<usize> = (0..chunk.len()).filter(writes).collect();
        if places.is_empty() {
            return Ok(Written { outcomes, statements: 1 });
        }
        let again = chunk.is_full() && places.len() == chunk.len();
        let text = text(chunk.table(), chunk.columns(), places.len());
        self.run(text, bind(chunk, places)?, again).await?;
        Ok(Written { outcomes, statements: 2 })
    }
}

type WriteText = fn(&crate::Table, &[crate::Column], usize) -> String;

/// `found` is `None` without a row of that key, else whether it differs.
fn outcome(operation: Operation, found: Option<bool>) -> Outcome {
    match (operation, found) {
        (Operation::Update | Operation::Delete, None) => Outcome::Missing,
        (_, None) => Outcome::Inserted,
        (Operation::Delete, Some(_)) => Outcome::Deleted,
        (Operation::InsertMissing, Some(_)) => Outcome::Kept,
        (_, Some(true)) => Outcome::Updated,
        (_, Some(false)) => Outcome::Unchanged,
    }
}

impl Executor for SqliteExecutor<'_> {
    async fn write(&mut self, chunk: &Chunk<'_>) -> Result<Written, Cause> {
        match chunk.operation() {
            Operation::Insert => self.insert(chunk).await,
            Operation::InsertMissing => self.change(chunk, sql::insert).await,
            Operation::Upsert => self.change(chunk, sql::upsert).await,
            Operation::Update => self.change(chunk, sql::update).await,
            Operation::Delete => self.change(chunk, sql::delete).await,
        }
    }

    async fn savepoint(&mut self, step: Savepoint) -> Result<(), Cause> {
        let done = sqlx::raw_sql(step.sql()).execute(&mut *self.transaction).await;
        done.map(drop).map_err(cause::of)
    }

    async fn finish(self, end: End) -> Result<(), Cause> {
        let done = match end {
            End::Commit => self.transaction.commit().await,
            End::Rollback => self.transaction.rollback().await,
        };
        done.map_err(cause::of)
    }
}

/// The one place where built text becomes SQL: it comes from `statement::sqlite`, which quotes
/// every identifier and binds every value.
fn query(
    text: String,
    arguments: SqliteArguments,
    again: bool,
) -> Query<'static, Sqlite, SqliteArguments> {
    sqlx::query_with(AssertSqlSafe(text), arguments).persistent(again)
}

fn place(row: &SqliteRow) -> Result<(usize, bool), Cause> {
    let place = row.try_get::<i64, _>(0).map_err(cause::of)?;
    let differs = row.try_get::<bool, _>(1).map_err(cause::of)?;
    Ok((usize::try_from(place).unwrap_or(usize::MAX), differs))
}

/// Binds the rows at the given places.
fn bind(
    chunk: &Chunk<'_>,
    places: impl IntoIterator<Item = usize>,
) -> Result<SqliteArguments, Cause> {
    let width = chunk.columns().len();
    let mut arguments = SqliteArguments::default();
    arguments.reserve(chunk.len() * width, 0);
    for place in places {
        for value in &chunk.values[place * width..(place + 1) * width] {
            bind_value(&mut arguments, value)?;
        }
    }
    Ok(arguments)
}

fn bind_value(arguments: &mut SqliteArguments, value: &Value<'_>) -> Result<(), Cause> {
    let bound = match value {
        Value::Null => arguments.add(None::<i64>),
        Value::Bool(value) => arguments.add(*value),
        Value::I64(value) => arguments.add(*value),
        // SQLite would store null in its place without a word.
        Value::F64(value) if value.is_nan() => {
            return Err(
                Cause::new(CauseKind::Row).with_message("SQLite has no value for \"not a number\"")
            );
        }
        Value::F64(value) => arguments.add(*value),
        // One allocation where `&str` takes two.
        Value::Text(text) => arguments.add(std::sync::Arc::<str>::from(&**text)),
        Value::Bytes(bytes) => arguments.add(&**bytes),
    };
    bound.map_err(|error| cause::of(sqlx::Error::Encode(error)))
}
