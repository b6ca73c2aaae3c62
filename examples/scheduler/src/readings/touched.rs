//! What the read models depend on, and what a write touches of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use jiff::civil::{Date, DateTime, Time, date};
use query_cache::{Key, Tag, Windows};

use crate::db::rows::AssignmentRow;
use crate::db::{Edition, Publication};

/// Everything of a block.
#[must_use]
pub fn whole(block: &str) -> Tag {
    Tag::new(block)
}

/// With more changed days than this all days of a line fall: each day costs tags of its own.
const MOST_DAYS: usize = 4;

/// Days that belong to one person or rotation.
#[derive(Clone, Debug)]
pub struct Line {
    days: Windows,
    all: Tag,
}

impl Line {
    /// The days of one person's cells.
    #[must_use]
    pub fn cells(block: &str, person: &str) -> Self {
        Self::new("cells", block, person)
    }

    /// The days of one rotation's cells.
    #[must_use]
    pub fn places(block: &str, rotation: &str) -> Self {
        Self::new("places", block, rotation)
    }

    /// The days, from midnight to midnight, that one person has duty or leave on: a night has two.
    #[must_use]
    pub fn duty(block: &str, person: &str) -> Self {
        Self::new("duty", block, person)
    }

    fn new(kind: &str, block: &str, id: &str) -> Self {
        let days = Windows::of(Key::new(kind).part(block).part(id));
        Self { days, all: Tag::new(&format!("{kind}/{block}/{id}")) }
    }

    /// The tags of what depends on `days`.
    pub fn covering(&self, days: RangeInclusive<i64>) -> impl Iterator<Item = Tag> {
        self.days.covering(days).into_iter().chain([self.all.clone()])
    }

    /// The tags of what `days` touch.
    fn changed(&self, days: BTreeSet<i64>) -> Vec<Tag> {
        if days.len() > MOST_DAYS { vec![self.all.clone()] } else { self.days.changed(days) }
    }
}

/// A day as a number.
#[must_use]
pub fn number(day: Date) -> i64 {
    day.duration_since(date(1970, 1, 1)).as_hours() / 24
}

/// Days as numbers.
#[must_use]
pub fn numbers(days: &RangeInclusive<Date>) -> RangeInclusive<i64> {
    number(*days.start())..=number(*days.end())
}

/// The tags of all that a publication touches.
#[derive(Debug)]
pub struct Touched {
    /// Of what is read by person.
    pub people: Vec<Tag>,
    /// Of what is read by rotation.
    pub places: Vec<Tag>,
}

/// The tags of all that `publication` touches.
#[must_use]
pub fn by(edition: &Edition<'_>, publication: &Publication) -> Touched {
    let mut days = Days::default();
    let read = publication.touched.iter().try_for_each(|row| days.row(row));
    let learnt = edition.learnt.map_or(Some(()), |absence| {
        let away = absence.first_day.parse().ok()?..=absence.last_day.parse().ok()?;
        days.duty.entry(absence.person.clone()).or_default().extend(numbers(&away));
        Some(())
    });
    match read.and(learnt) {
        Some(()) => days.touched(edition.block),
        // Somebody else wrote a day that is none: what it touches is not known.
        None => Touched { people: Vec::new(), places: vec![whole(edition.block)] },
    }
}

/// The tags of all that one cell touches on `day`, with hours on the days of `duty`.
#[must_use]
pub fn by_cell(
    block: &str,
    person: &str,
    rotation: Option<&str>,
    day: i64,
    duty: RangeInclusive<i64>,
) -> Vec<Tag> {
    let mut days = Days::default();
    days.cell(person, rotation, day, duty);
    let Touched { people, places } = days.touched(block);
    [people, places].concat()
}

/// The tags of all that somebody's absence touches.
#[must_use]
pub fn by_absence(block: &str, person: &str, away: RangeInclusive<i64>) -> Vec<Tag> {
    Line::duty(block, person).changed(away.collect())
}

/// Numbers of days, by whose they are.
type Of = BTreeMap<String, BTreeSet<i64>>;

#[derive(Default)]
struct Days {
    cells: Of,
    duty: Of,
    places: Of,
}

impl Days {
    fn row(&mut self, row: &AssignmentRow) -> Option<()> {
        let day = number(row.day.parse().ok()?);
        self.cell(&row.person, row.rotation.as_deref(), day, lasts(row)?);
        Some(())
    }

    fn cell(&mut self, person: &str, rotation: Option<&str>, day: i64, duty: RangeInclusive<i64>) {
        self.cells.entry(person.to_owned()).or_default().insert(day);
        self.duty.entry(person.to_owned()).or_default().extend(duty);
        if let Some(rotation) = rotation {
            self.places.entry(rotation.to_owned()).or_default().insert(day);
        }
    }

    fn touched(self, block: &str) -> Touched {
        let of = |days: Of, line: fn(&str, &str) -> Line| {
            days.into_iter().flat_map(move |(id, days)| line(block, &id).changed(days))
        };
        let people = of(self.cells, Line::cells).chain(of(self.duty, Line::duty));
        Touched { people: people.collect(), places: of(self.places, Line::places).collect() }
    }
}

/// The days that a cell has hours on.
fn lasts(row: &AssignmentRow) -> Option<RangeInclusive<i64>> {
    let (starts, ends): (DateTime, DateTime) = (row.starts.parse().ok()?, row.ends.parse().ok()?);
    // What ends at midnight has nothing of the next day.
    let until =
        if ends.time() == Time::midnight() { ends.date().yesterday().ok()? } else { ends.date() };
    Some(number(starts.date())..=number(until.max(starts.date())))
}
