//! A table is scanned although its rows are asked for by value (SQLite).

use crate::index::IndexAsk;
use crate::plan::{Backend, Operation, Role};
use crate::rule::{Finding, Subject};

/// Fires where SQLite scans a table that is not small and the statement has a condition an index
/// could serve.
///
/// SQLite reports neither rows nor time, so the catalog has to know the size of the table. A scan
/// without a usable condition is what the statement asked for.
pub fn table_scan(subject: &Subject<'_>) -> Option<Finding> {
    let node = subject.node;
    let is_scan = match node.operation {
        Operation::SeqScan => true,
        Operation::IndexScan | Operation::IndexOnlyScan => node.conditions.is_empty(),
        _ => false,
    };
    if subject.plan.backend != Backend::Sqlite || !is_scan {
        return None;
    }
    let (table, rows) = (subject.table()?, subject.table()?.rows?);
    let indexes: Vec<_> = subject.index_asks().into_iter().filter(IndexAsk::narrows).collect();
    if rows < subject.thresholds.table_rows || indexes.is_empty() {
        return None;
    }
    let repeated =
        if node.role == Role::Inner { ", once for each row it is joined to" } else { "" };
    let summary = format!("all of {} is read to find some of its rows{repeated}", table.name);
    let finding =
        Finding::new("table-scan", subject, summary).evidence("rows in the table, at least", rows);
    Some(finding.weight(super::size_weight(rows)).indexes(indexes))
}
