//! What a distance from what is free costs.

use crate::fingerprint::Canon;

/// The cost of being `d` units away from what is free: `linear * d + square * d * d`, in cost units.
///
/// Neither is negative, so each further unit costs at least as much as the one before: the cost is
/// convex. With a square, one big distance is worse than two small ones.
///
/// ```
/// use sched_optimizer::Penalty;
///
/// let penalty = Penalty { linear: 3, square: 1 };
/// assert_eq!([0, 1, 2].map(|distance| penalty.cost(distance)), [0, 4, 10]);
/// assert_eq!(Penalty::linear(3), Penalty { linear: 3, square: 0 });
/// assert_eq!(Penalty::default().cost(1_000), 0);
/// ```
///
/// A [demand](crate::Demand), [ratio](crate::Ratio) or rule whose next unit of distance could cost more
/// than 1,000,000,000, or all of them together more than a thousand times as much, is refused when the
/// problem is built: sums could overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Penalty {
    /// Cost of each unit of distance.
    pub linear: i64,
    /// Cost of the square of the distance.
    pub square: i64,
}

impl Penalty {
    /// Every unit of distance costs `cost`.
    #[must_use]
    pub const fn linear(cost: i64) -> Self {
        Self { linear: cost, square: 0 }
    }

    /// The square of the distance costs `cost`.
    #[must_use]
    pub const fn square(cost: i64) -> Self {
        Self { linear: 0, square: cost }
    }

    /// The cost at `distance`; `i64::MAX` where it is more than that.
    #[must_use]
    pub fn cost(self, distance: u64) -> i64 {
        let distance = i64::try_from(distance).unwrap_or(i64::MAX);
        self.square.saturating_mul(distance).saturating_add(self.linear).saturating_mul(distance)
    }

    /// What one unit more costs at `distance`.
    pub(crate) fn next(self, distance: u64) -> i64 {
        let odd = i64::try_from(distance).unwrap_or(i64::MAX).saturating_mul(2).saturating_add(1);
        self.square.saturating_mul(odd).saturating_add(self.linear)
    }

    /// The distance at which cost, in parts of `unit`, less `price` for each unit of distance is least;
    /// of several the shortest.
    pub(crate) fn worth(self, price: i64, unit: i64) -> u64 {
        // Those units pay that cost less than the price: the next one at `d` costs `linear + square *
        // (2 * d + 1)`.
        let left = price - self.linear * unit;
        let worth = match self.square * unit {
            _ if left <= 0 => 0,
            0 => i64::MAX,
            square => ((left - 1) / square + 1) / 2,
        };
        worth.unsigned_abs()
    }

    pub(crate) fn describe(self, canon: &mut Canon) {
        let Self { linear, square } = self;
        canon.ints([linear, square]);
    }
}

#[cfg(test)]
mod tests {
    use super::Penalty;

    #[test]
    fn what_is_worth_a_price_is_the_cheapest_distance() {
        let costs = (0..4).flat_map(|linear| (0..4).map(move |square| Penalty { linear, square }));
        for (penalty, price) in costs.flat_map(|one| (-70..700).map(move |price| (one, price))) {
            let value =
                |&distance: &u32| 64 * penalty.cost(distance.into()) - price * i64::from(distance);
            let best = (0..=5).min_by_key(value).map(u64::from);
            assert_eq!(Some(penalty.worth(price, 64).min(5)), best, "{penalty:?} at {price}");
        }
    }

    #[test]
    fn the_next_unit_costs_the_difference() {
        let penalty = Penalty { linear: 3, square: 2 };
        for distance in 0..9 {
            let difference = penalty.cost(distance + 1) - penalty.cost(distance);
            assert_eq!(penalty.next(distance), difference);
        }
        assert_eq!(penalty.cost(u64::MAX), i64::MAX);
    }
}
