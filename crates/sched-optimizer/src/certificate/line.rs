//! The cheapest lines of one worker, over the states of all automata side by side.

use super::PARTS;
use super::table::Table;
use crate::ids::{ActivityId, WorkerId};
use crate::problem::Problem;
use crate::rule::LineContext;

/// Different combinations of states in one period at most.
const MAX_LABELS: usize = 100_000;

/// One class of each table as a number with a digit for each of them, and the least cost of a line
/// that leads there.
type Label = (u128, i128);

/// All lines of one worker under given prices.
pub(super) struct Lines<'a> {
    tables: Vec<Table>,
    prices: &'a [Vec<i128>],
    /// For each period the labels before it, by key, and those at the end.
    layers: Vec<Vec<Label>>,
}

struct NoRoom;

impl<'a> Lines<'a> {
    /// Automata for which there is no room are left out, the ones with most states first.
    pub(super) fn new(problem: &Problem, worker: WorkerId, prices: &'a [Vec<i128>]) -> Self {
        let context = LineContext::new(problem, worker);
        let choices: Vec<Vec<ActivityId>> =
            (0..problem.periods()).map(|period| context.choices(period).collect()).collect();
        let automata = problem.rules(worker).iter().flat_map(|rule| rule.automata(&context));
        let mut tables: Vec<Table> =
            automata.filter_map(|automaton| Table::new(&*automaton, &choices)).collect();
        tables.sort_by_key(Table::widest);
        let mut lines = Self { tables, prices, layers: Vec::new() };
        while lines.spread().is_err() {
            lines.tables.pop();
        }
        lines
    }

    /// Fills the layers from the first to the last.
    fn spread(&mut self) -> Result<(), NoRoom> {
        self.layers.clear();
        let start: Option<Vec<usize>> = self.tables.iter().map(|table| table.start).collect();
        let start = start.map(|start| encode(&self.tables, 0, start.into_iter())).transpose()?;
        self.layers.push(start.map(|key| (key, 0)).into_iter().collect());
        for period in 0..self.prices.len() {
            let mut next = Vec::new();
            for &(key, cost) in &self.layers[period] {
                self.steps(period, key, |_, to, own| next.push((to, cost + own)))?;
            }
            // Sorted, the cheapest of equal combinations comes first.
            next.sort_unstable();
            next.dedup_by_key(|label| label.0);
            if next.len() > MAX_LABELS {
                return Err(NoRoom);
            }
            self.layers.push(next);
        }
        Ok(())
    }

    /// Tells of every step from `key` that no table refuses: the choice, the key after it, the cost.
    fn steps(
        &self,
        period: usize,
        key: u128,
        mut tell: impl FnMut(usize, u128, i128),
    ) -> Result<(), NoRoom> {
        let classes = decode(&self.tables, period, key);
        for (choice, &price) in self.prices[period].iter().enumerate() {
            let step = |(table, &class): (&Table, &usize)| table.rows[period][class][choice];
            let steps = self.tables.iter().zip(&classes).map(step);
            let Some(steps) = steps.collect::<Option<Vec<_>>>() else { continue };
            let own: i128 = steps.iter().map(|&(_, cost)| i128::from(cost)).sum();
            let to = encode(&self.tables, period + 1, steps.iter().map(|&(to, _)| to))?;
            tell(choice, to, price + own * PARTS);
        }
        Ok(())
    }

    /// The costs that the ends of the last layer add.
    fn ends(&self) -> impl Iterator<Item = i128> + '_ {
        let last = self.layers.last().into_iter().flatten();
        last.map(|&(key, _)| {
            let classes = decode(&self.tables, self.prices.len(), key);
            let costs = self.tables.iter().zip(classes).map(|(table, class)| table.finish[class]);
            costs.map(i128::from).sum::<i128>() * PARTS
        })
    }

    /// The least cost of a line, in parts; `None` when the rules leave none.
    pub(super) fn cheapest(&self) -> Option<i128> {
        let last = self.layers.last().into_iter().flatten();
        last.zip(self.ends()).map(|(&(_, cost), end)| cost + end).min()
    }

    /// The same for each choice, of the lines that use it.
    pub(super) fn cheapest_through(&self) -> Vec<Option<i128>> {
        let mut to_go: Vec<Option<i128>> = self.ends().map(Some).collect();
        let mut through = Vec::new();
        for (period, prices) in self.prices.iter().enumerate().rev() {
            let mut own = vec![None; prices.len()];
            let labels = self.layers[period].iter().map(|&(key, cost)| {
                let mut best = None;
                // What found room once finds it again.
                _ = self.steps(period, key, |choice, to, step| {
                    let at = self.layers[period + 1].binary_search_by_key(&to, |label| label.0);
                    let Some(rest) = at.ok().and_then(|at| to_go[at]) else { return };
                    best = least(best, step + rest);
                    own[choice] = least(own[choice], cost + step + rest);
                });
                best
            });
            to_go = labels.collect();
            through.push(own);
        }
        through.into_iter().rev().flatten().collect()
    }
}

fn least(old: Option<i128>, new: i128) -> Option<i128> {
    Some(old.map_or(new, |old| old.min(new)))
}

fn encode(
    tables: &[Table],
    period: usize,
    classes: impl Iterator<Item = usize>,
) -> Result<u128, NoRoom> {
    let mut key = 0u128;
    for (table, class) in tables.iter().zip(classes) {
        let shifted = key.checked_mul(table.width(period) as u128);
        key = shifted.and_then(|key| key.checked_add(class as u128)).ok_or(NoRoom)?;
    }
    Ok(key)
}

fn decode(tables: &[Table], period: usize, mut key: u128) -> Vec<usize> {
    let mut classes = vec![0; tables.len()];
    for (table, class) in tables.iter().zip(&mut classes).rev() {
        let width = table.width(period) as u128;
        *class = usize::try_from(key % width).unwrap_or(0);
        key /= width;
    }
    classes
}
