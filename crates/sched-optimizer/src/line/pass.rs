//! The plane pass: costs to go backwards over the graph, then planes of losses forwards.
//!
//! Costs to go serve as potentials: with them an edge costs what it loses against the best path of
//! the graph, which is never negative. The numbers in the planes start at zero and stay small; what
//! saturates is no candidate. Edges on which every path loses too much are left out.

use pulp::Arch;

use super::NONE;
use super::fill::{Active, Fill, Target};
use super::planes::{EDGES_PER_UNIT, FULL, InEdge, LANES, OutEdge, Planes, Toll};

/// Where the numbers saturate, the pass is done again with coarser ones: this many bits at a time, and
/// not beyond what sums of costs reach.
pub(super) const COARSER: u32 = 5;
const COARSEST: u32 = 20;
/// Where the guess of the loss was too low, the pass is done again with this many times as much.
const WIDER: i64 = 8;

/// Memory of the passes, used again from call to call.
pub(crate) struct Scratch {
    arch: Arch,
    /// Price and choice of each group.
    groups: Vec<(i64, u32)>,
    /// Price of each tag.
    tags: Vec<i64>,
    tolls: Vec<i64>,
    /// Cost to go of every node, layer by layer.
    pub(super) to_go: Vec<i64>,
    /// Least loss on a way to every node.
    ways: Vec<i64>,
    active: Vec<Active>,
    targets: Vec<Target>,
    planes: Vec<i16>,
    /// Costs of the ends less what their sums were charged.
    end_costs: Vec<i64>,
    /// The numbers of the last pass are multiples of this power of two.
    pub(super) coarse: u32,
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
            tolls: Vec::new(),
            ways: Vec::new(),
            active: Vec::new(),
            targets: Vec::new(),
            planes: Vec::new(),
            end_costs: Vec::new(),
            coarse: 0,
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
    /// A path to this node, and what it loses with the cost of its end, at least.
    Found { total: i64, node: usize },
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

impl Scratch {
    /// Whether the last pass lost more of the costs than multiples of the grain would.
    pub(super) const fn is_coarse(&self) -> bool {
        self.coarse > COARSER
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
        scratch.tolls.clear();
        let toll = |toll: &Toll| {
            scratch.groups[toll.group as usize].0 + scratch.tags[toll.tag as usize] + toll.cost
        };
        scratch.tolls.extend(self.tolls.iter().map(toll));
        let nodes = self.node_starts[self.layers.len()];
        scratch.to_go.clear();
        scratch.to_go.resize(nodes, NONE);
        scratch.to_go.extend_from_slice(finish);
        for (period, layer) in self.layers.iter().enumerate().rev() {
            let (before, after) = scratch.to_go.split_at_mut(self.node_starts[period + 1]);
            let before = &mut before[self.node_starts[period]..];
            for (cost, edges) in before.iter_mut().zip(layer.edges_of_nodes()) {
                let ways = edges
                    .iter()
                    .map(|edge| scratch.tolls[edge.toll as usize] + after[edge.to as usize]);
                *cost = ways.fold(NONE, i64::min);
            }
        }
        scratch.work += self.graph_work;
        scratch.to_go.first().copied().unwrap_or(NONE)
    }

    /// The choices and tolls along the best path of the graph, in order. Returns the last node.
    pub(super) fn best_path(&self, scratch: &Scratch, mut each: impl FnMut(u32, u32)) -> usize {
        let mut node = 0;
        for (period, layer) in self.layers.iter().enumerate() {
            let after = &scratch.to_go[self.node_starts[period + 1]..];
            let cost =
                |edge: &&OutEdge| scratch.tolls[edge.toll as usize] + after[edge.to as usize];
            let Some(edge) = layer.edges_of(node).iter().min_by_key(cost) else { break };
            each(self.choice(edge.toll, scratch), edge.toll);
            node = edge.to as usize;
        }
        node
    }

    /// What the ends cost when the price of each sum, which the edges were charged with, is given back.
    /// Returns the least of them.
    pub(super) fn price_ends(&self, sums: &[i64], scratch: &mut Scratch) -> i64 {
        let amounts = self.end_amounts.chunks(sums.len().max(1));
        let given_back =
            amounts.map(|own| own.iter().zip(sums).map(|(amount, price)| amount * price).sum());
        scratch.end_costs.clear();
        let costs = self.ends.iter().zip(given_back);
        scratch.end_costs.extend(costs.map(|(&(_, cost), back): (_, i64)| cost - back));
        scratch.end_costs.iter().copied().min().unwrap_or(0)
    }

    /// The best path whose sums are within their limits, if what it loses against the best path of the
    /// graph and what its end costs are less than `limit` together; its choices and tolls go through
    /// `each`, last one first. `guess` is a loss that it will hardly reach.
    pub(super) fn forwards(
        &self,
        limit: i64,
        guess: i64,
        scratch: &mut Scratch,
        each: impl FnMut(u32, u32),
    ) -> Forwards {
        let least_end = scratch.end_costs.iter().copied().min().unwrap_or(0);
        let most = limit - least_end;
        let reach = |coarse: u32| i64::from(FULL) << coarse;
        let (mut guess, mut coarse) = (guess.max(1), 0);
        if reach(coarse) < guess.min(most) {
            coarse = COARSER;
        }
        loop {
            let cap = guess.min(most).min(reach(coarse));
            scratch.coarse = coarse;
            self.select(cap, coarse, scratch);
            self.fill(scratch);
            // What was left out loses at least `cap`.
            let end = self.best_end(limit, coarse, scratch);
            if let Some(end) = end.filter(|end| end.total <= cap + least_end) {
                self.trace(end, cap, coarse, scratch, each);
                return Forwards::Found { total: end.total, node: end.node };
            }
            if cap >= most {
                return Forwards::Nothing;
            }
            if cap >= reach(coarse) {
                if coarse >= COARSEST {
                    return Forwards::TooFar;
                }
                coarse += COARSER;
            }
            guess = cap.saturating_mul(WIDER);
        }
    }

