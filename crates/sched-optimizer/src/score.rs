//! How good a roster is.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

/// Breaches first, cost second: any roster without a breach beats any with one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score {
    /// Sum of all breaches of rules, demands and ratios, in their own units. Zero: legal.
    pub hard: i64,
    /// Sum of all costs.
    pub soft: i64,
}

impl Score {
    /// Worse than any other.
    pub(crate) const UNKNOWN: Self = Self { hard: i64::MAX, soft: i64::MAX };

    /// Whether nothing is broken.
    #[must_use]
    pub const fn is_legal(self) -> bool {
        self.hard == 0
    }
}

/// Sums and differences end where an `i64` does.
impl Add for Score {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let [hard, soft] = [(self.hard, other.hard), (self.soft, other.soft)]
            .map(|(own, other)| own.saturating_add(other));
        Self { hard, soft }
    }
}

impl AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// What changed between two scores; either part may be negative.
impl Sub for Score {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        let [hard, soft] = [(self.hard, other.hard), (self.soft, other.soft)]
            .map(|(own, other)| own.saturating_sub(other));
        Self { hard, soft }
    }
}

impl Sum for Score {
    fn sum<I: Iterator<Item = Self>>(scores: I) -> Self {
        scores.fold(Self::default(), Add::add)
    }
}
