//! Reads the text format of the Curtois-Qu shift-scheduling instances.

use std::collections::HashMap;

use super::fault::Fault;
use super::instance::{Cover, Employee, Instance, Request, ShiftType};

/// A day is 1440 minutes of an `i32`.
const MAX_DAYS: u32 = 10_000;
/// Costs above this are refused by the solver.
const MAX_WEIGHT: u32 = 1_000_000_000;
const MAX_MINUTES: u32 = 100_000;

/// Reads an instance. Line ends, a byte order mark, comments and blank lines do not matter.
pub(crate) fn parse(text: &str) -> Result<Instance, Fault> {
    let sections = Sections::read(text)?;
    let days = horizon(&sections)?;
    let mut reader = Reader { days, shifts: HashMap::new(), staff: HashMap::new() };
    let shifts = reader.shifts(sections.required("SECTION_SHIFTS")?)?;
    let mut staff = reader.staff(sections.required("SECTION_STAFF")?)?;
    for row in sections.rows("SECTION_DAYS_OFF") {
        reader.days_off(row, &mut staff)?;
    }
    let mut requests = Vec::new();
    for (section, on) in
        [("SECTION_SHIFT_ON_REQUESTS", true), ("SECTION_SHIFT_OFF_REQUESTS", false)]
    {
        for row in sections.rows(section) {
            requests.push(reader.request(row, on)?);
        }
    }
    let cover = sections.rows("SECTION_COVER").iter().map(|row| reader.cover(row));
    let cover = cover.collect::<Result<_, _>>()?;
    Ok(Instance { days, shifts, staff, requests, cover })
}

const SECTIONS: [&str; 7] = [
    "SECTION_HORIZON",
    "SECTION_SHIFTS",
    "SECTION_STAFF",
    "SECTION_DAYS_OFF",
    "SECTION_SHIFT_ON_REQUESTS",
    "SECTION_SHIFT_OFF_REQUESTS",
    "SECTION_COVER",
];

/// A line of a section, split at its commas.
struct Row<'t> {
    line: usize,
    text: &'t str,
    fields: Vec<&'t str>,
}

impl Row<'_> {
    /// Refuses a row without exactly these fields.
    fn shaped(&self, what: &str, fields: usize) -> Result<(), Fault> {
        if self.fields.len() == fields {
            return Ok(());
        }
        Err(Fault::new(self.line, what, self.text))
    }

    fn number(&self, field: usize, what: &str, max: u32) -> Result<u32, Fault> {
        let text = self.fields[field];
        let number = text.parse().ok().filter(|&number| number <= max);
        number.ok_or_else(|| Fault::new(self.line, format!("{what} (0 to {max})"), text))
    }

    /// What an id stands for among those known.
    fn known(&self, id: &str, what: &str, ids: &HashMap<String, usize>) -> Result<usize, Fault> {
        ids.get(id).copied().ok_or_else(|| Fault::new(self.line, format!("a known {what}"), id))
    }

    fn new_id(&self, what: &str, ids: &mut HashMap<String, usize>) -> Result<String, Fault> {
        let id = self.fields[0];
        if id.is_empty() || id == "-" || id.contains([':', '|', '=']) {
            let expected = format!("the id of a {what}, without any of : | =");
            return Err(Fault::new(self.line, expected, id));
        }
        let next = ids.len();
        if ids.insert(id.to_owned(), next).is_some() {
            return Err(Fault::new(self.line, format!("every {what} once"), id));
        }
        Ok(id.to_owned())
    }
}

struct Sections<'t> {
    rows: HashMap<&'static str, Vec<Row<'t>>>,
    lines: usize,
}

impl<'t> Sections<'t> {
    fn read(text: &'t str) -> Result<Self, Fault> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut sections = Self { rows: HashMap::new(), lines: text.lines().count().max(1) };
        let mut open = None;
        for (at, text) in text.lines().enumerate() {
            let (line, text) = (at + 1, text.trim());
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            if text.starts_with("SECTION_") {
                let known = SECTIONS.into_iter().find(|&name| name == text);
                let known = known.ok_or_else(|| Fault::new(line, "a known section", text))?;
                if sections.rows.insert(known, Vec::new()).is_some() {
                    return Err(Fault::new(line, "every section once", text));
                }
                open = Some(known);
                continue;
            }
            let rows = open.and_then(|name| sections.rows.get_mut(name));
            let rows =
                rows.ok_or_else(|| Fault::new(line, "a section such as SECTION_HORIZON", text))?;
            rows.push(Row { line, text, fields: text.split(',').map(str::trim).collect() });
        }
        Ok(sections)
    }

    fn rows(&self, name: &str) -> &[Row<'t>] {
        self.rows.get(name).map_or(&[], Vec::as_slice)
    }

    fn required(&self, name: &str) -> Result<&[Row<'t>], Fault> {
        let rows = self.rows(name);
        if rows.is_empty() {
            return Err(Fault::told(
                self.lines,
                format!("{name} with a line"),
                "the end of the text",
            ));
        }
        Ok(rows)
    }
}

