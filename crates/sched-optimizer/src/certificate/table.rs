//! One automaton written out: all states that can still end well, those with the same future as one.

use std::collections::HashMap;
use std::hash::Hash;
use std::slice::ChunksExact;

use crate::ids::{ActivityId, PeriodId};
use crate::rule::Automaton;

/// States of one automaton in one period at most.
const MAX_STATES: usize = 20_000;

/// The next class and the cost of the step; `None`: refused, now or later.
pub(super) type Step = Option<(u32, i64)>;

/// Rows of steps, one for each class before a period, with a step for each column.
pub(super) struct Layer {
    columns: usize,
    steps: Vec<Step>,
}

impl Layer {
    pub(super) fn rows(&self) -> ChunksExact<'_, Step> {
        self.steps.chunks_exact(self.columns.max(1))
    }

    pub(super) fn row(&self, class: u32) -> &[Step] {
        &self.steps[class as usize * self.columns..][..self.columns]
    }
}

/// The classes of an automaton, each on the way from the start to an end.
pub(super) struct Table {
    pub(super) start: Option<u32>,
    pub(super) layers: Vec<Layer>,
    /// The last costs, by class.
    pub(super) finish: Vec<i64>,
}

impl Table {
    /// The table of an automaton, with a column for each choice; `None` when there are too many states.
    pub(super) fn new(automaton: &dyn Automaton, choices: &[Vec<ActivityId>]) -> Option<Self> {
        let mut layers = Vec::new();
        let mut states = vec![automaton.start()];
        for (period, choices) in choices.iter().enumerate() {
            let mut next = Numbered::default();
            let mut steps = Vec::with_capacity(states.len() * choices.len());
            for &state in &states {
                steps.extend(choices.iter().map(|&activity| {
                    let step = automaton.step(state, PeriodId::new(period), activity)?;
                    Some((next.number(step.state), step.cost))
                }));
            }
            layers.push(Layer { columns: choices.len(), steps });
            states = next.items;
            if states.len() > MAX_STATES {
                return None;
            }
        }
        let ends: Vec<Option<i64>> = states.iter().map(|&state| automaton.finish(state)).collect();
        Some(Self::merge(layers, &ends))
    }

    /// Backwards: states whose rows are equal have the same future and become one class.
    fn merge(mut layers: Vec<Layer>, ends: &[Option<i64>]) -> Self {
        let mut finish = Numbered::default();
        let mut classes: Vec<Option<u32>> =
            ends.iter().map(|end| end.map(|cost| finish.number(cost))).collect();
        for layer in layers.iter_mut().rev() {
            for step in &mut layer.steps {
                *step = step.and_then(|(to, cost)| Some((classes[to as usize]?, cost)));
            }
            let mut merged = Numbered::default();
            let alive = |row: &&[Step]| row.iter().any(Option::is_some);
            classes =
                layer.rows().map(|row| Some(merged.number(Some(row).filter(alive)?))).collect();
            layer.steps = merged.items.concat();
        }
        let start = classes.first().copied().flatten();
        Self { start, layers, finish: finish.items }
    }

    /// Keeps one of each set of columns that say the same in all `tables`; returns for each period and
    /// old column the new one.
    pub(super) fn fold(
        tables: &mut [Self],
        columns: impl Iterator<Item = usize>,
    ) -> Vec<Vec<usize>> {
        let fold = |(period, columns): (usize, usize)| {
            let mut kept: Numbered<Vec<Step>> = Numbered::default();
            let mut first = Vec::new();
            let names = (0..columns).map(|column| {
                let rows = tables.iter().flat_map(|table| table.layers[period].rows());
                let name = kept.number(rows.map(|row| row[column]).collect()) as usize;
                if name == first.len() {
                    first.push(column);
                }
                name
            });
            let names: Vec<usize> = names.collect();
            for layer in tables.iter_mut().map(|table| &mut table.layers[period]) {
                let steps = layer.rows().flat_map(|row| first.iter().map(|&column| row[column]));
                *layer = Layer { steps: steps.collect(), columns: first.len() };
            }
            names
        };
        columns.enumerate().map(fold).collect()
    }

    /// Classes before `period`, or the last ones.
    pub(super) fn width(&self, period: usize) -> usize {
        self.layers.get(period).map_or(self.finish.len(), |layer| layer.rows().len())
    }

    pub(super) fn widest(&self) -> usize {
        (0..=self.layers.len()).map(|period| self.width(period)).max().unwrap_or(0)
    }
}

/// Different items in the order in which they came.
struct Numbered<T> {
    numbers: HashMap<T, u32>,
    items: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), items: Vec::new() }
    }
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    fn number(&mut self, item: T) -> u32 {
        if let Some(&number) = self.numbers.get(&item) {
            return number;
        }
        let number = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        self.items.push(item.clone());
        self.numbers.insert(item, number);
        number
    }
}
