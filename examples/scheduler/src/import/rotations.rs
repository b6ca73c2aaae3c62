//! `rotations.csv`: places of training with their hours and rules.

use super::field::{TEXT, WORD, hours, number, text, word};
use super::names::Names;
use super::people::year;
use super::table::{Row, Shape};
use super::{Desk, Found};
use crate::domain::{Hours, NightKind, Rotation};

pub(crate) const SHAPE: Shape = Shape {
    file: "rotations.csv",
    columns: &[
        "id",
        "name",
        "weeks",
        "capacity",
        "pgy_min",
        "pgy_max",
        "specialty",
        "credential",
        "supervision",
        "am",
        "pm",
        "night",
        "night_kind",
        "handover_minutes",
    ],
    required: true,
    max_rows: 500,
};

pub(crate) fn read(desk: &mut Desk<'_>) -> (Names, Found<Rotation>) {
    let mut names = Names::of(SHAPE.file);
    match desk.rows(&SHAPE, |row| rotation(row, &mut names)) {
        Some(rotations) => (names, rotations),
        None => (Names::unread(SHAPE.file), Vec::new()),
    }
}

fn rotation(row: &mut Row<'_>, names: &mut Names) -> Option<Rotation> {
    let id = names.add(row);
    let name = row.read("name", TEXT, text);
    let weeks = row.read("weeks", "2 or 4", |cell| number(2..=4)(cell).filter(|w| *w != 3));
    let capacity = row.read("capacity", "a whole number from 1 to 1000", number(1..=1_000));
    let pgy = years(row);
    let specialty = row.read("specialty", WORD, word);
    let credential = row.read("credential", WORD, word);
    let supervision = row.read("supervision", "a whole number from 0 to 20", number(0..=20));
    let day = day(row);
    let night = night(row);
    let ((am, pm), (night, night_kind, handover_minutes)) = (day?, night?);
    if am.or(pm).or(night).is_none() {
        row.fault("am", "hours of a morning, an afternoon or a night");
        return None;
    }
    Some(Rotation {
        id: id?,
        name: name?,
        capacity: capacity?,
        pgy: pgy?,
        specialty: specialty?,
        credential: credential?,
        supervision: supervision?,
        weeks: weeks?,
        am,
        pm,
        night,
        night_kind,
        handover_minutes,
    })
}

fn years(row: &mut Row<'_>) -> Option<(u8, u8)> {
    let low = row.read("pgy_min", "1, 2 or 3", year);
    let high = row.read("pgy_max", "1, 2 or 3", year);
    let (low, high) = (low?, high?);
    row.require("pgy_max", low <= high, format_args!("{low} or more, as pgy_min is"))?;
    Some((low, high))
}

/// Morning and afternoon: each inside the day, the one after the other.
fn day(row: &mut Row<'_>) -> Option<(Option<Hours>, Option<Hours>)> {
    let mut read = |column| {
        let inside = |hours: &Option<Hours>| hours.is_none_or(|h| h.start < h.end);
        let expected = "nothing, or hours such as 07:00-12:00 that end later on the same day";
        row.read(column, expected, |cell| hours(cell).filter(inside))
    };
    let (am, pm) = (read("am"), read("pm"));
    let (am, pm) = (am?, pm?);
    if let (Some(am), Some(pm)) = (am, pm) {
        let end = am.end.strftime("%H:%M");
        row.require(
            "pm",
            pm.start >= am.end,
            format_args!("a start at {end} or later, as the morning ends then"),
        )?;
    }
    Some((am, pm))
}

/// The night, its kind, and how much of its end is handover.
fn night(row: &mut Row<'_>) -> Option<(Option<Hours>, NightKind, i32)> {
    let hours = row.read("night", "nothing, or hours such as 17:00-08:00", hours);
    let kind = row.read("night_kind", "call, shift, or none where there is no night", kind);
    let handover = row.read("handover_minutes", "a whole number from 0 to 240", number(0..=240));
    let (hours, kind, handover) = (hours?, kind?, handover?);
    let expected = if hours.is_some() {
        "call or shift, as there is a night"
    } else {
        "none, as there is no night"
    };
    row.require("night_kind", hours.is_some() == (kind != NightKind::None), expected)?;
    row.require("handover_minutes", hours.is_some() || handover == 0, "0, as there is no night")?;
    Some((hours, kind, handover))
}

fn kind(cell: &str) -> Option<NightKind> {
    match cell {
        "call" => Some(NightKind::Call),
        "shift" => Some(NightKind::Shift),
        "none" | "" => Some(NightKind::None),
        _ => None,
    }
}
