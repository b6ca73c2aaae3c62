//! `demand.csv`: how many residents a rotation needs.

use super::fault::{Fault, Faults, quoted};
use super::field::{date, number, slot};
use super::table::{Located, Row, Shape};
use super::{Desk, Found, Known};
use crate::domain::{Days, Demand, Person, Role, Rotation, RotationIx, Slot};
use jiff::civil::Date;
use std::collections::HashMap;

pub(crate) const SHAPE: Shape = Shape {
    file: "demand.csv",
    columns: &["rotation", "days", "slot", "min", "wanted"],
    required: true,
    max_rows: 20_000,
};

pub(crate) fn read(desk: &mut Desk<'_>, known: &Known) -> Found<Demand> {
    let mut seen = HashMap::new();
    let rows = desk.rows(&SHAPE, |row| {
        let rotation = known.rotations.find(row, "rotation");
        let days = days(row, known.block_days());
        let slot = row.read("slot", "AM, PM or NIGHT", slot);
        let numbers = numbers(row);
        let (rotation, days, slot) = (rotation?, days?, slot?);
        once(row, &mut seen, (rotation, days, slot))?;
        let (min, wanted) = numbers?;
        Some(Demand { rotation, days, slot, min, wanted })
    });
    rows.unwrap_or_default()
}

fn days(row: &mut Row<'_>, range: Option<(Date, Date)>) -> Option<Days> {
    let inside = |date: &Date| range.is_none_or(|(first, last)| (first..=last).contains(date));
    let expected = match range {
        Some((first, last)) => format!("weekday, weekend or a date from {first} to {last}"),
        None => "weekday, weekend or a date such as 2026-10-21".to_owned(),
    };
    row.read("days", expected, |cell| match cell {
        "weekday" => Some(Days::Weekday),
        "weekend" => Some(Days::Weekend),
        _ => date(cell).filter(inside).map(Days::Only),
    })
}

fn numbers(row: &mut Row<'_>) -> Option<(u32, u32)> {
    let min = row.read("min", "a whole number from 0 to 1000", number(0..=1_000));
    let wanted = row.read("wanted", "a whole number from 0 to 1000", number(0..=1_000));
    let (min, wanted) = (min?, wanted?);
    row.require("wanted", min <= wanted, format_args!("{min} or more, as min is"))?;
    Some((min, wanted))
}

fn once(
    row: &mut Row<'_>,
    seen: &mut HashMap<(RotationIx, Days, Slot), u64>,
    key: (RotationIx, Days, Slot),
) -> Option<()> {
    if let Some(line) = seen.insert(key, row.line) {
        row.fault(
            "rotation",
            format_args!("one row for these days and slot; line {line} is another"),
        );
        return None;
    }
    Some(())
}

/// What a demand promises about its rotation: hours, room, and people who may be sent there.
pub(crate) fn check(
    faults: &mut Faults,
    demand: &[Located<Demand>],
    rotations: &[Rotation],
    people: &[Person],
) {
    let may: Vec<_> = rotations.iter().map(|rotation| able(rotation, people)).collect();
    for Located { line, value } in demand {
        let rotation = &rotations[value.rotation];
        let broken = hours(value, rotation).into_iter().chain(room(value, rotation)).chain(staff(
            value,
            rotation,
            may[value.rotation],
        ));
        for (column, found, expected) in broken {
            faults.push(Fault::line(SHAPE.file, *line, found, expected).at(column));
        }
    }
}

/// Column, found, expected.
type Broken = (&'static str, String, String);

/// How many residents may work on a rotation, and how many faculty supervise there.
fn able(rotation: &Rotation, people: &[Person]) -> (usize, usize) {
    let able = people.iter().filter(|person| rotation.admits(person));
    let (faculty, residents): (Vec<_>, Vec<_>) = able.partition(|p| p.role == Role::Faculty);
    (residents.len(), faculty.len())
}

fn hours(demand: &Demand, rotation: &Rotation) -> Option<Broken> {
    let found = quoted(demand.slot.word());
    let expected = || format!("a slot for which {} has hours", rotation.id);
    rotation.hours(demand.slot).is_none().then(|| ("slot", found, expected()))
}

fn room(demand: &Demand, rotation: &Rotation) -> Option<Broken> {
    let found = quoted(&demand.wanted.to_string());
    let expected = || format!("at most {}, the capacity of {}", rotation.capacity, rotation.id);
    (demand.wanted > rotation.capacity).then(|| ("wanted", found, expected()))
}

fn staff(demand: &Demand, rotation: &Rotation, able: (usize, usize)) -> Option<Broken> {
    let (residents, faculty) = able;
    let id = &rotation.id;
    let needed = demand.min.max(demand.wanted.min(1));
    if residents < needed as usize {
        let found = format!("{residents} residents who may work there");
        let expected = format!("at least {needed} with the year and credential that {id} asks for");
        return Some(("rotation", found, expected));
    }
    (needed > 0 && rotation.supervision > 0 && faculty == 0).then(|| {
        let found = "no faculty who may supervise there".to_owned();
        ("rotation", found, format!("somebody with the specialty that {id} asks for"))
    })
}
