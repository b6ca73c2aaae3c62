//! Labels: partial lines with the states of all automata that are not multiplied out.

use super::pass::Scratch;
use super::{LineProgram, NONE, charge};
use crate::ids::PeriodId;

/// How hard the label pass tries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Whether labels are tried where a price stands for a limit.
    pub(crate) labels: bool,
    /// Labels kept at one node.
    pub(crate) bucket: usize,
    /// Labels kept in one layer.
    pub(crate) layer: usize,
}

impl Effort {
    /// For one of many resamplings.
    pub(crate) const QUICK: Self = Self { labels: false, bucket: 4, layer: 160 };
    /// Where no line was found, or the answer counts more than the time.
    pub(crate) const THOROUGH: Self = Self { labels: true, bucket: 24, layer: 6000 };
}

/// What a solve found; the line itself is in [`Arena::line`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Solved {
    /// Cost of the line, or `None` when no line below the given upper bound was found.
    pub(crate) cost: Option<i64>,
    /// No line costs less than this, or than the given upper bound.
    pub(crate) lower: i64,
    /// Edges and labels looked at.
    pub(crate) work: u64,
}

const END: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Label {
    cost: i64,
    node: u32,
    parent: u32,
    choice: u32,
    /// The next label of the same node.
    next: u32,
}

/// Memory that is used again from call to call.
#[derive(Default)]
pub(crate) struct Arena {
    /// Positions of the line's choices among those of their periods.
    pub(crate) line: Vec<u32>,
    /// What the line that was found last adds to each tally with a price, in units.
    pub(crate) sums: Vec<i64>,
    /// What it costs without the prices of sums.
    pub(crate) cost: i64,
    /// Choices and tags of the line found last, and of one that is being found.
    pub(super) path: Vec<(u32, u32)>,
    pub(super) found: Vec<(u32, u32)>,
    /// Prices of the sums that are told apart on the planes.
    pub(super) leans: Vec<i64>,
    /// The line found last keeps what is on the planes.
    pub(super) exact: bool,
    pub(super) scratch: Scratch,
    /// Prices with what sums of choices pay.
    pub(super) charged: Vec<i64>,
    /// Lists that callers use again.
    pub(crate) spare: Vec<u32>,
    pub(crate) prices: Vec<i64>,
    pub(crate) pay: Vec<i64>,
    pub(crate) slope: Vec<i64>,
    labels: Vec<Label>,
    /// One state for each labelled automaton and label.
    states: Vec<u64>,
    heads: Vec<u32>,
    candidate: Vec<u64>,
    order: Vec<(i64, u32)>,
    pub(super) lost: i64,
    pub(super) work: u64,
    /// The line that was there before labels looked for another.
    pub(super) other: Vec<u32>,
}

impl LineProgram {
    pub(super) fn label_pass(
        &self,
        prices: &[i64],
        upper: i64,
        effort: Effort,
        arena: &mut Arena,
    ) -> Option<i64> {
        arena.labels.clear();
        arena.states.clear();
        arena.lost = NONE;
        arena.labels.push(Label { cost: 0, node: 0, parent: END, choice: 0, next: END });
        arena.states.extend(self.labelled.iter().map(|automaton| automaton.start()));
        let mut layer_start = 0;
        for period in 0..self.graph.layers.len() {
            let layer_end = arena.labels.len();
            let next_nodes =
                self.graph.layers.get(period + 1).map_or(self.graph.finish.len(), |l| l.nodes());
            arena.heads.clear();
            arena.heads.resize(next_nodes, END);
            let own = &prices[self.starts[period]..self.starts[period + 1]];
            for label in layer_start..layer_end {
                if arena.labels[label].node != END {
                    self.expand(period, label, own, upper, effort, arena);
                }
            }
            layer_start = layer_end;
            arena.thin_layer(self.planes.node_starts[period + 1], layer_start, effort);
        }
        self.best_end(layer_start, upper, arena)
    }

    fn expand(
        &self,
        period: usize,
        from: usize,
        prices: &[i64],
        upper: i64,
        effort: Effort,
        arena: &mut Arena,
    ) {
        let label = arena.labels[from];
        let after = self.planes.node_starts[period + 1];
        for edge in self.graph.layers[period].edges_of(label.node) {
            arena.work += 1;
            let cost = label.cost + edge.cost + prices[edge.choice as usize];
            if cost + arena.scratch.to_go[after + edge.to as usize] >= upper {
                continue;
            }
            let choice = self.starts[period] + edge.choice as usize;
            let Some(extra) = self.step_all(period, choice, from, arena) else { continue };
            let cost = cost + extra;
            let total = cost + arena.scratch.to_go[after + edge.to as usize];
            if total < upper {
                let parent = u32::try_from(from).unwrap_or(END);
                let label = Label { cost, node: edge.to, parent, choice: edge.choice, next: END };
                self.insert(period, label, total - cost, effort, arena);
            }
        }
    }

