//! Tables, columns, indexes and sizes of a SQLite database.

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::failed;
use crate::catalog::{Catalog, Index, Table};
use crate::error::Error;

const TABLES: &str = "SELECT name FROM sqlite_schema \
    WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
    AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name";
const COLUMNS: &str =
    "SELECT name, type, pk FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid";
const INDEXES: &str = "SELECT l.name, l.\"unique\", l.partial, x.name \
    FROM pragma_index_list(?) AS l, pragma_index_xinfo(l.name) AS x \
    WHERE x.key = 1 ORDER BY l.seq, x.seqno";
const ANALYZED: &str = "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'";
/// The first number of `stat` counts the rows of the table, or of the index if that is partial.
const ESTIMATE: &str = "SELECT max(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl = ?";

/// Rows counted at most: enough to tell a table that is small from one that is not.
const COUNT_UP_TO: u32 = 10_000;

pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Catalog, Error> {
    let names: Vec<String> = sqlx::query_scalar(TABLES)
        .fetch_all(&mut *connection)
        .await
        .map_err(failed("listing the tables"))?;
    let analyzed: i64 = sqlx::query_scalar(ANALYZED)
        .fetch_one(&mut *connection)
        .await
        .map_err(failed("looking for statistics"))?;
    let mut catalog = Catalog::default();
    for name in names {
        let table =
            table(connection, name, analyzed > 0).await.map_err(failed("describing a table"))?;
        catalog = catalog.with(table);
    }
    Ok(catalog)
}

async fn table(
    connection: &mut SqliteConnection,
    name: String,
    analyzed: bool,
) -> Result<Table, sqlx::Error> {
    let rows = rows(connection, &name, analyzed).await?;
    let columns: Vec<(String, String, i64)> =
        sqlx::query_as(COLUMNS).bind(&name).fetch_all(&mut *connection).await?;
    let indexes: Vec<(String, bool, bool, Option<String>)> =
        sqlx::query_as(INDEXES).bind(&name).fetch_all(&mut *connection).await?;
    let mut table = Table::new(name).rows(rows);
    if let Some(key) = rowid(&columns) {
        table = table.index(Index::new("INTEGER PRIMARY KEY", [key]).unique(true));
    }
    for (column, type_name, _) in columns {
        table = table.column(column, type_name);
    }
    Ok(group(indexes).into_iter().fold(table, Table::index))
}

async fn rows(
    connection: &mut SqliteConnection,
    name: &str,
    analyzed: bool,
) -> Result<f64, sqlx::Error> {
    let quoted = name.replace('"', "\"\"");
    let count = format!("SELECT count(*) FROM (SELECT 1 FROM \"{quoted}\" LIMIT {COUNT_UP_TO})");
    let counted: u32 = sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(&mut *connection).await?;
    if !analyzed || counted < COUNT_UP_TO {
        return Ok(f64::from(counted));
    }
    let estimate: Option<i64> =
        sqlx::query_scalar(ESTIMATE).bind(name).fetch_one(&mut *connection).await?;
    let estimate = u32::try_from(estimate.unwrap_or(0).max(0)).unwrap_or(u32::MAX);
    Ok(f64::from(estimate.max(counted)))
}

/// A single key of exactly this type is the row's own position, and has no index beside it.
fn rowid(columns: &[(String, String, i64)]) -> Option<&str> {
    let mut keys = columns.iter().filter(|(_, _, pk)| *pk > 0);
    let (name, type_name, _) = keys.next().filter(|_| keys.next().is_none())?;
    type_name.eq_ignore_ascii_case("INTEGER").then_some(name)
}

/// Rows of one index follow each other; a column without a name is an expression.
fn group(rows: Vec<(String, bool, bool, Option<String>)>) -> Vec<Index> {
    let mut indexes: Vec<Index> = Vec::new();
    for (name, unique, partial, column) in rows {
        if indexes.last().is_none_or(|last| last.name != name) {
            indexes.push(Index::new(name, [] as [String; 0]).unique(unique).partial(partial));
        }
        if let Some(last) = indexes.last_mut() {
            match column {
                Some(column) if last.ordered => last.columns.push(column),
                _ => last.ordered = false,
            }
        }
    }
    indexes
}
