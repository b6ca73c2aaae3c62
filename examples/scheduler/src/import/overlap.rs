//! Nobody is in two places at once, whichever files say so.

use super::calendar::ABSENCES;
use super::duty::{HISTORY, OUTSIDE};
use super::fault::{Fault, Faults, quoted};
use super::field::clock;
use super::table::{Located, Shape};
use crate::domain::{Absence, AbsenceKind, CONFERENCE, DutyKind, DutyRecord, PersonIx};
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};
use std::collections::BTreeMap;

/// A stretch of time of one person, `end` not included, and the line that tells of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<T> {
    pub(crate) person: PersonIx,
    pub(crate) start: T,
    pub(crate) end: T,
    pub(crate) line: u64,
}

/// Reports each span of a person that begins before an earlier one of theirs in the same file has
/// ended. Costs a sort.
pub(crate) fn within<T: Ord + Copy>(
    faults: &mut Faults,
    shape: &Shape,
    column: &str,
    mut spans: Vec<Span<T>>,
    shown: impl Fn(T) -> String,
) {
    spans.sort_unstable_by_key(|span| (span.person, span.start, span.line));
    let mut open: Option<Span<T>> = None;
    for span in spans {
        match open.filter(|last| last.person == span.person) {
            Some(last) if span.start < last.end => {
                let (end, line) = (shown(last.end), last.line);
                let expected = format!("{end} or later, when line {line} has ended");
                let found = quoted(&shown(span.start));
                faults.push(Fault::line(shape.file, span.line, found, expected).at(column));
                open = Some(if span.end > last.end { span } else { last });
            }
            _ => open = Some(span),
        }
    }
}

/// Reports each record of duty that lies at the same time as what an earlier file tells of its
/// person: a conference of absences.csv, or, for outside.csv, duty of history.csv.
///
/// Leave and sickness are no duty, so duty outside of the plan may lie in them.
pub(crate) fn across(
    faults: &mut Faults,
    first_day: Option<Date>,
    absences: &[Located<Absence>],
    history: &[Located<DutyRecord>],
    outside: &[Located<DutyRecord>],
) {
    let mut told: Vec<_> =
        conferences(absences).into_iter().map(|span| (ABSENCES.file, span)).collect();
    // History is where a conference before the block gets its hours from.
    let same = |record: &DutyRecord| {
        let past = first_day.is_none_or(|day| record.end <= day.to_datetime(Time::midnight()));
        record.kind == DutyKind::Conference && past
    };
    let others = history.iter().filter(|record| !same(&record.value)).map(span);
    clashes(faults, &HISTORY, &Told::new(told.clone()), others);
    told.extend(history.iter().map(|record| (HISTORY.file, span(record))));
    clashes(faults, &OUTSIDE, &Told::new(told), outside.iter().map(span));
}

/// The span of a record.
pub(crate) fn span(record: &Located<DutyRecord>) -> Span<DateTime> {
    let Located { line, value } = record;
    Span { person: value.person, start: value.start, end: value.end, line: *line }
}

/// The mornings and afternoons of blocking conferences. Each day once, however often it is told.
fn conferences(absences: &[Located<Absence>]) -> Vec<Span<DateTime>> {
    let blocking = |a: &Absence| a.blocking && a.kind == AbsenceKind::Conference;
    let mut days = BTreeMap::new();
    for Located { line, value } in absences.iter().filter(|row| blocking(&row.value)) {
        for date in value.first.series(1.day()).take_while(|date| *date <= value.last) {
            days.entry((value.person, date)).or_insert(*line);
        }
    }
    let halves = |((person, date), line): ((PersonIx, Date), u64)| {
        CONFERENCE.map(|hours| {
            let (start, end) = hours.on(date);
            Span { person, start, end, line }
        })
    };
    days.into_iter().flat_map(halves).collect()
}

/// What earlier files tell, by person and start, without what ends no later than an earlier span of
/// the person: so the ends are in order too.
struct Told {
    reach: Vec<(&'static str, Span<DateTime>)>,
}

impl Told {
    fn new(mut told: Vec<(&'static str, Span<DateTime>)>) -> Self {
        told.sort_by_key(|(_, span)| (span.person, span.start));
        let mut reach: Vec<(&'static str, Span<DateTime>)> = Vec::with_capacity(told.len());
        for next in told {
            let key = |(_, span): &(_, Span<DateTime>)| (span.person, span.end);
            if reach.last().is_none_or(|last| key(last) < key(&next)) {
                reach.push(next);
            }
        }
        Self { reach }
    }

    /// The first of what lies at the same time as `span`, if anything. Costs a binary search.
    fn beside(&self, span: &Span<DateTime>) -> Option<&(&'static str, Span<DateTime>)> {
        let over =
            |(_, told): &(_, Span<DateTime>)| (told.person, told.end) <= (span.person, span.start);
        let next = self.reach.get(self.reach.partition_point(over));
        next.filter(|(_, told)| told.person == span.person && told.start < span.end)
    }
}

fn clashes(
    faults: &mut Faults,
    shape: &Shape,
    told: &Told,
    later: impl Iterator<Item = Span<DateTime>>,
) {
    for span in later {
        let Some((file, other)) = told.beside(&span) else { continue };
        let line = other.line;
        let (column, found, expected) = if other.start <= span.start {
            let end = clock(other.end);
            ("start", span.start, format!("{end} or later, when line {line} of {file} has ended"))
        } else {
            let start = clock(other.start);
            ("end", span.end, format!("{start} or earlier, when line {line} of {file} begins"))
        };
        let found = quoted(&clock(found));
        faults.push(Fault::line(shape.file, span.line, found, expected).at(column));
    }
}
