//! Rows into the database. Every write takes a [`Witness`] that somebody tells the caches of it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use batch_ops::{Batch, BatchConfig, Outcome};
use dist_lock::FencingToken;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

use super::rows::{self, AssignmentRow};
use super::{AddedAbsence, Published, on, postgres, sqlite};
use crate::domain::Programme;
use crate::glue::writes::Witness;

/// Empties the tables of a programme, each for one block.
pub const CLEAR_PROGRAMME: [&str; 5] = [
    "DELETE FROM people WHERE block = $1",
    "DELETE FROM rotations WHERE block = $1",
    "DELETE FROM absences WHERE block = $1",
    "DELETE FROM requests WHERE block = $1",
    "DELETE FROM duty_records WHERE block = $1",
];

const FORGET: [&str; 3] = [
    "DELETE FROM assignments WHERE block = $1",
    "DELETE FROM publications WHERE block = $1",
    "DELETE FROM absences_added WHERE block = $1",
];

pub(super) const NEXT_VERSION: &str = "INSERT INTO publications \
    (block, programme, version, told, fence, holder, published_at) VALUES ($1, $2, 1, 0, $3, $4, $5) \
    ON CONFLICT (block) DO UPDATE SET version = publications.version + 1, fence = excluded.fence, \
    holder = excluded.holder, published_at = excluded.published_at";

const TOLD: &str = "UPDATE publications SET told = $2 WHERE block = $1 AND told < $2";

pub(super) const ADD: &str = "INSERT INTO absences_added (block, person, first_day, last_day, kind, blocking) \
    VALUES ($1, $2, $3, $4, $5, TRUE)";

/// The connections that write.
#[derive(Clone, Debug)]
pub enum Writer {
    /// To a file.
    Sqlite(SqlitePool),
    /// To a server.
    Postgres(PgPool),
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

/// A publication: what was written and what it touched.
#[derive(Clone, Debug, Default)]
pub struct Publication {
    /// Counts.
    pub written: Written,
    /// The cells that changed: as they were, and as they are.
    pub touched: Vec<AssignmentRow>,
    /// The version that it made.
    pub version: i64,
}

impl Publication {
    /// Ids of people with a cell that changed.
    #[must_use]
    pub fn people(&self) -> BTreeSet<&str> {
        self.touched.iter().map(|row| row.person.as_str()).collect()
    }

    /// Ids of rotations with a cell that changed.
    #[must_use]
    pub fn rotations(&self) -> BTreeSet<&str> {
        self.touched.iter().filter_map(|row| row.rotation.as_deref()).collect()
    }
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

impl Writer {
    pub(super) async fn create(&self) -> Result<()> {
        let begin = self.begin_writing();
        on!(self, pool => {
            let mut tx = pool.begin_with(begin).await?;
            if let Self::Postgres(_) = self {
                // Two processes that create one table at the same time would collide in the catalogue.
                sqlx::query("SELECT pg_advisory_xact_lock(hashtext('rounds schema'))").execute(&mut *tx).await?;
            }
            for statement in include_str!("schema.sql").split_inclusive(';') {
                let created = sqlx::query(AssertSqlSafe(statement)).execute(&mut *tx).await;
                created.context("the tables could not be created")?;
            }
            tx.commit().await?;
        });
        Ok(())
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
    pub async fn import(
        &self,
        _: &Witness,
        programme: &Programme,
        config: &BatchConfig,
    ) -> Result<Written> {
        let started = Instant::now();
        let block = &programme.block.id;
        let rows = on!(self, pool => {
            let mut tx = pool.begin_with(self.begin_writing()).await?;
            for clear in CLEAR_PROGRAMME {
                sqlx::query(clear).bind(block).execute(&mut *tx).await?;
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
        _: &Witness,
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

    /// Notes that the caches were told of a version.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn told(&self, _: &Witness, block: &str, version: i64) -> Result<()> {
        on!(self, pool => {
            sqlx::query(TOLD).bind(block).bind(version).execute(pool).await.map(drop)
        })?;
        Ok(())
    }

    /// Removes a block's published cells.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn forget(&self, _: &Witness, block: &str) -> Result<()> {
        for statement in FORGET {
            on!(self, pool => {
                sqlx::query(statement).bind(block).execute(pool).await.map(drop)
            })?;
        }
        Ok(())
    }
}

/// What `publish` does inside of either transaction.
macro_rules! publish_in {
    ($tx:ident, $edition:ident, $rows:ident, $config:ident) => {{
        let last: Option<crate::db::Published> = sqlx::query_as(crate::db::PUBLISHED)
            .bind($edition.block)
            .fetch_optional(&mut *$tx)
            .await?;
        let version = crate::db::writer::next_version(&$edition, last.as_ref())?;
        let before: Vec<AssignmentRow> = sqlx::query_as(crate::db::WHOLE_BLOCK)
            .bind($edition.block)
            .fetch_all(&mut *$tx)
            .await?;
        let gone = crate::db::writer::gone(&before, $rows);
        let mut batch = Batch::new($config.clone());
        let upserted = batch.upsert(&mut *$tx, $rows).await?;
        let deleted = batch.delete(&mut *$tx, &gone).await?;
        sqlx::query(crate::db::writer::NEXT_VERSION)
            .bind($edition.block)
            .bind($edition.programme)
            .bind(i64::try_from($edition.fence.get())?)
            .bind($edition.holder)
            .bind(jiff::Timestamp::now().to_string())
            .execute(&mut *$tx)
            .await?;
        if let Some(learnt) = $edition.learnt {
            let add = sqlx::query(crate::db::writer::ADD).bind($edition.block).bind(&learnt.person);
            let add = add.bind(&learnt.first_day).bind(&learnt.last_day).bind(&learnt.kind);
            add.execute(&mut *$tx).await?;
        }
        let (outcomes, deleted) = (upserted.outcomes(), deleted.deleted());
        let written = crate::db::writer::publication(&before, $rows, &gone, outcomes, deleted);
        crate::db::Publication { version, ..written }
    }};
}
pub(super) use publish_in;

macro_rules! insert {
    ($config:expr, $tx:ident, $rows:expr) => {
        Batch::new($config.clone()).insert(&mut *$tx, &$rows).await?.inserted()
    };
}
use insert;

/// The version after `last`, if the edition may follow it.
pub(super) fn next_version(edition: &Edition<'_>, last: Option<&Published>) -> Result<i64> {
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
pub(super) fn gone(before: &[AssignmentRow], rows: &[AssignmentRow]) -> Vec<AssignmentRow> {
    let kept: BTreeSet<_> = rows.iter().map(AssignmentRow::cell).collect();
    before.iter().filter(|row| !kept.contains(&row.cell())).cloned().collect()
}

/// Counts the outcomes and names what they touch: a cell that moved touches its old rotation too.
pub(super) fn publication(
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
    let touched = new.chain(old).chain(gone).cloned().collect();
    let count = |outcome| outcomes.iter().filter(|o| **o == outcome).count();
    let written = Written {
        rows: rows.len() + gone.len(),
        inserted: count(Outcome::Inserted),
        updated: count(Outcome::Updated),
        unchanged: count(Outcome::Unchanged),
        deleted,
        took: Duration::ZERO,
    };
    Publication { written, touched, version: 0 }
}
