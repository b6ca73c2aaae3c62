//! The graph made ready for the plane pass: every node gets a plane of numbers, one for each sum of
//! the tallies that are told apart, so that an edge is one shifted minimum over a whole plane.
//!
//! A plane spans only the band of sums from which a good end can still be reached. Along its inner
//! dimensions it has guard cells, which catch what an edge pushes over the rim and are wiped in every
//! layer; along the outermost one the margin around the planes does the same.

use std::collections::HashMap;

use super::alike::{Alike, Columns};
use super::digest::Mixed;
use super::graph::{Edge, Graph};
use super::sums::Sum;
use super::{Cells, charge};
use crate::tally::Tally;

/// Numbers are handled in blocks of this many.
pub(crate) const LANES: usize = 32;
/// "No line": the largest number, where additions saturate.
pub(crate) const FULL: i16 = i16::MAX;

/// What an edge costs: the price of a group and of a tag, and something of its own. Many edges have the
/// same toll.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Toll {
    pub(crate) group: u32,
    pub(crate) tag: u32,
    pub(crate) cost: i64,
}

/// An edge as seen from where it leads to.
#[derive(Clone, Copy)]
pub(crate) struct InEdge {
    pub(crate) from: u32,
    pub(crate) toll: u32,
    /// From the start of the layer before to where the first number of the plane comes from.
    pub(crate) offset: u32,
}

/// An edge as seen from where it leaves.
#[derive(Clone, Copy)]
pub(crate) struct OutEdge {
    pub(crate) to: u32,
    pub(crate) toll: u32,
}

/// The edges of a period, by the node they lead to and by the one they leave; those of node `n` are
/// `first[n]..first[n + 1]`.
pub(crate) struct PlaneLayer {
    first_in: Vec<u32>,
    in_edges: Vec<InEdge>,
    first_out: Vec<u32>,
    out_edges: Vec<OutEdge>,
}

impl PlaneLayer {
    /// For every node after the period the edges that lead to it.
    pub(crate) fn edges_to_nodes(&self) -> impl Iterator<Item = &[InEdge]> {
        by_node(&self.first_in, &self.in_edges)
    }

    pub(crate) fn edges_to(&self, node: usize) -> &[InEdge] {
        &self.in_edges[self.first_in[node] as usize..self.first_in[node + 1] as usize]
    }

    /// For every node before the period the edges that leave it.
    pub(crate) fn edges_of_nodes(&self) -> impl Iterator<Item = &[OutEdge]> {
        by_node(&self.first_out, &self.out_edges)
    }

    pub(crate) fn edges_of(&self, node: usize) -> &[OutEdge] {
        &self.out_edges[self.first_out[node] as usize..self.first_out[node + 1] as usize]
    }
}

fn by_node<'e, E>(first: &'e [u32], edges: &'e [E]) -> impl Iterator<Item = &'e [E]> {
    first.windows(2).map(|bounds| &edges[bounds[0] as usize..bounds[1] as usize])
}

pub(crate) struct Planes {
    pub(crate) layers: Vec<PlaneLayer>,
    pub(crate) tolls: Vec<Toll>,
    /// Numbers of choices by group: any path may swap the choices of a group for each other.
    members: Vec<u32>,
    bounds: Vec<u32>,
    /// Number of the first choice of each period.
    pub(crate) first_choices: Vec<u32>,
    /// Groups before each period.
    pub(crate) starts: Vec<u32>,
    /// Numbers in a plane, a multiple of [`LANES`]; zero when no sums are told apart.
    pub(crate) size: usize,
    /// Numbers before and after a plane that are always [`FULL`].
    pub(crate) margin: usize,
    /// [`FULL`] at guard cells and [`i16::MIN`] elsewhere; empty when there are no guards.
    pub(crate) mask: Vec<i16>,
    /// Positions whose sums are within their limits after the last period, and what they cost.
    pub(crate) ends: Vec<(u32, i64)>,
    /// What the edges on the way to each of them add to the sums that are told apart, in units, end by
    /// end.
    pub(crate) end_amounts: Vec<i64>,
    /// Nodes before each layer.
    pub(crate) node_starts: Vec<usize>,
    /// Work of a pass over the graph, never zero: whatever runs until work is done must do some.
    pub(crate) graph_work: u64,
}

/// This many edges of the graph, or blocks of a plane, are one unit of work.
pub(crate) const EDGES_PER_UNIT: u64 = 32;

