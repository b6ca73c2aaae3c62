//! `absences.csv`, `requests.csv` and `holidays.csv`: what happens on which day.

use super::fault::{Fault, Faults, quoted};
use super::field::{TEXT, number, slot, text, yes};
use super::overlap::{self, Span};
use super::table::{Located, Row, Shape};
use super::{Desk, Found, Known};
use crate::domain::{Absence, AbsenceKind, Holiday, Request, Rotation, Wish};
use jiff::ToSpan;
use std::collections::HashMap;

pub(crate) const ABSENCES: Shape = Shape {
    file: "absences.csv",
    columns: &["person", "first", "last", "kind", "blocking"],
    required: false,
    max_rows: 20_000,
};

pub(crate) const REQUESTS: Shape = Shape {
    file: "requests.csv",
    columns: &["person", "date", "slot", "wish", "rotation", "rank"],
    required: false,
    max_rows: 100_000,
};

pub(crate) const HOLIDAYS: Shape =
    Shape { file: "holidays.csv", columns: &["date", "name"], required: false, max_rows: 366 };

pub(crate) fn absences(desk: &mut Desk<'_>, known: &Known) -> Found<Absence> {
    let rows = desk.rows(&ABSENCES, |row| {
        let person = known.people.find(row, "person");
        let first = known.date_or_before(row, "first");
        let last = known.date_or_before(row, "last");
        let kind = row.read("kind", "leave, sick or conference", kind);
        let blocking = row.read("blocking", "yes or no", yes);
        let (first, last) = (first?, last?);
        row.require("last", first <= last, format_args!("{first} or later, as first is"))?;
        Some(Absence { person: person?, first, last, kind: kind?, blocking: blocking? })
    });
    let rows = rows.unwrap_or_default();
    let spans = rows.iter().map(|Located { line, value: a }| {
        let end = a.last.saturating_add(1.day());
        Span { person: a.person, start: a.first, end, line: *line }
    });
    overlap::within(&mut desk.faults, &ABSENCES, "first", spans.collect(), |date| date.to_string());
    rows
}

fn kind(cell: &str) -> Option<AbsenceKind> {
    match cell {
        "leave" => Some(AbsenceKind::Leave),
        "sick" => Some(AbsenceKind::Sick),
        "conference" => Some(AbsenceKind::Conference),
        _ => None,
    }
}

pub(crate) fn requests(desk: &mut Desk<'_>, known: &Known) -> Found<Request> {
    let mut seen = HashMap::new();
    let rows = desk.rows(&REQUESTS, |row| {
        let person = known.people.find(row, "person");
        let date = known.date(row, "date");
        let slot = row.read("slot", "AM, PM or NIGHT", slot);
        let wish = wish(row, known);
        let rank = row.read("rank", "1, 2 or 3", number(1..=3));
        let (person, date, slot) = (person?, date?, slot?);
        if let Some(line) = seen.insert((person, date, slot), row.line) {
            let expected = format!("one request for a slot; line {line} is another");
            row.fault("slot", expected);
            return None;
        }
        Some(Request { person, date, slot, wish: wish?, rank: rank? })
    });
    rows.unwrap_or_default()
}

fn wish(row: &mut Row<'_>, known: &Known) -> Option<Wish> {
    match row.cell("wish") {
        "off" => row
            .read("rotation", "nothing, as the wish is off", |c| c.is_empty().then_some(Wish::Off)),
        "on" => known.rotations.find(row, "rotation").map(Wish::On),
        _ => {
            row.fault("wish", "off or on");
            None
        }
    }
}

/// A wish for a slot that the rotation does not have could never come true.
pub(crate) fn check(faults: &mut Faults, requests: &[Located<Request>], rotations: &[Rotation]) {
    for Located { line, value } in requests {
        if let Wish::On(rotation) = value.wish
            && rotations[rotation].hours(value.slot).is_none()
        {
            let expected = format!("a slot for which {} has hours", rotations[rotation].id);
            let found = quoted(value.slot.word());
            faults.push(Fault::line(REQUESTS.file, *line, found, expected).at("slot"));
        }
    }
}

pub(crate) fn holidays(desk: &mut Desk<'_>, known: &Known) -> Found<Holiday> {
    let mut seen = HashMap::new();
    let rows = desk.rows(&HOLIDAYS, |row| {
        let date = known.date(row, "date");
        let name = row.read("name", TEXT, text);
        let date = date?;
        if let Some(line) = seen.insert(date, row.line) {
            row.fault("date", format_args!("each day once; line {line} has this one"));
            return None;
        }
        Some(Holiday { date, name: name? })
    });
    rows.unwrap_or_default()
}
