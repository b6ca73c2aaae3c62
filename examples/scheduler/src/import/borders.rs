//! Where the day is cut into morning, afternoon and night, and what must fit into the parts.
//!
//! The model has one border between morning and afternoon, at the earliest afternoon of all
//! rotations, and one between afternoon and night, at the earliest night. Every shift starts inside
//! its part of the day; so do the two halves of a day at a conference, which anybody may attend.

use super::fault::{Fault, quoted};
use super::rotations::SHAPE;
use super::table::Located;
use crate::domain::{CONFERENCE, DEFAULT_BORDERS, Hours, Rotation, Slot};
use jiff::civil::Time;

/// A border, and the rotation that makes it; none where the default holds.
struct Border<'a> {
    slot: Slot,
    at: Time,
    by: Option<&'a Located<Rotation>>,
}

/// What does not fit. Unless the list of rotations is `complete`, nothing is told that one of the
/// missing ones could refute.
pub(crate) fn faults(rotations: &[Located<Rotation>], complete: bool) -> Vec<Fault> {
    let [morning, midday] = CONFERENCE.map(|half| half.start);
    let [noon, evening] = DEFAULT_BORDERS;
    let noon = Border::earliest(rotations, Slot::Pm, noon);
    let evening = Border::earliest(rotations, Slot::Night, evening);
    let late = noon.at > midday && complete;
    let mut faults = Vec::new();
    // A border in the wrong place would accuse every other rotation.
    if noon.at <= morning || late {
        let between = format!("a start after {} and by {}", hour(morning), hour(midday));
        faults.extend(noon.wrong(&format!("{between}, when the halves of a conference begin")));
    } else if complete || noon.by.is_some() {
        faults.extend(noon.crossed(rotations, Slot::Am));
    }
    if evening.at <= midday {
        let expected = format!("a start after {}, when conferences go on", hour(midday));
        faults.extend(evening.wrong(&expected));
    } else if complete || evening.by.is_some() {
        faults.extend(evening.crossed(rotations, Slot::Pm));
    }
    faults
}

impl<'a> Border<'a> {
    /// The earliest start of a slot over all rotations.
    fn earliest(rotations: &'a [Located<Rotation>], slot: Slot, default: Time) -> Self {
        let start = |row: &'a Located<Rotation>| Some((row.value.hours(slot)?.start, row));
        let first = rotations.iter().filter_map(start).min_by_key(|(start, _)| *start);
        match first {
            Some((at, row)) => Self { slot, at, by: Some(row) },
            None => Self { slot, at: default, by: None },
        }
    }

    /// The fault of the rotation that makes the border.
    fn wrong(&self, expected: &str) -> Option<Fault> {
        fault(self.by?, self.slot, expected)
    }

    /// The faults of rotations whose `before` starts at the border or later.
    fn crossed(&self, rotations: &[Located<Rotation>], before: Slot) -> Vec<Fault> {
        let (part, next) = match self.slot {
            Slot::Night => ("afternoon", "night"),
            Slot::Am | Slot::Pm => ("morning", "afternoon"),
        };
        let why = match self.by {
            Some(Located { line, value }) => {
                format!("when the {next} of {} in line {line} begins", value.id)
            }
            None => format!("the end of the {part} where no rotation has hours of the {next}"),
        };
        let expected = format!("a start before {}, {why}", hour(self.at));
        let late = |row: &&Located<Rotation>| {
            row.value.hours(before).is_some_and(|hours| hours.start >= self.at)
        };
        rotations.iter().filter(late).filter_map(|row| fault(row, before, &expected)).collect()
    }
}

fn fault(row: &Located<Rotation>, slot: Slot, expected: &str) -> Option<Fault> {
    let Hours { start, end } = row.value.hours(slot)?;
    let found = quoted(&format!("{}-{}", hour(start), hour(end)));
    let column = match slot {
        Slot::Am => "am",
        Slot::Pm => "pm",
        Slot::Night => "night",
    };
    Some(Fault::line(SHAPE.file, row.line, found, expected).at(column))
}

fn hour(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}
