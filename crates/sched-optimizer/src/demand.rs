//! What a period asks of all workers together: functions of counts.

use crate::ids::{ActivityId, PeriodId, WorkerId};

/// How many workers a period needs on some activities.
///
/// With `n` of the eligible workers on one of `activities` in `period`: fewer than `min` or more
/// than `max` breaks the demand by the difference; below `wanted` costs `under_cost` each, above it
/// `over_cost` each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// What it is called in reports.
    pub name: String,
    /// The period it is about.
    pub period: PeriodId,
    /// The activities that count towards it.
    pub activities: Vec<ActivityId>,
    /// The workers that count towards it; `None`: everybody.
    pub workers: Option<Vec<WorkerId>>,
    /// Hard lower limit.
    pub min: u32,
    /// Hard upper limit.
    pub max: u32,
    /// The count that costs nothing, in `min..=max`.
    pub wanted: u32,
    /// Cost of each worker short of `wanted`.
    pub under_cost: i64,
    /// Cost of each worker above `wanted`.
    pub over_cost: i64,
}

impl Demand {
    /// A demand for at least `min` workers on `activities`, without an upper limit or costs.
    #[must_use]
    pub fn at_least(
        name: impl Into<String>,
        period: PeriodId,
        activities: impl Into<Vec<ActivityId>>,
        min: u32,
    ) -> Self {
        Self {
            name: name.into(),
            period,
            activities: activities.into(),
            workers: None,
            min,
            max: u32::MAX,
            wanted: min,
            under_cost: 0,
            over_cost: 0,
        }
    }

    /// Breach (units outside of `min..=max`) and soft cost at `count`.
    #[must_use]
    pub fn price(&self, count: u32) -> (i64, i64) {
        let hard =
            i64::from(self.min.saturating_sub(count)) + i64::from(count.saturating_sub(self.max));
        let short = i64::from(self.wanted.saturating_sub(count));
        let above = i64::from(count.saturating_sub(self.wanted));
        (hard, short * self.under_cost + above * self.over_cost)
    }
}

/// How many workers one supervisor may have in a period. Always hard: broken by the number of
/// supervised workers above `per_supervisor * supervisors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// What it is called in reports.
    pub name: String,
    /// The period it is about.
    pub period: PeriodId,
    /// Whoever works one of these needs supervision.
    pub supervised: Vec<ActivityId>,
    /// Whoever works one of these supervises.
    pub supervisors: Vec<ActivityId>,
    /// Supervised workers one supervisor may have; at least one.
    pub per_supervisor: u32,
}

impl Ratio {
    /// Supervised workers that nobody supervises.
    #[must_use]
    pub fn excess(&self, supervised: u32, supervisors: u32) -> i64 {
        let covered = i64::from(self.per_supervisor) * i64::from(supervisors);
        (i64::from(supervised) - covered).max(0)
    }
}
