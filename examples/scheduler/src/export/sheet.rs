//! `schedule.csv`, written for spreadsheets and read from anywhere.

use crate::domain::{Activity, Assignment, PersonIx, Programme, Schedule, Slot};
use crate::import::fault::{Fault, Faults};
use crate::import::field::{LOCAL, clock, date, escaped, local, number, slot};
use crate::import::names::Names;
use crate::import::read_file;
use crate::import::table::{Located, Row, Shape, rows};
use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

const SHAPE: Shape = Shape {
    file: "schedule.csv",
    columns: &[
        "person",
        "date",
        "slot",
        "activity",
        "rotation",
        "start",
        "end",
        "handover_minutes",
    ],
    required: false,
    max_rows: 400_000,
};

/// Writes a schedule as CSV, one line an assignment, in the order of the schedule.
///
/// A text that a spreadsheet would run as a formula gets an apostrophe in front.
///
/// # Errors
///
/// Those of `out`.
pub fn write_schedule(
    programme: &Programme,
    schedule: &Schedule,
    out: impl Write,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(SHAPE.columns)?;
    for cell in &schedule.assignments {
        let rotation = cell.duty.rotation().map_or("", |r| &programme.rotations[r].id);
        writer.write_record([
            &*escaped(&programme.people[cell.person].id),
            &cell.date.to_string(),
            cell.slot.word(),
            cell.duty.word(),
            &*escaped(rotation),
            &clock(cell.start),
            &clock(cell.end),
            &cell.handover_minutes.to_string(),
        ])?;
    }
    writer.flush()
}

/// Reads a schedule for `programme` from the bytes of a CSV file, in any order of lines.
///
/// Checks what a schedule is made of: ids, dates inside the block, spans, one line a cell. Whether
/// the schedule is legal is a question for the audit.
///
/// # Errors
///
/// Every fault found.
pub fn read_schedule(programme: &Programme, bytes: &[u8]) -> Result<Schedule, Faults> {
    let mut faults = Faults::default();
    let reader = Reader::new(programme);
    let mut seen = HashMap::new();
    let cells = rows(&SHAPE, bytes, &mut faults, |row| {
        let cell = reader.assignment(row)?;
        once(row, &mut seen, &cell)?;
        Some(cell)
    });
    if !faults.is_empty() {
        faults.sort(&[SHAPE.file]);
        return Err(faults);
    }
    let cells = cells.unwrap_or_default().into_iter();
    let mut assignments: Vec<_> = cells.map(|Located { value, .. }| value).collect();
    assignments.sort_unstable_by_key(|cell| (cell.person, cell.date, cell.slot));
    Ok(Schedule { assignments })
}

/// Reads a schedule from a file of at most [`MAX_FILE_BYTES`](crate::import::MAX_FILE_BYTES).
///
/// # Errors
///
/// Every fault found, told under the path given.
pub fn read_schedule_file(programme: &Programme, path: &Path) -> Result<Schedule, Faults> {
    let name = path.display().to_string();
    match read_file(path) {
        Ok(bytes) => read_schedule(programme, &bytes).map_err(|faults| faults.of_file(&name)),
        Err(why) => {
            let columns = SHAPE.columns.join(",");
            let expected = format!("a schedule with the columns {columns}");
            let mut faults = Faults::default();
            faults.push(Fault::file(name, why.to_string(), expected));
            Err(faults)
        }
    }
}

type Cell = (PersonIx, Date, Slot);

/// Nobody is in two places: a second line for a cell is a fault.
fn once(row: &mut Row<'_>, seen: &mut HashMap<Cell, u64>, cell: &Assignment) -> Option<()> {
    let key = (cell.person, cell.date, cell.slot);
    if let Some(line) = seen.insert(key, row.line) {
        row.fault("slot", format_args!("one line for a cell; line {line} is another"));
        return None;
    }
    Some(())
}

/// What the lines are checked against.
struct Reader {
    people: Names,
    rotations: Names,
    first: Date,
    last: Date,
}

impl Reader {
    fn new(programme: &Programme) -> Self {
        let people = programme.people.iter().map(|person| person.id.as_str());
        let rotations = programme.rotations.iter().map(|rotation| rotation.id.as_str());
        Self {
            people: Names::known("people.csv", people),
            rotations: Names::known("rotations.csv", rotations),
            first: programme.block.first,
            last: programme.block.last(),
        }
    }

    fn assignment(&self, row: &mut Row<'_>) -> Option<Assignment> {
        let (first, last) = (self.first, self.last);
        let person = self.people.find(row, "person");
        let inside = |at: &Date| (first..=last).contains(at);
        let expected = format_args!("a date from {first} to {last}");
        let date = row.read("date", expected, |cell| date(cell).filter(inside));
        let slot = row.read("slot", "AM, PM or NIGHT", slot);
        let duty = self.duty(row);
        let handover =
            row.read("handover_minutes", "a whole number from 0 to 240", number(0..=240));
        let leave = row.cell("activity") == Activity::Leave.word();
        let span = date.and_then(|date| span(row, date, !leave));
        let (start, end) = span?;
        Some(Assignment {
            person: person?,
            date: date?,
            slot: slot?,
            duty: duty?,
            start,
            end,
            handover_minutes: handover?,
        })
    }

    fn duty(&self, row: &mut Row<'_>) -> Option<Activity> {
        let at: fn(usize) -> Activity = match row.cell("activity") {
            "work" => Activity::Work,
            "call" => Activity::Call,
            "night" => Activity::Night,
            "attend" => Activity::Attend,
            "conference" => return nowhere(row, Activity::Conference),
            "leave" => return nowhere(row, Activity::Leave),
            _ => {
                row.fault("activity", "work, call, night, attend, conference or leave");
                return None;
            }
        };
        self.rotations.find(row, "rotation").map(at)
    }
}

fn nowhere(row: &mut Row<'_>, activity: Activity) -> Option<Activity> {
    let expected = format_args!("nothing, as the activity is {}", activity.word());
    row.read("rotation", expected, |cell| cell.is_empty().then_some(activity))
}

/// Start and end. A night may begin after midnight, so the start lies on the date or the day after.
fn span(row: &mut Row<'_>, date: Date, duty: bool) -> Option<(DateTime, DateTime)> {
    let next = date.saturating_add(1.day());
    let near = |at: &DateTime| (date..=next).contains(&at.date());
    let start = row.read("start", format_args!("{LOCAL}, on {date} or the day after"), |cell| {
        local(cell).filter(near)
    });
    let end = row.read("end", LOCAL, local);
    let (start, end) = (start?, end?);
    let latest = start.saturating_add(48.hours());
    let good = if duty { start < end } else { start <= end } && end <= latest;
    let expected = format_args!("a time after {}, at most 48 hours later", clock(start));
    row.require("end", good, expected)?;
    Some((start, end))
}
