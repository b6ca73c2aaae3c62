//! Rows in and out of SQLite or PostgreSQL. The only module that names a driver besides `glue`.
//!
//! Statements are written once: both databases read `$1`, and every column is text, integer or boolean.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use batch_ops::{Batch, BatchConfig, Outcome};
use dist_lock::FencingToken;
use sqlx::{AssertSqlSafe, FromRow, PgPool, SqlitePool};

use crate::domain::{Programme, Schedule};
use crate::glue::statements::Statements;
use crate::settings::{DatabaseUrl, Settings};

mod postgres;
pub mod rows;
mod sqlite;

use rows::AssignmentRow;

/// The published assignments of one person, by day and slot.
pub const PERSON_SCHEDULE: &str = "SELECT day, slot, activity, rotation, starts, ends \
    FROM assignments WHERE block = $1 AND person = $2 ORDER BY day, slot";

/// How many residents are on duty on one rotation, by day and slot.
pub const ROTATION_COVERAGE: &str = "SELECT day, slot, COUNT(*) AS present \
    FROM assignments WHERE block = $1 AND rotation = $2 AND activity <> 'attend' \
    GROUP BY day, slot ORDER BY day, slot";

/// Minutes of planned duty of one person, by the day on which it begins.
pub const PERSON_HOURS: &str = "SELECT day, CAST(SUM(minutes) AS BIGINT) AS minutes \
    FROM assignments WHERE block = $1 AND person = $2 GROUP BY day ORDER BY day";

const WHOLE_BLOCK: &str = "SELECT block, person, day, slot, activity, rotation, starts, ends, \
    handover, minutes FROM assignments WHERE block = $1 ORDER BY person, day, slot";

const PUBLISHED: &str =
    "SELECT programme, version, told, holder FROM publications WHERE block = $1";

const NEXT_VERSION: &str = "INSERT INTO publications \
    (block, programme, version, told, fence, holder, published_at) VALUES ($1, $2, 1, 0, $3, $4, $5) \
    ON CONFLICT (block) DO UPDATE SET version = publications.version + 1, fence = excluded.fence, \
    holder = excluded.holder, published_at = excluded.published_at";

const TOLD: &str = "UPDATE publications SET told = $2 WHERE block = $1 AND told < $2";

const ADDED: &str = "SELECT person, first_day, last_day, kind FROM absences_added WHERE block = $1";

const ADD: &str = "INSERT INTO absences_added (block, person, first_day, last_day, kind, blocking) \
    VALUES ($1, $2, $3, $4, $5, TRUE)";

/// Runs one expression on whichever pool there is.
macro_rules! on {
    ($database:expr, $pool:ident => $body:expr) => {
        match $database {
            Database::Sqlite($pool) => $body,
            Database::Postgres($pool) => $body,
        }
    };
}

/// Where the rows are.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file.
    Sqlite(SqlitePool),
    /// A server.
    Postgres(PgPool),
}

/// One cell of a person's schedule.
#[derive(Clone, Debug, FromRow, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PersonCell {
    /// The day of the slot.
    pub day: String,
    /// The slot.
    pub slot: String,
    /// What is done.
    pub activity: String,
    /// Where.
    pub rotation: Option<String>,
    /// Local start.
    pub starts: String,
    /// Local end.
    pub ends: String,
}

/// Residents present in one slot of a rotation.
#[derive(Clone, Debug, FromRow, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Presence {
    /// The day of the slot.
    pub day: String,
    /// The slot.
    pub slot: String,
    /// How many.
    pub present: i64,
}

/// Duty of one person on one day.
#[derive(Clone, Debug, FromRow, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DayMinutes {
    /// The day on which the duty begins.
    pub day: String,
    /// Minutes of duty.
    pub minutes: i64,
}

/// The state of a block's publication.
#[derive(Clone, Debug, FromRow, PartialEq, Eq)]
pub struct Published {
    /// Grows with every publication.
    pub version: i64,
    /// The last version of which the caches were told.
    pub told: i64,
    /// Whose block it is.
    pub programme: String,
    /// Who made it.
    pub holder: String,
}

