//! The statements of SQLite: rows as a list of values.
//!
//! What becomes of a row is asked before the write, inside one write transaction: nobody else can
//! come between. So the write touches the rows that change and no others.

use std::fmt::Write as _;

use crate::dialect::{join, quote, quote_table};
use crate::record::{Column, Table};

use super::placed;

/// Starts a write transaction without changing anything: a transaction that began with a read
/// cannot wait for another writer any more once that writer has committed.
pub(crate) fn lock(table: &Table) -> String {
    let mut sql = String::from("DELETE FROM ");
    quote_table(&mut sql, table);
    sql.push_str(" WHERE 0");
    sql
}

/// Inserts rows.
pub(crate) fn insert(table: &Table, columns: &[Column], rows: usize) -> String {
    let mut sql = String::from("INSERT INTO ");
    quote_table(&mut sql, table);
    sql.push_str(" (");
    join(&mut sql, ", ", columns, |sql, column| quote(sql, column.name));
    sql.push_str(") VALUES ");
    join(&mut sql, ", ", 0..rows, |sql, _| tuple(sql, columns.len(), None));
    sql
}

/// Inserts rows and overwrites those whose key exists.
pub(crate) fn upsert(table: &Table, columns: &[Column], rows: usize) -> String {
    let mut sql = insert(table, columns, rows);
    sql.push_str(" ON CONFLICT (");
    join(&mut sql, ", ", placed(columns, true), |sql, (_, column)| quote(sql, column.name));
    if placed(columns, false).next().is_none() {
        sql.push_str(") DO NOTHING");
        return sql;
    }
    sql.push_str(") DO UPDATE SET ");
    join(&mut sql, ", ", placed(columns, false), |sql, (_, column)| {
        quote(sql, column.name);
        sql.push_str(" = excluded.");
        quote(sql, column.name);
    });
    sql
}

/// Selects, for each row whose key exists, its place and whether any other column differs.
pub(crate) fn found(table: &Table, columns: &[Column], rows: usize) -> String {
    let mut sql = String::new();
    input(&mut sql, columns.len(), rows);
    sql.push_str(" SELECT i.n, ");
    differs(&mut sql, columns);
    // CROSS JOIN keeps the input outermost: one search of the key's index for each row.
    sql.push_str(" FROM batch_ops_input AS i CROSS JOIN ");
    quote_table(&mut sql, table);
    sql.push_str(" AS t ON ");
    same_key(&mut sql, columns);
    sql
}

/// Overwrites the columns besides the key of the rows whose key exists.
pub(crate) fn update(table: &Table, columns: &[Column], rows: usize) -> String {
    let mut sql = String::new();
    input(&mut sql, columns.len(), rows);
    sql.push_str(" UPDATE ");
    quote_table(&mut sql, table);
    sql.push_str(" AS t SET ");
    join(&mut sql, ", ", placed(columns, false), |sql, (place, column)| {
        quote(sql, column.name);
        let _ = write!(sql, " = i.c{place}");
    });
    sql.push_str(" FROM batch_ops_input AS i WHERE ");
    same_key(&mut sql, columns);
    sql
}

/// Deletes the rows that have the keys. Keys of several parts go through a select: SQLite uses no
/// index for a row value in a list of values.
pub(crate) fn delete(table: &Table, columns: &[Column], rows: usize) -> String {
    let mut sql = String::new();
    input(&mut sql, columns.len(), rows);
    sql.push_str(" DELETE FROM ");
    quote_table(&mut sql, table);
    sql.push_str(" WHERE (");
    join(&mut sql, ", ", columns, |sql, column| quote(sql, column.name));
    sql.push_str(") IN (SELECT ");
    join(&mut sql, ", ", 0..columns.len(), |sql, place| {
        let _ = write!(sql, "c{place}");
    });
    sql.push_str(" FROM batch_ops_input)");
    sql
}

/// The rows under a name, each with its place `n`.
fn input(sql: &mut String, columns: usize, rows: usize) {
    sql.push_str("WITH batch_ops_input (n");
    for place in 0..columns {
        let _ = write!(sql, ", c{place}");
    }
    sql.push_str(") AS (VALUES ");
    join(sql, ", ", 0..rows, |sql, row| tuple(sql, columns, Some(row)));
    sql.push(')');
}

fn tuple(sql: &mut String, columns: usize, number: Option<usize>) {
    sql.push('(');
    if let Some(number) = number {
        let _ = write!(sql, "{number}, ");
    }
    join(sql, ", ", 0..columns, |sql, _| sql.push('?'));
    sql.push(')');
}

/// The table's column stands on the left: its collation and affinity decide.
fn same_key(sql: &mut String, columns: &[Column]) {
    join(sql, " AND ", placed(columns, true), |sql, (place, column)| {
        sql.push_str("t.");
        quote(sql, column.name);
        let _ = write!(sql, " = i.c{place}");
    });
}

/// Byte by byte, whatever the column's collation: `a` and `A` are different values.
fn differs(sql: &mut String, columns: &[Column]) {
    if placed(columns, false).next().is_none() {
        sql.push('0');
        return;
    }
    join(sql, " OR ", placed(columns, false), |sql, (place, column)| {
        sql.push_str("t.");
        quote(sql, column.name);
        let _ = write!(sql, " COLLATE BINARY IS NOT i.c{place}");
    });
}
