//! Writes an instance in the text format that `parse` reads.

use std::fmt::{self, Write};

use super::instance::{Employee, Instance};

/// The instance as text.
pub(crate) fn write(instance: &Instance) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    _ = sections(instance, &mut text);
    text
}

fn sections(instance: &Instance, text: &mut String) -> fmt::Result {
    let shift = |index: usize| instance.shifts[index].id.as_str();
    let ids = |list: &[usize]| list.iter().map(|&s| shift(s)).collect::<Vec<_>>().join("|");
    writeln!(text, "SECTION_HORIZON\n# Days; day 0 is a Monday\n{}\n", instance.days)?;

    writeln!(text, "SECTION_SHIFTS\n# Shift, minutes, shifts that may not follow on the next day")?;
    for kind in &instance.shifts {
        writeln!(text, "{},{},{}", kind.id, kind.minutes, ids(&kind.not_before))?;
    }
    writeln!(
        text,
        "\nSECTION_STAFF\n# Employee, caps, max minutes, min minutes, max shifts in a row, min \
         shifts in a row, min days off in a row, max weekends"
    )?;
    for employee in &instance.staff {
        self::employee(instance, employee, text)?;
    }
    writeln!(text, "\nSECTION_DAYS_OFF\n# Employee, days")?;
    for employee in instance.staff.iter().filter(|employee| !employee.days_off.is_empty()) {
        let days: Vec<String> = employee.days_off.iter().map(usize::to_string).collect();
        writeln!(text, "{},{}", employee.id, days.join(","))?;
    }
    for (name, on) in [("ON", true), ("OFF", false)] {
        writeln!(text, "\nSECTION_SHIFT_{name}_REQUESTS\n# Employee, day, shift, weight")?;
        for r in instance.requests.iter().filter(|request| request.on == on) {
            let employee = &instance.staff[r.employee].id;
            writeln!(text, "{employee},{},{},{}", r.day, shift(r.shift), r.weight)?;
        }
    }
    writeln!(text, "\nSECTION_COVER\n# Day, shift, wanted, weight under, weight over")?;
    for c in &instance.cover {
        let (under, over) = (c.under_weight, c.over_weight);
        writeln!(text, "{},{},{},{under},{over}", c.day, shift(c.shift), c.wanted)?;
    }
    Ok(())
}

fn employee(instance: &Instance, employee: &Employee, text: &mut String) -> fmt::Result {
    let caps = instance.shifts.iter().zip(&employee.caps);
    let caps = caps.filter_map(|(shift, cap)| cap.map(|cap| format!("{}={cap}", shift.id)));
    let Employee { id, max_minutes, min_minutes, max_run, min_run, .. } = employee;
    let Employee { min_days_off, max_weekends, .. } = employee;
    writeln!(
        text,
        "{id},{},{max_minutes},{min_minutes},{max_run},{min_run},{min_days_off},{max_weekends}",
        caps.collect::<Vec<_>>().join("|")
    )
}
