//! A sort did not fit in memory (PostgreSQL, measured).

use crate::plan::Operation;
use crate::rule::{Finding, Subject};

/// Fires where a sort, or one of its workers, went to disk.
///
/// More `work_mem` is not promised to be faster: only an index in the right order saves the sort
/// itself, so one is asked for where the sorted rows come straight from a table.
pub fn sort_spill(subject: &Subject<'_>) -> Option<Finding> {
    let sort = subject.node.sort.as_ref()?;
    if subject.node.operation != Operation::Sort || !sort.on_disk || !subject.is_heavy() {
        return None;
    }
    let summary =
        "the sort does not fit in work_mem and goes to disk; try more work_mem and measure again";
    let finding = Finding::new("sort-spill", subject, summary)
        .evidence("on disk, kB", sort.space_kb.round())
        .evidence("method", &sort.method)
        .evidence("rows", subject.facts.rows.unwrap_or_default().round());
    Some(finding.indexes(subject.below().map(|scan| scan.index_asks()).unwrap_or_default()))
}
