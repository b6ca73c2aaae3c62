//! Rosters as text: `EMPLOYEE: cell,cell,...`, a dash for a day off.

use std::collections::HashMap;

use sched_optimizer::{ActivityId, Roster, WorkerId};

use super::fault::Fault;
use super::instance::Instance;
use super::model::activity;

/// Writes a roster, a line for each employee.
pub(crate) fn write(instance: &Instance, roster: &Roster) -> String {
    let cell = |activity: &ActivityId| {
        let shift = activity.index().checked_sub(1).and_then(|shift| instance.shifts.get(shift));
        shift.map_or("-", |shift| shift.id.as_str())
    };
    let line = |(worker, id): (usize, &str)| {
        let cells: Vec<&str> = roster.line(WorkerId::new(worker)).iter().map(cell).collect();
        format!("{id}: {}\n", cells.join(","))
    };
    instance.staff.iter().map(|employee| employee.id.as_str()).enumerate().map(line).collect()
}

/// Reads a roster; employees may come in any order.
pub(crate) fn read(instance: &Instance, text: &str) -> Result<Roster, Fault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let staff: HashMap<&str, usize> = index(instance.staff.iter().map(|e| e.id.as_str()));
    let shifts: HashMap<&str, usize> = index(instance.shifts.iter().map(|s| s.id.as_str()));
    let mut lines: Vec<Vec<ActivityId>> = vec![Vec::new(); instance.staff.len()];
    for (at, text) in text.lines().enumerate() {
        let (number, text) = (at + 1, text.trim());
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (id, cells) = text
            .split_once(':')
            .ok_or_else(|| Fault::new(number, "EMPLOYEE: cell,cell,...", text))?;
        let employee = staff.get(id.trim());
        let &employee = employee.ok_or_else(|| Fault::new(number, "a known employee", id))?;
        if !lines[employee].is_empty() {
            return Err(Fault::new(number, "every employee once", id));
        }
        let cell = |cell: &str| match cell.trim() {
            "-" | "" => Ok(ActivityId::new(0)),
            id => shifts
                .get(id)
                .map(|&shift| activity(shift))
                .ok_or_else(|| Fault::new(number, "a known shift or -", id)),
        };
        let line = cells.split(',').map(cell).collect::<Result<Vec<_>, _>>()?;
        if line.len() != instance.days {
            let found = format!("{} cells", line.len());
            return Err(Fault::told(number, format!("{} cells", instance.days), found));
        }
        lines[employee] = line;
    }
    let missing = lines.iter().position(Vec::is_empty);
    let end = text.lines().count().max(1);
    let fault = |employee: usize| {
        let expected = format!("a line of {}", instance.staff[employee].id);
        Fault::told(end, expected, "the end of the text")
    };
    match (missing, Roster::from_lines(instance.days, &lines)) {
        (None, Some(roster)) => Ok(roster),
        (missing, _) => Err(fault(missing.unwrap_or(0))),
    }
}

fn index<'a>(ids: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    ids.enumerate().map(|(at, id)| (id, at)).collect()
}
