//! A nested loop reads a whole table again for each row of its other side (PostgreSQL).

use crate::plan::{Backend, Operation, Role};
use crate::rule::{Finding, Subject};

/// Fires where a sequential scan is the inner side of a nested loop and is run, or planned to run,
/// more than once.
///
/// The outer side of a nested loop is read once, where a sequential scan is normal.
pub fn inner_seqscan(subject: &Subject<'_>) -> Option<Finding> {
    let node = subject.node;
    let parent = subject.plan.node(node.parent?)?;
    let is_candidate = subject.plan.backend == Backend::Postgres
        && node.operation == Operation::SeqScan
        && node.role == Role::Inner
        && parent.operation == Operation::NestedLoop;
    if !is_candidate || !subject.is_heavy() {
        return None;
    }
    let loops = node.actual.map_or(subject.facts.planned_loops, |actual| actual.loops);
    let each = rows_each(subject)?;
    // Many loops over a handful of rows cost what one loop over a table does.
    if loops <= 1.0 || loops * each < subject.thresholds.table_rows {
        return None;
    }
    let relation = node.relation.as_ref()?;
    let summary = format!("{} is read from end to end for each row it is joined to", relation.name);
    let finding = Finding::new("inner-seqscan", subject, summary)
        .evidence("times read", loops.round())
        .evidence("rows read each time", each.round());
    let mut indexes = subject.index_asks();
    indexes.retain(|ask| ask.narrows() && each >= subject.thresholds.table_rows);
    Some(finding.indexes(indexes))
}

/// Rows that one loop reads, whether it keeps them or not.
fn rows_each(subject: &Subject<'_>) -> Option<f64> {
    if let Some(actual) = subject.node.actual {
        return Some(actual.rows + subject.node.removed.filter);
    }
    let rows = subject.table().and_then(|table| table.rows);
    rows.or(subject.node.estimate.map(|estimate| estimate.rows))
}
