//! PostgreSQL through sqlx (feature `postgres`).
//!
//! A batch runs on a `&PgPool`, in a transaction of its own, or on a `&mut PgConnection`, inside
//! the transaction that sqlx has begun on it, if any. A transaction begun by a hand-written
//! `BEGIN` is not known to sqlx; a batch on such a connection is refused before it writes, because
//! it would commit that transaction.

mod bind;
mod cause;

use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Connection, Postgres, Row as _, Transaction};

use crate::cause::{Cause, CauseKind};
use crate::executor::{Chunk, End, Executor, Operation, Savepoint, Target, Terms, Written};
use crate::limits::Limits;
use crate::report::Outcome;
use crate::statement::postgres as sql;

use bind::bind;

/// One transaction on PostgreSQL.
#[derive(Debug)]
pub struct PgExecutor<'s> {
    transaction: Transaction<'s, Postgres>,
}

impl Target for &PgPool {
    type Executor<'s>
        = PgExecutor<'static>
    where
        Self: 's;

    fn terms(&self) -> Terms {
        Terms { limits: Limits::POSTGRES, joined: false }
    }

    async fn begin(&mut self) -> Result<PgExecutor<'static>, Cause> {
        let transaction = sqlx::Pool::begin(self).await.map_err(cause::of)?;
        Ok(PgExecutor { transaction })
    }
}

impl Target for &mut PgConnection {
    type Executor<'s>
        = PgExecutor<'s>
    where
        Self: 's;

    fn terms(&self) -> Terms {
        Terms { limits: Limits::POSTGRES, joined: self.is_in_transaction() }
    }

    async fn begin(&mut self) -> Result<PgExecutor<'_>, Cause> {
        if !self.is_in_transaction() {
            refuse_unknown_transaction(self).await?;
        }
        let transaction = Connection::begin(&mut **self).await.map_err(cause::of)?;
        Ok(PgExecutor { transaction })
    }
}

/// A setting made for one transaction is still there for the next statement only when both are
/// part of a longer one.
async fn refuse_unknown_transaction(connection: &mut PgConnection) -> Result<(), Cause> {
    sqlx::query("SELECT set_config('batch_ops.probe', 'inside', true)")
        .execute(&mut *connection)
        .await
        .map_err(cause::of)?;
    let probe = "SELECT coalesce(current_setting('batch_ops.probe', true), '') = 'inside'";
    let inside: bool = sqlx::query_scalar(probe).fetch_one(connection).await.map_err(cause::of)?;
    match inside {
        true => Err(Cause::new(CauseKind::Other).with_message(
            "the connection is in a transaction that sqlx did not begin; begin it through sqlx",
        )),
        false => Ok(()),
    }
}

impl PgExecutor<'_> {
    async fn insert(&mut self, chunk: &Chunk<'_>) -> Result<Written, Cause> {
        let text = sql::insert(chunk.table(), chunk.columns());
        let query = query(text, bind(chunk, &(0..chunk.len()))?);
        let done = query.execute(&mut *self.transaction).await.map_err(cause::of)?;
        if usize::try_from(done.rows_affected()) != Ok(chunk.len()) {
            return Err(
                Cause::new(CauseKind::Other).with_message("a trigger or a rule kept rows out")
            );
        }
        Ok(Written { outcomes: vec![Outcome::Inserted; chunk.len()], statements: 1 })
    }

    async fn upsert(&mut self, chunk: &Chunk<'_>, overwrite: bool) -> Result<Written, Cause> {
        let text = sql::upsert(chunk.table(), chunk.columns(), overwrite);
        let rest = if overwrite { Outcome::Unchanged } else { Outcome::Kept };
        let mut outcomes = vec![rest; chunk.len()];
        for row in self.fetch(text, bind(chunk, &(0..chunk.len()))?).await? {
            let Some(place) = row.try_get::<Option<i64>, _>(0).map_err(cause::of)? else {
                return Err(Cause::new(CauseKind::Other).with_message(
                    "a key was stored in another form than it was given; name the type of the \
                     key's columns with Column::of_type",
                ));
            };
            let fresh = flag(&row, 1)?;
            set(&mut outcomes, place, if fresh { Outcome::Inserted } else { Outcome::Updated });
        }
        Ok(Written { outcomes, statements: 1 })
    }

    /// Runs the update again for rows that another writer changed in between: they may be gone,
    /// alike, or different once more.
    async fn update(&mut self, chunk: &Chunk<'_>) -> Result<Written, Cause> {
        let text = sql::update(chunk.table(), chunk.columns());
        let mut written = Written { outcomes: vec![Outcome::Missing; chunk.len()], statements: 0 };
        let mut open: Vec<usize> = (0..chunk.len()).collect();
        while !open.is_empty() {
            written.statements += 1;
            let mut again = Vec::new();
            let mut seen = vec![Outcome::Missing; open.len()];
            for row in self.fetch(text.clone(), bind(chunk, &open.iter().copied())?).await? {
                let place = row.try_get::<i64, _>(0).map_err(cause::of)?;
                match (flag(&row, 1)?, flag(&row, 2)?) {
                    (_, true) => set(&mut seen, place, Outcome::Updated),
                    (false, false) => set(&mut seen, place, Outcome::Unchanged),
                    (true, false) => again.push(place),
                }
            }
            for (place, outcome) in open.iter().zip(&seen) {
                written.outcomes[*place] = *outcome;
            }
            open = again.iter().filter_map(|place| open.get(index(*place)).copied()).collect();
        }
        Ok(written)
    }

    async fn delete(&mut self, chunk: &Chunk<'_>) -> Result<Written, Cause> {
        let text = sql::delete(chunk.table(), chunk.columns());
        let mut outcomes = vec![Outcome::Missing; chunk.len()];
        for row in self.fetch(text, bind(chunk, &(0..chunk.len()))?).await? {
            let place = row.try_get::<i64, _>(0).map_err(cause::of)?;
            set(&mut outcomes, place, Outcome::Deleted);
        }
        Ok(Written { outcomes, statements: 1 })
    }

    async fn fetch(&mut self, text: String, arguments: PgArguments) -> Result<Vec<PgRow>, Cause> {
        query(text, arguments).fetch_all(&mut *self.transaction).await.map_err(cause::of)
    }
}

impl Executor for PgExecutor<'_> {
    async fn write(&mut self, chunk: &Chunk<'_>) -> Result<Written, Cause> {
        match chunk.operation() {
            Operation::Insert => self.insert(chunk).await,
            Operation::InsertMissing => self.upsert(chunk, false).await,
            Operation::Upsert => self.upsert(chunk, true).await,
            Operation::Update => self.update(chunk).await,
            Operation::Delete => self.delete(chunk).await,
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

/// The one place where built text becomes SQL: it comes from `statement::postgres`, which quotes
/// every identifier and binds every value.
fn query(text: String, arguments: PgArguments) -> Query<'static, Postgres, PgArguments> {
    sqlx::query_with(AssertSqlSafe(text), arguments)
}

fn flag(row: &PgRow, column: usize) -> Result<bool, Cause> {
    row.try_get::<bool, _>(column).map_err(cause::of)
}

/// Places count from 1.
fn index(place: i64) -> usize {
    usize::try_from(place - 1).unwrap_or(usize::MAX)
}

fn set(outcomes: &mut [Outcome], place: i64, outcome: Outcome) {
    if let Some(slot) = outcomes.get_mut(index(place)) {
        *slot = outcome;
    }
}
