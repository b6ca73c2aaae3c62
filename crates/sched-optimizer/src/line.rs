//! The line programme: the best line of one worker under any prices.
//!
//! All automata of a worker's rules run in one layered graph. Those with few, incomparable states
//! are multiplied out once into nodes and edges ([`graph`]), with one edge for all choices that no rule
//! tells apart ([`alike`]). Tallies lie on planes over the nodes
//! ([`planes`], [`pass`]), and those that would make the planes large get a price on their amounts
//! instead. What is left, and whatever has to be exact against the prices, rides along as labels
//! ([`labels`]). A backward pass over the graph alone gives the exact cost to go without sums and labels: the
//! potential of the planes, the bound that labels are pruned with, and already the answer when the
//! cheapest path breaks nothing.

mod alike;
mod axis;
mod digest;
mod explore;
mod fill;
mod graph;
mod guess;
mod labels;
mod multiply;
mod pass;
mod planes;
mod product;
mod solve;
mod sums;
#[cfg(test)]
mod tests;

pub(crate) use graph::Graph;
pub(crate) use guess::{GRAIN, Guess};
pub(crate) use labels::{Arena, Effort};

use std::cmp::Reverse;

use alike::Alike;
use explore::Offer;
use multiply::Multiplied;
use planes::{LANES, Planes};
use sums::{Sum, Survey};

use crate::ids::{ActivityId, WorkerId};
use crate::parameters::MOST_FOR_ALL;
use crate::problem::Problem;
use crate::rule::{Automaton, LineContext};
use crate::tally::Tally;

/// Costs inside the search and the bound are multiples of this part of a cost unit, so that noise
/// and prices can be finer than one unit.
pub(crate) const UNIT: i64 = 256;

/// "No line": above every cost, with room to add to.
pub(crate) const NONE: i64 = i64::MAX / 4;

/// The most that rules may ask for, in parts of [`UNIT`]. A problem is refused when its costs could come to
/// more, so only a rule that did not say how much it charges gets here; what it does then counts as broken,
/// since sums that wrapped around would count as cheap.
const DEAREST: i64 = MOST_FOR_ALL * UNIT;

/// `total`, in parts of [`UNIT`], and what a rule asks for next, in cost units; `None` where the line is
/// refused.
fn charge(total: i64, cost: i64) -> Option<i64> {
    let asked = Some(cost).filter(|cost| (0..=MOST_FOR_ALL).contains(cost))?;
    together(total, asked * UNIT)
}

/// The sum of two costs of rules; `None` where it is more than [`DEAREST`].
fn together(a: i64, b: i64) -> Option<i64> {
    Some(a + b).filter(|&both| both <= DEAREST)
}

/// How large a line programme may become.
#[derive(Clone, Copy)]
struct Room {
    /// Nodes in a layer of the graph.
    nodes: usize,
    /// Positions in a plane.
    cells: usize,
    /// Blocks of a plane that the edges of the graph move, for sums that a price replaces poorly.
    blocks: usize,
    /// The same where a price can stand in.
    few_blocks: usize,
}

impl Room {
    const USUAL: Self = Self { nodes: 400, cells: 4096, blocks: 100_000, few_blocks: 24_000 };
}

/// A tally that has a price in place of a dimension of the planes.
struct Priced {
    sum: Sum,
    /// Position among the labelled automata.
    at: usize,
    /// What each choice adds, in units, where that does not depend on the edge.
    amounts: Option<Vec<i64>>,
}

/// Everything about one worker that does not depend on prices.
pub(crate) struct LineProgram {
    graph: Graph,
    planes: Planes,
    /// Automata that are not multiplied out; the tallies last.
    labelled: Vec<Box<dyn Automaton>>,
    /// Positions in `labelled` of those that a line from the planes may still break.
    unchecked: Vec<usize>,
    /// Tallies that are told apart on the planes, and their positions in `labelled`.
    exact: Vec<(Sum, usize)>,
    priced: Vec<Priced>,
    /// No line keeps some sum within its limits.
    hopeless: bool,
    /// Activities of all choices; those of period `p` are `starts[p]..starts[p + 1]`.
    activities: Vec<ActivityId>,
    starts: Vec<usize>,
}

impl LineProgram {
    /// The programme of `worker`, restricted to the choices that `allowed` marks when given.
    pub(crate) fn new(problem: &Problem, worker: WorkerId, allowed: Option<&[bool]>) -> Self {
        Self::within(problem, worker, allowed, Room::USUAL)
    }

    /// The same within `room`; what does not fit has a price or rides along as labels.
    fn within(problem: &Problem, worker: WorkerId, allowed: Option<&[bool]>, room: Room) -> Self {
        let context = LineContext::new(problem, worker);
        let (mut activities, mut starts) = (Vec::new(), vec![0]);
        for period in problem.period_ids() {
            activities.extend(problem.choices(worker, period).iter().map(|c| c.activity));
            starts.push(activities.len());
        }
        let automata =
            problem.rules(worker).iter().flat_map(|rule| rule.automata(&context)).collect();
        let cells = Cells { activities: &activities, starts: &starts };
        let Multiplied { mut graph, alike, mut labelled, tallies } =
            multiply::all(Offer { cells, allowed }, automata, room.nodes);
        let parts = tallies.len();
        let Sorted { exact, priced, unchecked, hopeless } =
            sort_sums(&graph, &alike, cells, &mut labelled, tallies, room);
        let on_edges = priced.iter().filter(|priced| priced.amounts.is_none());
        let kept = exact.iter().map(|(sum, _)| sum.part);
        let kept: Vec<usize> = kept.chain(on_edges.map(|priced| priced.sum.part)).collect();
        if kept.len() < parts {
            graph.keep_amounts(&kept);
            graph.reduce();
        }
        let on_planes: Vec<(&Sum, &dyn Tally)> = exact
            .iter()
            .filter_map(|(sum, at)| labelled[*at].as_tally().map(|tally| (sum, tally)))
            .collect();
        let planes = Planes::new(&graph, &alike, cells, &on_planes);
        alike.unfold(&mut graph);
        Self { graph, planes, labelled, unchecked, exact, priced, hopeless, activities, starts }
    }

