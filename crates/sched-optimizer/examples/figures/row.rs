//! Rows of the table, and what they are made of.

use std::fmt::{Display, Write};
use std::time::{Duration, Instant};

/// One promise and what was seen of it.
pub(crate) struct Row {
    what: String,
    goal: String,
    seen: String,
    met: Option<bool>,
    notes: Vec<String>,
}

impl Row {
    /// A row with a goal that is met or not.
    pub(crate) fn new(
        what: impl Display,
        goal: impl Display,
        seen: impl Display,
        met: bool,
    ) -> Self {
        Self { met: Some(met), ..Self::without_goal(what, seen).with_goal(goal) }
    }

    /// A time that has to be at most `goal`.
    pub(crate) fn time(what: impl Display, goal: Duration, seen: Duration) -> Self {
        Self::new(what, format!("<= {goal:?}"), format!("{seen:.1?}"), seen <= goal)
    }

    /// What is worth knowing beside the goals.
    pub(crate) fn without_goal(what: impl Display, seen: impl Display) -> Self {
        let (what, seen) = (what.to_string(), seen.to_string());
        Self { what, goal: String::new(), seen, met: None, notes: Vec::new() }
    }

    /// A figure that could not be measured.
    pub(crate) fn unknown(what: impl Display, goal: impl Display, why: impl Display) -> Self {
        Self::without_goal(what, format!("not measured: {why}")).with_goal(goal)
    }

    fn with_goal(self, goal: impl Display) -> Self {
        Self { goal: goal.to_string(), ..self }
    }

    /// Adds a line below the row.
    pub(crate) fn note(mut self, note: impl Display) -> Self {
        self.notes.push(note.to_string());
        self
    }

    pub(crate) fn is_missed(&self) -> bool {
        self.met == Some(false)
    }
}

/// The rows in columns.
pub(crate) fn table(rows: &[Row]) -> String {
    let width = |column: fn(&Row) -> &str, least: usize| {
        let widths = rows.iter().map(|row| column(row).chars().count());
        widths.max().unwrap_or(0).max(least)
    };
    let (what, goal) = (width(|row| &row.what, 4), width(|row| &row.goal, 4));
    let seen = width(|row| &row.seen, 4);
    let mut text = String::new();
    let mut line = |a: &str, b: &str, c: &str, d: &str| {
        // Writing to a string does not fail.
        _ = writeln!(text, "{a:what$}  {b:goal$}  {c:seen$}  {d}");
    };
    line("what", "goal", "seen", "");
    for row in rows {
        let met = row.met.map_or("", |met| if met { "met" } else { "not met" });
        line(&row.what, &row.goal, &row.seen, met);
        row.notes.iter().for_each(|note| line(&format!("  {note}"), "", "", ""));
    }
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The median of how long each of `items` takes, in batches short enough that few are interrupted.
pub(crate) fn each<T>(items: &[T], batch: usize, mut work: impl FnMut(&T)) -> Duration {
    let time = |batch: &[T]| {
        let started = Instant::now();
        batch.iter().for_each(&mut work);
        started.elapsed() / u32::try_from(batch.len()).unwrap_or(u32::MAX)
    };
    median(items.chunks_exact(batch).map(time).collect())
}

/// The middle of what was seen; the upper one of two.
pub(crate) fn median<T: PartialOrd + Copy + Default>(mut seen: Vec<T>) -> T {
    seen.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    seen.get(seen.len() / 2).copied().unwrap_or_default()
}

/// How many of them there are in a second, in millions.
pub(crate) fn millions(each: Duration) -> f64 {
    1e-6 / each.as_secs_f64().max(1e-12)
}