    /// The cheapest choice of those with a toll.
    fn choice(&self, toll: u32, scratch: &Scratch) -> u32 {
        scratch.groups[self.tolls[toll as usize].group as usize].1
    }

    fn place(&self, layer: usize) -> Place {
        // Every layer begins with a margin of its own.
        let start = self.node_starts[layer] * self.pitch() + layer * self.margin;
        Place { start, margin: self.margin, pitch: self.pitch() }
    }

    fn loss(&self, period: usize, edge: &InEdge, to: usize, scratch: &Scratch) -> i64 {
        let from = self.node_starts[period] + edge.from as usize;
        let to = self.node_starts[period + 1] + to;
        scratch.tolls[edge.toll as usize] + scratch.to_go[to] - scratch.to_go[from]
    }

    /// Finds the edges on which some path loses less than `cap`, and the least loss on a way to every
    /// node. Losses below `cap` fit into the numbers.
    fn select(&self, cap: i64, coarse: u32, scratch: &mut Scratch) {
        scratch.ways.clear();
        scratch.ways.resize(scratch.to_go.len(), NONE);
        scratch.ways[0] = 0;
        scratch.active.clear();
        scratch.targets.clear();
        for (period, layer) in self.layers.iter().enumerate() {
            let start = self.place(period).start;
            let after = self.place(period + 1);
            let (ways, next_ways) = scratch.ways.split_at_mut(self.node_starts[period + 1]);
            let ways = &ways[self.node_starts[period]..];
            let (to_go, next_to_go) = scratch.to_go.split_at(self.node_starts[period + 1]);
            let to_go = &to_go[self.node_starts[period]..];
            let nodes = next_ways.iter_mut().zip(next_to_go).zip(layer.edges_to_nodes());
            for (node, ((next_way, &cost_to_go), edges)) in nodes.enumerate() {
                let mut first = scratch.active.len();
                scratch.active.resize(first + edges.len(), Active { source: 0, loss: FULL });
                let active = &mut scratch.active[first..];
                let (mut least, mut count) = (NONE, 0);
                // Which edges take part is hard to foresee, so there is no branch on it.
                for edge in edges {
                    let from = edge.from as usize;
                    let loss = scratch.tolls[edge.toll as usize] + cost_to_go - to_go[from];
                    let through = ways[from] + loss;
                    active[count] = Active {
                        source: start + edge.offset as usize,
                        loss: i16::try_from(loss >> coarse).unwrap_or(FULL),
                    };
                    count += usize::from(through < cap);
                    least = least.min(through);
                }
                first += count;
                scratch.active.truncate(first);
                *next_way = if least < cap { least } else { NONE };
                if count > 0 {
                    scratch.targets.push(Target { plane: after.plane(node), edges: count });
                }
            }
        }
        let blocks = scratch.active.len() * (self.size / LANES);
        scratch.work += self.graph_work + blocks as u64 / EDGES_PER_UNIT;
    }

    /// Fills the planes with the least losses over the selected edges.
    fn fill(&self, scratch: &mut Scratch) {
        let layers = self.layers.len();
        let length = self.place(layers).plane(scratch.to_go.len() - self.node_starts[layers]);
        if scratch.planes.len() < length {
            scratch.planes.resize(length, FULL);
        }
        let first = self.place(0);
        scratch.planes[..first.plane(1)].fill(FULL);
        scratch.planes[first.plane(0)] = 0;
        scratch.arch.dispatch(Fill {
            targets: &scratch.targets,
            active: &scratch.active,
            mask: &self.mask,
            planes: &mut scratch.planes,
            size: self.size,
            margin: self.margin,
        });
    }

    fn best_end(&self, limit: i64, coarse: u32, scratch: &Scratch) -> Option<End> {
        let last = self.layers.len();
        let place = self.place(last);
        let ways = &scratch.ways[self.node_starts[last]..];
        let mut best: Option<End> = None;
        for (node, _) in ways.iter().enumerate().filter(|(_, way)| **way < NONE) {
            let plane = &scratch.planes[place.plane(node)..];
            for (&(position, _), &cost) in self.ends.iter().zip(&scratch.end_costs) {
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
        mut each: impl FnMut(u32, u32),
    ) {
        let (mut node, mut position) = (end.node, end.position);
        for (period, layer) in self.layers.iter().enumerate().rev() {
            let number = scratch.planes[self.place(period + 1).plane(node) + position];
            let before = self.place(period);
            let source = |edge: &InEdge| before.start + edge.offset as usize + position;
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
            each(self.choice(edge.toll, scratch), edge.toll);
            node = edge.from as usize;
            position = source(edge) - before.plane(node);
        }
    }
}
