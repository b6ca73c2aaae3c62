//! Figures in columns.

use std::time::Duration;

use sched_optimizer::{Outcome, Replanned, Roster, WorkerId};

/// One way to a roster of the changed problem.
pub(crate) struct Row {
    name: String,
    prepared: Duration,
    took: Duration,
    cells: usize,
    people: usize,
    hard: i64,
    cost: i64,
}

impl Row {
    pub(crate) fn replanned(name: &str, new: &Replanned) -> Self {
        let (cells, people) = (new.changes.cells.len(), new.changes.workers.len());
        Self::new(name, &new.outcome, cells, people)
    }

    pub(crate) fn solved(name: &str, outcome: &Outcome, old: &Roster) -> Self {
        let cells: Vec<_> = outcome.roster.differences(old).collect();
        let mut people: Vec<WorkerId> = cells.iter().map(|cell| cell.0).collect();
        people.dedup();
        Self::new(name, outcome, cells.len(), people.len())
    }

    fn new(name: &str, outcome: &Outcome, cells: usize, people: usize) -> Self {
        let (stats, score) = (outcome.stats, outcome.score);
        Self {
            name: name.to_owned(),
            prepared: stats.prepared,
            took: stats.elapsed.saturating_sub(stats.prepared),
            cells,
            people,
            hard: score.hard,
            cost: score.soft,
        }
    }
}

/// Prints `rows`, with how far each cost is above `scratch`. Times are in milliseconds, the one of
/// searches without the preparation of the line programmes.
pub(crate) fn print(name: &str, rows: impl Iterator<Item = Row>, scratch: i64) {
    println!("{name}");
    println!(
        "  {:<20} {:>9} {:>8} {:>6} {:>7} {:>7} {:>8} {:>8}",
        "", "prepared", "search", "cells", "people", "broken", "cost", "above"
    );
    for row in rows {
        #[expect(clippy::cast_precision_loss, reason = "a share that is shown")]
        let above = (row.cost - scratch) as f64 * 100.0 / scratch.max(1) as f64;
        println!(
            "  {:<20} {:>9} {:>8} {:>6} {:>7} {:>7} {:>8} {above:>6.1} %",
            row.name,
            row.prepared.as_millis(),
            row.took.as_millis(),
            row.cells,
            row.people,
            row.hard,
            row.cost
        );
    }
}
