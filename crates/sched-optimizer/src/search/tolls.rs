//! The prices of one worker's sums while its line is resampled.

use crate::line::LineProgram;

/// A breach against the last one makes the steps this much finer, one like it coarser by one.
const FINER: i8 = 2;
const FINEST: i8 = 12;
/// Prices stay between this and its negative: sums that exclude each other would raise them for ever.
const FAR: i64 = 1 << 40;

/// Prices of the sums of a line that are not told apart on the planes. Every line solved under them
/// moves them: up where it had too much of a sum, down where it had too little or some left.
#[derive(Clone, Debug)]
pub(crate) struct Tolls {
    prices: Vec<i64>,
    /// How fine the steps of each price are, with the sign of the last one. Where a line must have
    /// nearly one amount, steps of a fixed share would jump from too much to too little for ever.
    fineness: Vec<i8>,
}

impl Tolls {
    /// Begins with these prices.
    pub(crate) fn new(prices: Vec<i64>) -> Self {
        let fineness = vec![0; prices.len()];
        Self { prices, fineness }
    }

    pub(crate) fn prices(&self) -> &[i64] {
        &self.prices
    }

    /// Moves the prices after a line with these sums; `typical` is a cost. Returns whether a limit is
    /// broken.
    pub(crate) fn adapt(&mut self, program: &LineProgram, sums: &[i64], typical: i64) -> bool {
        let mut broken = false;
        let all = self.prices.iter_mut().zip(&mut self.fineness).zip(sums).enumerate();
        for (at, ((price, fineness), &sum)) in all {
            let (least, most) = program.limits(at);
            if sum > most || sum < least {
                let sign = if sum > most { 1 } else { -1 };
                let same = fineness.signum() == sign;
                let size = fineness.abs();
                let size = if same { (size - 1).max(1) } else { (size + FINER).min(FINEST) };
                *fineness = sign * size;
                let step = price.abs() / 8 + (typical / program.scale(at)).max(1);
                let step = i64::from(sign) * (step >> ((size - 1) / 2)).max(1);
                *price = (*price + step).clamp(-FAR, FAR);
                broken = true;
            } else if (sum < most && *price > 0) || (sum > least && *price < 0) {
                *price -= *price / 16 + price.signum();
            }
        }
        broken
    }

    /// Moves only the prices of broken limits, further and further in one direction and half as far
    /// back, by `steps`, which are empty at first; `largest` is a cost. Returns whether there is one.
    pub(crate) fn seek(
        &mut self,
        program: &LineProgram,
        sums: &[i64],
        largest: i64,
        steps: &mut Vec<i64>,
    ) -> bool {
        let mut broken = false;
        steps.resize(self.prices.len(), 0);
        for (at, ((price, step), &sum)) in self.prices.iter_mut().zip(steps).zip(sums).enumerate() {
            let (least, most) = program.limits(at);
            let sign = i64::from(sum > most) - i64::from(sum < least);
            if sign == 0 {
                continue;
            }
            let size = match step.signum() * sign {
                0 => largest / 4 / program.scale(at),
                1 => step.abs() / 2 * 3 + 1,
                _ => step.abs() / 2,
            };
            *step = sign * size.clamp(1, FAR);
            *price = (*price + *step).clamp(-FAR, FAR);
            broken = true;
        }
        broken
    }
}