/// An absence that a re-plan learnt of.
#[derive(Clone, Debug, FromRow, PartialEq, Eq)]
pub struct AddedAbsence {
    /// Id of the person.
    pub person: String,
    /// First day away.
    pub first_day: String,
    /// Last day away.
    pub last_day: String,
    /// Why.
    pub kind: String,
}

/// What a write amounted to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Written {
    /// Rows sent.
    pub rows: usize,
    /// Rows that were new.
    pub inserted: usize,
    /// Rows that differed.
    pub updated: usize,
    /// Rows that were there already, untouched.
    pub unchanged: usize,
    /// Rows removed.
    pub deleted: usize,
    /// How long it took, commit included.
    pub took: Duration,
}

/// A publication: what was written and whom it touched.
#[derive(Clone, Debug, Default)]
pub struct Publication {
    /// Counts.
    pub written: Written,
    /// Ids of people with a cell that changed.
    pub people: BTreeSet<String>,
    /// Ids of rotations with a cell that changed.
    pub rotations: BTreeSet<String>,
    /// The version that it made.
    pub version: i64,
}

/// Who publishes what.
#[derive(Clone, Copy, Debug)]
pub struct Edition<'a> {
    /// The block to publish under.
    pub block: &'a str,
    /// Whose block it is.
    pub programme: &'a str,
    /// The version that this one follows. Whoever published meanwhile, under whatever lock, is not
    /// published over.
    pub follows: i64,
    /// An absence that this edition takes into account and the programme's files do not know.
    pub learnt: Option<&'a AddedAbsence>,
    /// What the fence is checked under.
    pub fenced: &'a str,
    /// The token of the lease, checked in the transaction that writes.
    pub fence: FencingToken,
    /// Who holds the lease.
    pub holder: &'a str,
}

