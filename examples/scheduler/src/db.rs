//! Rows in and out of SQLite or PostgreSQL. The only module that names a driver besides `glue`.
//!
//! Statements are written once: both databases read `$1`, and every column is text, integer or boolean.

use std::time::Instant;

use anyhow::{Context, Result};
use sqlx::{FromRow, PgPool, SqlitePool};

use crate::domain::{Programme, Schedule};
use crate::glue::statements::Statements;
use crate::settings::{DatabaseUrl, Settings};

pub mod models;
mod postgres;
pub mod rows;
mod sqlite;
pub mod writer;

use rows::AssignmentRow;
pub use writer::{Edition, Publication, Writer, Written};

const WHOLE_BLOCK: &str = "SELECT block, person, day, slot, activity, rotation, starts, ends, \
    handover, minutes FROM assignments WHERE block = $1 ORDER BY person, day, slot";

const PUBLISHED: &str =
    "SELECT programme, version, told, holder FROM publications WHERE block = $1";

const ADDED: &str = "SELECT person, first_day, last_day, kind FROM absences_added WHERE block = $1";

/// Runs one expression on whichever pool there is.
macro_rules! on {
    ($database:expr, $pool:ident => $body:expr) => {
        match $database {
            Self::Sqlite($pool) => $body,
            Self::Postgres($pool) => $body,
        }
    };
}
use on;

/// Where the rows are read. Its connections cannot write: the database refuses. What writes is a
/// [`Writer`].
#[derive(Clone, Debug)]
pub enum Database {
    /// A file.
    Sqlite(SqlitePool),
    /// A server.
    Postgres(PgPool),
}

/// Opens the database for readers and for writers, and creates what is missing in it.
///
/// # Errors
/// Says which database cannot be opened and why.
pub async fn open(settings: &Settings) -> Result<(Database, Writer)> {
    // Somebody has to be able to write, so a pool of one is one of each.
    let writers = (settings.pool_connections / 3).max(1);
    let readers = settings.pool_connections.saturating_sub(writers).max(1);
    match &settings.database {
        DatabaseUrl::Sqlite(url) => {
            let writer = Writer::Sqlite(sqlite::open(url, settings, writers, false).await?);
            writer.create().await?;
            Ok((Database::Sqlite(sqlite::open(url, settings, readers, true).await?), writer))
        }
        DatabaseUrl::Postgres(url) => {
            let writer = Writer::Postgres(postgres::open(url, settings, writers, false).await?);
            writer.create().await?;
            Ok((Database::Postgres(postgres::open(url, settings, readers, true).await?), writer))
        }
    }
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

    /// Reads one of the read models, timed into `statements`. `values` are bound in their order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn read<T>(
        &self,
        statements: &Statements,
        sql: &'static str,
        values: &[&str],
    ) -> Result<Vec<T>, sqlx::Error>
    where
        T: models::Read,
    {
        let started = Instant::now();
        let rows = on!(self, pool => {
            let query = sqlx::query_as::<_, T>(sql);
            values.iter().fold(query, |query, value| query.bind(*value)).fetch_all(pool).await
        })?;
        statements.record(sql, values, started.elapsed(), rows.len());
        Ok(rows)
    }
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
