//! What follows from a plan by arithmetic alone: totals over loops, own times, estimate errors.

mod own_time;

use crate::plan::{Actual, Node, NodeId, Operation, Plan, Role};

/// Derived numbers for every node of one plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    nodes: Vec<NodeFacts>,
}

/// Derived numbers of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct NodeFacts {
    /// The plan was run and this node was not.
    pub never_executed: bool,
    /// Processes that ran the node at the same time, the leader among them. 1 outside of parallel
    /// parts.
    pub processes: f64,
    /// Rows produced, all loops together.
    pub rows: Option<f64>,
    /// Rows read and thrown away by the filter, all loops together.
    pub removed: Option<f64>,
    /// Milliseconds of this node and all below it, as a clock on the wall would show them.
    pub time_ms: Option<f64>,
    /// Milliseconds of this node without those below it, and without plans that run once on its
    /// behalf.
    pub own_ms: Option<f64>,
    /// Part of the whole, 0 to 1, of this node and all below it: of the time if measured, of the
    /// planner's cost otherwise. Absent where the plan has neither.
    pub share: Option<f64>,
    /// How many times the planner expected the node to be run.
    pub planned_loops: f64,
    /// How far the rows of one loop are from the estimate, as a factor of at least 1.
    pub row_error: Option<f64>,
}

impl Facts {
    /// Derives the facts of `plan`. Linear in its nodes, except that a plan that is run once
    /// (`InitPlan`) is looked for in the part of the plan that may use it.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut nodes: Vec<NodeFacts> = Vec::with_capacity(plan.nodes.len());
        for (_, node) in plan.nodes() {
            let facts = local(node, node.parent.and_then(|parent| nodes.get(parent.0)));
            nodes.push(facts);
        }
        planned_loops(plan, &mut nodes);
        let own = own_time::own_times(plan, &nodes);
        let total = Total::of(plan, &nodes);
        for ((facts, node), own_ms) in nodes.iter_mut().zip(&plan.nodes).zip(own) {
            facts.own_ms = own_ms;
            facts.share = total.share(node, facts);
        }
        Self { nodes }
    }

    /// The facts of one node, or nothing when `id` comes from a larger plan.
    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<&NodeFacts> {
        self.nodes.get(id.0)
    }
}

/// What a node's own numbers say, given its parent's facts.
fn local(node: &Node, parent: Option<&NodeFacts>) -> NodeFacts {
    let inherited = parent.map_or(1.0, |facts| facts.processes);
    // Workers run what is below the gathering step; that step itself runs once.
    let processes = if node.operation == Operation::Gather {
        (node.workers.launched + 1.0).max(1.0)
    } else {
        inherited
    };
    NodeFacts {
        never_executed: node.never_executed(),
        processes,
        rows: node.actual.map(|actual| actual.rows * actual.loops),
        removed: node.actual.map(|actual| node.removed.filter * actual.loops),
        time_ms: node.actual.and_then(|actual| wall_time(actual, inherited)),
        row_error: row_error(node),
        planned_loops: 1.0,
        ..NodeFacts::default()
    }
}

/// Times are averages over loops, and the loops of parallel processes overlap.
fn wall_time(actual: Actual, processes: f64) -> Option<f64> {
    let at_once = processes.min(actual.loops).max(1.0);
    actual.total_ms.map(|average| average * actual.loops / at_once)
}

fn row_error(node: &Node) -> Option<f64> {
    let (estimate, actual) = (node.estimate?, node.actual?);
    if actual.loops == 0.0 {
        return None;
    }
    // The planner never expects less than one row, so neither side counts for less.
    let (expected, seen) = (estimate.rows.max(1.0), actual.rows.max(1.0));
    Some((expected / seen).max(seen / expected))
}

/// The inner side of a nested loop is planned to run once for each row of the outer side.
fn planned_loops(plan: &Plan, facts: &mut [NodeFacts]) {
    let mut outer_rows = vec![1.0; plan.nodes.len()];
    for (_, node) in plan.nodes() {
        if let (Some(parent), Some(estimate), Role::Outer) = (node.parent, node.estimate, node.role)
            && let Some(rows) = outer_rows.get_mut(parent.0)
        {
            *rows = estimate.rows.max(1.0);
        }
    }
    for (id, node) in plan.nodes() {
        let Some(parent) = node.parent else { continue };
        let repeated = node.role == Role::Inner
            && plan.node(parent).is_some_and(|parent| parent.operation == Operation::NestedLoop);
        let times = if repeated { outer_rows.get(parent.0).copied().unwrap_or(1.0) } else { 1.0 };
        let above = facts.get(parent.0).map_or(1.0, |facts| facts.planned_loops);
        if let Some(facts) = facts.get_mut(id.0) {
            facts.planned_loops = above * times;
        }
    }
}

/// The whole that shares are taken of.
struct Total {
    time_ms: Option<f64>,
    cost: f64,
}

impl Total {
    fn of(plan: &Plan, facts: &[NodeFacts]) -> Self {
        let roots: f64 = plan.roots().filter_map(|id| facts.get(id.0)?.time_ms).sum();
        let time = plan.execution_ms.unwrap_or(0.0).max(roots);
        let cost = plan.roots().filter_map(|id| Some(plan.node(id)?.estimate?.total_cost)).sum();
        Self { time_ms: (time > 0.0).then_some(time), cost }
    }

    fn share(&self, node: &Node, facts: &NodeFacts) -> Option<f64> {
        if let (Some(total), Some(time)) = (self.time_ms, facts.time_ms) {
            return Some((time / total).clamp(0.0, 1.0));
        }
        let cost = node.estimate?.total_cost * facts.planned_loops;
        (self.cost > 0.0).then(|| (cost / self.cost).clamp(0.0, 1.0))
    }
}