impl Planes {
    /// Planes over `graph`, whose edges are for classes of choices, that tell the sums in `exact` apart.
    pub(crate) fn new(
        graph: &Graph,
        alike: &Alike,
        cells: Cells<'_>,
        exact: &[(&Sum, &dyn Tally)],
    ) -> Self {
        let axes = arrange(graph, exact);
        let mut planes = Self {
            layers: Vec::new(),
            tolls: Vec::new(),
            members: Vec::new(),
            bounds: vec![0],
            first_choices: cells.starts.iter().copied().map(small).collect(),
            starts: vec![0],
            size: size(&axes),
            margin: 0,
            mask: Vec::new(),
            ends: Vec::new(),
            end_amounts: Vec::new(),
            node_starts: vec![0],
            graph_work: 0,
        };
        let mut shifts = Vec::new();
        let mut columns = Columns::default();
        for (period, layer) in graph.layers.iter().enumerate() {
            columns.fill([layer].into_iter(), alike.classes(period));
            let groups = planes.add_groups(&columns, alike, period);
            shifts.push(planes.add_layer(graph, &axes, period, &groups));
            planes.node_starts.push(planes.node_starts[period] + layer.nodes());
        }
        let edges = planes.layers.iter().map(|layer| layer.in_edges.len() as u64).sum::<u64>();
        planes.graph_work = edges / EDGES_PER_UNIT + 1;
        planes.set_offsets(&shifts);
        planes.add_mask(&axes);
        planes.add_ends(graph.layers.len(), &axes, exact);
        planes
    }

    /// The choices of a group.
    pub(crate) fn members(&self, group: usize) -> &[u32] {
        &self.members[self.bounds[group] as usize..self.bounds[group + 1] as usize]
    }

    pub(crate) fn groups(&self) -> usize {
        self.bounds.len() - 1
    }

    /// From the first plane of a layer to the next.
    pub(crate) const fn pitch(&self) -> usize {
        self.size + self.margin
    }

    /// Adds the groups of a period, of classes that have the same edges; returns the group of the
    /// first class of each.
    fn add_groups(&mut self, columns: &Columns, alike: &Alike, period: usize) -> Vec<Option<u32>> {
        let start = self.first_choices[period];
        let classes = 0..small(alike.classes(period));
        let mut groups = vec![None; classes.len()];
        let used = classes.filter(|&class| !columns.column(class).is_empty());
        columns.classes(used.collect(), |classes| {
            groups[classes[0] as usize] = Some(small(self.bounds.len() - 1));
            let before = self.members.len();
            for &class in classes {
                let members = alike.members(period, class).iter();
                self.members.extend(members.map(|choice| start + choice));
            }
            self.members[before..].sort_unstable();
            self.bounds.push(small(self.members.len()));
        });
        self.starts.push(small(self.bounds.len() - 1));
        groups
    }

