//! One CSV file as rows whose header, width and encoding have been checked.

use super::fault::{Fault, Faults, quoted};
use csv::{ByteRecord, ReaderBuilder};
use std::fmt::Display;

/// Widest header whose columns are told one by one.
const MAX_COLUMNS: usize = 100;

/// What a file must look like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Name of the file.
    pub(crate) file: &'static str,
    /// The columns, all required, in any order.
    pub(crate) columns: &'static [&'static str],
    /// Whether the programme makes no sense without it: the file must be there and have a row.
    pub(crate) required: bool,
    /// Most rows, so that checks across rows stay quick.
    pub(crate) max_rows: usize,
}

/// A value with the line it was read from.
#[derive(Clone, Debug)]
pub(crate) struct Located<T> {
    pub(crate) line: u64,
    pub(crate) value: T,
}

/// One row, with the faults that reading its cells adds to.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    shape: &'a Shape,
    cells: Vec<&'a str>,
    faults: &'a mut Faults,
    pub(crate) line: u64,
}

impl Row<'_> {
    /// The trimmed text of a column.
    pub(crate) fn cell(&self, column: &str) -> &str {
        let at = self.shape.columns.iter().position(|name| *name == column);
        at.and_then(|at| self.cells.get(at)).copied().unwrap_or_default()
    }

    /// What `parse` makes of a column; a fault saying `expected` when it makes nothing.
    pub(crate) fn read<T>(
        &mut self,
        column: &'static str,
        expected: impl Display,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = parse(self.cell(column));
        if value.is_none() {
            self.fault(column, expected);
        }
        value
    }

    /// Reports the text of a column.
    pub(crate) fn fault(&mut self, column: &'static str, expected: impl Display) {
        let found = quoted(self.cell(column));
        let fault = Fault::line(self.shape.file, self.line, found, expected.to_string());
        self.faults.push(fault.at(column));
    }

    /// Reports the text of a column unless `holds`.
    pub(crate) fn require(
        &mut self,
        column: &'static str,
        holds: bool,
        expected: impl Display,
    ) -> Option<()> {
        if !holds {
            self.fault(column, expected);
        }
        holds.then_some(())
    }
}

