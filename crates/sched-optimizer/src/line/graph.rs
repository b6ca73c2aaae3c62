//! A layered graph whose paths are the lines that some automata accept. Edges also say what they
//! add to the sums of tallies.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};

use super::Cells;
use super::{NONE, UNIT};
use crate::ids::PeriodId;
use crate::rule::Automaton;
use crate::tally::Tally;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Edge {
    pub(crate) to: u32,
    /// Position of the choice among those of its period.
    pub(crate) choice: u32,
    /// What the edge adds to the sums: a position in [`Graph::amounts`].
    pub(crate) tag: u32,
    /// In parts of [`UNIT`].
    pub(crate) cost: i64,
}

/// The edges that leave the nodes of one layer; those of node `n` are `first[n]..first[n + 1]`.
#[derive(Default)]
pub(crate) struct Layer {
    pub(crate) first: Vec<u32>,
    pub(crate) edges: Vec<Edge>,
}

impl Layer {
    pub(crate) fn nodes(&self) -> usize {
        self.first.len().saturating_sub(1)
    }

    /// The layer before nodes that got new names, with equal nodes made one, and their new names.
    fn merged(&self, renamed: &[u32]) -> (Self, Vec<u32>) {
        let mut merged = Self { first: vec![0], edges: Vec::with_capacity(self.edges.len()) };
        let mut known: HashMap<u64, u32, BuildHasherDefault<Mix>> = HashMap::default();
        let mut names = Vec::with_capacity(self.nodes());
        let mut own: Vec<Edge> = Vec::new();
        for node in 0..index(self.nodes()) {
            own.clear();
            let edges = self.edges_of(node).iter();
            own.extend(edges.map(|edge| Edge { to: renamed[edge.to as usize], ..*edge }));
            own.sort_unstable();
            own.dedup();
            let mut digest = BuildHasherDefault::<Mix>::default().hash_one(&own);
            let name = loop {
                match known.get(&digest) {
                    Some(&name) if merged.edges_of(name) == own => break name,
                    // Another list has this digest.
                    Some(_) => digest = digest.wrapping_add(1),
                    None => {
                        let name = index(merged.nodes());
                        known.insert(digest, name);
                        merged.edges.extend_from_slice(&own);
                        merged.first.push(index(merged.edges.len()));
                        break name;
                    }
                }
            };
            names.push(name);
        }
        (merged, names)
    }

    pub(crate) fn edges_of(&self, node: u32) -> &[Edge] {
        let node = node as usize;
        &self.edges[self.first[node] as usize..self.first[node + 1] as usize]
    }
}

/// One layer a period; node 0 of the first is the start, `finish` are the last nodes' costs.
pub(crate) struct Graph {
    pub(crate) layers: Vec<Layer>,
    pub(crate) finish: Vec<i64>,
    /// Different lists of amounts that edges add, one amount for each tally multiplied in.
    pub(crate) amounts: Vec<Vec<u32>>,
}

impl Graph {
    /// The graph of all lines of the choices that `allowed` marks: one node a layer.
    pub(super) fn plain(cells: Cells<'_>, allowed: Option<&[bool]>) -> Self {
        let layers = (0..cells.periods()).map(|period| {
            let start = cells.starts[period];
            let left = |choice: &usize| allowed.is_none_or(|allowed| allowed[start + choice]);
            let edges: Vec<Edge> = (0..cells.of(period).len())
                .filter(left)
                .map(|choice| Edge { to: 0, choice: index(choice), tag: 0, cost: 0 })
                .collect();
            Layer { first: vec![0, index(edges.len())], edges }
        });
        Self { layers: layers.collect(), finish: vec![0], amounts: vec![Vec::new()] }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.finish.is_empty()
    }

    /// Nodes before `period`, or the last ones.
    pub(super) fn nodes(&self, period: usize) -> usize {
        self.layers.get(period).map_or(self.finish.len(), Layer::nodes)
    }

    /// Nodes of the widest layer.
    pub(super) fn width(&self) -> usize {
        self.layers.iter().map(Layer::nodes).chain([self.finish.len()]).max().unwrap_or(0)
    }

