//! Tables, columns, indexes and sizes of a PostgreSQL database.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::failed;
use crate::catalog::{Catalog, Index, Table};
use crate::error::Error;

/// `reltuples` is -1 until the table is first vacuumed or analyzed.
const TABLES: &str = "SELECT c.oid::int8, n.nspname::text, c.relname::text, \
    nullif(c.reltuples, -1)::float8 \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p', 'm') \
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
    ORDER BY n.nspname, c.relname";
const COLUMNS: &str = "SELECT a.attrelid::int8, a.attname::text, \
    format_type(a.atttypid, a.atttypmod) \
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p', 'm') \
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
    AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum";
/// Key columns alone, in index order. An expression has attribute number 0 and so no name.
const INDEXES: &str = "SELECT i.indrelid::int8, c.relname::text, \
    i.indisunique, i.indpred IS NOT NULL, am.amname = 'btree', \
    array(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, at) \
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum \
        WHERE k.at <= i.indnkeyatts ORDER BY k.at) \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam \
    JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace \
    WHERE i.indisvalid AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
    ORDER BY i.indrelid, c.relname";

type IndexRow = (i64, String, bool, bool, bool, Vec<Option<String>>);

pub(super) async fn read(connection: &mut PgConnection) -> Result<Catalog, Error> {
    let tables: Vec<(i64, String, String, Option<f64>)> = sqlx::query_as(TABLES)
        .fetch_all(&mut *connection)
        .await
        .map_err(failed("listing the tables"))?;
    let columns: Vec<(i64, String, String)> = sqlx::query_as(COLUMNS)
        .fetch_all(&mut *connection)
        .await
        .map_err(failed("listing the columns"))?;
    let indexes: Vec<IndexRow> = sqlx::query_as(INDEXES)
        .fetch_all(&mut *connection)
        .await
        .map_err(failed("listing the indexes"))?;
    let mut columns =
        by_table(columns.into_iter().map(|(table, name, type_name)| (table, (name, type_name))));
    let mut indexes = by_table(indexes.into_iter().map(|row| (row.0, index(row))));
    let build = |(oid, schema, name, rows): (i64, String, String, Option<f64>)| {
        let mut table = Table::new(name).schema(schema);
        table.rows = rows;
        let columns = columns.remove(&oid).unwrap_or_default().into_iter();
        let table = columns.fold(table, |table, (name, type_name)| table.column(name, type_name));
        indexes.remove(&oid).unwrap_or_default().into_iter().fold(table, Table::index)
    };
    Ok(tables.into_iter().map(build).collect())
}

fn by_table<T>(rows: impl Iterator<Item = (i64, T)>) -> HashMap<i64, Vec<T>> {
    let mut map: HashMap<i64, Vec<T>> = HashMap::new();
    for (table, row) in rows {
        map.entry(table).or_default().push(row);
    }
    map
}

fn index((_, name, unique, partial, ordered, columns): IndexRow) -> Index {
    // With an expression among its keys the order of the rest cannot be told from names.
    let plain: Option<Vec<String>> = columns.into_iter().collect();
    Index::new(name, plain.unwrap_or_default()).unique(unique).partial(partial).ordered(ordered)
}
