//! Rows with the same key, and the order in which every writer takes its keys.

use std::cmp::Ordering;

use crate::config::Duplicates;
use crate::error::{Error, Repeat};
use crate::record::Column;
use crate::report::Outcome;
use crate::value::Value;

/// The keys of all rows, in one flat vector.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    places: Vec<usize>,
    values: Vec<Value<'a>>,
}

impl<'a> Keys<'a> {
    /// Keys of rows with the given columns.
    pub(super) fn new(columns: &[Column]) -> Self {
        let places = columns.iter().enumerate().filter(|(_, column)| column.key);
        Self { places: places.map(|(place, _)| place).collect(), values: Vec::new() }
    }

    /// Takes the key out of the values of the next row.
    pub(super) fn add(&mut self, row: &mut [Value<'a>]) {
        let taken =
            self.places.iter().map(|place| std::mem::replace(&mut row[*place], Value::Null));
        self.values.extend(taken);
    }

    fn key(&self, row: usize) -> &[Value<'a>] {
        let width = self.places.len();
        &self.values[row * width..(row + 1) * width]
    }

    fn order(&self, a: usize, b: usize) -> Ordering {
        let unequal = |(a, b): (&Value<'a>, &Value<'a>)| Some(a.order(b)).filter(|o| o.is_ne());
        self.key(a).iter().zip(self.key(b)).find_map(unequal).unwrap_or(Ordering::Equal)
    }

    /// Sorts rows by key. Writers that take their locks in one order cannot deadlock.
    pub(super) fn sort(&self, rows: &mut [usize]) {
        rows.sort_by(|a, b| self.order(*a, *b));
    }

    /// The rows to write, sorted by key; the others get their outcome.
    pub(super) fn resolve(
        &self,
        policy: Duplicates,
        table: &'static str,
        outcomes: &mut [Outcome],
    ) -> Result<Vec<usize>, Error> {
        let mut sorted: Vec<usize> = (0..outcomes.len()).collect();
        self.sort(&mut sorted);
        let mut repeats = Vec::new();
        let mut order = Vec::with_capacity(sorted.len());
        for group in sorted.chunk_by(|a, b| self.order(*a, *b).is_eq()) {
            // The sort is stable: a group is in the order of the input, and never empty.
            let (first, last) = (group[0], group[group.len() - 1]);
            let winner = if policy == Duplicates::LastWins { last } else { first };
            order.push(winner);
            for &row in group.iter().filter(|row| **row != winner) {
                outcomes[row] = Outcome::Skipped { in_favour_of: winner };
                repeats.push(Repeat { row, first });
            }
        }
        if policy == Duplicates::Refuse && !repeats.is_empty() {
            repeats.sort_unstable_by_key(|repeat| repeat.row);
            return Err(Error::Duplicates { table, repeats });
        }
        Ok(order)
    }
}
