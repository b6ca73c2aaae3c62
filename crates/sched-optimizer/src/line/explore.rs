//! The graph of a single automaton: the states that its steps lead to.

use std::collections::HashMap;

use super::digest::{Mixed, digest};
use super::graph::{Edge, Graph, Layer, index};
use super::{Cells, NONE, charge};
use crate::ids::{ActivityId, PeriodId};
use crate::rule::Automaton;
use crate::tally::Tally;

/// What the choices of a worker are, and which of them are allowed.
#[derive(Clone, Copy)]
pub(super) struct Offer<'p> {
    pub(super) cells: Cells<'p>,
    /// By choice; all of them when not given.
    pub(super) allowed: Option<&'p [bool]>,
}

impl Offer<'_> {
    /// The positions and activities of the allowed choices of a period.
    pub(super) fn choices(&self, period: usize) -> impl Iterator<Item = (u32, ActivityId)> {
        let start = self.cells.starts[period];
        let choices = (0..).zip(self.cells.of(period).iter().copied());
        choices.filter(move |&(choice, _)| {
            self.allowed.is_none_or(|allowed| allowed[start + choice as usize])
        })
    }

    /// The graph of the lines that `automaton` accepts, and the states before each period and at the
    /// end. `None` when a layer would get more than `most` nodes.
    pub(super) fn automaton(
        self,
        automaton: &dyn Automaton,
        most: usize,
    ) -> Option<(Graph, Vec<Vec<u64>>)> {
        let kind = |period, activity| automaton.kind(period, activity);
        let (layers, states) =
            self.explore(automaton.start(), most, kind, |state, period, activity| {
                let step = automaton.step(state, period, activity)?;
                Some((step.state, 0, charge(0, step.cost)?))
            })?;
        let ends = states.last().into_iter().flatten();
        let cost =
            |&state: &u64| automaton.finish(state).and_then(|cost| charge(0, cost)).unwrap_or(NONE);
        let finish = ends.map(cost).collect();
        let mut graph = Graph { layers, finish, amounts: vec![Vec::new()] };
        graph.reduce();
        Some((graph, states))
    }

    /// The graph of the modes of `tallies` side by side, with their amounts on the edges. `None` when a
    /// layer would get more than `most` nodes.
    pub(super) fn tallies(self, tallies: &[&dyn Tally], most: usize) -> Option<Graph> {
        let (mut modes, mut amounts) = (Lists::new(), Lists::new());
        let start: Vec<u32> = tallies.iter().map(|tally| tally.start().0).collect();
        let start = u64::from(modes.number(&start));
        let (mut kinds, mut own) = (Lists::new(), Vec::new());
        let kind = |period, activity| {
            own.clear();
            own.extend(tallies.iter().map(|tally| tally.kind(period, activity)));
            kinds.number(&own).into()
        };
        let (mut next, mut adds) = (Vec::new(), Vec::new());
        let (layers, states) = self.explore(start, most, kind, |state, period, activity| {
            next.clear();
            adds.clear();
            let before = modes.all.get(usize::try_from(state).ok()?)?;
            for (tally, &mode) in tallies.iter().zip(before) {
                let (mode, amount) = tally.step(mode, period, activity)?;
                next.push(mode);
                adds.push(amount);
            }
            Some((u64::from(modes.number(&next)), amounts.number(&adds), 0))
        })?;
        let finish = vec![0; states.last().map_or(0, Vec::len)];
        let mut graph = Graph { layers, finish, amounts: amounts.all };
        graph.reduce();
        Some(graph)
    }

    /// Layers of the states met from `start` on, with the states; a step gives the next state, the tag
    /// and the cost of an edge. Activities of a kind take the same steps.
    fn explore(
        self,
        start: u64,
        most: usize,
        mut kind: impl FnMut(PeriodId, ActivityId) -> u64,
        mut step: impl FnMut(u64, PeriodId, ActivityId) -> Option<(u64, u32, i64)>,
    ) -> Option<(Vec<Layer>, Vec<Vec<u64>>)> {
        let mut known: HashMap<u64, u32, Mixed> = HashMap::default();
        let (mut layers, mut all) = (Vec::new(), vec![vec![start]]);
        let (mut kinds, mut own, mut steps) = (Vec::new(), Vec::new(), Vec::new());
        for period in 0..self.cells.periods() {
            known.clear();
            kinds.clear();
            own.clear();
            own.extend(self.choices(period).map(|(choice, activity)| {
                let kind = kind(PeriodId::new(period), activity);
                let same = kinds.iter().position(|known| *known == kind);
                kinds.extend(same.is_none().then_some(kind));
                (choice, activity, same.unwrap_or(kinds.len() - 1))
            }));
            let states = &all[period];
            let mut next = Vec::with_capacity(states.len());
            let most_edges = states.len() * self.cells.of(period).len();
            let mut layer = Layer::with_room(states.len(), most_edges);
            for &state in states {
                steps.clear();
                for &(choice, activity, kind) in &own {
                    // Kinds are numbered by their first choices.
                    if kind == steps.len() {
                        let stepped = step(state, PeriodId::new(period), activity);
                        steps.push(stepped.map(|(state, tag, cost)| {
                            let to = *known.entry(state).or_insert_with(|| {
                                next.push(state);
                                index(next.len() - 1)
                            });
                            (to, tag, cost)
                        }));
                    }
                    if let Some((to, tag, cost)) = steps[kind] {
                        layer.edges.push(Edge { to, choice, tag, cost });
                    }
                }
                layer.close_node();
            }
            if next.len() > most {
                return None;
            }
            layers.push(layer);
            all.push(next);
        }
        Some((layers, all))
    }
}

/// Lists by number, each once.
struct Lists<T> {
    known: HashMap<u64, u32, Mixed>,
    all: Vec<Vec<T>>,
}

impl<T: Copy + Eq + Into<u64>> Lists<T> {
    fn new() -> Self {
        Self { known: HashMap::default(), all: Vec::new() }
    }

    fn number(&mut self, list: &[T]) -> u32 {
        let mut digest = digest(list.iter().map(|&item| item.into()));
        while let Some(&number) = self.known.get(&digest) {
            if self.all[number as usize] == list {
                return number;
            }
            // Another list has this digest.
            digest = digest.wrapping_add(1);
        }
        let number = index(self.all.len());
        self.known.insert(digest, number);
        self.all.push(list.to_vec());
        number
    }
}
