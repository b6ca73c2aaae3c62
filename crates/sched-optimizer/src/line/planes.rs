//! The graph made ready for the plane pass: every node gets a plane of numbers, one for each sum of
//! the tallies that are told apart, so that an edge is one shifted minimum over a whole plane.
//!
//! A plane spans only the band of sums from which a good end can still be reached. Along its inner
//! dimensions it has guard cells, which catch what an edge pushes over the rim and are wiped in every
//! layer; along the outermost one the margin around the planes does the same.

use std::collections::HashMap;

use super::Cells;
use super::alike::{Alike, Columns};
use super::axis::Axes;
use super::digest::Mixed;
use super::graph::{Edge, Graph};
use super::sums::Sum;
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
        let mut planes = Self {
            layers: Vec::new(),
            tolls: Vec::new(),
            members: Vec::new(),
            bounds: vec![0],
            first_choices: cells.starts.iter().copied().map(small).collect(),
            starts: vec![0],
            size: 0,
            margin: 0,
            mask: Vec::new(),
            ends: Vec::new(),
            end_amounts: Vec::new(),
            node_starts: vec![0],
            graph_work: 0,
        };
        let (mut columns, mut known, mut toll_periods) = (Columns::default(), Known::new(), vec![]);
        for (period, layer) in graph.layers.iter().enumerate() {
            columns.fill([layer].into_iter(), alike.classes(period));
            let groups = planes.add_groups(&mut columns, alike, period);
            planes.add_layer(graph, period, &groups, &mut known);
            toll_periods.resize(planes.tolls.len(), period);
            planes.node_starts.push(planes.node_starts[period] + layer.nodes());
        }
        let tags = planes.tolls.iter().map(|toll| toll.tag);
        let steps = toll_periods.iter().copied().zip(tags);
        let axes = Axes::new(graph, &steps, exact);
        let shifts: Vec<i64> = steps.map(|(period, tag)| axes.shift(graph, period, tag)).collect();
        planes.size = axes.size();
        let edges = planes.layers.iter().map(|layer| layer.in_edges.len() as u64).sum::<u64>();
        planes.graph_work = edges / EDGES_PER_UNIT + 1;
        planes.set_offsets(&shifts);
        planes.add_cells(&axes, exact);
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
    fn add_groups(
        &mut self,
        columns: &mut Columns,
        alike: &Alike,
        period: usize,
    ) -> Vec<Option<u32>> {
        let start = self.first_choices[period];
        let classes = 0..small(alike.classes(period));
        let mut groups = vec![None; classes.len()];
        let used: Vec<u32> = classes.filter(|&class| !columns.column(class).is_empty()).collect();
        columns.classes(used.into_iter(), |classes| {
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

    /// Adds the edges of a period.
    fn add_layer(
        &mut self,
        graph: &Graph,
        period: usize,
        groups: &[Option<u32>],
        known: &mut Known,
    ) {
        let layer = &graph.layers[period];
        let mut into = vec![0; graph.nodes(period + 1) + 1];
        let first_toll = self.tolls.len();
        known.clear();
        let mut first_out = Vec::with_capacity(layer.nodes() + 1);
        first_out.push(0);
        let mut out_edges = Vec::with_capacity(layer.edges.len());
        for from in 0..small(layer.nodes()) {
            for &Edge { to, choice, tag, cost } in layer.edges_of(from) {
                let Some(group) = groups[choice as usize] else { continue };
                let toll = Toll { group, tag, cost };
                let toll = known.number(toll, first_toll, &mut self.tolls);
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
        self.layers.push(PlaneLayer { first_in, in_edges, first_out, out_edges });
    }

    /// Makes the margins as wide as the widest of `shifts`: what the edges with each toll add to the
    /// position of a sum.
    fn set_offsets(&mut self, shifts: &[i64]) {
        let widest = shifts.iter().map(|shift| shift.unsigned_abs()).max().unwrap_or(0);
        let widest = usize::try_from(widest).unwrap_or(usize::MAX);
        self.margin = widest.next_multiple_of(LANES);
        let (margin, pitch) = (as_i64(self.margin), as_i64(self.pitch()));
        for edge in self.layers.iter_mut().flat_map(|layer| &mut layer.in_edges) {
            let offset = margin + i64::from(edge.from) * pitch - shifts[edge.toll as usize];
            edge.offset = u32::try_from(offset).unwrap_or(u32::MAX);
        }
    }

    /// Adds mask and ends.
    fn add_cells(&mut self, axes: &Axes<'_>, exact: &[(&Sum, &dyn Tally)]) {
        let places = exact.iter().filter_map(|(sum, _)| axes.position(sum.part));
        let (places, guarded): (Vec<usize>, _) = (places.collect(), axes.has_guards());
        let mut at = 0;
        axes.cells(|cell, sums| {
            if guarded {
                self.mask.push(if cell.guard { FULL } else { i16::MIN });
            }
            if let Some(cost) = cell.end {
                self.ends.push((at, cost));
                self.end_amounts.extend(places.iter().map(|&place| sums[place]));
            }
            at += 1;
        });
    }
}

/// The numbers of the tolls of a period.
struct Known {
    /// Some of those met last: most edges have one of few tolls.
    recent: [u32; RECENT],
    all: HashMap<Toll, u32, Mixed>,
}

/// A power of two.
const RECENT: usize = 128;

impl Known {
    fn new() -> Self {
        Self { recent: [0; RECENT], all: HashMap::default() }
    }

    fn clear(&mut self) {
        self.all.clear();
    }

    /// The number of `toll` among `tolls`, of which those from `first` on are the period's; a new one is
    /// added.
    fn number(&mut self, toll: Toll, first: usize, tolls: &mut Vec<Toll>) -> u32 {
        let place = toll.group.wrapping_mul(29) ^ toll.tag.wrapping_mul(5);
        let recent = &mut self.recent[place as usize % RECENT];
        if *recent as usize >= first && tolls.get(*recent as usize) == Some(&toll) {
            return *recent;
        }
        *recent = *self.all.entry(toll).or_insert_with(|| {
            tolls.push(toll);
            small(tolls.len() - 1)
        });
        *recent
    }
}

fn small(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn as_i64(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
