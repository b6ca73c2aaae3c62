//! `settings.csv`: one value a line.

use super::Desk;
use super::fault::Fault;
use super::field::{ID, TEXT, date, id, number, text, yes};
use super::table::{Row, Shape};
use crate::domain::Block;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

pub(crate) const SHAPE: Shape =
    Shape { file: "settings.csv", columns: &["key", "value"], required: true, max_rows: 1_000 };

/// Every key.
const KEYS: [&str; 10] = [
    "programme",
    "block",
    "first_day",
    "days",
    "zone",
    "rest_minutes",
    "break_minutes",
    "max_consecutive_nights",
    "rolling_hours",
    "faculty_half_days",
];

/// How many of them, the first ones, have no default.
const REQUIRED: usize = 5;

/// What has been read so far.
struct Draft {
    programme: Option<String>,
    id: Option<String>,
    first: Option<Date>,
    days: Option<usize>,
    zone: Option<TimeZone>,
    rest_minutes: i32,
    break_minutes: i32,
    max_consecutive_nights: u32,
    rolling_hours: bool,
    faculty_half_days: u32,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            programme: None,
            id: None,
            first: None,
            days: None,
            zone: None,
            rest_minutes: 480,
            break_minutes: 60,
            max_consecutive_nights: 6,
            rolling_hours: true,
            faculty_half_days: 10,
        }
    }
}

pub(crate) fn read(desk: &mut Desk<'_>) -> Option<Block> {
    let mut draft = Draft::default();
    let mut seen: Vec<(String, u64)> = Vec::new();
    desk.rows(&SHAPE, |row| {
        let key = row.cell("key").to_owned();
        if let Some((_, line)) = seen.iter().find(|(name, _)| *name == key) {
            let expected = format!("each key once; line {line} has this one");
            row.fault("key", expected);
        } else if draft.set(&key, row) {
            seen.push((key, row.line));
        }
        Some(())
    })?;
    for key in &KEYS[..REQUIRED] {
        if !seen.iter().any(|(name, _)| name == key) {
            let fault = Fault::file(SHAPE.file, format!("no {key}"), format!("a row {key}"));
            desk.faults.push(fault.at("key"));
        }
    }
    draft.finish()
}

impl Draft {
    /// Takes a value; `false` when there is no such key.
    fn set(&mut self, key: &str, row: &mut Row<'_>) -> bool {
        let value = "value";
        match key {
            "programme" => self.programme = row.read(value, TEXT, text),
            "block" => self.id = row.read(value, ID, id),
            "first_day" => self.first = row.read(value, "a Monday such as 2026-10-19", monday),
            "days" => self.days = row.read(value, "28, the days of an academic block", block_days),
            "zone" => {
                self.zone = row.read(value, "an IANA time zone such as America/Chicago", zone)
            }
            "rest_minutes" => set(&mut self.rest_minutes, row, 480, 1_440),
            "break_minutes" => set(&mut self.break_minutes, row, 0, 240),
            "max_consecutive_nights" => set(&mut self.max_consecutive_nights, row, 1, 28),
            "faculty_half_days" => set(&mut self.faculty_half_days, row, 1, 14),
            "rolling_hours" => {
                self.rolling_hours = row.read(value, "yes or no", yes).unwrap_or_default();
            }
            _ => {
                row.fault("key", format_args!("one of {}", KEYS.join(", ")));
                return false;
            }
        }
        true
    }

    fn finish(self) -> Option<Block> {
        Some(Block {
            programme: self.programme?,
            id: self.id?,
            first: self.first?,
            days: self.days?,
            zone: self.zone?,
            rest_minutes: self.rest_minutes,
            break_minutes: self.break_minutes,
            max_consecutive_nights: self.max_consecutive_nights,
            rolling_hours: self.rolling_hours,
            faculty_half_days: self.faculty_half_days,
        })
    }
}

/// Replaces a default; a bad value leaves it, for the fault ends the import anyway.
fn set<T>(slot: &mut T, row: &mut Row<'_>, low: T, high: T)
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display + Copy,
{
    let expected = format!("a whole number from {low} to {high}");
    if let Some(value) = row.read("value", expected, number(low..=high)) {
        *slot = value;
    }
}

fn monday(cell: &str) -> Option<Date> {
    date(cell).filter(|date| date.weekday() == Weekday::Monday)
}

/// Every average of the duty-hour rules is taken over four weeks or a part of them.
fn block_days(cell: &str) -> Option<usize> {
    number(28..=28)(cell)
}

fn zone(cell: &str) -> Option<TimeZone> {
    TimeZone::get(cell).ok()
}
