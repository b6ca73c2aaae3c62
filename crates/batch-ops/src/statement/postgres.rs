//! The statements of PostgreSQL: each column travels as one array, so a statement's text does not
//! depend on the number of rows and is prepared once.
//!
//! The arrays are made together and have one length: arrays of unequal length would be padded
//! with nulls without a word.

use std::fmt::Write as _;

use crate::dialect::{join, quote, quote_table, quote_type};
use crate::record::{Column, Table};
use crate::value::Kind;

use super::placed;

/// Inserts rows.
pub(crate) fn insert(table: &Table, columns: &[Column]) -> String {
    let mut sql = String::new();
    insert_into(&mut sql, table, columns);
    sql.push_str(" SELECT ");
    join(&mut sql, ", ", columns.iter().enumerate(), typed);
    sql.push_str(" FROM ");
    arrays(&mut sql, columns, false);
    sql
}

/// Inserts rows with a new key and, when `overwrite` is set, overwrites the others where they
/// differ. Returns the place of each row that was written and whether it is new.
///
/// Rows that would change nothing are left out before the insert: a guarded conflict clause alone
/// would still lock each of them. The guard stays, for a row that another writer brings in between
/// and because only there values are compared in the column's own type.
pub(crate) fn upsert(table: &Table, columns: &[Column], overwrite: bool) -> String {
    let overwrite = overwrite && placed(columns, false).next().is_some();
    let mut sql = String::new();
    input(&mut sql, columns);
    sql.push_str(", changed AS (SELECT i.* FROM i LEFT JOIN ");
    quote_table(&mut sql, table);
    sql.push_str(" AS t ON ");
    same_key(&mut sql, columns, "t");
    sql.push_str(" WHERE t.");
    join(&mut sql, "", placed(columns, true).take(1), |sql, (_, column)| quote(sql, column.name));
    sql.push_str(" IS NULL");
    if overwrite {
        sql.push_str(" OR ");
        differs(&mut sql, columns, |sql, (place, _)| push(sql, format_args!("i.c{place}")));
    }
    sql.push_str("), written AS (");
    insert_into(&mut sql, table, columns);
    sql.push_str(" SELECT ");
    join(&mut sql, ", ", 0..columns.len(), |sql, place| push(sql, format_args!("c{place}")));
    // One order for all writers: they cannot deadlock on these rows.
    sql.push_str(" FROM changed ORDER BY n ON CONFLICT (");
    join(&mut sql, ", ", placed(columns, true), |sql, (_, column)| quote(sql, column.name));
    sql.push_str(") DO ");
    sql.push_str(if overwrite { "UPDATE SET " } else { "NOTHING" });
    if overwrite {
        join(&mut sql, ", ", placed(columns, false), |sql, (_, column)| {
            quote(sql, column.name);
            sql.push_str(" = excluded.");
            quote(sql, column.name);
        });
        sql.push_str(" WHERE ");
        differs(&mut sql, columns, |sql, (_, column)| {
            sql.push_str("excluded.");
            quote(sql, column.name);
        });
    }
    sql.push_str(" RETURNING ");
    join(&mut sql, ", ", placed(columns, true), |sql, (place, column)| {
        sql.push_str("t.");
        quote(sql, column.name);
        push(sql, format_args!(" AS k{place}"));
    });
    // A new version of a row carries the lock of the update that made it; a new row has none.
    sql.push_str(", t.xmax = 0 AS fresh) SELECT i.n, w.fresh FROM written AS w LEFT JOIN i ON ");
    join(&mut sql, " AND ", placed(columns, true), |sql, (place, _)| {
        push(sql, format_args!("w.k{place} = i.c{place}"));
    });
    sql
}

/// Overwrites the columns besides the key of the rows whose key exists, where they differ. Returns
/// the place of each row whose key exists, whether it differed, and whether it was written.
///
/// A row that differed and was not written was changed by another writer in between.
pub(crate) fn update(table: &Table, columns: &[Column]) -> String {
    let mut sql = String::new();
    input(&mut sql, columns);
    sql.push_str(", found AS (SELECT i.n, ");
    differs(&mut sql, columns, |sql, (place, _)| push(sql, format_args!("i.c{place}")));
    sql.push_str(" AS differs FROM i JOIN ");
    quote_table(&mut sql, table);
    sql.push_str(" AS t ON ");
    same_key(&mut sql, columns, "t");
    sql.push(')');
    locked(&mut sql, table, columns, true);
    sql.push_str(", written AS (UPDATE ");
    quote_table(&mut sql, table);
    sql.push_str(" AS t SET ");
    join(&mut sql, ", ", placed(columns, false), |sql, (place, column)| {
        quote(sql, column.name);
        push(sql, format_args!(" = i.c{place}"));
    });
    sql.push_str(" FROM i JOIN locked ON locked.n = i.n WHERE ");
    same_key(&mut sql, columns, "t");
    sql.push_str(
        " RETURNING i.n) SELECT n, differs, n IN (SELECT n FROM written) AS written FROM found",
    );
    sql
}

