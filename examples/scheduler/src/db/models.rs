//! The statements of the read models, and the rows they give.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

/// The assignments of one person from one day to another, by day and slot.
pub const SCHEDULE: &str = "SELECT day, slot, activity, rotation, starts, ends \
    FROM assignments WHERE block = $1 AND person = $2 AND day BETWEEN $3 AND $4 \
    ORDER BY day, slot";

/// How many residents are on duty on one rotation from one day to another, by day and slot.
pub const COVERAGE: &str = "SELECT day, slot, COUNT(*) AS present \
    FROM assignments WHERE block = $1 AND rotation = $2 AND day BETWEEN $3 AND $4 \
    AND activity <> 'attend' GROUP BY day, slot ORDER BY day, slot";

/// The same from the view that PostgreSQL keeps.
pub const COVERAGE_VIEW: &str = "SELECT day, slot, present \
    FROM coverage WHERE block = $1 AND rotation = $2 AND day BETWEEN $3 AND $4 ORDER BY day, slot";

/// Minutes of planned duty of one person from one day to another, by the day on which it begins.
pub const HOURS: &str = "SELECT day, CAST(SUM(minutes) AS BIGINT) AS minutes \
    FROM assignments WHERE block = $1 AND person = $2 AND day BETWEEN $3 AND $4 \
    GROUP BY day ORDER BY day";

/// Planned duty of one person that begins from one day to another.
pub const DUTY: &str = "SELECT starts, ends FROM assignments WHERE block = $1 AND person = $2 \
    AND day BETWEEN $3 AND $4 AND activity <> 'leave'";

/// Duty of one person elsewhere and before the block.
pub const DUTY_RECORDS: &str =
    "SELECT starts, ends FROM duty_records WHERE block = $1 AND person = $2";

/// Leave and sickness of one person, what a re-plan learnt of included.
pub const LEAVE: &str = "SELECT first_day AS starts, last_day AS ends FROM absences \
    WHERE block = $1 AND person = $2 AND blocking AND kind <> 'conference' \
    UNION ALL SELECT first_day, last_day FROM absences_added \
    WHERE block = $1 AND person = $2 AND blocking AND kind <> 'conference'";

/// Who somebody is.
pub const PERSON: &str =
    "SELECT name, pgy, specialties, credentials FROM people WHERE block = $1 AND id = $2";

/// What one person wishes for.
pub const WISHES: &str = "SELECT day, slot, rotation, priority FROM requests \
    WHERE block = $1 AND person = $2 ORDER BY line";

/// A row that either database gives.
pub trait Read:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static
{
}

impl<T> Read for T where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static
{
}

/// One cell of a person's schedule.
#[derive(Clone, Debug, FromRow, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonCell {
    /// The day of the slot.
    pub day: String,
    /// The slot.
    pub slot: String,
    /// What is done.
    pub activity: String,
    /// Where.
    pub rotation: Option<String>,
    /// Local start.
    pub starts: String,
    /// Local end.
    pub ends: String,
}

/// Residents present in one slot of a rotation.
#[derive(Clone, Debug, FromRow, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The day of the slot.
    pub day: String,
    /// The slot.
    pub slot: String,
    /// How many.
    pub present: i64,
}

/// Duty of one person on one day.
#[derive(Clone, Debug, FromRow, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayMinutes {
    /// The day on which the duty begins.
    pub day: String,
    /// Minutes of duty.
    pub minutes: i64,
}

/// From one local time or day to another.
#[derive(Clone, Debug, FromRow, PartialEq, Eq)]
pub struct Stretch {
    /// Where it begins.
    pub starts: String,
    /// Where it ends; a day is included.
    pub ends: String,
}

/// Who somebody is.
#[derive(Clone, Debug, FromRow, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonCard {
    /// The name.
    pub name: String,
    /// The postgraduate year of a resident; none for faculty.
    pub pgy: Option<i64>,
    /// Separated by `;`.
    pub specialties: String,
    /// Separated by `;`.
    pub credentials: String,
}

/// One wish.
#[derive(Clone, Debug, FromRow, PartialEq, Eq, Serialize, Deserialize)]
pub struct WishRow {
    /// The day.
    pub day: String,
    /// The slot.
    pub slot: String,
    /// Where to work; none to be off.
    pub rotation: Option<String>,
    /// From 1, the most wanted, to 3.
    pub priority: i64,
}
