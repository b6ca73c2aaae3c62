//! Choices that all graphs of a worker treat alike: any path may swap one for another, so that
//! products need an edge only for each class of them.

use super::digest::digest_of_pair;
use super::explore::Offer;
use super::graph::{Edge, Graph, Layer, index};

/// The allowed choices of every period in classes.
pub(super) struct Alike {
    /// Positions of choices among those of their period, class by class.
    members: Vec<u32>,
    /// The members of a class are `bounds[class]..bounds[class + 1]`.
    bounds: Vec<u32>,
    /// Classes before each period.
    starts: Vec<u32>,
}

impl Alike {
    /// Classes of the choices that have the same edges in every one of `graphs`.
    pub(super) fn new(offer: Offer<'_>, graphs: &[&Graph]) -> Self {
        let mut alike = Self { members: Vec::new(), bounds: vec![0], starts: vec![0] };
        let mut columns = Columns::default();
        for period in 0..offer.cells.periods() {
            let layers = graphs.iter().map(|graph| &graph.layers[period]);
            let choices = offer.choices(period).map(|(choice, _)| choice);
            columns.fill(layers, offer.cells.of(period).len());
            columns.classes(choices, |class| {
                alike.members.extend(class);
                alike.bounds.push(index(alike.members.len()));
            });
            alike.starts.push(index(alike.bounds.len() - 1));
        }
        alike
    }

    /// Number of classes of a period.
    pub(super) fn classes(&self, period: usize) -> usize {
        (self.starts[period + 1] - self.starts[period]) as usize
    }

    /// The choices of a class of `period`.
    pub(super) fn members(&self, period: usize, class: u32) -> &[u32] {
        let class = (self.starts[period] + class) as usize;
        &self.members[self.bounds[class] as usize..self.bounds[class + 1] as usize]
    }

    /// The graph of all lines, with classes in place of choices.
    pub(super) fn all_lines(&self) -> Graph {
        let layer = |period| {
            let classes = 0..index(self.classes(period));
            let edges = classes.map(|choice| Edge { to: 0, choice, tag: 0, cost: 0 }).collect();
            let mut layer = Layer { edges, ..Layer::empty() };
            layer.close_node();
            layer
        };
        let layers = (0..self.starts.len() - 1).map(layer).collect();
        let mut graph = Graph { layers, finish: vec![0], amounts: vec![Vec::new()] };
        graph.reduce();
        graph
    }

    /// Puts classes in place of choices in one of the graphs that treat them alike.
    pub(super) fn fold(&self, graph: &mut Graph) {
        let mut class_of = Vec::new();
        for (period, layer) in graph.layers.iter_mut().enumerate() {
            let most = layer.edges.iter().map(|edge| edge.choice as usize + 1).max().unwrap_or(0);
            class_of.clear();
            class_of.resize(most, None);
            for class in 0..index(self.classes(period)) {
                let first = self.members(period, class)[0] as usize;
                if first < most {
                    class_of[first] = Some(class);
                }
            }
            layer.keep_edges(|edge| Some(Edge { choice: class_of[edge.choice as usize]?, ..edge }));
        }
    }

    /// Puts the choices back in place of their classes.
    pub(super) fn unfold(&self, graph: &mut Graph) {
        for (period, layer) in graph.layers.iter_mut().enumerate() {
            *layer = layer.spread(|class| self.members(period, class));
        }
    }
}

impl Layer {
    /// Puts what `each` makes of an edge in its place.
    fn keep_edges(&mut self, mut each: impl FnMut(Edge) -> Option<Edge>) {
        let (mut read, mut kept) = (0, 0);
        for end in &mut self.first[1..] {
            let start = std::mem::replace(&mut read, *end as usize);
            for at in start..read {
                if let Some(edge) = each(self.edges[at]) {
                    self.edges[kept] = edge;
                    kept += 1;
                }
            }
            *end = index(kept);
        }
        self.edges.truncate(kept);
    }

    /// The layer with an edge for each of the choices in place of a class.
    fn spread<'c>(&self, choices: impl Fn(u32) -> &'c [u32]) -> Self {
        let sizes = self.edges.iter().map(|edge| choices(edge.choice).len());
        let mut spread = Self {
            first: Vec::with_capacity(self.first.len()),
            edges: Vec::with_capacity(sizes.sum()),
        };
        spread.first.push(0);
        for node in 0..index(self.nodes()) {
            for edge in self.edges_of(node) {
                let choices = choices(edge.choice).iter();
                spread.edges.extend(choices.map(|&choice| Edge { choice, ..*edge }));
            }
            spread.close_node();
        }
        spread
    }
}

/// The edges of layers choice by choice. Memory that is used again from layer to layer.
#[derive(Default)]
pub(super) struct Columns {
    /// The column of choice `c` is `first[c]..first[c + 1]`.
    first: Vec<u32>,
    /// Edges without their choices, and the numbers of the nodes that they leave.
    edges: Vec<(u32, Edge)>,
    /// Classes found last, with the digests of their columns.
    classes: Vec<(u64, Vec<u32>)>,
}

impl Columns {
    /// Takes in the edges of some layers of a period with at most `choices` choices.
    pub(super) fn fill<'l>(
        &mut self,
        layers: impl Iterator<Item = &'l Layer> + Clone,
        choices: usize,
    ) {
        self.first.clear();
        self.first.resize(choices + 2, 0);
        for edge in layers.clone().flat_map(|layer| &layer.edges) {
            self.first[edge.choice as usize + 2] += 1;
        }
        for at in 2..self.first.len() {
            self.first[at] += self.first[at - 1];
        }
        let all = self.first[choices + 1] as usize;
        self.edges.clear();
        self.edges.resize(all, (0, Edge { to: 0, choice: 0, tag: 0, cost: 0 }));
        let mut number = 0;
        for layer in layers {
            for node in 0..index(layer.nodes()) {
                for edge in layer.edges_of(node) {
                    let at = &mut self.first[edge.choice as usize + 1];
                    self.edges[*at as usize] = (number, Edge { choice: 0, ..*edge });
                    *at += 1;
                }
                number += 1;
            }
        }
    }

    /// Calls `each` with the classes of choices, given in order, whose columns are equal, in the order of their
    /// first choices.
    pub(super) fn classes(&mut self, choices: impl Iterator<Item = u32>, each: impl FnMut(&[u32])) {
        let mut classes = std::mem::take(&mut self.classes);
        let mut count = 0;
        for choice in choices {
            let column = self.column(choice);
            // The place of the choice, which is left out, is taken by the number of the node.
            let words = column.iter().map(|&(node, edge)| Edge { choice: node, ..edge }.words());
            let digest = words.map(digest_of_pair).fold(0, u64::wrapping_add);
            let mut known = classes[..count].iter_mut();
            let own = known.find(|(own, class)| *own == digest && self.column(class[0]) == column);
            if let Some((_, class)) = own {
                class.push(choice);
                continue;
            }
            if count == classes.len() {
                classes.push((0, Vec::new()));
            }
            let (own, class) = &mut classes[count];
            *own = digest;
            class.clear();
            class.push(choice);
            count += 1;
        }
        classes[..count].iter().map(|(_, class)| class.as_slice()).for_each(each);
        self.classes = classes;
    }

    pub(super) fn column(&self, choice: u32) -> &[(u32, Edge)] {
        let choice = choice as usize;
        &self.edges[self.first[choice] as usize..self.first[choice + 1] as usize]
    }
}
