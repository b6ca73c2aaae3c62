//! SQLite builds an index for one statement and throws it away.

use crate::plan::Operation;
use crate::rule::{Finding, Subject};

/// Fires where SQLite built an automatic index: it reads and sorts the whole table each time the
/// statement runs.
pub fn automatic_index(subject: &Subject<'_>) -> Option<Finding> {
    if subject.node.operation != Operation::AutomaticIndex {
        return None;
    }
    let (table, rows) = (subject.table()?, subject.table()?.rows?);
    if rows < subject.thresholds.table_rows {
        return None;
    }
    let summary =
        format!("an index on {} is built and thrown away each time the statement runs", table.name);
    let finding = Finding::new("automatic-index", subject, summary)
        .evidence("rows in the table, at least", rows)
        .evidence(
            "condition",
            subject.node.conditions.first().map_or("", |each| each.text.as_str()),
        );
    Some(finding.weight(super::size_weight(rows)).indexes(subject.index_asks()))
}