impl Database {
    /// Whether there is a database to open: a SQLite file may not be there yet.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn exists(settings: &Settings) -> Result<bool> {
        match &settings.database {
            DatabaseUrl::Sqlite(url) => sqlite::exists(url),
            DatabaseUrl::Postgres(_) => Ok(true),
        }
    }

    /// Opens the database and creates what is missing in it.
    ///
    /// # Errors
    /// Says which database cannot be opened and why.
    pub async fn open(settings: &Settings) -> Result<Self> {
        let database = match &settings.database {
            DatabaseUrl::Sqlite(url) => Self::Sqlite(sqlite::open(url, settings).await?),
            DatabaseUrl::Postgres(url) => Self::Postgres(postgres::open(url, settings).await?),
        };
        let begin = database.begin_writing();
        on!(&database, pool => {
            let mut tx = pool.begin_with(begin).await?;
            if let Self::Postgres(_) = database {
                // Two processes that create one table at the same time would collide in the catalogue.
                sqlx::query("SELECT pg_advisory_xact_lock(hashtext('rounds schema'))").execute(&mut *tx).await?;
            }
            for statement in include_str!("db/schema.sql").split_inclusive(';') {
                let created = sqlx::query(AssertSqlSafe(statement)).execute(&mut *tx).await;
                created.context("the tables could not be created")?;
            }
            tx.commit().await?;
        });
        Ok(database)
    }

    /// A SQLite transaction that reads before it writes may fail to become a writer; one that is a writer
    /// from the start waits for its turn instead.
    fn begin_writing(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN",
        }
    }

    /// Stores a programme in place of what was stored of its block.
    ///
    /// # Errors
    /// Nothing is stored then; the error names the table and the row.
    pub async fn import(&self, programme: &Programme, config: &BatchConfig) -> Result<Written> {
        let started = Instant::now();
        let block = &programme.block.id;
        let rows = on!(self, pool => {
            let mut tx = pool.begin_with(self.begin_writing()).await?;
            for table in ["people", "rotations", "absences", "requests", "duty_records"] {
                let clear = format!("DELETE FROM {table} WHERE block = $1");
                sqlx::query(AssertSqlSafe(clear)).bind(block).execute(&mut *tx).await?;
            }
            let mut rows = 0;
            rows += insert!(config, tx, rows::people(programme));
            rows += insert!(config, tx, rows::rotations(programme));
            rows += insert!(config, tx, rows::absences(programme));
            rows += insert!(config, tx, rows::requests(programme));
            rows += insert!(config, tx, rows::duty_records(programme));
            tx.commit().await?;
            rows
        });
        Ok(Written { rows, inserted: rows, took: started.elapsed(), ..Written::default() })
    }

    /// Publishes a schedule: writes what differs, removes what is gone, all or nothing.
    ///
    /// # Errors
    /// Refused when a later lease has published: the caller's lease was lost. Nothing is written then.
    pub async fn publish(
        &self,
        edition: Edition<'_>,
        rows: &[AssignmentRow],
        config: &BatchConfig,
    ) -> Result<Publication> {
        let started = Instant::now();
        let mut publication = match self {
            Self::Sqlite(pool) => sqlite::publish(pool, edition, rows, config).await?,
            Self::Postgres(pool) => postgres::publish(pool, edition, rows, config).await?,
        };
        publication.written.took = started.elapsed();
        Ok(publication)
    }

    /// Who published a block last.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn published(&self, block: &str) -> Result<Option<Published>> {
        let found = on!(self, pool => {
            sqlx::query_as::<_, Published>(PUBLISHED).bind(block).fetch_optional(pool).await
        });
        found.context("the last publication could not be read")
    }

    /// Notes that the caches were told of a version.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn told(&self, block: &str, version: i64) -> Result<()> {
        on!(self, pool => {
            sqlx::query(TOLD).bind(block).bind(version).execute(pool).await.map(drop)
        })?;
        Ok(())
    }

    /// The absences that re-plans of a block learnt of.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn added_absences(&self, block: &str) -> Result<Vec<AddedAbsence>> {
        let found = on!(self, pool => {
            sqlx::query_as::<_, AddedAbsence>(ADDED).bind(block).fetch_all(pool).await
        });
        found.context("the absences learnt of later could not be read")
    }

    /// All published cells of a block.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn assignments(&self, block: &str) -> Result<Vec<AssignmentRow>> {
        let found = on!(self, pool => {
            sqlx::query_as::<_, AssignmentRow>(WHOLE_BLOCK).bind(block).fetch_all(pool).await
        });
        found.context("the published schedule could not be read")
    }

    /// Removes a block's published cells.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn forget(&self, block: &str) -> Result<()> {
        for table in ["assignments", "publications", "absences_added"] {
            let statement = format!("DELETE FROM {table} WHERE block = $1");
            on!(self, pool => {
                sqlx::query(AssertSqlSafe(statement)).bind(block).execute(pool).await.map(drop)
            })?;
        }
        Ok(())
    }

    /// Reads one of the read models, timed into `statements`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn read<T>(
        &self,
        statements: &Statements,
        sql: &'static str,
        block: &str,
        id: &str,
    ) -> Result<Vec<T>, sqlx::Error>
    where
        T: for<'r> FromRow<'r, sqlx::sqlite::SqliteRow>
            + for<'r> FromRow<'r, sqlx::postgres::PgRow>
            + Send
            + Unpin,
    {
        let started = Instant::now();
        let rows = on!(self, pool => {
            sqlx::query_as::<_, T>(sql).bind(block).bind(id).fetch_all(pool).await
        })?;
        statements.record(sql, &[block, id], started.elapsed(), rows.len());
        Ok(rows)
    }
}

