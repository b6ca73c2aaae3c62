//! Rates as people write them: `5/hour`, `100/minute;1000/day`.

use crate::error::{LimitError, QuotaError};
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// So many units in a period, with a burst.
///
/// Capacity flows back evenly, one unit each `period / count`, and `burst` units may be saved up; so any span of length
/// `d` admits at most `burst + count × d / period`. There is no window edge around which twice the
/// rate could pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: NonZeroU32,
    period: Duration,
    burst: NonZeroU32,
}

impl Rate {
    /// `count` units each `period`, all of which may come at once.
    ///
    /// # Errors
    /// [`QuotaError::Period`] when the period is zero, above 366 days or below a nanosecond a unit.
    pub fn new(count: NonZeroU32, period: Duration) -> Result<Self, QuotaError> {
        let rate = Self { count, period, burst: count };
        let usable = period <= LONGEST && !rate.interval().is_zero();
        if usable { Ok(rate) } else { Err(QuotaError::Period { text: rate.to_string() }) }
    }

    /// Sets how many units may be saved up and spent at once; the rate stays. Default: the count.
    ///
    /// # Errors
    /// [`QuotaError::Period`] when saving up so many would take over 366 days.
    pub fn burst(mut self, burst: NonZeroU32) -> Result<Self, QuotaError> {
        self.burst = burst;
        let fits = self.interval().checked_mul(burst.get()).is_some_and(|full| full <= LONGEST);
        if fits { Ok(self) } else { Err(QuotaError::Period { text: self.to_string() }) }
    }

    /// The time in which one unit flows back, cut to whole nanoseconds.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.period / self.count.get()
    }

    /// Units a period.
    #[must_use]
    pub const fn count(&self) -> NonZeroU32 {
        self.count
    }

    /// The period.
    #[must_use]
    pub const fn period(&self) -> Duration {
        self.period
    }

    /// The most that passes at once.
    #[must_use]
    pub const fn burst_size(&self) -> NonZeroU32 {
        self.burst
    }

    fn parse(text: &str) -> Result<Self, QuotaError> {
        let syntax = || QuotaError::Syntax { text: text.to_owned() };
        let (count, period) = text.split_once('/').ok_or_else(syntax)?;
        let count: u32 = count.trim().parse().map_err(|_| syntax())?;
        let period = parse_period(period.trim()).ok_or_else(syntax)?;
        let zero = || QuotaError::Zero { text: text.to_owned() };
        Self::new(NonZeroU32::new(count).ok_or_else(zero)?, period)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match unit_name(self.period) {
            Some(unit) => write!(f, "{}/{unit}", self.count),
            None => write!(f, "{}/{:?}", self.count, self.period),
        }
    }
}

/// One or more rates that must all let a request pass.
///
/// ```
/// use async_utils::Quota;
///
/// let quota = Quota::parse("100/minute; 1000/day")?;
/// assert_eq!(quota.rates().len(), 2);
/// assert_eq!(quota.to_string(), "100/minute;1000/day");
/// assert!(Quota::parse("lots/hour").is_err());
/// # Ok::<(), async_utils::QuotaError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    rates: Vec<Rate>,
}

impl Quota {
    /// Reads `count/period`, several joined by `;`. A period is `second`, `minute`, `hour` or
    /// `day` (also plural, or `s`, `sec`, `m`, `min`, `h`, `d`), or a whole number of one: `10/30s`, `5/2 hours`.
    ///
    /// # Errors
    /// [`QuotaError`], naming the part that is not usable.
    pub fn parse(text: &str) -> Result<Self, QuotaError> {
        let rates = text.split(';').map(|part| Rate::parse(part.trim()));
        Ok(Self { rates: rates.collect::<Result<_, _>>()? })
    }

    /// Adds a rate that must pass too.
    #[must_use]
    pub fn and(mut self, rate: Rate) -> Self {
        self.rates.push(rate);
        self
    }

    /// All rates; never empty.
    #[must_use]
    pub fn rates(&self) -> &[Rate] {
        &self.rates
    }

    /// The largest request that can ever pass: the smallest burst.
    #[must_use]
    pub fn burst_size(&self) -> u32 {
        self.rates.iter().map(|rate| rate.burst.get()).min().unwrap_or(0)
    }

    /// Refuses at once what could never pass.
    pub(crate) fn admits(&self, cost: NonZeroU32) -> Result<(), LimitError> {
        let (cost, burst) = (cost.get(), self.burst_size());
        if cost <= burst { Ok(()) } else { Err(LimitError::TooLarge { cost, burst }) }
    }
}

impl From<Rate> for Quota {
    fn from(rate: Rate) -> Self {
        Self { rates: vec![rate] }
    }
}

impl FromStr for Quota {
    type Err = QuotaError;

    fn from_str(text: &str) -> Result<Self, QuotaError> {
        Self::parse(text)
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rate) in self.rates.iter().enumerate() {
            let separator = if index == 0 { "" } else { ";" };
            write!(f, "{separator}{rate}")?;
        }
        Ok(())
    }
}

fn parse_period(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let times: u32 = if number.is_empty() { 1 } else { number.parse().ok()? };
    parse_unit(unit.trim())?.checked_mul(times)
}

fn parse_unit(text: &str) -> Option<Duration> {
    match text.to_ascii_lowercase().as_str() {
        "s" | "sec" | "second" | "seconds" => Some(Duration::from_secs(1)),
        "m" | "min" | "minute" | "minutes" => Some(Duration::from_secs(60)),
        "h" | "hour" | "hours" => Some(Duration::from_secs(3_600)),
        "d" | "day" | "days" => Some(DAY),
        _ => None,
    }
}

fn unit_name(period: Duration) -> Option<&'static str> {
    match (period.as_secs(), period.subsec_nanos()) {
        (1, 0) => Some("second"),
        (60, 0) => Some("minute"),
        (3_600, 0) => Some("hour"),
        (86_400, 0) => Some("day"),
        _ => None,
    }
}
