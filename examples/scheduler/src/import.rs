//! Reads a programme from a folder of CSV files and tells everything that is wrong with it.
//!
//! The files and their columns are described in `data/README.md`, beside the programme that is bundled
//! with the application. Reading is one pass: [`load`] returns either a [`Programme`] whose ids
//! resolve, whose dates lie where they should and whose spans are in order, or every fault at once.
//! An optional file that is missing is an empty list; a warning is logged.

mod borders;
mod calendar;
mod demand;
mod duty;
pub(crate) mod fault;
pub(crate) mod field;
pub(crate) mod names;
mod overlap;
mod people;
mod rotations;
mod settings;
pub(crate) mod table;

pub use fault::{Fault, Faults};

use crate::domain::{Block, Person, Programme, Rotation};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use names::Names;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use table::{Located, Row, Shape};

/// Largest file that is opened. A programme of a thousand people stays far below.
pub const MAX_FILE_BYTES: u64 = 16 << 20;

/// Days of duty before the block that are read.
const HISTORY_DAYS: i32 = 28;

/// Every file of a programme, in the order in which faults are told.
const FILES: [&Shape; 9] = [
    &settings::SHAPE,
    &people::SHAPE,
    &rotations::SHAPE,
    &demand::SHAPE,
    &calendar::ABSENCES,
    &calendar::REQUESTS,
    &calendar::HOLIDAYS,
    &duty::HISTORY,
    &duty::OUTSIDE,
];

/// Where a programme is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The programme that is bundled with the application.
    Bundled,
    /// A folder of CSV files.
    Folder(PathBuf),
}

/// Reads and checks a whole programme.
///
/// # Errors
///
/// Every fault found, see [`Faults`]. Files of more than [`MAX_FILE_BYTES`] are refused unread.
pub fn load(source: &Source) -> Result<Programme, Faults> {
    let mut faults = Faults::default();
    if let Source::Folder(folder) = source {
        folder_holds_programme(folder, &mut faults)?;
    }
    let desk = &mut Desk { source, faults };
    let programme = read(desk);
    desk.faults.sort(&FILES.map(|shape| shape.file));
    programme.filter(|_| desk.faults.is_empty()).ok_or_else(|| std::mem::take(&mut desk.faults))
}

/// A folder without settings gets one clear answer instead of four missing files.
fn folder_holds_programme(folder: &Path, faults: &mut Faults) -> Result<(), Faults> {
    let found = match std::fs::metadata(folder) {
        Err(error) => error.to_string(),
        Ok(meta) if !meta.is_dir() => "a file".to_owned(),
        Ok(_) if !folder.join(settings::SHAPE.file).exists() => {
            format!("a folder without {}", settings::SHAPE.file)
        }
        Ok(_) => return Ok(()),
    };
    let names = |required| FILES.iter().filter(move |s| s.required == required).map(|s| s.file);
    let required = names(true).collect::<Vec<_>>().join(", ");
    let optional = names(false).collect::<Vec<_>>().join(", ");
    let expected = format!("the folder of a programme: {required}, and perhaps {optional}");
    faults.push(Fault::file(folder.display().to_string(), found, expected));
    Err(std::mem::take(faults))
}

/// Reads every file, also when an earlier one is bad.
fn read(desk: &mut Desk<'_>) -> Option<Programme> {
    let block = settings::read(desk);
    let (people_names, people) = people::read(desk);
    let (rotation_names, rotations) = rotations::read(desk);
    let known = &Known::new(block.as_ref(), people_names, rotation_names);
    let demand = demand::read(desk, known);
    let absences = calendar::absences(desk, known);
    let requests = calendar::requests(desk, known);
    let holidays = calendar::holidays(desk, known);
    let history = duty::history(desk, known);
    let outside = duty::outside(desk, known);
    let first_day = known.block_days().map(|(first, _)| first);
    overlap::across(&mut desk.faults, first_day, &absences, &history, &outside);
    let borders = borders::faults(&rotations, desk.faults.of(rotations::SHAPE.file) == 0);
    let (people, rotations): (Vec<Person>, Vec<Rotation>) = (values(people), values(rotations));
    // Indexes into a list with holes would accuse the wrong rotation.
    if desk.faults.of(rotations::SHAPE.file) == 0 && desk.faults.of(people::SHAPE.file) == 0 {
        demand::check(&mut desk.faults, &demand, &rotations, &people);
        calendar::check(&mut desk.faults, &requests, &rotations);
    }
    borders.into_iter().for_each(|fault| desk.faults.push(fault));
    Some(Programme {
        block: block?,
        people,
        rotations,
        demand: values(demand),
        absences: values(absences),
        requests: values(requests),
        holidays: values(holidays),
        history: values(history),
        outside: values(outside),
    })
}

/// The good rows of a file, each with its line.
type Found<T> = Vec<Located<T>>;

