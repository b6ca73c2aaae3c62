//! The plane pass: costs to go backwards over the graph, then planes of losses forwards.
//!
//! Costs to go serve as potentials: with them an edge costs what it loses against the best path of
//! the graph, which is never negative. The numbers in the planes start at zero and stay small; what
//! saturates is no candidate. Edges on which every path loses too much are left out.

use pulp::Arch;

use super::NONE;
use super::planes::{EDGES_PER_UNIT, FULL, InEdge, LANES, Planes};

/// Where the numbers saturate, the pass is done again with coarser ones: this many bits at a time, and
/// not beyond what sums of costs reach.
const COARSER: u32 = 3;
const COARSEST: u32 = 18;

/// An edge that takes part: where its numbers come from, and its loss.
#[derive(Clone, Copy)]
struct Active {
    source: usize,
    loss: i16,
}

/// Memory of the passes, used again from call to call.
pub(crate) struct Scratch {
    arch: Arch,
    /// Price and choice of each group.
    groups: Vec<(i64, u32)>,
    /// Price of each tag.
    tags: Vec<i64>,
    /// Cost to go of every node, layer by layer.
    pub(super) to_go: Vec<i64>,
    /// For every node the edge of its best way on, by position in the layer, and where it leads.
    onward: Vec<(u32, u32)>,
    /// Least loss on a way to every node.
    ways: Vec<i64>,
    active: Vec<Active>,
    planes: Vec<i16>,
    /// Edges and blocks looked at.
    pub(super) work: u64,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            arch: Arch::new(),
            groups: Vec::new(),
            tags: Vec::new(),
            to_go: Vec::new(),
            onward: Vec::new(),
            ways: Vec::new(),
            active: Vec::new(),
            planes: Vec::new(),
            work: 0,
        }
    }
}

/// The cheapest end that the plane pass found.
#[derive(Clone, Copy)]
struct End {
    /// Loss against the best path of the graph, the costs of sums included.
    total: i64,
    node: usize,
    position: usize,
}

/// What a pass over the planes found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forwards {
    /// A path, and what it loses at least.
    Found(i64),
    /// No path loses less than the limit.
    Nothing,
    /// If there is a path, it loses more than the coarsest numbers hold.
    TooFar,
}

/// Where the planes of a layer lie.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    margin: usize,
    pitch: usize,
}

impl Place {
    const fn plane(self, node: usize) -> usize {
        self.start + self.margin + node * self.pitch
    }
}

impl Planes {
    /// Costs to go under `prices`, with `tags` the price of each tag and `finish` the cost of the
    /// last nodes. Returns the cost of the best path.
    pub(super) fn backwards(
        &self,
        finish: &[i64],
        prices: &[i64],
        tags: impl Iterator<Item = i64>,
        scratch: &mut Scratch,
    ) -> i64 {
        scratch.tags.clear();
        scratch.tags.extend(tags);
        scratch.groups.clear();
        let groups = (0..self.groups()).map(|group| {
            let priced =
                self.members(group).iter().map(|&choice| (prices[choice as usize], choice));
            priced.min().unwrap_or((NONE, 0))
        });
        scratch.groups.extend(groups);
        let nodes = self.node_starts[self.layers.len()];
        scratch.to_go.clear();
        scratch.to_go.resize(nodes, NONE);
        scratch.to_go.extend_from_slice(finish);
        scratch.onward.clear();
        scratch.onward.resize(nodes, (0, 0));
        for (period, layer) in self.layers.iter().enumerate().rev() {
            let groups = &scratch.groups[self.starts[period] as usize..];
            let start = self.node_starts[period];
            let (before, after) = scratch.to_go.split_at_mut(self.node_starts[period + 1]);
            let (before, onward) = (&mut before[start..], &mut scratch.onward[start..]);
            let mut at = 0;
            for (node, &cost) in (0..).zip(&after[..layer.nodes()]) {
                for edge in layer.edges_to(node as usize) {
                    let price = groups[edge.group as usize].0 + scratch.tags[edge.tag as usize];
                    let through = price + edge.cost + cost;
                    let best = &mut before[edge.from as usize];
                    if through < *best {
                        *best = through;
                        onward[edge.from as usize] = (at, node);
                    }
                    at += 1;
                }
            }
        }
        scratch.work += self.graph_work;
        scratch.to_go.first().copied().unwrap_or(NONE)
    }

