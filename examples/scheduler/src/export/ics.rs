//! `schedule.ics`, for the calendar on everybody's telephone.

use crate::domain::{Activity, Assignment, Programme, Schedule};
use icalendar::{Calendar, Component, Event, EventLike};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// One calendar with one event for each duty; leave is no event.
///
/// Times are written in UTC, so a reader needs no time zone of ours to get the night right on which
/// the clock changes. The id of an event is that of its cell and stays when its content changes: a
/// calendar that is read again moves the event instead of doubling it. `stamp` is the time of
/// publication.
///
/// # Errors
///
/// When a time lies outside of what an instant can hold, which no imported block does.
pub fn schedule_ics(
    programme: &Programme,
    schedule: &Schedule,
    stamp: Timestamp,
) -> Result<String, jiff::Error> {
    let block = &programme.block;
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0"));
    calendar.append_property(("PRODID", "-//Rounds//Residency scheduler//EN"));
    calendar.append_property(("CALSCALE", "GREGORIAN"));
    calendar.append_property(("METHOD", "PUBLISH"));
    calendar.name(&format!("{} {}", block.programme, block.id));
    let stamp = utc(stamp);
    for cell in schedule.assignments.iter().filter(|cell| cell.duty.is_duty()) {
        calendar.push(event(programme, cell, &stamp)?);
    }
    Ok(calendar.to_string())
}

fn event(programme: &Programme, cell: &Assignment, stamp: &str) -> Result<Event, jiff::Error> {
    let zone = &programme.block.zone;
    let person = &programme.people[cell.person];
    let (date, slot) = (cell.date, cell.slot.word());
    let uid = format!("{}/{}/{date}/{slot}@rounds", programme.block.id, person.id);
    let mut event = Event::new();
    event
        .uid(&uid)
        .add_property("DTSTAMP", stamp)
        .add_property("DTSTART", instant(cell.start, zone)?)
        .add_property("DTEND", instant(cell.end, zone)?)
        .summary(&format!("{}: {}", person.name, title(programme, cell.duty)));
    if cell.handover_minutes > 0 {
        let minutes = cell.handover_minutes;
        event.description(&format!("The last {minutes} minutes are for handover only."));
    }
    if let Some(rotation) = cell.duty.rotation() {
        event.location(&programme.rotations[rotation].name);
    }
    Ok(event.done())
}

fn title(programme: &Programme, duty: Activity) -> String {
    match duty.rotation() {
        Some(rotation) => format!("{}, {}", programme.rotations[rotation].name, duty.word()),
        None => duty.word().to_owned(),
    }
}

fn instant(local: DateTime, zone: &TimeZone) -> Result<String, jiff::Error> {
    local.to_zoned(zone.clone()).map(|at: Zoned| utc(at.timestamp()))
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}