/// Deletes the rows that have the keys; returns their places.
pub(crate) fn delete(table: &Table, columns: &[Column]) -> String {
    let mut sql = String::new();
    input(&mut sql, columns);
    locked(&mut sql, table, columns, false);
    sql.push_str(" DELETE FROM ");
    quote_table(&mut sql, table);
    sql.push_str(" AS t USING i JOIN locked ON locked.n = i.n WHERE ");
    same_key(&mut sql, columns, "t");
    sql.push_str(" RETURNING i.n");
    sql
}

fn insert_into(sql: &mut String, table: &Table, columns: &[Column]) {
    sql.push_str("INSERT INTO ");
    quote_table(sql, table);
    sql.push_str(" AS t (");
    join(sql, ", ", columns, |sql, column| quote(sql, column.name));
    sql.push(')');
}

/// The rows as `i`, cast to the types that the columns name, each with its place `n`.
fn input(sql: &mut String, columns: &[Column]) {
    sql.push_str("WITH i AS MATERIALIZED (SELECT a.n, ");
    join(sql, ", ", columns.iter().enumerate(), |sql, (place, column)| {
        typed(sql, (place, column));
        push(sql, format_args!(" AS c{place}"));
    });
    sql.push_str(" FROM ");
    arrays(sql, columns, true);
    sql.push(')');
}

/// Locks the rows to be changed in the order of the input, which is the same for all writers. An
/// update or a delete by itself would take them in the order of its join.
fn locked(sql: &mut String, table: &Table, columns: &[Column], differing: bool) {
    sql.push_str(", locked AS (SELECT i.n FROM i JOIN ");
    quote_table(sql, table);
    sql.push_str(" AS t ON ");
    same_key(sql, columns, "t");
    if differing {
        sql.push_str(" WHERE ");
        differs(sql, columns, |sql, (place, _)| push(sql, format_args!("i.c{place}")));
    }
    sql.push_str(" ORDER BY i.n FOR UPDATE OF t)");
}

fn arrays(sql: &mut String, columns: &[Column], numbered: bool) {
    sql.push_str("UNNEST(");
    join(sql, ", ", columns.iter().enumerate(), |sql, (place, column)| {
        push(sql, format_args!("${}::{}[]", place + 1, array_type(column.kind)));
    });
    sql.push_str(if numbered { ") WITH ORDINALITY AS a (" } else { ") AS a (" });
    join(sql, ", ", 0..columns.len(), |sql, place| push(sql, format_args!("c{place}")));
    sql.push_str(if numbered { ", n)" } else { ")" });
}

fn array_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "bool",
        Kind::I64 => "int8",
        Kind::F64 => "float8",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
    }
}

fn typed(sql: &mut String, (place, column): (usize, &Column)) {
    match column.sql_type {
        None => push(sql, format_args!("a.c{place}")),
        Some(name) => {
            push(sql, format_args!("CAST(a.c{place} AS "));
            quote_type(sql, name);
            sql.push(')');
        }
    }
}

fn same_key(sql: &mut String, columns: &[Column], table: &str) {
    join(sql, " AND ", placed(columns, true), |sql, (place, column)| {
        push(sql, format_args!("{table}."));
        quote(sql, column.name);
        push(sql, format_args!(" = i.c{place}"));
    });
}

fn differs(
    sql: &mut String,
    columns: &[Column],
    mut other: impl FnMut(&mut String, (usize, &Column)),
) {
    sql.push('(');
    join(sql, " OR ", placed(columns, false), |sql, (place, column)| {
        sql.push_str("t.");
        quote(sql, column.name);
        sql.push_str(" IS DISTINCT FROM ");
        other(sql, (place, column));
    });
    sql.push(')');
}

fn push(sql: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = sql.write_fmt(text);
}