    /// The edges of the best path of the graph, in order, with the choices made.
    pub(super) fn best_path(&self, scratch: &Scratch, mut each: impl FnMut(u32, &InEdge)) {
        let mut node = 0;
        for (period, layer) in self.layers.iter().enumerate() {
            let (edge, next) = scratch.onward[self.node_starts[period] + node];
            let edge = &layer.edges()[edge as usize];
            each(scratch.groups[self.starts[period] as usize + edge.group as usize].1, edge);
            node = next as usize;
        }
    }

    /// The best path whose sums are within their limits, if it loses less than `limit` against the
    /// best path of the graph; its edges go through `each`, last one first.
    pub(super) fn forwards(
        &self,
        limit: i64,
        scratch: &mut Scratch,
        each: impl FnMut(u32, &InEdge),
    ) -> Forwards {
        let mut coarse = 0;
        loop {
            let arch = scratch.arch;
            arch.dispatch(|| self.fill(limit, coarse, scratch));
            let reach = i64::from(FULL) << coarse;
            let end = self.best_end(limit, coarse, scratch).filter(|end| end.total <= reach);
            if let Some(end) = end {
                self.trace(end, limit, coarse, scratch, each);
                return Forwards::Found(end.total);
            }
            if reach >= limit {
                return Forwards::Nothing;
            }
            if coarse >= COARSEST {
                return Forwards::TooFar;
            }
            coarse += COARSER;
        }
    }

    fn place(&self, layer: usize) -> Place {
        // Every layer begins with a margin of its own.
        let start = self.node_starts[layer] * self.pitch() + layer * self.margin;
        Place { start, margin: self.margin, pitch: self.pitch() }
    }

    fn loss(&self, period: usize, edge: &InEdge, to: usize, scratch: &Scratch) -> i64 {
        let group = self.starts[period] as usize + edge.group as usize;
        let price = scratch.groups[group].0 + scratch.tags[edge.tag as usize] + edge.cost;
        let from = self.node_starts[period] + edge.from as usize;
        price + scratch.to_go[self.node_starts[period + 1] + to] - scratch.to_go[from]
    }

    /// Fills the planes of all layers.
    #[inline(always)]
    fn fill(&self, limit: i64, coarse: u32, scratch: &mut Scratch) {
        let layers = self.layers.len();
        let length = self.place(layers).plane(self.layers[layers - 1].nodes());
        if scratch.planes.len() < length {
            scratch.planes.resize(length, FULL);
        }
        scratch.ways.clear();
        scratch.ways.resize(scratch.to_go.len(), NONE);
        scratch.ways[0] = 0;
        let first = self.place(0);
        scratch.planes[..first.plane(1)].fill(FULL);
        scratch.planes[first.plane(0)] = 0;
        let mut blocks = 0;
        for (period, layer) in self.layers.iter().enumerate() {
            let (before, after) = (self.place(period), self.place(period + 1));
            let start = self.node_starts[period];
            for node in 0..layer.nodes() {
                let mut way = NONE;
                scratch.active.clear();
                for edge in layer.edges_to(node) {
                    let loss = self.loss(period, edge, node, scratch);
                    let through = scratch.ways[start + edge.from as usize] + loss;
                    let loss = i16::try_from(loss >> coarse).unwrap_or(FULL);
                    if through < limit && loss < FULL {
                        way = way.min(through);
                        let plane = before.plane(edge.from as usize);
                        let source = plane.wrapping_add_signed(-(edge.shift as isize));
                        scratch.active.push(Active { source, loss });
                    }
                }
                scratch.ways[self.node_starts[period + 1] + node] = way;
                if way >= NONE {
                    continue;
                }
                let (sources, targets) = scratch.planes.split_at_mut(after.start);
                let target = &mut targets[after.plane(node) - after.start - self.margin..];
                let target = &mut target[..self.margin * 2 + self.size];
                target[..self.margin].fill(FULL);
                target[self.margin + self.size..].fill(FULL);
                let target = &mut target[self.margin..self.margin + self.size];
                relax(sources, &scratch.active, &self.mask, target);
                blocks += scratch.active.len() * (self.size / LANES);
            }
        }
        scratch.work += self.graph_work + blocks as u64 / EDGES_PER_UNIT;
    }

