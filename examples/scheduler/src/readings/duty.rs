//! Hours of duty in the 28 days that end on some day, as the 80-hour rule averages them.

use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::audit::{self, Minute, minus};
use crate::db::Database;
use crate::db::models::{DUTY, DUTY_RECORDS, LEAVE, Stretch};
use crate::domain::Block;
use crate::glue::statements::Statements;

/// Duty of one person in 28 days, leave out of both figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyHours {
    /// Minutes of duty.
    pub minutes: Minute,
    /// Days that are not leave.
    pub days_present: i64,
}

impl DutyHours {
    /// Whether that is more than 80 hours a week.
    #[must_use]
    pub fn is_too_much(&self) -> bool {
        self.minutes * 7 > 80 * 60 * self.days_present
    }
}

/// The 28 days that end on `last`.
#[must_use]
pub fn window(last: Date) -> RangeInclusive<Date> {
    minus(last, 27)..=last
}

/// Reads what the hours of one person are computed from, and computes them.
pub(super) async fn load(
    database: &Database,
    statements: &Arc<Statements>,
    block: &Block,
    person: &str,
    days: &RangeInclusive<Date>,
) -> anyhow::Result<DutyHours> {
    // A night that began the evening before has its morning in the first of the days.
    let (evening, last) = (minus(*days.start(), 1).to_string(), days.end().to_string());
    let of_person = [block.id.as_str(), person];
    let planned = [block.id.as_str(), person, &evening, &last];
    let mut duty = database.read::<Stretch>(statements, DUTY, &planned).await?;
    duty.extend(database.read::<Stretch>(statements, DUTY_RECORDS, &of_person).await?);
    let leave = database.read::<Stretch>(statements, LEAVE, &of_person).await?;
    hours(&block.zone, days, &duty, &leave)
}

fn hours(
    zone: &TimeZone,
    days: &RangeInclusive<Date>,
    duty: &[Stretch],
    leave: &[Stretch],
) -> anyhow::Result<DutyHours> {
    let minute = |local: DateTime| audit::instant(zone, local);
    let duty: Vec<(Minute, Minute)> = duty
        .iter()
        .map(|one| anyhow::Ok((minute(one.starts.parse()?), minute(one.ends.parse()?))))
        .collect::<Result<_, _>>()?;
    let leave: Vec<RangeInclusive<Date>> = leave
        .iter()
        .map(|one| anyhow::Ok(one.starts.parse()?..=one.ends.parse()?))
        .collect::<Result<_, _>>()?;
    let mut found = DutyHours { minutes: 0, days_present: 0 };
    let all = days.start().series(jiff::Span::new().days(1)).take_while(|day| days.contains(day));
    for day in all.filter(|day| leave.iter().all(|away| !away.contains(day))) {
        let next = day.tomorrow()?;
        let (from, to) = (minute(day.into()), minute(next.into()));
        let inside = duty.iter().map(|(start, end)| ((*end).min(to) - (*start).max(from)).max(0));
        found.minutes += inside.sum::<Minute>();
        found.days_present += 1;
    }
    Ok(found)
}
