//! Gumbel noise: adding it to costs and taking the least samples by Boltzmann weights.

/// Values of the table, a power of two.
const SIZE: usize = 2048;
/// Table entries are multiples of this part of the temperature.
const STEPS: f64 = 1024.0;

/// Standard Gumbel values at evenly spaced quantiles, so that a sample is a look-up.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    table: Vec<i64>,
}

impl Noise {
    pub(crate) fn new() -> Self {
        Self { table: (0..SIZE).map(quantile).collect() }
    }

    /// One sample for `temperature`, which is in the unit of the costs.
    pub(crate) fn sample(&self, rng: &mut fastrand::Rng, temperature: i64) -> i64 {
        self.table[rng.usize(0..SIZE)] * temperature / 1024
    }
}

#[expect(clippy::cast_precision_loss, reason = "a small table index")]
#[expect(clippy::cast_possible_truncation, reason = "values lie within ±10,000")]
fn quantile(at: usize) -> i64 {
    let share = (at as f64 + 0.5) / SIZE as f64;
    (-(-share.ln()).ln() * STEPS).round() as i64
}