    /// Whether some line keeps all rules that are multiplied out, and some line each of the sums.
    pub(crate) fn is_possible(&self) -> bool {
        !self.graph.is_empty() && !self.hopeless
    }

    /// Number of choices over all periods: the length of a price list.
    pub(crate) fn choices(&self) -> usize {
        self.activities.len()
    }

    pub(crate) fn cells(&self) -> Cells<'_> {
        Cells { activities: &self.activities, starts: &self.starts }
    }

    /// Number of prices that stand for limits of sums.
    pub(crate) const fn priced(&self) -> usize {
        self.priced.len()
    }

    /// Whether the sum with price number `at` may be too small.
    pub(crate) fn has_least(&self, at: usize) -> bool {
        self.priced[at].sum.needs_cells()
    }

    /// The least and the most that a line may add to the sum with price number `at`, in its units.
    pub(crate) fn limits(&self, at: usize) -> (i64, i64) {
        self.priced[at].sum.room
    }

    /// The most that one choice adds to the sum with price number `at`, in its units.
    pub(crate) fn scale(&self, at: usize) -> i64 {
        self.priced[at].sum.scale
    }

    /// For every choice whether some line through the graph uses it.
    pub(crate) fn usable(&self) -> Vec<bool> {
        let mut usable = vec![false; self.choices()];
        self.graph.mark_used(self.cells(), &mut usable);
        usable
    }

    /// The same under one automaton alone; `None` when it has too many states to tell.
    pub(crate) fn usable_under(&self, automaton: &dyn Automaton) -> Option<Vec<bool>> {
        let offer = Offer { cells: self.cells(), allowed: None };
        let (graph, _) = offer.automaton(automaton, Room::USUAL.nodes)?;
        let mut usable = vec![false; self.choices()];
        graph.mark_used(self.cells(), &mut usable);
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

/// Sums with their positions among the labelled automata.
struct Sorted {
    exact: Vec<(Sum, usize)>,
    priced: Vec<Priced>,
    unchecked: Vec<usize>,
    hopeless: bool,
}

/// Decides which sums are told apart on the planes and which get a price. Sums that no line of the
/// graph can break are dropped.
fn sort_sums(
    graph: &Graph,
    alike: &Alike,
    cells: Cells<'_>,
    labelled: &mut Vec<Box<dyn Automaton>>,
    tallies: Vec<usize>,
    room: Room,
) -> Sorted {
    let mut survey = Survey::new(graph, alike);
    let mut sums = Vec::new();
    let mut idle = Vec::new();
    let mut hopeless = false;
    for (part, at) in tallies.into_iter().enumerate() {
        let sum = labelled[at].as_tally().and_then(|tally| survey.sum(part, tally));
        match sum {
            Some(sum) if sum.binds || sum.has_cost => sums.push((sum, at)),
            None => hopeless = true,
            Some(_) => idle.push(at),
        }
    }
    for &at in idle.iter().rev() {
        labelled.remove(at);
    }
    for (_, at) in &mut sums {
        *at -= idle.iter().filter(|gone| **gone < *at).count();
    }
    // A price cannot stand in for a cost at all. Narrow sums come first, so that more of them have room;
    // of these, what many choices add to is hardest to steer by a price.
    let order = |sum: &Sum| (!sum.has_cost, !sum.needs_cells(), sum.width(), Reverse(sum.choices));
    sums.sort_by_key(|(sum, _)| order(sum));
    let mut sorted =
        Sorted { exact: Vec::new(), priced: Vec::new(), unchecked: Vec::new(), hopeless };
    let mut positions = 1usize;
    let edges: usize = graph.layers.iter().map(|layer| layer.edges.len()).sum();
    for (sum, at) in sums {
        let grown = positions.saturating_mul(sum.width());
        let most = if sum.needs_cells() { room.blocks } else { room.few_blocks };
        let blocks = edges.saturating_mul(grown.div_ceil(LANES));
        if grown <= room.cells && (sum.has_cost || blocks <= most) {
            positions = grown;
            sorted.exact.push((sum, at));
        } else if !sum.has_cost {
            let amounts = survey.amounts_by_choice(sum.part, cells);
            let units = |amounts: Vec<u32>| amounts.into_iter().map(|a| sum.units(a)).collect();
            let amounts = amounts.map(units);
            sorted.priced.push(Priced { sum, at, amounts });
        }
    }
    let known = sorted.exact.iter().map(|(_, at)| *at);
    let known: Vec<usize> = known.chain(sorted.priced.iter().map(|priced| priced.at)).collect();
    sorted.unchecked = (0..labelled.len()).filter(|at| !known.contains(at)).collect();
    sorted
}