fn values<T>(found: Found<T>) -> Vec<T> {
    found.into_iter().map(|located| located.value).collect()
}

/// What later files are checked against.
struct Known {
    block: Option<(Date, Date)>,
    zone: Option<TimeZone>,
    people: Names,
    rotations: Names,
}

impl Known {
    fn new(block: Option<&Block>, people: Names, rotations: Names) -> Self {
        let days = block.map(|block| (block.first, block.last()));
        Self { block: days, zone: block.map(|block| block.zone.clone()), people, rotations }
    }

    /// First and last day of the block.
    fn block_days(&self) -> Option<(Date, Date)> {
        self.block
    }

    /// First and last day of the history.
    fn history_days(&self) -> Option<(Date, Date)> {
        let (first, _) = self.block?;
        Some((first.saturating_sub(HISTORY_DAYS.days()), first.saturating_sub(1.day())))
    }

    /// A date inside the block.
    fn date(&self, row: &mut Row<'_>, column: &'static str) -> Option<Date> {
        Self::date_in(self.block, row, column)
    }

    /// Like [`date`](Self::date), or a day of the history before the block.
    fn date_or_before(&self, row: &mut Row<'_>, column: &'static str) -> Option<Date> {
        let since = |first: Date| first.saturating_sub(HISTORY_DAYS.days());
        Self::date_in(self.block.map(|(first, last)| (since(first), last)), row, column)
    }

    fn date_in(
        span: Option<(Date, Date)>,
        row: &mut Row<'_>,
        column: &'static str,
    ) -> Option<Date> {
        let inside = |at: &Date| span.is_none_or(|(a, b)| (a..=b).contains(at));
        let expected = match span {
            Some((first, last)) => format!("a date from {first} to {last}"),
            None => "a date such as 2026-10-21".to_owned(),
        };
        row.read(column, expected, |cell| field::date(cell).filter(inside))
    }
}

/// Opens the files of one source and gathers what is wrong with them.
struct Desk<'a> {
    source: &'a Source,
    faults: Faults,
}

impl Desk<'_> {
    /// Reads every row of a file; `None` when there is no way to read any.
    fn rows<T>(
        &mut self,
        shape: &Shape,
        read: impl FnMut(&mut Row<'_>) -> Option<T>,
    ) -> Option<Found<T>> {
        let bytes = match self.bytes(shape.file) {
            Ok(bytes) => bytes,
            Err(Unread::Missing) if !shape.required => {
                tracing::warn!(file = shape.file, "no such file: taken as an empty list");
                return Some(Vec::new());
            }
            Err(why) => {
                let expected = format!("a CSV file with the columns {}", shape.columns.join(","));
                self.faults.push(Fault::file(shape.file, why.to_string(), expected));
                return None;
            }
        };
        table::rows(shape, &bytes, &mut self.faults, read)
    }

    fn bytes(&self, file: &str) -> Result<Vec<u8>, Unread> {
        match self.source {
            Source::Bundled => bundled(file).map(<[u8]>::to_vec).ok_or(Unread::Missing),
            Source::Folder(folder) => read_file(&folder.join(file)),
        }
    }
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unread {
    #[error("no such file")]
    Missing,
    #[error("something that is no plain file")]
    NotAFile,
    #[error("{bytes} bytes, more than the {MAX_FILE_BYTES} that are read")]
    TooLarge { bytes: u64 },
    #[error("a file that cannot be read ({0})")]
    Io(io::Error),
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

/// Reads a plain file of a bounded size. The size is asked for first, so that garbage costs nothing.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, Unread> {
    let meta = std::fs::metadata(path)?;
    if !meta.is_file() {
        return Err(Unread::NotAFile);
    }
    if meta.len() > MAX_FILE_BYTES {
        return Err(Unread::TooLarge { bytes: meta.len() });
    }
    let mut bytes = Vec::new();
    // The file may grow between the question and the reading.
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    let length = bytes.len() as u64;
    if length > MAX_FILE_BYTES { Err(Unread::TooLarge { bytes: length }) } else { Ok(bytes) }
}

/// The bundled files, part of the program so that it runs from anywhere.
fn bundled(file: &str) -> Option<&'static [u8]> {
    Some(match file {
        "settings.csv" => include_bytes!("../data/settings.csv"),
        "people.csv" => include_bytes!("../data/people.csv"),
        "rotations.csv" => include_bytes!("../data/rotations.csv"),
        "demand.csv" => include_bytes!("../data/demand.csv"),
        "absences.csv" => include_bytes!("../data/absences.csv"),
        "requests.csv" => include_bytes!("../data/requests.csv"),
        "holidays.csv" => include_bytes!("../data/holidays.csv"),
        "history.csv" => include_bytes!("../data/history.csv"),
        "outside.csv" => include_bytes!("../data/outside.csv"),
        _ => return None,
    })
}
