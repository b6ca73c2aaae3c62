//! Amounts of cells, added up in the fewest sums.

use std::ops::Range;

use crate::ids::{ActivityId, PeriodId};
use crate::rule::{Automaton, LineContext};
use crate::rules::Target;
use crate::rules::form::Form;
use crate::tally::{Summed, Tally};

/// Limits of a total, history included.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) history: u32,
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) form: Form,
}

impl Limits {
    pub(super) const NONE: Self = Self { history: 0, min: 0, max: u32::MAX, form: Form::Hard };

    /// The least and the most that may be added to the history in steps of `unit`, when between
    /// `low` and `high` can be. Limits that nothing keeps come back as an empty range.
    pub(super) fn reachable(self, unit: u32, low: u64, high: u64) -> (u64, u64) {
        let unit = u64::from(unit.max(1));
        let Some(room) = self.max.checked_sub(self.history) else { return (1, 0) };
        let least = u64::from(self.min.saturating_sub(self.history)).div_ceil(unit).max(low);
        let most = (u64::from(room) / unit).min(high);
        if least > most { (1, 0) } else { (least, most) }
    }

    /// What it costs to add `added` to the history, where limits do not bind but cost.
    pub(super) fn cost(self, added: u64) -> i64 {
        let Form::Soft(_) = self.form else { return 0 };
        let total = added.saturating_add(self.history.into());
        let (short, over) =
            (u64::from(self.min).saturating_sub(total), total.saturating_sub(self.max.into()));
        self.form.cost(i64::try_from(short + over).unwrap_or(i64::MAX)).unwrap_or(0)
    }
}

/// A target, and what counts towards it before the horizon.
#[derive(Clone, Copy)]
pub(super) struct Aim {
    pub(super) target: Target,
    pub(super) history: u32,
}

/// Adds up amounts of cells.
///
/// Sums are kept in the largest unit that divides all amounts, and count either what lies above
/// the least that each cell can add or what lies below the most: whichever needs fewer sums.
pub(super) struct CellSum {
    periods: Range<usize>,
    /// By activity, in units.
    amounts: Vec<u32>,
    unit: u32,
    /// What a cell adds to the total when it adds nothing to the sum; from `periods.start` on.
    bases: Vec<u32>,
    /// All bases together.
    base: u64,
    /// Whether sums count what is missing from the most.
    falling: bool,
    sums: (u32, u32),
    limits: Limits,
    aim: Option<Aim>,
}

impl CellSum {
    /// The automaton that adds `amounts`, by activity, in `periods`; `None` when every line keeps
    /// the limits at no cost.
    pub(super) fn automaton(
        context: &LineContext<'_>,
        mut amounts: Vec<u32>,
        periods: Range<usize>,
        limits: Limits,
        aim: Option<Aim>,
    ) -> Option<Box<dyn Automaton>> {
        let periods = periods.start..periods.end.min(context.periods());
        let of = |activity: ActivityId| amounts.get(activity.index()).copied().unwrap_or(0);
        let possible = periods.clone().flat_map(|period| context.choices(period)).map(of);
        let unit = possible.fold(0, gcd).max(1);
        amounts.iter_mut().for_each(|amount| *amount /= unit);

        let amounts_in = |period| context.choices(period).map(|a| amounts[a.index()]);
        let lows: Vec<u32> = periods.clone().map(|p| amounts_in(p).min().unwrap_or(0)).collect();
        let highs: Vec<u32> = periods.clone().map(|p| amounts_in(p).max().unwrap_or(0)).collect();
        let [low, high] = [&lows, &highs].map(|all| all.iter().map(|&n| u64::from(n)).sum::<u64>());
        let kept = limits.reachable(unit, low, high);
        if kept == (low, high) && aim.is_none() {
            return None;
        }
        let (least, most) = if limits.form.is_hard() { kept } else { (low, high) };
        let falling = least <= most && high - least < most - low;
        let (bases, base) = if falling { (highs, high) } else { (lows, low) };
        let sums = match (least <= most, falling) {
            (false, _) => (1, 0),
            (true, false) => (least - low, most - low),
            (true, true) => (high - most, high - least),
        };
        let sums = (clamp(sums.0), clamp(sums.1));
        let sum = Self { periods, amounts, unit, bases, base, falling, sums, limits, aim };
        Some(Box::new(Summed::new(sum)))
    }
}

impl Tally for CellSum {
    fn step(&self, mode: u32, period: PeriodId, activity: ActivityId) -> Option<(u32, u32)> {
        if !self.periods.contains(&period.index()) {
            return Some((mode, 0));
        }
        let base = self.bases[period.index() - self.periods.start];
        Some((mode, self.amounts[activity.index()].abs_diff(base)))
    }

    fn kind(&self, _: PeriodId, activity: ActivityId) -> u64 {
        self.amounts[activity.index()].into()
    }

    fn limits(&self) -> (u32, u32) {
        self.sums
    }

    fn cost(&self, sum: u32) -> i64 {
        let sum = u64::from(sum);
        let units = if self.falling {
            self.base.saturating_sub(sum)
        } else {
            self.base.saturating_add(sum)
        };
        let added = units.saturating_mul(self.unit.into());
        let aim =
            self.aim.map_or(0, |aim| aim.target.cost(added.saturating_add(aim.history.into())));
        aim.saturating_add(self.limits.cost(added))
    }
}

fn clamp(sum: u64) -> u32 {
    u32::try_from(sum).unwrap_or(u32::MAX)
}

const fn gcd(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