    /// The graph of the lines that `automaton` accepts too, and the automaton's states by layer.
    /// `None` when a layer would get more than `max_width` nodes.
    pub(super) fn times(
        &self,
        cells: Cells<'_>,
        automaton: &dyn Automaton,
        max_width: usize,
    ) -> Option<(Self, Vec<Vec<u64>>)> {
        let step = |state, period, edge: &Edge| {
            let activity = cells.activity(period, edge.choice);
            let step = automaton.step(state, PeriodId::new(period), activity)?;
            Some((step.state, Edge { cost: edge.cost + step.cost * UNIT, ..*edge }))
        };
        let (product, states, last) = self.multiply(automaton.start(), max_width, step)?;
        let finish = last.iter().map(|&(node, state)| {
            let own = automaton.finish(state).map_or(NONE, |cost| cost * UNIT);
            (self.finish[node as usize] + own).min(NONE)
        });
        let amounts = self.amounts.clone();
        let mut product = Self { finish: finish.collect(), layers: product, amounts };
        product.trim();
        Some((product, states))
    }

    /// The same lines with the modes of `tally` told apart and its amounts on the edges.
    pub(super) fn times_tally(
        &self,
        cells: Cells<'_>,
        tally: &dyn Tally,
        max_width: usize,
    ) -> Option<Self> {
        let mut amounts = Vec::new();
        let mut known: HashMap<(u32, u32), u32, BuildHasherDefault<Mix>> = HashMap::default();
        let step = |mode: u64, period, edge: &Edge| {
            let mode = u32::try_from(mode).ok()?;
            let activity = cells.activity(period, edge.choice);
            let (mode, amount) = tally.step(mode, PeriodId::new(period), activity)?;
            let tag = *known.entry((edge.tag, amount)).or_insert_with(|| {
                let before = self.amounts[edge.tag as usize].iter().copied();
                amounts.push(before.chain([amount]).collect());
                index(amounts.len() - 1)
            });
            Some((u64::from(mode), Edge { tag, ..*edge }))
        };
        let start = u64::from(tally.start().0);
        let (layers, _, last) = self.multiply(start, max_width, step)?;
        let finish = last.iter().map(|&(node, _)| self.finish[node as usize]).collect();
        let mut product = Self { layers, finish, amounts };
        product.trim();
        Some(product)
    }

    /// Layers of the product with something that steps along the edges, the states met in each, and
    /// the last nodes. `None` when a layer would get more than `max_width` nodes.
    fn multiply(
        &self,
        start: u64,
        max_width: usize,
        mut step: impl FnMut(u64, usize, &Edge) -> Option<(u64, Edge)>,
    ) -> Option<(Vec<Layer>, Vec<Vec<u64>>, Nodes)> {
        let mut nodes = if self.is_empty() { Vec::new() } else { vec![(0, start)] };
        let (mut layers, mut states) = (Vec::new(), Vec::new());
        for (period, layer) in self.layers.iter().enumerate() {
            let (product, next) =
                multiply_layer(layer, &nodes, |state, edge| step(state, period, edge));
            if next.len() > max_width {
                return None;
            }
            states.push(distinct(&nodes));
            layers.push(product);
            nodes = next;
        }
        states.push(distinct(&nodes));
        Some((layers, states, nodes))
    }

    /// The amounts of tally number `part` by choice, when it adds the same on all edges of a choice.
    pub(super) fn amounts_by_choice(&self, part: usize, cells: Cells<'_>) -> Option<Vec<u32>> {
        let mut known: Vec<Option<u32>> = vec![None; cells.activities.len()];
        for (layer, &start) in self.layers.iter().zip(cells.starts) {
            for edge in &layer.edges {
                let amount = self.amounts[edge.tag as usize][part];
                let known = &mut known[start + edge.choice as usize];
                if known.is_some_and(|known| known != amount) {
                    return None;
                }
                *known = Some(amount);
            }
        }
        Some(known.into_iter().map(Option::unwrap_or_default).collect())
    }

