//! The time of a node without the time of what it waited for.
//!
//! A plan that runs once (`InitPlan`, a common table expression) hangs below one node, but its time
//! passes inside the node that first asks for its result. Taking it from the node above as well
//! would count it twice.

use super::NodeFacts;
use crate::plan::{Node, NodeId, Plan, Role};

/// Own milliseconds of each node; nothing where the node has no time. Never negative.
pub(super) fn own_times(plan: &Plan, facts: &[NodeFacts]) -> Vec<Option<f64>> {
    let mut own: Vec<Option<f64>> = facts.iter().map(|facts| facts.time_ms).collect();
    for (id, node) in plan.nodes() {
        let (Some(parent), Some(time)) = (node.parent, time(facts, id)) else { continue };
        match once(node) {
            None => take(&mut own, parent, time),
            Some(Once::Cte(name)) => take_from_readers(plan, facts, &mut own, name, time),
            Some(Once::Value) => take(&mut own, user(plan, id, parent).unwrap_or(parent), time),
        }
    }
    own.iter_mut().flatten().for_each(|time| *time = time.max(0.0));
    own
}

enum Once<'a> {
    Cte(&'a str),
    Value,
}

fn once(node: &Node) -> Option<Once<'_>> {
    if node.role != Role::InitPlan {
        return None;
    }
    Some(match node.subplan.as_deref().and_then(|name| name.strip_prefix("CTE ")) {
        Some(name) => Once::Cte(name),
        None => Once::Value,
    })
}

fn time(facts: &[NodeFacts], id: NodeId) -> Option<f64> {
    facts.get(id.0)?.time_ms
}

fn take(own: &mut [Option<f64>], id: NodeId, time: f64) {
    if let Some(Some(own)) = own.get_mut(id.0) {
        *own -= time;
    }
}

/// Which reader pulled which row is not recorded, so each is charged by its own time.
fn take_from_readers(
    plan: &Plan,
    facts: &[NodeFacts],
    own: &mut [Option<f64>],
    name: &str,
    spent: f64,
) {
    let readers: Vec<(NodeId, f64)> = plan
        .nodes()
        .filter(|(_, node)| node.cte.as_deref() == Some(name))
        .filter_map(|(id, _)| Some((id, time(facts, id)?)))
        .collect();
    let all: f64 = readers.iter().map(|(_, time)| time).sum();
    if all > 0.0 {
        for (id, time) in readers {
            take(own, id, spent * time / all);
        }
    }
}

/// The first node below `parent`, or `parent` itself, that mentions the result of `init`.
fn user(plan: &Plan, init: NodeId, parent: NodeId) -> Option<NodeId> {
    let name = plan.node(init)?.subplan.as_deref()?;
    let marks = result_names(name);
    let depth = plan.node(parent)?.depth;
    let below = plan.nodes().skip(parent.0 + 1).take_while(|(_, node)| node.depth > depth);
    below
        .filter(|&(id, _)| id != init)
        .find(|(_, node)| {
            node.conditions.iter().any(|each| marks.iter().any(|mark| mentions(&each.text, mark)))
        })
        .map(|(id, _)| id)
}

/// `InitPlan 1 (returns $0)` is referred to as `$0`; later versions write `(InitPlan 1).col1`.
fn result_names(subplan: &str) -> Vec<&str> {
    let name = subplan.split(" (").next().unwrap_or(subplan);
    let returned =
        subplan.split_once("(returns ").map_or("", |(_, rest)| rest.trim_end_matches(')'));
    returned.split(',').filter(|mark| !mark.is_empty()).chain([name]).collect()
}

/// Whether `mark` stands in `text` and is not the beginning of a longer number (`$1` in `$12`).
fn mentions(text: &str, mark: &str) -> bool {
    text.match_indices(mark).any(|(at, _)| {
        let after = text.get(at + mark.len()..).unwrap_or_default();
        !after.starts_with(|c: char| c.is_ascii_digit())
    })
}
