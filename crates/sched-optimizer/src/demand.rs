//! What a period asks of all workers together: functions of counts.

use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::penalty::Penalty;

/// How many workers a period needs on some activities.
///
/// With `n` of the eligible workers on one of `activities` in `period`: fewer than `min` or more
/// than `max` breaks the demand by the difference; below `wanted` costs `under_cost` of the
/// difference, above it `over_cost`.
///
/// ```
/// # use sched_optimizer::{ActivityId, Demand, Penalty, PeriodId};
/// # let (monday, duty) = (PeriodId::new(0), ActivityId::new(1));
/// let ward = Demand {
///     wanted: 4,
///     // Each worker short hurts more than the one before; too many are just paid.
///     under_cost: Penalty { linear: 5, square: 2 },
///     over_cost: Penalty::linear(1),
///     ..Demand::at_least("ward", monday, [duty], 2)
/// };
/// assert_eq!(ward.price(5), (0, 1));
/// assert_eq!(ward.price(2), (0, 2 * 5 + 4 * 2));
/// assert_eq!(ward.price(1), (1, 3 * 5 + 9 * 2));
/// ```
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
    /// Cost of the workers short of `wanted`.
    pub under_cost: Penalty,
    /// Cost of the workers above `wanted`.
    pub over_cost: Penalty,
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
            under_cost: Penalty::default(),
            over_cost: Penalty::default(),
        }
    }

    /// Breach (units outside of `min..=max`) and soft cost at `count`.
    #[must_use]
    pub fn price(&self, count: u32) -> (i64, i64) {
        let hard =
            i64::from(self.min.saturating_sub(count)) + i64::from(count.saturating_sub(self.max));
        let soft = match count < self.wanted {
            true => self.under_cost.cost(u64::from(self.wanted - count)),
            false => self.over_cost.cost(u64::from(count - self.wanted)),
        };
        (hard, soft)
    }

    /// The soft cost that one worker more adds at `count`.
    pub(crate) fn next_cost(&self, count: u32) -> i64 {
        match count < self.wanted {
            true => -self.under_cost.next(u64::from(self.wanted - count - 1)),
            false => self.over_cost.next(u64::from(count - self.wanted)),
        }
    }

    /// What the dearest worker short and the dearest one above costs within the limits, with at most
    /// `workers`; at least what the first one costs.
    pub(crate) fn dearest_steps(&self, workers: u32) -> [i64; 2] {
        let short = self.wanted.saturating_sub(self.min);
        let above = self.max.min(workers).saturating_sub(self.wanted);
        let dearest = |penalty: Penalty, most: u32| penalty.next(most.saturating_sub(1).into());
        [dearest(self.under_cost, short), dearest(self.over_cost, above)]
    }
}

/// How many workers one supervisor may have in a period.
///
/// With more supervised workers than `per_supervisor * supervisors` the difference is the excess. It
/// breaks the ratio, or costs what [`excess_cost`](Self::excess_cost) says.
///
/// ```
/// # use sched_optimizer::{ActivityId, Penalty, PeriodId, Ratio};
/// # let (monday, [learns, teaches]) = (PeriodId::new(0), [1, 2].map(ActivityId::new));
/// let hard = Ratio {
///     name: "supervision".into(),
///     period: monday,
///     supervised: vec![learns],
///     supervisors: vec![teaches],
///     per_supervisor: 4,
///     excess_cost: None,
/// };
/// let soft = Ratio { excess_cost: Some(Penalty::linear(10)), ..hard.clone() };
/// assert_eq!(hard.price(7, 1), (3, 0));
/// assert_eq!(soft.price(7, 1), (0, 30));
/// ```
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
    /// Supervised workers one supervisor may have; at least one. A problem takes more than it has workers
    /// for as many.
    pub per_supervisor: u32,
    /// Cost of the excess; `None`: it must be zero.
    pub excess_cost: Option<Penalty>,
}

impl Ratio {
    /// Supervised workers that nobody supervises.
    #[must_use]
    pub fn excess(&self, supervised: u32, supervisors: u32) -> i64 {
        let covered = i64::from(self.per_supervisor) * i64::from(supervisors);
        (i64::from(supervised) - covered).max(0)
    }

    /// Breach and soft cost of the excess.
    #[must_use]
    pub fn price(&self, supervised: u32, supervisors: u32) -> (i64, i64) {
        let excess = self.excess(supervised, supervisors);
        match self.excess_cost {
            None => (excess, 0),
            Some(penalty) => (0, penalty.cost(excess.unsigned_abs())),
        }
    }
}
