//! A changed row, as far as it was told.

use std::fmt;

use serde_json::Value;

/// The key columns of a row that was inserted, updated (its values before and after are two rows) or
/// deleted. A column that is NULL, is of another type, or was not named in
/// [`Watch::keyed`](super::Watch::keyed) reads as `None`.
#[derive(Clone, Copy)]
pub struct ChangedRow<'a> {
    columns: &'a [String],
    values: &'a [Value],
}

impl<'a> ChangedRow<'a> {
    pub(super) fn new(columns: &'a [String], values: &'a [Value]) -> Self {
        Self { columns, values }
    }

    /// A whole number.
    pub fn integer(&self, column: &str) -> Option<i64> {
        self.value(column)?.as_i64()
    }

    /// A text, or whatever the database writes as text in JSON: an identifier, a time.
    pub fn text(&self, column: &str) -> Option<&'a str> {
        self.value(column)?.as_str()
    }

    /// The day of a `date` or of the local time of a `timestamp`, of a `timestamptz` in UTC: days since
    /// 1970-01-01, for [`Windows`](crate::Windows). `None` for years before 0001, beyond 9999, and
    /// infinity.
    pub fn day(&self, column: &str) -> Option<i64> {
        let text = self.text(column)?;
        let (day, rest) = (text.get(..10)?, text.get(10..)?);
        (rest.is_empty() || (rest.starts_with('T') && !rest.ends_with("BC"))).then(|| days(day))?
    }

    fn value(&self, column: &str) -> Option<&'a Value> {
        let place = self.columns.iter().position(|name| name == column)?;
        self.values.get(place)
    }
}

impl fmt::Debug for ChangedRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.columns.iter().zip(self.values)).finish()
    }
}

/// Days since 1970-01-01 of `YYYY-MM-DD`.
fn days(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let mut number = |length| {
        let part = parts.next().filter(|part| part.len() == length)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i64>().ok())?
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March, so that the leap day is the last: the algorithm of Howard Hinnant,
    // "chrono-compatible low-level date algorithms".
    let year = if month <= 2 { year - 1 } else { year };
    let (era, month) = (year.div_euclid(400), (month + 9) % 12);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_one_another_through_all_years() {
        let mut expected = days("0001-01-01").unwrap();
        for year in 1..=9999i64 {
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let february = if is_leap { 29 } else { 28 };
            let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            for (month, length) in (1..).zip(lengths) {
                for day in [1, length] {
                    let found = days(&format!("{year:04}-{month:02}-{day:02}"));
                    assert_eq!(found, Some(expected + day - 1), "{year}-{month}-{day}");
                }
                expected += length;
            }
        }
        assert_eq!((days("1970-01-01"), days("2000-03-01")), (Some(0), Some(11_017)));
    }

    #[test]
    fn values_are_read_by_column_and_type() {
        let columns = ["person", "day", "at", "none"].map(str::to_owned);
        let values =
            [7.into(), "1970-01-02".into(), "1970-01-03T23:00:00+00:00".into(), Value::Null];
        let row = ChangedRow::new(&columns, &values);
        assert_eq!((row.integer("person"), row.text("person")), (Some(7), None));
        assert_eq!((row.day("day"), row.day("at"), row.day("none")), (Some(1), Some(2), None));
        assert_eq!((row.integer("other"), row.day("person")), (None, None));
    }

    #[test]
    fn what_is_no_day_is_none() {
        for text in
            ["infinity", "0044-03-15 BC", "10000-01-01", "2025-1-03", "2025-13-01", "é025-01-01"]
        {
            let (columns, values) = (["day".to_owned()], [text.into()]);
            assert_eq!(ChangedRow::new(&columns, &values).day("day"), None, "{text}");
        }
    }
}
