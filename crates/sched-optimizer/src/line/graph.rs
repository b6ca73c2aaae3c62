//! A layered graph whose paths are the lines that some automata accept. Edges also say what they
//! add to the sums of tallies.
//!
//! Automata are deterministic, so a node has at most one edge for a choice; its edges stand in the
//! order of the choices.

use std::collections::HashMap;

use super::digest::{Mixed, Numbers, digest_of_pair};
use super::{Cells, NONE};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub(crate) to: u32,
    /// Position of the choice among those of its period.
    pub(crate) choice: u32,
    /// What the edge adds to the sums: a position in [`Graph::amounts`].
    pub(crate) tag: u32,
    /// In parts of [`UNIT`](super::UNIT).
    pub(crate) cost: i64,
}

impl Edge {
    pub(super) fn words(&self) -> [u64; 2] {
        let Self { to, choice, tag, cost } = *self;
        let ends = u64::from(to) << 32 | u64::from(choice);
        [ends, cost.cast_unsigned() ^ u64::from(tag) << 40]
    }
}

/// The edges that leave the nodes of one layer; those of node `n` are `first[n]..first[n + 1]`.
#[derive(Clone)]
pub(crate) struct Layer {
    pub(crate) first: Vec<u32>,
    pub(crate) edges: Vec<Edge>,
}

/// In place of the new name of a node that is gone.
const GONE: u32 = u32::MAX;

impl Layer {
    /// No nodes yet.
    pub(super) fn empty() -> Self {
        Self::with_room(0, 0)
    }

    /// No nodes yet, but room for so many.
    pub(super) fn with_room(nodes: usize, edges: usize) -> Self {
        let mut first = Vec::with_capacity(nodes + 1);
        first.push(0);
        Self { first, edges: Vec::with_capacity(edges) }
    }

    pub(crate) fn nodes(&self) -> usize {
        self.first.len() - 1
    }

    pub(crate) fn edges_of(&self, node: u32) -> &[Edge] {
        let node = node as usize;
        &self.edges[self.first[node] as usize..self.first[node + 1] as usize]
    }

    /// The edges added last become those of a new node.
    pub(super) fn close_node(&mut self) {
        self.first.push(index(self.edges.len()));
    }

    /// Lets edges lead to nodes by their new names and keeps one of each set of nodes with the same
    /// edges. Fills `names` with the new names of the nodes.
    fn reduce(&mut self, renamed: &[u32], known: &mut Numbers, names: &mut Vec<u32>) {
        known.clear(self.nodes());
        names.clear();
        let (mut nodes, mut read, mut kept) = (0, 0, 0);
        for node in 0..self.nodes() {
            let (start, end) = (kept, self.first[node + 1] as usize);
            let mut digest: u64 = 0;
            for at in std::mem::replace(&mut read, end)..end {
                let edge = self.edges[at];
                let to = renamed[edge.to as usize];
                if to != GONE {
                    let edge = Edge { to, ..edge };
                    digest = digest.wrapping_add(digest_of_pair(edge.words()));
                    self.edges[kept] = edge;
                    kept += 1;
                }
            }
            if start == kept {
                names.push(GONE);
                continue;
            }
            let is_same = |name| self.edges_of(name) == &self.edges[start..kept];
            let name = known.find_or_add(digest, index(nodes), is_same);
            names.push(name);
            if name == index(nodes) {
                nodes += 1;
                self.first[nodes] = index(kept);
            } else {
                kept = start;
            }
        }
        self.first.truncate(nodes + 1);
        self.edges.truncate(kept);
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
    pub(crate) fn is_empty(&self) -> bool {
        self.finish.is_empty()
    }

    /// Nodes before `period`, or the last ones.
    pub(super) fn nodes(&self, period: usize) -> usize {
        self.layers.get(period).map_or(self.finish.len(), Layer::nodes)
    }

    /// Nodes of the widest layer.
    pub(super) fn width(&self) -> usize {
        (0..=self.layers.len()).map(|period| self.nodes(period)).max().unwrap_or(0)
    }

    /// Removes nodes from which no end is reached, and makes one node of those from which the same
    /// lines lead on at the same cost.
    pub(super) fn reduce(&mut self) {
        let mut known: HashMap<u64, u32, Mixed> = HashMap::default();
        let mut finish = Vec::new();
        let names = self.finish.iter().map(|&cost| match cost {
            NONE.. => GONE,
            _ => *known.entry(cost.cast_unsigned()).or_insert_with(|| {
                finish.push(cost);
                index(finish.len() - 1)
            }),
        });
        let (mut renamed, mut names): (Vec<u32>, _) = (names.collect(), Vec::new());
        self.finish = finish;
        let mut known = Numbers::default();
        for layer in self.layers.iter_mut().rev() {
            layer.reduce(&renamed, &mut known, &mut names);
            std::mem::swap(&mut renamed, &mut names);
        }
        if self.layers.first().is_some_and(|layer| layer.nodes() == 0) {
            self.finish.clear();
            self.layers.fill(Layer::empty());
        }
    }

    /// Forgets the amounts of the tallies that are not in `kept`.
    pub(super) fn keep_amounts(&mut self, kept: &[usize]) {
        let mut amounts = Vec::new();
        let mut known: HashMap<Vec<u32>, u32, Mixed> = HashMap::default();
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

    /// Sets `used` for every choice on some path.
    pub(super) fn mark_used(&self, cells: Cells<'_>, used: &mut [bool]) {
        for (layer, &start) in self.layers.iter().zip(cells.starts) {
            for edge in &layer.edges {
                used[start + edge.choice as usize] = true;
            }
        }
    }
}

pub(super) fn index(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
