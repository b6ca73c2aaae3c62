//! One automaton written out: all states that can still end well, those with the same future as one.

use std::collections::HashMap;

use crate::ids::{ActivityId, PeriodId};
use crate::rule::Automaton;

/// States of one automaton in one period at most.
const MAX_STATES: usize = 20_000;

/// For each choice the next class and the cost of the step; `None`: refused, now or later.
pub(super) type Row = Vec<Option<(usize, i64)>>;

pub(super) struct Table {
    pub(super) start: Option<usize>,
    /// For each period the rows of its classes.
    pub(super) rows: Vec<Vec<Row>>,
    /// The last costs, by class.
    pub(super) finish: Vec<i64>,
}

impl Table {
    /// `None` when there are too many states.
    pub(super) fn new(automaton: &dyn Automaton, choices: &[Vec<ActivityId>]) -> Option<Self> {
        let mut rows = Vec::new();
        let mut states = vec![automaton.start()];
        for (period, choices) in choices.iter().enumerate() {
            let mut next = Numbered::default();
            let step = |state: u64, next: &mut Numbered<u64>| -> Row {
                let steps = choices.iter().map(|&activity| {
                    let step = automaton.step(state, PeriodId::new(period), activity)?;
                    Some((next.number(step.state), step.cost))
                });
                steps.collect()
            };
            let own: Vec<Row> = states.iter().map(|&state| step(state, &mut next)).collect();
            rows.push(own);
            states = next.items;
            if states.len() > MAX_STATES {
                return None;
            }
        }
        let ends: Vec<Option<i64>> = states.iter().map(|&state| automaton.finish(state)).collect();
        Some(Self::merge(rows, &ends))
    }

    /// Backwards: states whose rows are equal have the same future and become one class.
    fn merge(mut rows: Vec<Vec<Row>>, ends: &[Option<i64>]) -> Self {
        let mut finish = Numbered::default();
        let mut classes: Vec<Option<usize>> =
            ends.iter().map(|end| end.map(|cost| finish.number(cost))).collect();
        for layer in rows.iter_mut().rev() {
            let mut merged = Numbered::default();
            let own = layer.drain(..).map(|row| {
                let steps = row
                    .into_iter()
                    .map(|step| step.and_then(|(to, cost)| Some((classes[to]?, cost))));
                let row: Row = steps.collect();
                row.iter().any(Option::is_some).then(|| merged.number(row))
            });
            classes = own.collect();
            *layer = merged.items;
        }
        Self { start: classes.first().copied().flatten(), rows, finish: finish.items }
    }

    /// Classes before `period`, or the last ones.
    pub(super) fn width(&self, period: usize) -> usize {
        self.rows.get(period).map_or(self.finish.len(), Vec::len)
    }

    pub(super) fn widest(&self) -> usize {
        (0..=self.rows.len()).map(|period| self.width(period)).max().unwrap_or(0)
    }
}

/// Different items in the order in which they came.
struct Numbered<T> {
    numbers: HashMap<T, usize>,
    items: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), items: Vec::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Numbered<T> {
    fn number(&mut self, item: T) -> usize {
        let next = self.items.len();
        *self.numbers.entry(item.clone()).or_insert_with(|| {
            self.items.push(item);
            next
        })
    }
}
