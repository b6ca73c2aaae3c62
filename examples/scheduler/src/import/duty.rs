//! `history.csv` and `outside.csv`: duty that is a fact.

use super::field::{LOCAL, clock, local, number};
use super::overlap;
use super::table::{Row, Shape};
use super::{Desk, Found, Known};
use crate::domain::{DutyKind, DutyRecord};
use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::AmbiguousOffset;

const COLUMNS: &[&str] = &["person", "start", "end", "kind", "handover_minutes"];

/// Longest single record. A longer one is a slip of the pen rather than a breach of a rule.
const LONGEST_HOURS: i32 = 48;

pub(crate) const HISTORY: Shape =
    Shape { file: "history.csv", columns: COLUMNS, required: false, max_rows: 200_000 };

pub(crate) const OUTSIDE: Shape =
    Shape { file: "outside.csv", columns: COLUMNS, required: false, max_rows: 200_000 };

pub(crate) fn history(desk: &mut Desk<'_>, known: &Known) -> Found<DutyRecord> {
    records(desk, known, &HISTORY, known.history_days(), history_kind)
}

pub(crate) fn outside(desk: &mut Desk<'_>, known: &Known) -> Found<DutyRecord> {
    records(desk, known, &OUTSIDE, known.block_days(), outside_kind)
}

fn records(
    desk: &mut Desk<'_>,
    known: &Known,
    shape: &Shape,
    days: Option<(Date, Date)>,
    kind: fn(&mut Row<'_>) -> Option<DutyKind>,
) -> Found<DutyRecord> {
    let rows = desk.rows(shape, |row| {
        let person = known.people.find(row, "person");
        let span = span(row, known, days);
        let kind = kind(row);
        let handover =
            row.read("handover_minutes", "a whole number from 0 to 240", number(0..=240));
        let ((start, end), handover_minutes) = (span?, handover?);
        Some(DutyRecord { person: person?, start, end, kind: kind?, handover_minutes })
    });
    let rows = rows.unwrap_or_default();
    let spans = rows.iter().map(overlap::span).collect();
    overlap::within(&mut desk.faults, shape, "start", spans, clock);
    rows
}

/// Start and end: real moments, in order, the start on one of the days.
fn span(
    row: &mut Row<'_>,
    known: &Known,
    days: Option<(Date, Date)>,
) -> Option<(DateTime, DateTime)> {
    let inside = |at: &DateTime| days.is_none_or(|(a, b)| (a..=b).contains(&at.date()));
    let expected = match days {
        Some((first, last)) => format!("{LOCAL}, from {first} to {last}"),
        None => LOCAL.to_owned(),
    };
    let start = row.read("start", expected, |cell| local(cell).filter(inside));
    let end = row.read("end", LOCAL, local);
    let start = start.filter(|at| exists(row, known, "start", *at));
    let end = end.filter(|at| exists(row, known, "end", *at));
    let (start, end) = (start?, end?);
    let latest = start.saturating_add(LONGEST_HOURS.hours());
    let good = start < end && end <= latest;
    row.require(
        "end",
        good,
        format_args!("a time after the start, at most {LONGEST_HOURS} hours later"),
    )?;
    Some((start, end))
}

/// A local time inside the hour that daylight saving skips never was.
fn exists(row: &mut Row<'_>, known: &Known, column: &'static str, at: DateTime) -> bool {
    let Some(zone) = &known.zone else { return true };
    let skipped = matches!(zone.to_ambiguous_zoned(at).offset(), AmbiguousOffset::Gap { .. });
    row.require(column, !skipped, "a local time that the clock does not skip on that day").is_some()
}

fn history_kind(row: &mut Row<'_>) -> Option<DutyKind> {
    let expected = "day, call, night, conference, moonlighting, home or attending";
    row.read("kind", expected, |cell| match cell {
        "day" => Some(DutyKind::Day),
        "call" => Some(DutyKind::Call),
        "night" => Some(DutyKind::Night),
        "conference" => Some(DutyKind::Conference),
        "attending" => Some(DutyKind::Attending),
        _ => outside_word(cell),
    })
}

fn outside_kind(row: &mut Row<'_>) -> Option<DutyKind> {
    row.read("kind", "moonlighting or home", outside_word)
}

fn outside_word(cell: &str) -> Option<DutyKind> {
    match cell {
        "moonlighting" => Some(DutyKind::Moonlighting),
        "home" => Some(DutyKind::Home),
        _ => None,
    }
}
