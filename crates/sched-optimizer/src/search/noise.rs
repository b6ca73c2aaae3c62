//! Gumbel noise: adding it to costs and taking the least samples by Boltzmann weights.

/// Values of the table, a power of two.
const SIZE: usize = 2048;
/// Table entries are multiples of this part of the temperature.
const STEPS: f64 = 1024.0;

/// Standard Gumbel values at evenly spaced quantiles, so that a sample is a look-up.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    table: Box<[i64; SIZE]>,
}

impl Noise {
    pub(crate) fn new() -> Self {
        Self { table: Box::new(std::array::from_fn(quantile)) }
    }

    /// Samples for `temperature`, which is in the unit of the costs.
    pub(crate) const fn stream<'n>(
        &'n self,
        rng: &'n mut fastrand::Rng,
        temperature: i64,
    ) -> Samples<'n> {
        Samples { table: &self.table, rng, temperature, bits: 1 }
    }
}

/// An endless row of samples.
pub(crate) struct Samples<'n> {
    table: &'n [i64; SIZE],
    rng: &'n mut fastrand::Rng,
    temperature: i64,
    /// Random bits that are left, below a one.
    bits: u64,
}

impl Samples<'_> {
    pub(crate) fn sample(&mut self) -> i64 {
        if self.temperature == 0 {
            return 0;
        }
        if self.bits < SIZE as u64 {
            self.bits = self.rng.u64(..) | 1 << 63;
        }
        let at = usize::try_from(self.bits % SIZE as u64).unwrap_or(0);
        self.bits /= SIZE as u64;
        self.table[at] * self.temperature / 1024
    }
}

#[expect(clippy::cast_precision_loss, reason = "a small table index")]
#[expect(clippy::cast_possible_truncation, reason = "values lie within ±10,000")]
fn quantile(at: usize) -> i64 {
    let share = (at as f64 + 0.5) / SIZE as f64;
    (-(-share.ln()).ln() * STEPS).round() as i64
}