    /// Adds the edges of a period; returns how far those to the nodes after it move along the bands.
    fn add_layer(
        &mut self,
        graph: &Graph,
        axes: &[Axis<'_>],
        period: usize,
        groups: &[Option<u32>],
    ) -> Vec<i64> {
        let layer = &graph.layers[period];
        let mut into = vec![0; graph.nodes(period + 1) + 1];
        let (mut first_out, mut out_edges) = (vec![0], Vec::with_capacity(layer.edges.len()));
        let (first_toll, mut shifts) = (self.tolls.len(), Vec::new());
        let mut known: HashMap<Toll, u32, Mixed> = HashMap::default();
        for from in 0..small(layer.nodes()) {
            for &Edge { to, choice, tag, cost } in layer.edges_of(from) {
                let Some(group) = groups[choice as usize] else { continue };
                let toll = Toll { group, tag, cost };
                let toll = *known.entry(toll).or_insert_with(|| {
                    self.tolls.push(toll);
                    let amounts = &graph.amounts[tag as usize];
                    let steps = axes
                        .iter()
                        .map(|axis| axis.step(period, amounts[axis.sum.part]) * axis.stride);
                    shifts.push(steps.sum::<i64>());
                    small(self.tolls.len() - 1)
                });
                into[to as usize + 1] += 1;
                out_edges.push(OutEdge { to, toll });
            }
            first_out.push(small(out_edges.len()));
        }
        for node in 1..into.len() {
            into[node] += into[node - 1];
        }
        let first_in = into.clone();
        let mut in_edges = vec![InEdge { from: 0, toll: 0, offset: 0 }; out_edges.len()];
        for (from, edges) in (0..).zip(by_node(&first_out, &out_edges)) {
            for &OutEdge { to, toll } in edges {
                let at = &mut into[to as usize];
                in_edges[*at as usize] = InEdge { from, toll, offset: 0 };
                *at += 1;
            }
        }
        let shifts = in_edges.iter().map(|edge| shifts[edge.toll as usize - first_toll]).collect();
        self.layers.push(PlaneLayer { first_in, in_edges, first_out, out_edges });
        shifts
    }

    /// Makes the margins as wide as the widest of `shifts`: what the edges of each layer add to the
    /// position of a sum.
    fn set_offsets(&mut self, shifts: &[Vec<i64>]) {
        let widest = shifts.iter().flatten().map(|shift| shift.unsigned_abs()).max().unwrap_or(0);
        let widest = usize::try_from(widest).unwrap_or(usize::MAX);
        self.margin = widest.next_multiple_of(LANES);
        let (margin, pitch) = (as_i64(self.margin), as_i64(self.pitch()));
        for (layer, shifts) in self.layers.iter_mut().zip(shifts) {
            for (edge, shift) in layer.in_edges.iter_mut().zip(shifts) {
                let offset = margin + i64::from(edge.from) * pitch - shift;
                edge.offset = u32::try_from(offset).unwrap_or(u32::MAX);
            }
        }
    }

    fn add_mask(&mut self, axes: &[Axis<'_>]) {
        let guarded = axes.iter().any(|axis| axis.guard > 0);
        if guarded {
            let cell = |at| axes.iter().all(|axis| axis.units(at).is_some());
            let mask = (0..as_i64(self.size)).map(|at| if cell(at) { i16::MIN } else { FULL });
            self.mask = mask.collect();
        }
    }

    fn add_ends(&mut self, last: usize, axes: &[Axis<'_>], exact: &[(&Sum, &dyn Tally)]) {
        let units = |axis: &Axis<'_>, at: u32| {
            Some(axis.units(i64::from(at))? + axis.sum.bands[last].start())
        };
        let cost = |at: u32| {
            axes.iter().try_fold(0, |total, axis| {
                let sum = axis.sum.start + units(axis, at)? * axis.sum.unit;
                let within = axis.sum.limits.0 <= sum && sum <= axis.sum.limits.1;
                let sum = u32::try_from(sum).ok().filter(|_| within)?;
                charge(total, axis.tally.cost(sum))
            })
        };
        let ends = (0..small(self.size)).filter_map(|at| cost(at).map(|cost| (at, cost)));
        self.ends = ends.collect();
        for &(at, _) in &self.ends {
            let amounts = exact.iter().filter_map(|(sum, _)| {
                let axis = axes.iter().find(|axis| axis.sum.part == sum.part)?;
                units(axis, at)
            });
            self.end_amounts.extend(amounts);
        }
    }
}

/// How one sum lies in a plane.
struct Axis<'s> {
    sum: &'s Sum,
    tally: &'s dyn Tally,
    stride: i64,
    /// Cells without guards.
    width: i64,
    guard: i64,
    /// Nothing lies beyond it that its cells could be taken for.
    outermost: bool,
}

impl Axis<'_> {
    /// How far the sum moves along the band when an edge of `period` adds `amount`.
    fn step(&self, period: usize, amount: u32) -> i64 {
        let bands = &self.sum.bands;
        let drift = bands[period + 1].start() - bands[period].start();
        i64::from(amount) / self.sum.unit - drift
    }

    /// Distance from the start of the band at a position; `None` at a guard.
    fn units(&self, at: i64) -> Option<i64> {
        let along = at / self.stride;
        if self.outermost {
            return Some(along);
        }
        let units = along % (self.width + self.guard);
        (units < self.width).then_some(units)
    }
}

/// Lays the sums along the axes of a plane, the outermost last: it needs no guards, so it is the one
/// whose guards would take most.
fn arrange<'s>(graph: &Graph, exact: &[(&'s Sum, &'s dyn Tally)]) -> Vec<Axis<'s>> {
    let axis = |&(sum, tally): &(&'s Sum, &'s dyn Tally)| {
        let mut axis =
            Axis { sum, tally, stride: 1, width: as_i64(sum.width()), guard: 0, outermost: false };
        let edges = graph
            .layers
            .iter()
            .enumerate()
            .flat_map(|(period, layer)| layer.edges.iter().map(move |edge| (period, edge.tag)));
        let steps = edges.map(|(p, tag)| axis.step(p, graph.amounts[tag as usize][sum.part]));
        axis.guard = steps.map(i64::abs).max().unwrap_or(0);
        axis
    };
    let mut axes: Vec<Axis<'_>> = exact.iter().map(axis).collect();
    // Sorted by guards in relation to cells.
    axes.sort_by(|a, b| (a.guard * b.width).cmp(&(b.guard * a.width)));
    let mut stride = 1;
    let count = axes.len();
    for (at, axis) in axes.iter_mut().enumerate() {
        if at + 1 == count {
            (axis.guard, axis.outermost) = (0, true);
        }
        axis.stride = stride;
        stride *= axis.width + axis.guard;
    }
    axes
}

fn size(axes: &[Axis<'_>]) -> usize {
    let cells = axes.last().map_or(0, |axis| axis.stride * axis.width);
    usize::try_from(cells).unwrap_or(usize::MAX).next_multiple_of(LANES)
}

fn small(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn as_i64(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
