//! SQLite sorts what an index could give in order.

use crate::plan::{Backend, NodeId, Operation, Role};
use crate::rule::{Finding, Subject};

/// Fires where SQLite orders the rows of one table, and the table is not small, through a temporary
/// B-tree.
///
/// Where the sorted rows come from a join, no single index gives them in order and the rule is
/// silent.
pub fn temp_b_tree(subject: &Subject<'_>) -> Option<Finding> {
    let node = subject.node;
    let is_sort = subject.plan.backend == Backend::Sqlite && node.operation == Operation::Sort;
    if !is_sort || !node.label.contains("ORDER BY") {
        return None;
    }
    let scan = only_scan(subject)?;
    let (table, rows) = (scan.table()?, scan.table()?.rows?);
    let indexes: Vec<_> =
        scan.index_asks().into_iter().filter(|ask| !ask.tail.is_empty()).collect();
    if rows < subject.thresholds.table_rows || indexes.is_empty() {
        return None;
    }
    let summary = format!("rows of {} are sorted that an index could give in order", table.name);
    let finding =
        Finding::new("temp-b-tree", subject, summary).evidence("rows in the table, at least", rows);
    Some(finding.weight(super::size_weight(rows) / 2.0).indexes(indexes))
}

/// The one table read under the same parent as the sort.
fn only_scan<'a>(subject: &Subject<'a>) -> Option<Subject<'a>> {
    let beside = subject.plan.nodes().filter(|(_, node)| node.parent == subject.node.parent);
    let tables: Vec<NodeId> =
        beside.filter(|(_, node)| node.operation.reads_table()).map(|(id, _)| id).collect();
    match tables.as_slice() {
        &[scan] => subject.at(scan).filter(|scan| scan.node.role == Role::Outer),
        _ => None,
    }
}