    /// Forgets the amounts of the tallies that are not in `kept`.
    pub(super) fn keep_amounts(&mut self, kept: &[usize]) {
        let (mut amounts, mut known) = (Vec::new(), HashMap::new());
        let renamed: Vec<u32> = self
            .amounts
            .iter()
            .map(|own| {
                let mut left = vec![0; own.len()];
                kept.iter().for_each(|&part| left[part] = own[part]);
                *known.entry(left).or_insert_with_key(|left: &Vec<u32>| {
                    amounts.push(left.clone());
                    index(amounts.len() - 1)
                })
            })
            .collect();
        self.amounts = amounts;
        let edges = self.layers.iter_mut().flat_map(|layer| &mut layer.edges);
        edges.for_each(|edge| edge.tag = renamed[edge.tag as usize]);
    }

    /// Removes nodes from which no end is reached.
    fn trim(&mut self) {
        let mut renamed = kept(self.finish.iter().map(|&cost| cost < NONE));
        self.finish.retain(|&cost| cost < NONE);
        for layer in self.layers.iter_mut().rev() {
            let mut trimmed = Layer { first: vec![0], edges: Vec::new() };
            let mut alive = Vec::with_capacity(layer.nodes());
            for node in 0..index(layer.nodes()) {
                let before = trimmed.edges.len();
                let edges = layer
                    .edges_of(node)
                    .iter()
                    .filter_map(|edge| renamed[edge.to as usize].map(|to| Edge { to, ..*edge }));
                trimmed.edges.extend(edges);
                alive.push(trimmed.edges.len() > before);
                if trimmed.edges.len() > before {
                    trimmed.first.push(index(trimmed.edges.len()));
                }
            }
            renamed = kept(alive.into_iter());
            *layer = trimmed;
        }
        if self.layers.first().is_some_and(|layer| layer.nodes() == 0) {
            self.finish.clear();
            let none = || Layer { first: vec![0], edges: Vec::new() };
            self.layers.iter_mut().for_each(|layer| *layer = none());
        }
    }

    /// Makes one node of those from which the same lines lead on at the same cost.
    pub(super) fn merge_equals(&mut self) {
        let mut costs = HashMap::new();
        let mut finish = Vec::new();
        let mut renamed = Vec::with_capacity(self.finish.len());
        for &cost in &self.finish {
            renamed.push(*costs.entry(cost).or_insert_with(|| {
                finish.push(cost);
                index(finish.len() - 1)
            }));
        }
        self.finish = finish;
        for layer in self.layers.iter_mut().rev() {
            (*layer, renamed) = layer.merged(&renamed);
        }
    }

    /// Sets `used` for every choice on some path.
    pub(super) fn mark_used(&self, starts: &[usize], used: &mut [bool]) {
        for (layer, &start) in self.layers.iter().zip(starts) {
            for edge in &layer.edges {
                used[start + edge.choice as usize] = true;
            }
        }
    }
}

type Nodes = Vec<(u32, u64)>;

fn multiply_layer(
    layer: &Layer,
    nodes: &Nodes,
    mut step: impl FnMut(u64, &Edge) -> Option<(u64, Edge)>,
) -> (Layer, Nodes) {
    let mut known: HashMap<(u32, u64), u32, BuildHasherDefault<Mix>> = HashMap::default();
    let mut product = Layer { first: vec![0], edges: Vec::new() };
    let mut next = Vec::new();
    for &(node, state) in nodes {
        for edge in layer.edges_of(node) {
            let Some((state, stepped)) = step(state, edge) else { continue };
            let key = (edge.to, state);
            let to = *known.entry(key).or_insert_with(|| {
                next.push(key);
                index(next.len() - 1)
            });
            product.edges.push(Edge { to, ..stepped });
        }
        product.first.push(index(product.edges.len()));
    }
    (product, next)
}

fn distinct(nodes: &Nodes) -> Vec<u64> {
    let mut states: Vec<u64> = nodes.iter().map(|node| node.1).collect();
    states.sort_unstable();
    states.dedup();
    states
}

/// New names for those that are kept.
fn kept(flags: impl Iterator<Item = bool>) -> Vec<Option<u32>> {
    let mut next = 0;
    flags
        .map(|keep| {
            keep.then(|| {
                next += 1;
                next - 1
            })
        })
        .collect()
}

fn index(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// A multiplicative hash: keys are our own small numbers, nobody can choose them to collide.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