/// What `publish` does inside of either transaction.
macro_rules! publish_in {
    ($tx:ident, $edition:ident, $rows:ident, $config:ident) => {{
        let last: Option<super::Published> =
            sqlx::query_as(super::PUBLISHED).bind($edition.block).fetch_optional(&mut *$tx).await?;
        let version = super::next_version(&$edition, last.as_ref())?;
        let before: Vec<AssignmentRow> =
            sqlx::query_as(super::WHOLE_BLOCK).bind($edition.block).fetch_all(&mut *$tx).await?;
        let gone = super::gone(&before, $rows);
        let mut batch = Batch::new($config.clone());
        let upserted = batch.upsert(&mut *$tx, $rows).await?;
        let deleted = batch.delete(&mut *$tx, &gone).await?;
        sqlx::query(super::NEXT_VERSION)
            .bind($edition.block)
            .bind($edition.programme)
            .bind(i64::try_from($edition.fence.get())?)
            .bind($edition.holder)
            .bind(jiff::Timestamp::now().to_string())
            .execute(&mut *$tx)
            .await?;
        if let Some(learnt) = $edition.learnt {
            let add = sqlx::query(super::ADD).bind($edition.block).bind(&learnt.person);
            let add = add.bind(&learnt.first_day).bind(&learnt.last_day).bind(&learnt.kind);
            add.execute(&mut *$tx).await?;
        }
        let (outcomes, deleted) = (upserted.outcomes(), deleted.deleted());
        let written = super::publication(&before, $rows, &gone, outcomes, deleted);
        super::Publication { version, ..written }
    }};
}
use publish_in;

macro_rules! insert {
    ($config:expr, $tx:ident, $rows:expr) => {
        Batch::new($config.clone()).insert(&mut *$tx, &$rows).await?.inserted()
    };
}
use insert;

/// The version after `last`, if the edition may follow it.
fn next_version(edition: &Edition<'_>, last: Option<&Published>) -> Result<i64> {
    let Some(last) = last else { return Ok(1) };
    ensure!(
        last.programme == edition.programme,
        "block {} in this database belongs to {}: choose another block id or database",
        edition.block,
        last.programme
    );
    ensure!(
        last.version == edition.follows,
        "{} published block {} meanwhile, under another lock: nothing was written",
        last.holder,
        edition.block
    );
    Ok(last.version + 1)
}

/// Rows of `before` whose cell is not in `rows`.
fn gone(before: &[AssignmentRow], rows: &[AssignmentRow]) -> Vec<AssignmentRow> {
    let kept: BTreeSet<_> = rows.iter().map(AssignmentRow::cell).collect();
    before.iter().filter(|row| !kept.contains(&row.cell())).cloned().collect()
}

/// Counts the outcomes and names whom they touch: a cell that moved touches its old rotation too.
fn publication(
    before: &[AssignmentRow],
    rows: &[AssignmentRow],
    gone: &[AssignmentRow],
    outcomes: &[Outcome],
    deleted: usize,
) -> Publication {
    let changed = rows.iter().zip(outcomes).filter(|(_, o)| **o != Outcome::Unchanged);
    let cells: BTreeSet<_> = changed.map(|(row, _)| row.cell()).collect();
    let new = rows.iter().filter(|row| cells.contains(&row.cell()));
    let old = before.iter().filter(|row| cells.contains(&row.cell()));
    let mut publication = Publication::default();
    for row in new.chain(old).chain(gone) {
        publication.people.insert(row.person.clone());
        publication.rotations.extend(row.rotation.clone());
    }
    let count = |outcome| outcomes.iter().filter(|o| **o == outcome).count();
    publication.written = Written {
        rows: rows.len() + gone.len(),
        inserted: count(Outcome::Inserted),
        updated: count(Outcome::Updated),
        unchanged: count(Outcome::Unchanged),
        deleted,
        took: Duration::ZERO,
    };
    publication
}

/// A schedule as rows of a block.
#[must_use]
pub fn schedule_rows(
    programme: &Programme,
    block: &str,
    schedule: &Schedule,
) -> Vec<AssignmentRow> {
    schedule.assignments.iter().map(|cell| rows::assignment(programme, block, cell)).collect()
}