/// Reads every row by `read`, which returns `None` after it has reported a fault.
///
/// Cells are trimmed, empty rows skipped, a byte order mark and any line ending accepted. Returns `None`
/// when the header is so wrong that no row could be read.
pub(crate) fn rows<T>(
    shape: &Shape,
    bytes: &[u8],
    faults: &mut Faults,
    mut read: impl FnMut(&mut Row<'_>) -> Option<T>,
) -> Option<Vec<Located<T>>> {
    let mut reader = Records::new(bytes);
    let order = header(shape, &mut reader, faults)?;
    let mut values = Vec::new();
    let mut seen = 0;
    while let Some(line) = reader.next() {
        if reader.record.iter().all(|cell| cell.trim_ascii().is_empty()) {
            continue;
        }
        seen += 1;
        if seen > shape.max_rows {
            let expected = format!("at most {} rows", shape.max_rows);
            faults.push(Fault::line(shape.file, line, "more rows", expected));
        }
        if seen > shape.max_rows || faults.enough(shape.file) {
            break;
        }
        if let Some(cells) = cells(shape, &reader.record, line, &order, faults) {
            let value = read(&mut Row { shape, cells, faults, line });
            values.extend(value.map(|value| Located { line, value }));
        }
    }
    if seen == 0 && shape.required {
        faults.push(Fault::file(shape.file, "a header and nothing else", "at least one row"));
    }
    Some(values)
}

/// The position in the file of each column of the shape, or nothing when the header has a fault.
fn header(shape: &Shape, reader: &mut Records<'_>, faults: &mut Faults) -> Option<Vec<usize>> {
    let columns = shape.columns.join(",");
    let Some(line) = reader.next() else {
        faults.push(Fault::file(shape.file, "an empty file", format!("the header {columns}")));
        return None;
    };
    // Garbage may be one line of millions of columns, too many to compare with each other.
    if reader.record.len() > MAX_COLUMNS {
        let found = format!("{} columns", reader.record.len());
        faults.push(Fault::line(shape.file, line, found, format!("the header {columns}")));
        return None;
    }
    let names = reader.record.iter().map(|name| String::from_utf8_lossy(name.trim_ascii()));
    let names: Vec<String> = names.map(std::borrow::Cow::into_owned).collect();
    let at = |column: &&str| names.iter().position(|name| name == column);
    let order = shape.columns.iter().map(at).collect::<Option<Vec<_>>>();
    let order = order.filter(|_| names.len() == shape.columns.len());
    if order.is_none() {
        let found = wrong(shape, &names);
        faults.push(Fault::line(shape.file, line, found, format!("the header {columns}")));
    }
    order
}

/// What keeps `names` from being the columns of the shape.
fn wrong(shape: &Shape, names: &[String]) -> String {
    let absent = shape.columns.iter().filter(|column| !names.iter().any(|name| name == *column));
    let absent: Vec<&str> = absent.copied().collect();
    if absent.len() == shape.columns.len() {
        return format!("the header {}", quoted(&names.join(",")));
    }
    let known = |name: &String| shape.columns.contains(&name.as_str());
    let surplus = |at: &usize| !known(&names[*at]) || names[..*at].contains(&names[*at]);
    let surplus: Vec<&str> = (0..names.len()).filter(surplus).map(|at| &*names[at]).collect();
    let without = (!absent.is_empty()).then(|| format!("without {}", absent.join(",")));
    let besides =
        (!surplus.is_empty()).then(|| format!("with {} besides", quoted(&surplus.join(","))));
    let parts: Vec<String> = without.into_iter().chain(besides).collect();
    format!("a header {}", parts.join(" and "))
}

/// The cells in the order of the shape, when the row is as wide as the header and is UTF-8.
fn cells<'r>(
    shape: &Shape,
    record: &'r ByteRecord,
    line: u64,
    order: &[usize],
    faults: &mut Faults,
) -> Option<Vec<&'r str>> {
    if record.len() != order.len() {
        let (found, expected) = (record.len(), order.len());
        let fault = Fault::line(shape.file, line, fields(found), fields(expected));
        faults.push(fault.at((found.min(expected) + 1).to_string()));
        return None;
    }
    let mut cell = |column: &&'static str, at: usize| {
        let expected = match std::str::from_utf8(&record[at]) {
            Ok(text) if !text.contains(['\n', '\r']) => return Some(text.trim()),
            Ok(_) => "one line of text: is a quote missing?",
            Err(_) => "UTF-8 text",
        };
        let found = quoted(&String::from_utf8_lossy(&record[at]));
        faults.push(Fault::line(shape.file, line, found, expected).at(*column));
        None
    };
    // Every cell is looked at before the first bad one ends the row.
    let all: Vec<_> = shape.columns.iter().zip(order).map(|(c, at)| cell(c, *at)).collect();
    all.into_iter().collect()
}

fn fields(count: usize) -> String {
    format!("{count} {}", if count == 1 { "field" } else { "fields" })
}

/// Records with the line each begins on.
///
/// The reader's own count is that of the byte after the previous record, which lies on an earlier
/// line when blank lines or the second half of a CRLF come between.
struct Records<'a> {
    bytes: &'a [u8],
    reader: csv::Reader<&'a [u8]>,
    record: ByteRecord,
    line: u64,
    counted: usize,
}

impl<'a> Records<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        Self { bytes, reader, record: ByteRecord::new(), line: 1, counted: 0 }
    }

    /// Moves to the next record and tells its line; `None` at the end.
    fn next(&mut self) -> Option<u64> {
        // Reading from memory cannot fail, and `flexible` accepts every width.
        if !self.reader.read_byte_record(&mut self.record).unwrap_or(false) {
            return None;
        }
        let start = self.record.position().map_or(0, csv::Position::byte);
        let mut start = usize::try_from(start).unwrap_or(usize::MAX).min(self.bytes.len());
        while self.bytes.get(start).is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            start += 1;
        }
        let skipped = &self.bytes[self.counted..start];
        let ends = |at: &usize| match skipped[*at] {
            b'\n' => true,
            b'\r' => self.bytes.get(self.counted + at + 1) != Some(&b'\n'),
            _ => false,
        };
        self.line += (0..skipped.len()).filter(ends).count() as u64;
        self.counted = start;
        Some(self.line)
    }
}
