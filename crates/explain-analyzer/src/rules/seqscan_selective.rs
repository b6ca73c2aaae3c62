//! A table is read from end to end to find few of its rows (PostgreSQL).

use crate::index::IndexAsk;
use crate::plan::{Backend, ConditionRole, Operation, Role};
use crate::rule::{Finding, Subject};

/// Fires where a sequential scan of a table that is not small throws most of the rows it reads
/// away.
///
/// A measured plan is judged by what it really read; an estimated one by the size of the table in
/// the catalog. The limit of nine rows in ten is the highest class PEV2 marks, the 500 rows are
/// PgHero's.
pub fn seqscan_selective(subject: &Subject<'_>) -> Option<Finding> {
    let node = subject.node;
    let is_candidate = subject.plan.backend == Backend::Postgres
        && node.operation == Operation::SeqScan
        && node.conditions_of(ConditionRole::Filter).next().is_some();
    // The inner side of a nested loop has a rule of its own, with a different cure for the same
    // scan.
    if !is_candidate
        || node.role == Role::Inner && subject.facts.planned_loops > 1.0
        || !subject.is_heavy()
    {
        return None;
    }
    let (read, kept) = read_and_kept(subject)?;
    let removed = 1.0 - kept / read.max(1.0);
    if read < subject.thresholds.table_rows || removed < subject.thresholds.removed {
        return None;
    }
    let relation = node.relation.as_ref()?;
    let summary = format!("all of {} is read to find few of its rows", relation.name);
    let finding = Finding::new("seqscan-selective", subject, summary)
        .evidence("rows read", read.round())
        .evidence("rows kept", kept.round())
        .evidence("thrown away", format!("{:.1} %", removed * 100.0));
    let mut indexes = subject.index_asks();
    indexes.retain(IndexAsk::narrows);
    Some(finding.indexes(indexes))
}

/// Rows before and after the filter, each time the table is read. Parallel processes share one
/// reading.
fn read_and_kept(subject: &Subject<'_>) -> Option<(f64, f64)> {
    let facts = subject.facts;
    if let (Some(kept), Some(removed), Some(actual)) =
        (facts.rows, facts.removed, subject.node.actual)
    {
        let times = (actual.loops / facts.processes).max(1.0);
        return Some(((kept + removed) / times, kept / times));
    }
    Some((subject.table()?.rows?, subject.node.estimate?.rows))
}