fn horizon(sections: &Sections<'_>) -> Result<usize, Fault> {
    let rows = sections.required("SECTION_HORIZON")?;
    if let Some(second) = rows.get(1) {
        return Err(Fault::new(second.line, "one line with the number of days", second.text));
    }
    rows[0].shaped("one number of days", 1)?;
    match rows[0].number(0, "a number of days", MAX_DAYS)? {
        0 => Err(Fault::new(rows[0].line, "at least one day", "0")),
        days => Ok(days as usize),
    }
}

/// What rows may refer to.
struct Reader {
    days: usize,
    shifts: HashMap<String, usize>,
    staff: HashMap<String, usize>,
}

impl Reader {
    fn shifts(&mut self, rows: &[Row<'_>]) -> Result<Vec<ShiftType>, Fault> {
        let mut shifts = Vec::new();
        for row in rows {
            // The list may be missing together with its comma.
            if row.fields.len() != 2 {
                row.shaped("id,minutes,shifts that may not follow", 3)?;
            }
            let id = row.new_id("shift", &mut self.shifts)?;
            let minutes = row.number(1, "minutes", MAX_MINUTES)?;
            shifts.push(ShiftType { id, minutes, not_before: Vec::new() });
        }
        // A list may name shifts of later lines.
        for (row, shift) in rows.iter().zip(&mut shifts) {
            let list = row.fields.get(2).copied().unwrap_or_default();
            let ids = list.split('|').map(str::trim).filter(|id| !id.is_empty());
            let known = ids.map(|id| row.known(id, "shift", &self.shifts));
            shift.not_before = known.collect::<Result<_, _>>()?;
        }
        Ok(shifts)
    }

    fn staff(&mut self, rows: &[Row<'_>]) -> Result<Vec<Employee>, Fault> {
        let mut staff = Vec::new();
        for row in rows {
            row.shaped(
                "id,caps,max minutes,min minutes,max run,min run,min days off,max weekends",
                8,
            )?;
            let id = row.new_id("employee", &mut self.staff)?;
            let number = |field, what| row.number(field, what, u32::MAX);
            staff.push(Employee {
                id,
                caps: self.caps(row)?,
                max_minutes: number(2, "the most minutes")?,
                min_minutes: number(3, "the least minutes")?,
                max_run: number(4, "the most shifts in a row")?,
                min_run: number(5, "the least shifts in a row")?,
                min_days_off: number(6, "the least days off in a row")?,
                max_weekends: number(7, "the most weekends")?,
                days_off: Vec::new(),
            });
        }
        Ok(staff)
    }

    fn caps(&self, row: &Row<'_>) -> Result<Vec<Option<u32>>, Fault> {
        let mut caps = vec![None; self.shifts.len()];
        for item in row.fields[1].split('|').map(str::trim).filter(|item| !item.is_empty()) {
            let fault = || Fault::new(row.line, "SHIFT=most", item);
            let (id, most) = item.split_once('=').ok_or_else(fault)?;
            let shift = row.known(id.trim(), "shift", &self.shifts)?;
            let most = most.trim().parse().map_err(|_| fault())?;
            if caps[shift].replace(most).is_some() {
                return Err(Fault::new(row.line, "every shift once", item));
            }
        }
        Ok(caps)
    }

    fn days_off(&self, row: &Row<'_>, staff: &mut [Employee]) -> Result<(), Fault> {
        let employee = row.known(row.fields[0], "employee", &self.staff)?;
        for field in (1..row.fields.len()).filter(|&field| !row.fields[field].is_empty()) {
            staff[employee].days_off.push(self.day(row, field)?);
        }
        Ok(())
    }

    fn request(&self, row: &Row<'_>, on: bool) -> Result<Request, Fault> {
        row.shaped("employee,day,shift,weight", 4)?;
        Ok(Request {
            employee: row.known(row.fields[0], "employee", &self.staff)?,
            day: self.day(row, 1)?,
            shift: row.known(row.fields[2], "shift", &self.shifts)?,
            weight: row.number(3, "a weight", MAX_WEIGHT)?,
            on,
        })
    }

    fn cover(&self, row: &Row<'_>) -> Result<Cover, Fault> {
        row.shaped("day,shift,wanted,weight under,weight over", 5)?;
        Ok(Cover {
            day: self.day(row, 0)?,
            shift: row.known(row.fields[1], "shift", &self.shifts)?,
            wanted: row.number(2, "a number of workers", u32::MAX)?,
            under_weight: row.number(3, "a weight", MAX_WEIGHT)?,
            over_weight: row.number(4, "a weight", MAX_WEIGHT)?,
        })
    }

    fn day(&self, row: &Row<'_>, field: usize) -> Result<usize, Fault> {
        let last = u32::try_from(self.days - 1).unwrap_or(u32::MAX);
        Ok(row.number(field, "a day", last)? as usize)
    }
}
