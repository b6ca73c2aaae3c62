//! Products of graphs: the lines that all of them have.

use super::graph::{Edge, Graph, Layer, index};
use super::{NONE, together};

/// In place of a number that is not given yet.
const OPEN: u32 = u32::MAX;

impl Graph {
    /// The graph of the lines that `other` has too, the amounts of its tallies behind the own.
    /// `None` when a layer would get more than `most` nodes.
    ///
    /// Costs time linear in the edges of the product before equal nodes are made one.
    pub(super) fn times(&self, other: &Self, most: usize) -> Option<Self> {
        let mut nodes = match self.is_empty() || other.is_empty() {
            true => Vec::new(),
            false => vec![(0, 0)],
        };
        let mut tags = Tags::new(self, other);
        let (mut numbers, mut row, mut next) = (Vec::new(), Row::default(), Vec::new());
        let mut layers = Vec::with_capacity(self.layers.len());
        for (period, pair) in self.layers.iter().zip(&other.layers).enumerate() {
            let width = other.nodes(period + 1);
            numbers.resize(numbers.len().max(self.nodes(period + 1) * width), OPEN);
            row.index(pair.1);
            // Most layers have about as many nodes and edges as the one before.
            let edges = layers.last().map_or(pair.0.edges.len(), |last: &Layer| last.edges.len());
            let mut layer = Layer::with_room(nodes.len(), edges);
            next.clear();
            for &(a, b) in &nodes {
                for edge in pair.0.edges_of(a) {
                    let Some(step) = row.edge(pair.1, b, edge.choice) else { continue };
                    let Some(cost) = together(edge.cost, step.cost) else { continue };
                    let number = &mut numbers[edge.to as usize * width + step.to as usize];
                    if *number == OPEN {
                        *number = index(next.len());
                        next.push((edge.to, step.to));
                    }
                    let tag = tags.joint(edge.tag, step.tag);
                    layer.edges.push(Edge { to: *number, choice: edge.choice, tag, cost });
                }
                layer.close_node();
            }
            if next.len() > most {
                return None;
            }
            for &(a, b) in &next {
                numbers[a as usize * width + b as usize] = OPEN;
            }
            layers.push(layer);
            std::mem::swap(&mut nodes, &mut next);
        }
        let finish = nodes.iter().map(|&(a, b)| {
            together(self.finish[a as usize], other.finish[b as usize]).unwrap_or(NONE)
        });
        let finish = finish.collect();
        let mut product = Self { layers, finish, amounts: tags.amounts };
        product.reduce();
        Some(product)
    }
}

/// The positions of a layer's edges by node and choice.
#[derive(Default)]
struct Row {
    choices: usize,
    edges: Vec<u32>,
}

impl Row {
    fn index(&mut self, layer: &Layer) {
        let most = layer.edges.iter().map(|edge| edge.choice as usize + 1).max();
        self.choices = most.unwrap_or(0);
        self.edges.clear();
        self.edges.resize(layer.nodes() * self.choices, OPEN);
        let bounds = layer.first.windows(2).map(|bounds| bounds[0]..bounds[1]);
        for (node, edges) in bounds.enumerate() {
            for at in edges {
                let choice = layer.edges[at as usize].choice as usize;
                self.edges[node * self.choices + choice] = at;
            }
        }
    }

    fn edge<'l>(&self, layer: &'l Layer, node: u32, choice: u32) -> Option<&'l Edge> {
        let choice = Some(choice as usize).filter(|&choice| choice < self.choices)?;
        layer.edges.get(self.edges[node as usize * self.choices + choice] as usize)
    }
}

/// Tags of the product by those of its factors.
struct Tags<'g> {
    factors: [&'g [Vec<u32>]; 2],
    known: Vec<Vec<u32>>,
    amounts: Vec<Vec<u32>>,
}

impl<'g> Tags<'g> {
    fn new(a: &'g Graph, b: &'g Graph) -> Self {
        let known = vec![Vec::new(); a.amounts.len()];
        Self { factors: [&a.amounts, &b.amounts], known, amounts: Vec::new() }
    }

    #[inline]
    fn joint(&mut self, a: u32, b: u32) -> u32 {
        match self.known[a as usize].get(b as usize) {
            Some(&known) if known != OPEN => known,
            _ => self.add(a as usize, b as usize),
        }
    }

    fn add(&mut self, a: usize, b: usize) -> u32 {
        let tag = index(self.amounts.len());
        self.known[a].resize(self.factors[1].len(), OPEN);
        self.known[a][b] = tag;
        self.amounts.push([&self.factors[0][a][..], &self.factors[1][b]].concat());
        tag
    }
}
