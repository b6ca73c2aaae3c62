//! The line programme: the best line of one worker under any prices.
//!
//! All automata of a worker's rules run in one layered graph. Those with few, incomparable states
//! are multiplied out once into nodes and edges ([`graph`]); the others, whose states can be
//! compared (minutes used, free days had), ride along as labels ([`labels`]). A backward pass over the
//! graph alone gives the exact cost to go without the labels' rules: it is the bound that the label
//! pass prunes with, and already the answer when the cheapest path breaks none of them.

mod graph;
mod labels;
#[cfg(test)]
mod tests;

pub(crate) use graph::Graph;
pub(crate) use labels::{Arena, Effort};

use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::problem::Problem;
use crate::rule::{Automaton, LineContext};

/// Costs inside the search and the bound are multiples of this part of a cost unit, so that noise
/// and prices can be finer than one unit.
pub(crate) const UNIT: i64 = 64;

/// "No line": above every cost, with room to add to.
pub(crate) const NONE: i64 = i64::MAX / 4;

/// An edge of the backward pass costs about this many times less than a label's step.
const EDGES_PER_UNIT: u64 = 32;

/// Nodes a layer of the graph may have.
const MAX_WIDTH: usize = 400;
/// States an automaton may have in a layer to be multiplied out at all.
const MAX_STATES: usize = 96;
/// States looked at to tell whether an automaton's states can mostly be compared.
const SAMPLE: usize = 48;

/// Everything about one worker that does not depend on prices.
pub(crate) struct LineProgram {
    graph: Graph,
    labelled: Vec<Box<dyn Automaton>>,
    /// Activities of all choices; those of period `p` are `starts[p]..starts[p + 1]`.
    activities: Vec<ActivityId>,
    starts: Vec<usize>,
}

impl LineProgram {
    /// The programme of `worker`, restricted to the choices that `allowed` marks when given.
    pub(crate) fn new(problem: &Problem, worker: WorkerId, allowed: Option<&[bool]>) -> Self {
        Self::within(problem, worker, allowed, MAX_WIDTH)
    }

    /// The same with layers of at most `width` nodes; what does not fit rides along as labels.
    fn within(problem: &Problem, worker: WorkerId, allowed: Option<&[bool]>, width: usize) -> Self {
        let context = LineContext::new(problem, worker);
        let (mut activities, mut starts) = (Vec::new(), vec![0]);
        for period in problem.period_ids() {
            activities.extend(problem.choices(worker, period).iter().map(|c| c.activity));
            starts.push(activities.len());
        }
        let automata =
            problem.rules(worker).iter().flat_map(|rule| rule.automata(&context)).collect();
        let cells = Cells { activities: &activities, starts: &starts };
        let (graph, labelled) = multiply_out(Graph::plain(cells, allowed), cells, automata, width);
        Self { graph, labelled, activities, starts }
    }

    /// Whether some line keeps all rules that are multiplied out.
    pub(crate) fn is_possible(&self) -> bool {
        !self.graph.is_empty()
    }

    /// Number of choices over all periods: the length of a price list.
    pub(crate) fn choices(&self) -> usize {
        self.activities.len()
    }

    pub(crate) fn cells(&self) -> Cells<'_> {
        Cells { activities: &self.activities, starts: &self.starts }
    }

    /// Work of one backward pass, never zero: whatever runs until work is done must do some.
    pub(crate) fn relaxed_work(&self) -> u64 {
        self.graph.layers.iter().map(|layer| layer.edges.len() as u64).sum::<u64>() / EDGES_PER_UNIT
            + 1
    }

    /// For every choice whether some line through the graph uses it.
    pub(crate) fn usable(&self) -> Vec<bool> {
        let mut usable = vec![false; self.choices()];
        self.graph.mark_used(&self.starts, &mut usable);
        usable
    }

    /// The same under one automaton alone; `None` when it has too many states to tell.
    pub(crate) fn usable_under(&self, automaton: &dyn Automaton) -> Option<Vec<bool>> {
        let (graph, _) =
            Graph::plain(self.cells(), None).times(self.cells(), automaton, MAX_WIDTH)?;
        let mut usable = vec![false; self.choices()];
        graph.mark_used(&self.starts, &mut usable);
        Some(usable)
    }
}

/// The choices of a worker by period.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'p> {
    pub(crate) activities: &'p [ActivityId],
    pub(crate) starts: &'p [usize],
}

impl Cells<'_> {
    pub(crate) fn periods(&self) -> usize {
        self.starts.len() - 1
    }

    fn of(&self, period: usize) -> &[ActivityId] {
        &self.activities[self.starts[period]..self.starts[period + 1]]
    }
}

/// Multiplies automata into the graph while it stays narrow, the incomparable ones first: as labels
/// they would never dominate each other.
fn multiply_out(
    plain: Graph,
    cells: Cells<'_>,
    automata: Vec<Box<dyn Automaton>>,
    max_width: usize,
) -> (Graph, Vec<Box<dyn Automaton>>) {
    let mut order: Vec<(bool, usize, Box<dyn Automaton>)> = automata
        .into_iter()
        .map(|automaton| {
            let alone = plain.times(cells, &*automaton, MAX_STATES);
            let comparable =
                alone.as_ref().is_none_or(|(_, states)| comparable(states, &*automaton));
            (comparable, alone.map_or(usize::MAX, |(graph, _)| graph.width()), automaton)
        })
        .collect();
    order.sort_by_key(|(comparable, width, _)| (*comparable, *width));
    let (mut graph, mut labelled) = (plain, Vec::new());
    for (_, width, automaton) in order {
        match if width == usize::MAX { None } else { graph.times(cells, &*automaton, max_width) } {
            Some((product, _)) => graph = product,
            None => labelled.push(automaton),
        }
    }
    (graph, labelled)
}

/// Whether most pairs of the states in the middle of the horizon can be compared.
fn comparable(layers: &[Vec<u64>], automaton: &dyn Automaton) -> bool {
    let middle = layers.len() / 2;
    let Some(states) = layers.get(middle) else { return false };
    let period = PeriodId::new(middle.saturating_sub(1));
    let states = &states[..states.len().min(SAMPLE)];
    let (mut pairs, mut compared) = (0, 0);
    for (at, &a) in states.iter().enumerate() {
        for &b in &states[..at] {
            pairs += 1;
            let ordered = automaton.dominates(period, a, b) || automaton.dominates(period, b, a);
            compared += usize::from(ordered);
        }
    }
    pairs > 1 && compared * 10 >= pairs * 9
}
