//! What the last solve of a line suggests for the next one under similar prices.

use super::UNIT;
use super::pass::COARSER;

/// Prices of a bound, where costs are not small, and those of a guess are multiples of this. Then planes
/// whose numbers had to be made coarser once still hold exact costs.
pub(crate) const GRAIN: i64 = 1 << COARSER;

const FIRST_STEP: i64 = 16 * UNIT;
const LONGEST_STEP: i64 = 1 << 30;

/// Prices of the sums that are told apart on the planes, under which the best path of the graph nearly
/// keeps their limits, and how much more the best line costs. A guess changes what a solve has to look
/// at, never the cost that it finds.
#[derive(Debug)]
pub(crate) struct Guess {
    sums: Vec<Trend>,
    /// A loss that the line will probably not reach.
    pub(super) loss: i64,
}

/// A price and its next step, whose sign is that of the last one (resilient propagation, Riedmiller
/// and Braun 1993).
#[derive(Clone, Copy, Debug)]
struct Trend {
    price: i64,
    step: i64,
}

impl Default for Guess {
    fn default() -> Self {
        Self { sums: Vec::new(), loss: 64 * UNIT }
    }
}

impl Guess {
    /// The prices of `count` sums.
    pub(super) fn prices(&mut self, count: usize) -> impl Iterator<Item = i64> {
        self.sums.resize(count, Trend { price: 0, step: FIRST_STEP });
        self.sums.iter().map(|trend| trend.price)
    }

    /// Moves the price of sum number `at`, whose value under it was `sum`.
    pub(super) fn learn(&mut self, at: usize, sum: i64, (least, most): (i64, i64)) {
        let trend = &mut self.sums[at];
        let up = if sum > most || (trend.price < 0 && sum > least) {
            true
        } else if sum < least || (trend.price > 0 && sum < most) {
            false
        } else {
            return;
        };
        let longer = if up == (trend.step > 0) { trend.step / 2 * 3 } else { -trend.step / 2 };
        let size = (longer.abs() / GRAIN * GRAIN).clamp(GRAIN, LONGEST_STEP);
        trend.step = if up { size } else { -size };
        let next = trend.price + trend.step;
        // A price does not change its sign at once: at zero the sum may be within its limits.
        trend.price = if trend.price.signum() * next.signum() < 0 { 0 } else { next };
    }

    /// Expects the loss that another worker does.
    pub(crate) const fn expect_as(&mut self, other: &Self) {
        self.loss = other.loss;
    }

    /// Begins anew: the prices lead too far from the best line.
    pub(super) fn forget(&mut self) {
        self.sums.clear();
    }

    /// Takes in what the best line lost against the best path of the graph.
    pub(super) fn expect(&mut self, loss: i64) {
        self.loss = (self.loss - self.loss / 8).max(loss * 2).max(UNIT);
    }
}
