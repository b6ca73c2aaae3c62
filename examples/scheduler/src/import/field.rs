//! The words that stand in cells.

use crate::domain::{Hours, Slot};
use jiff::civil::{Date, DateTime, Time};
use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// What an id looks like. Ids end up in file names, addresses and calendar feeds.
pub(crate) const ID: &str =
    "an id of 1 to 40 letters, digits, '-', '_' or '.', the first a letter or digit";

/// What a text looks like.
pub(crate) const TEXT: &str = "a text of 1 to 120 characters";

/// What a list looks like.
pub(crate) const LIST: &str = "nothing, or words of up to 40 characters with ';' between";

/// What a single word of a list looks like.
pub(crate) const WORD: &str = "nothing, or one word of up to 40 characters";

/// What a local time looks like.
pub(crate) const LOCAL: &str = "a local time such as 2026-10-19 07:00";

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

pub(crate) fn id(cell: &str) -> Option<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let first = cell.starts_with(|c: char| c.is_ascii_alphanumeric());
    (first && cell.len() <= 40 && cell.chars().all(good)).then(|| cell.to_owned())
}

pub(crate) fn text(cell: &str) -> Option<String> {
    let good = (1..=120).contains(&cell.chars().count()) && !cell.contains(char::is_control);
    good.then(|| cell.to_owned())
}

pub(crate) fn list(cell: &str) -> Option<Vec<String>> {
    let words = cell.split(';').map(str::trim).filter(|word| !word.is_empty());
    let good = |word: &str| word.chars().count() <= 40 && !word.contains(char::is_control);
    words.map(|word| good(word).then(|| word.to_owned())).collect()
}

/// One word of a list, or nothing.
pub(crate) fn word(cell: &str) -> Option<Option<String>> {
    let mut words = list(cell)?;
    (words.len() <= 1).then(|| words.pop())
}

pub(crate) fn number<T: FromStr + PartialOrd>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Option<T> {
    move |cell| {
        let digits = !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit());
        cell.parse().ok().filter(|number| digits && range.contains(number))
    }
}

pub(crate) fn yes(cell: &str) -> Option<bool> {
    match cell {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// `YYYY-MM-DD` and nothing else that a lenient parser would take.
pub(crate) fn date(cell: &str) -> Option<Date> {
    (cell.len() == 10).then(|| cell.parse().ok()).flatten()
}

/// `HH:MM`; a spreadsheet may have eaten a leading zero.
pub(crate) fn time(cell: &str) -> Option<Time> {
    let (hour, minute) = cell.split_once(':')?;
    let hour = number(0..=23)(hour).filter(|_| hour.len() <= 2)?;
    let minute = number(0..=59)(minute).filter(|_| minute.len() == 2)?;
    Time::new(hour, minute, 0, 0).ok()
}

/// `YYYY-MM-DD HH:MM`, a `T` between also accepted.
pub(crate) fn local(cell: &str) -> Option<DateTime> {
    let (day, clock) = cell.split_once([' ', 'T'])?;
    Some(date(day)?.to_datetime(time(clock)?))
}

/// A local time as [`local`] reads it.
pub(crate) fn clock(at: DateTime) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// `HH:MM-HH:MM`, or nothing.
pub(crate) fn hours(cell: &str) -> Option<Option<Hours>> {
    if cell.is_empty() {
        return Some(None);
    }
    let (start, end) = cell.split_once('-')?;
    Some(Some(Hours { start: time(start.trim())?, end: time(end.trim())? }))
}

pub(crate) fn slot(cell: &str) -> Option<Slot> {
    Slot::ALL.into_iter().find(|slot| slot.word() == cell)
}

/// Text that no spreadsheet takes for a formula: an apostrophe goes before what looks like one.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULA) { format!("'{text}").into() } else { text.into() }
}

/// Undoes [`escaped`].
pub(crate) fn unescaped(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| text.starts_with(FORMULA)).unwrap_or(cell)
}
