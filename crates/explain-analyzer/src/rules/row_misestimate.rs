//! The planner expected far more or far fewer rows (PostgreSQL, measured).

use crate::plan::{NodeId, Operation, Plan, Role};
use crate::rule::{Finding, Subject};

/// Fires at the deepest node whose rows are far from the estimate: the error of those above follows
/// from it.
///
/// Silent where the rows were cut short on purpose, below a LIMIT or on the inner side of a join,
/// because there the estimate is of what the node would give if it were read to its end. The factor
/// of 10 is the first class PEV2 marks.
pub fn row_misestimate(subject: &Subject<'_>) -> Option<Finding> {
    let limits = subject.thresholds;
    let (estimate, actual) = (subject.node.estimate?, subject.node.actual?);
    let error = subject.facts.row_error?;
    if error < limits.row_error
        || estimate.rows.max(actual.rows) * actual.loops < limits.row_error_rows
    {
        return None;
    }
    if !subject.is_heavy() || is_cut_short(subject.plan, subject.id) || is_inherited(subject) {
        return None;
    }
    let what =
        subject.node.relation.as_ref().map_or(subject.node.label.as_str(), |table| &table.name);
    let direction = if actual.rows > estimate.rows { "more" } else { "fewer" };
    let summary =
        format!("{what} gives far {direction} rows than planned for; run ANALYZE on its tables");
    let finding = Finding::new("row-misestimate", subject, summary)
        .evidence("rows expected", estimate.rows.round())
        .evidence("rows seen", actual.rows.round())
        .evidence("factor", format!("{error:.0}"));
    Some(finding)
}

fn is_cut_short(plan: &Plan, id: NodeId) -> bool {
    let chain = std::iter::once(id).chain(plan.ancestors(id).map(|(id, _)| id));
    chain.filter_map(|id| plan.node(id)).any(|node| {
        let above = node.parent.and_then(|parent| plan.node(parent));
        above.is_some_and(|above| above.operation == Operation::Limit)
            || node.role == Role::Inner && is_probed(above)
    })
}

/// A hash table is built from the whole of its side; other joins may stop at the first match.
fn is_probed(join: Option<&crate::plan::Node>) -> bool {
    join.is_some_and(|join| matches!(join.operation, Operation::NestedLoop | Operation::MergeJoin))
}

/// Whether a node below is as wrong.
fn is_inherited(subject: &Subject<'_>) -> bool {
    let plan = subject.plan;
    plan.children(subject.id).any(|child| {
        let error = subject.all_facts.get(child).and_then(|facts| facts.row_error);
        error.is_some_and(|error| error >= subject.thresholds.row_error)
    })
}
