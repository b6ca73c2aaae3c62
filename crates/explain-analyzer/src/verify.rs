//! What was done to make sure that an index helps, and how far that goes.

use crate::plan::{Node, Operation, Plan};

/// How sure an advice is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Verification {
    /// Nobody has tried yet.
    NotTried,
    /// The planner was asked again with the index in place. It says which plan would be chosen, not
    /// how long it runs.
    Replanned(Replan),
    /// The planner cannot be asked.
    Unverifiable(Reason),
}

/// What the planner does with the index.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Replan {
    /// Whether the new plan reads the index.
    pub used: bool,
    /// Full scans of tables in the plan before.
    pub scans_before: usize,
    /// Full scans of tables in the plan with the index.
    pub scans_after: usize,
    /// Sorts in the plan before.
    pub sorts_before: usize,
    /// Sorts in the plan with the index.
    pub sorts_after: usize,
}

/// Why the planner cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The server has no way to plan with an index that does not exist.
    NoHypotheticalIndexes,
    /// The statement of the plan is not known.
    NoStatement,
    /// The schema could not be rebuilt beside the database, or the statement does not run on it.
    NotRebuilt,
}

impl Replan {
    /// Compares the plans of one statement without and with the index called `name`.
    #[must_use]
    pub fn compare(before: &Plan, after: &Plan, name: &str) -> Self {
        let uses = |node: &Node| {
            node.index.as_deref().is_some_and(|index| index.eq_ignore_ascii_case(name))
        };
        Self {
            used: after.nodes.iter().any(uses),
            scans_before: count(before, is_full_scan),
            scans_after: count(after, is_full_scan),
            sorts_before: count(before, |node| node.operation == Operation::Sort),
            sorts_after: count(after, |node| node.operation == Operation::Sort),
        }
    }
}

fn count(plan: &Plan, what: impl Fn(&Node) -> bool) -> usize {
    plan.nodes.iter().filter(|node| what(node)).count()
}

/// An automatic index reads the whole table too.
fn is_full_scan(node: &Node) -> bool {
    use Operation::{AutomaticIndex, IndexOnlyScan, IndexScan, SeqScan};
    match node.operation {
        SeqScan | AutomaticIndex => true,
        IndexScan | IndexOnlyScan => node.conditions.is_empty(),
        _ => false,
    }
}

impl std::fmt::Display for Verification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotTried => f.write_str("not tried"),
            Self::Replanned(plan) if !plan.used => {
                f.write_str("replanned: the planner does not use it")
            }
            Self::Replanned(plan) => write!(
                f,
                "replanned: used; full scans {} -> {}, sorts {} -> {}",
                plan.scans_before, plan.scans_after, plan.sorts_before, plan.sorts_after
            ),
            Self::Unverifiable(reason) => write!(f, "unverifiable: {reason}"),
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoHypotheticalIndexes => {
                "the server cannot plan with an index that does not exist"
            }
            Self::NoStatement => "the statement of the plan is not known",
            Self::NotRebuilt => "the schema could not be rebuilt to plan on",
        })
    }
}
