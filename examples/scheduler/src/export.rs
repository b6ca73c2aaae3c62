//! A schedule as files: `schedule.csv` for spreadsheets, `schedule.ics` for calendars.

mod ics;
mod sheet;

pub use ics::schedule_ics;
pub use sheet::{read_schedule, read_schedule_file, write_schedule};