    /// Steps all labelled automata into `arena.candidate`.
    fn step_all(
        &self,
        period: usize,
        choice: usize,
        from: usize,
        arena: &mut Arena,
    ) -> Option<i64> {
        let width = self.labelled.len();
        let activity = self.activities[choice];
        let mut extra = 0;
        arena.candidate.clear();
        for (at, automaton) in self.labelled.iter().enumerate() {
            let state = arena.states[from * width + at];
            let step = automaton.step(state, PeriodId::new(period), activity)?;
            extra = charge(extra, step.cost)?;
            arena.candidate.push(step.state);
        }
        Some(extra)
    }

    /// Puts a label with the states in `arena.candidate` at its node, unless one there is as good.
    fn insert(&self, period: usize, label: Label, to_go: i64, effort: Effort, arena: &mut Arena) {
        let width = self.labelled.len();
        let period_id = PeriodId::new(period);
        let (mut link, mut before, mut count) = (arena.heads[label.node as usize], END, 0);
        while link != END {
            let other = arena.labels[link as usize];
            let states = &arena.states[link as usize * width..(link as usize + 1) * width];
            if other.cost <= label.cost && self.covers(period_id, states, &arena.candidate) {
                return;
            }
            if label.cost <= other.cost && self.covers(period_id, &arena.candidate, states) {
                arena.unlink(before, link);
            } else {
                before = link;
                count += 1;
            }
            link = other.next;
        }
        let own = u32::try_from(arena.labels.len()).unwrap_or(END);
        arena.labels.push(Label { next: arena.heads[label.node as usize], ..label });
        arena.states.extend_from_slice(&arena.candidate);
        arena.heads[label.node as usize] = own;
        if count + 1 > effort.bucket {
            arena.thin_bucket(label.node, to_go);
        }
    }

    fn covers(&self, period: PeriodId, a: &[u64], b: &[u64]) -> bool {
        let mut pairs = self.labelled.iter().zip(a.iter().zip(b));
        pairs.all(|(automaton, (&a, &b))| a == b || automaton.dominates(period, a, b))
    }

    fn best_end(&self, start: usize, upper: i64, arena: &mut Arena) -> Option<i64> {
        let width = self.labelled.len();
        let mut best: Option<(i64, usize)> = None;
        for at in start..arena.labels.len() {
            let label = arena.labels[at];
            if label.node == END {
                continue;
            }
            let states = &arena.states[at * width..(at + 1) * width];
            let mut ends = self.labelled.iter().zip(states);
            let extra = ends
                .try_fold(0, |extra, (automaton, &state)| charge(extra, automaton.finish(state)?));
            let Some(extra) = extra else { continue };
            let total = label.cost + self.graph.finish[label.node as usize] + extra;
            if total < best.map_or(upper, |best| best.0) {
                best = Some((total, at));
            }
        }
        let (cost, end) = best?;
        arena.trace(end);
        Some(cost)
    }
}

impl Arena {
    /// Work of the last search for a minimum.
    pub(crate) const fn work_done(&self) -> u64 {
        self.scratch.work
    }

    fn unlink(&mut self, before: u32, link: u32) {
        let Label { next, node, .. } = self.labels[link as usize];
        match before {
            END => self.heads[node as usize] = next,
            before => self.labels[before as usize].next = next,
        }
        self.labels[link as usize].node = END;
    }

    /// Drops the label of a full node whose cost lies nearest above another's. The cheapest label
    /// and the dearest (which has most left of what the labels count) stay.
    fn thin_bucket(&mut self, node: u32, to_go: i64) {
        self.order.clear();
        let mut link = self.heads[node as usize];
        while link != END {
            self.order.push((self.labels[link as usize].cost, link));
            link = self.labels[link as usize].next;
        }
        self.order.sort_unstable();
        let inner = 1..self.order.len().saturating_sub(1);
        let gap = |&at: &usize| self.order[at].0 - self.order[at - 1].0;
        let Some(at) = inner.min_by_key(gap) else { return };
        let (cost, victim) = self.order[at];
        self.lost = self.lost.min(cost + to_go);
        let (mut before, mut link) = (END, self.heads[node as usize]);
        while link != victim && link != END {
            before = link;
            link = self.labels[link as usize].next;
        }
        self.unlink(before, victim);
    }

    /// Drops labels of a layer that is too wide: the best stay, and of the others an even sample,
    /// because the cheapest labels are often those that have nothing left for the end.
    fn thin_layer(&mut self, after: usize, start: usize, effort: Effort) {
        self.order.clear();
        for at in start..self.labels.len() {
            let label = self.labels[at];
            if label.node != END {
                let total = label.cost + self.scratch.to_go[after + label.node as usize];
                self.order.push((total, u32::try_from(at).unwrap_or(END)));
            }
        }
        if self.order.len() <= effort.layer {
            return;
        }
        self.order.sort_unstable();
        let best = effort.layer * 3 / 4;
        let stride = (self.order.len() - best).div_ceil(effort.layer - best);
        for at in best..self.order.len() {
            if (at - best) % stride != stride - 1 {
                let (total, label) = self.order[at];
                self.lost = self.lost.min(total);
                self.labels[label as usize].node = END;
            }
        }
    }

    fn trace(&mut self, end: usize) {
        self.line.clear();
        let mut label = self.labels[end];
        while label.parent != END {
            self.line.push(label.choice);
            label = self.labels[label.parent as usize];
        }
        self.line.reverse();
    }
}
