//! The cheapest lines of one worker, over the states of all automata side by side.

use super::PARTS;
use super::table::{Step, Table};
use crate::ids::{ActivityId, WorkerId};
use crate::problem::Problem;
use crate::rule::LineContext;

/// One class of each table, each in its own bits, and the least cost of a line that leads there.
type Label = (u128, i128);

/// All lines of one worker under given prices.
pub(super) struct Lines<'a> {
    tables: Vec<Table>,
    /// For each choice its column in the tables: choices that all rules treat alike share one.
    columns: Vec<Vec<usize>>,
    prices: &'a [Vec<i128>],
    /// The least price of each column.
    column_prices: Vec<Vec<i128>>,
    /// For each period the labels before it, by key, and those at the end.
    layers: Vec<Vec<Label>>,
}

struct NoRoom;

impl<'a> Lines<'a> {
    /// Automata for which there is no room are left out, the ones with most states first. There is
    /// room for `most` combinations of states in a period.
    pub(super) fn new(
        problem: &Problem,
        worker: WorkerId,
        prices: &'a [Vec<i128>],
        most: usize,
    ) -> Self {
        let context = LineContext::new(problem, worker);
        let choices: Vec<Vec<ActivityId>> =
            (0..problem.periods()).map(|period| context.choices(period).collect()).collect();
        let automata = problem.rules(worker).iter().flat_map(|rule| rule.automata(&context));
        let mut tables: Vec<Table> =
            automata.filter_map(|automaton| Table::new(&*automaton, &choices)).collect();
        tables.sort_by_key(Table::widest);
        let columns = Table::fold(&mut tables, prices.iter().map(Vec::len));
        let column_prices = columns.iter().zip(prices).map(|(own, prices)| least_of(own, prices));
        let column_prices = column_prices.collect();
        let mut lines = Self { tables, columns, prices, column_prices, layers: Vec::new() };
        while lines.spread(most).is_err() {
            lines.tables.pop();
        }
        lines
    }

    /// Fills the layers from the first to the last.
    fn spread(&mut self, most: usize) -> Result<(), NoRoom> {
        self.layers.clear();
        let start: Option<Vec<u32>> = self.tables.iter().map(|table| table.start).collect();
        let packing = Packing::new(&self.tables, 0)?;
        self.layers.push(start.map(|start| (packing.pack(start), 0)).into_iter().collect());
        for period in 0..self.prices.len() {
            let mut next = Vec::new();
            let mut steps = self.steps(period)?;
            for &(key, cost) in &self.layers[period] {
                steps.each(key, |_, to, own| next.push((to, cost + own)));
            }
            // Sorted, the cheapest of equal combinations comes first.
            next.sort_unstable();
            next.dedup_by_key(|label| label.0);
            if next.len() > most {
                return Err(NoRoom);
            }
            self.layers.push(next);
        }
        Ok(())
    }

    fn steps(&self, period: usize) -> Result<Steps<'_>, NoRoom> {
        Ok(Steps {
            tables: &self.tables,
            period,
            prices: &self.column_prices[period],
            from: Packing::new(&self.tables, period)?,
            to: Packing::new(&self.tables, period + 1)?,
            rows: Vec::with_capacity(self.tables.len()),
        })
    }

    /// The costs that the ends of the last layer add.
    fn ends(&self) -> impl Iterator<Item = i128> + '_ {
        let last = self.layers.last().into_iter().flatten();
        // What found room once finds it again.
        let packing = Packing::new(&self.tables, self.prices.len()).unwrap_or_default();
        last.map(move |&(key, _)| {
            let classes = self.tables.iter().zip(packing.unpack(key));
            let costs = classes.map(|(table, class)| i128::from(table.finish[class as usize]));
            costs.sum::<i128>() * PARTS
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
        for (period, prices) in self.column_prices.iter().enumerate().rev() {
            let mut own = vec![None; prices.len()];
            let Ok(mut steps) = self.steps(period) else { break };
            let labels = self.layers[period].iter().map(|&(key, cost)| {
                let mut best = None;
                steps.each(key, |column, to, step| {
                    let at = self.layers[period + 1].binary_search_by_key(&to, |label| label.0);
                    let Some(rest) = at.ok().and_then(|at| to_go[at]) else { return };
                    best = least(best, step + rest);
                    own[column] = least(own[column], cost + step + rest);
                });
                best
            });
            to_go = labels.collect();
            let choices = self.columns[period].iter().zip(&self.prices[period]);
            let own = choices.map(|(&column, price)| Some(own[column]? - prices[column] + price));
            through.push(own.collect::<Vec<_>>());
        }
        through.into_iter().rev().flatten().collect()
    }
}

/// The steps of a period.
struct Steps<'l> {
    tables: &'l [Table],
    period: usize,
    prices: &'l [i128],
    from: Packing,
    to: Packing,
    /// The row of each table for the present label. Memory that is used again.
    rows: Vec<&'l [Step]>,
}

impl Steps<'_> {
    /// Tells of every step from `key` that no table refuses: the column, the key after it, the cost.
    fn each(&mut self, key: u128, mut tell: impl FnMut(usize, u128, i128)) {
        self.rows.clear();
        let classes = self.tables.iter().zip(self.from.unpack(key));
        self.rows.extend(classes.map(|(table, class)| table.layers[self.period].row(class)));
        for (column, &price) in self.prices.iter().enumerate() {
            let steps = self.rows.iter().zip(&self.to.shifts);
            let step = steps.into_iter().try_fold((0, 0), |(key, cost), (row, shift)| {
                let (to, own) = row[column]?;
                Some((key | u128::from(to) << shift, cost + i128::from(own)))
            });
            if let Some((to, own)) = step {
                tell(column, to, price + own * PARTS);
            }
        }
    }
}

/// Where the class of each table stands in a key.
#[derive(Default)]
struct Packing {
    shifts: Vec<u32>,
    masks: Vec<u128>,
}

impl Packing {
    fn new(tables: &[Table], period: usize) -> Result<Self, NoRoom> {
        let mut packing = Self::default();
        let mut used = 0;
        for table in tables {
            let bits = usize::BITS - table.width(period).leading_zeros();
            packing.shifts.push(used);
            packing.masks.push((1 << bits) - 1);
            used += bits;
        }
        if used < u128::BITS { Ok(packing) } else { Err(NoRoom) }
    }

    fn pack(&self, classes: impl IntoIterator<Item = u32>) -> u128 {
        let all = classes.into_iter().zip(&self.shifts);
        all.fold(0, |key, (class, shift)| key | u128::from(class) << shift)
    }

    fn unpack(&self, key: u128) -> impl Iterator<Item = u32> {
        let parts = self.shifts.iter().zip(&self.masks);
        parts.map(move |(shift, mask)| u32::try_from(key >> shift & mask).unwrap_or_default())
    }
}

/// The least price of each column. Columns are numbered in the order of their first choices.
fn least_of(columns: &[usize], prices: &[i128]) -> Vec<i128> {
    let mut all: Vec<i128> = Vec::new();
    for (&column, &price) in columns.iter().zip(prices) {
        match all.get_mut(column) {
            Some(old) => *old = price.min(*old),
            None => all.push(price),
        }
    }
    all
}

fn least(old: Option<i128>, new: i128) -> Option<i128> {
    Some(old.map_or(new, |old| old.min(new)))
}
