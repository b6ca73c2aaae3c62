//! Sums along a line: the automata that the line programme adds up instead of listing their states.

use crate::ids::{ActivityId, PeriodId};
use crate::rule::{Automaton, Step};

/// Adds up amounts along a line and judges the sum at its end: minutes of a plan, worked weekends,
/// nights.
///
/// What is added may depend on a *mode*, a small state of its own (whether this weekend is counted
/// already); it may not depend on the sum. This is what lets the line programme keep all sums of a
/// mode side by side. [`Summed`] makes an [`Automaton`] of a tally.
pub trait Tally: Send + Sync {
    /// Mode and sum before the first period; history belongs in here.
    fn start(&self) -> (u32, u32) {
        (0, 0)
    }

    /// The mode after `activity` was worked in `period`, and what that adds to the sum; `None` when
    /// the line is refused.
    fn step(&self, mode: u32, period: PeriodId, activity: ActivityId) -> Option<(u32, u32)>;

    /// A number that activities of `period` share only when they are the same step in every mode: then one
    /// step is taken for all of them. Default: each has its own.
    fn kind(&self, period: PeriodId, activity: ActivityId) -> u64 {
        _ = period;
        activity.index() as u64
    }

    /// The least and the most that the sum may be at the end.
    fn limits(&self) -> (u32, u32);

    /// What a sum within the limits costs, in the range of [`Step::cost`]. Default: nothing.
    fn cost(&self, sum: u32) -> i64 {
        _ = sum;
        0
    }
}

/// A [`Tally`] as an [`Automaton`].
#[derive(Clone, Debug)]
pub struct Summed<T> {
    tally: T,
    /// From here on a smaller sum is never worse.
    fewer_is_better_from: u32,
}

impl<T: Tally> Summed<T> {
    /// Looks at the cost of each sum within the limits once: say no wider limits than sums can reach.
    pub fn new(tally: T) -> Self {
        let (least, most) = tally.limits();
        let mut from = least.min(most);
        for sum in least..most {
            if tally.cost(sum) > tally.cost(sum + 1) {
                from = sum + 1;
            }
        }
        Self { tally, fewer_is_better_from: from }
    }
}

const fn pack(mode: u32, sum: u32) -> u64 {
    (mode as u64) << 32 | sum as u64
}

const fn unpack(state: u64) -> (u32, u32) {
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of a word")]
    ((state >> 32) as u32, state as u32)
}

impl<T: Tally> Automaton for Summed<T> {
    fn start(&self) -> u64 {
        let (mode, sum) = self.tally.start();
        pack(mode, sum)
    }

    fn step(&self, state: u64, period: PeriodId, activity: ActivityId) -> Option<Step> {
        let (mode, sum) = unpack(state);
        let (mode, amount) = self.tally.step(mode, period, activity)?;
        let sum = sum.checked_add(amount).filter(|&sum| sum <= self.tally.limits().1)?;
        Some(Step::free(pack(mode, sum)))
    }

    fn kind(&self, period: PeriodId, activity: ActivityId) -> u64 {
        self.tally.kind(period, activity)
    }

    fn finish(&self, state: u64) -> Option<i64> {
        let ((_, sum), (least, most)) = (unpack(state), self.tally.limits());
        (least <= sum && sum <= most).then(|| self.tally.cost(sum))
    }

    fn dominates(&self, _: PeriodId, a: u64, b: u64) -> bool {
        let ((a_mode, a_sum), (b_mode, b_sum)) = (unpack(a), unpack(b));
        let fewer = a_sum == b_sum || (a_sum < b_sum && a_sum >= self.fewer_is_better_from);
        a_mode == b_mode && fewer
    }

    fn as_tally(&self) -> Option<&dyn Tally> {
        Some(&self.tally)
    }
}