    fn best_end(&self, limit: i64, coarse: u32, scratch: &Scratch) -> Option<End> {
        let last = self.layers.len();
        let place = self.place(last);
        let ways = &scratch.ways[self.node_starts[last]..];
        let mut best: Option<End> = None;
        for (node, _) in ways.iter().enumerate().filter(|(_, way)| **way < NONE) {
            let plane = &scratch.planes[place.plane(node)..];
            for &(position, cost) in &self.ends {
                let loss = plane[position as usize];
                let total = (i64::from(loss) << coarse) + cost;
                if loss < FULL && total < best.map_or(limit, |best| best.total) {
                    best = Some(End { total, node, position: position as usize });
                }
            }
        }
        best
    }

    /// Goes back from `end` along edges that explain the numbers.
    fn trace(
        &self,
        end: End,
        limit: i64,
        coarse: u32,
        scratch: &Scratch,
        mut each: impl FnMut(u32, &InEdge),
    ) {
        let (mut node, mut position) = (end.node, end.position);
        for (period, layer) in self.layers.iter().enumerate().rev() {
            let number = scratch.planes[self.place(period + 1).plane(node) + position];
            let source = |edge: &InEdge| {
                let plane = self.place(period).plane(edge.from as usize) + position;
                plane.wrapping_add_signed(-(edge.shift as isize))
            };
            let explains = |edge: &&InEdge| {
                let loss = self.loss(period, edge, node, scratch);
                let way = scratch.ways[self.node_starts[period] + edge.from as usize];
                let before = scratch.planes[source(edge)];
                way + loss < limit
                    && loss >> coarse < i64::from(FULL)
                    && i64::from(before) + (loss >> coarse) == i64::from(number)
            };
            let Some(edge) = layer.edges_to(node).iter().find(explains) else {
                debug_assert!(false, "every number comes from somewhere");
                return;
            };
            each(scratch.groups[self.starts[period] as usize + edge.group as usize].1, edge);
            position = position.wrapping_add_signed(-(edge.shift as isize));
            node = edge.from as usize;
        }
    }
}

/// The minimum over the active edges, block by block, into `target`.
#[inline(always)]
fn relax(sources: &[i16], active: &[Active], mask: &[i16], target: &mut [i16]) {
    let (target, _) = target.as_chunks_mut::<LANES>();
    let (mask, _) = mask.as_chunks::<LANES>();
    for (at, target) in target.iter_mut().enumerate() {
        let mut least = [FULL; LANES];
        for edge in active {
            let from = edge.source + at * LANES;
            let Some(source) = sources.get(from..).and_then(<[i16]>::first_chunk::<LANES>) else {
                continue;
            };
            for (least, &number) in least.iter_mut().zip(source) {
                *least = (*least).min(number.saturating_add(edge.loss));
            }
        }
        if let Some(mask) = mask.get(at) {
            for (least, &mask) in least.iter_mut().zip(mask) {
                *least = (*least).max(mask);
            }
        }
        *target = least;
    }
}
