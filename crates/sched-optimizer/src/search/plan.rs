//! How hot a search is, and how much the workers see of each other, as its time passes.

/// The state of a search between two sweeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heat {
    /// Of the noise, in thousandths of a typical cost.
    pub(crate) temperature: i64,
    /// How much of the difference between Lagrangean prices and marginal costs counts, out of
    /// [`FULL_PENALTY`](Self::FULL_PENALTY).
    pub(crate) penalty: i64,
    /// The number of the cycle.
    cycle: u32,
}

impl Heat {
    pub(crate) const FULL_PENALTY: i64 = 4096;

    /// Marginal costs without noise.
    pub(crate) const NONE: Self = Self { temperature: 0, penalty: Self::FULL_PENALTY, cycle: 0 };

    /// Whether workers see the true marginal costs.
    pub(crate) const fn is_settled(self) -> bool {
        self.penalty == Self::FULL_PENALTY
    }

    /// Whether a cycle without continuation begins after `before`: it starts from the best roster.
    pub(crate) const fn restarts(self, before: Self) -> bool {
        self.is_settled() && self.is_of_another_cycle(before)
    }

    pub(crate) const fn is_of_another_cycle(self, other: Self) -> bool {
        self.cycle != other.cycle
    }
}

/// Temperatures of a search, as shares of a typical cost in thousandths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    /// With prices to go by.
    pub(crate) guided: (f64, f64),
    /// Without.
    pub(crate) alone: (f64, f64),
    /// Sweeps of the first cycle without prices.
    pub(crate) first_cycle: u32,
    /// Cycles in a search, at least.
    pub(crate) cycles: u32,
}

/// Sweeps of a cycle where there is time for more than the least number of cycles.
const SWEEPS: f64 = 3000.0;
const MOST_CYCLES: f64 = 64.0;
/// Sweeps of the longest cycle without prices.
const LONGEST_CYCLE: u32 = 64;
/// Later cycles are warmer and cooler in turn.
const VARIETY: [f64; 3] = [1.0, 0.7, 1.4];

/// The penalty at the beginning of a cycle, as a share of the full one.
const FIRST_PENALTY: f64 = 0.003;
/// From this share of a cycle on the penalty is full.
const SETTLED: f64 = 0.9;

impl Plan {
    /// The plan for a search of so many sweeps.
    #[expect(clippy::cast_possible_truncation, reason = "a small number")]
    #[expect(clippy::cast_sign_loss, reason = "not negative")]
    pub(crate) fn for_sweeps(self, sweeps: f64) -> Self {
        let fitting = (sweeps / SWEEPS).clamp(0.0, MOST_CYCLES) as u32;
        Self { cycles: self.cycles.max(fitting), ..self }
    }

    /// The heat with prices to go by, when the share `done` of the search is over.
    #[expect(clippy::cast_possible_truncation, reason = "shares in thousandths")]
    #[expect(clippy::cast_sign_loss, reason = "shares are not negative")]
    #[expect(clippy::cast_precision_loss, reason = "a small constant")]
    pub(crate) fn guided(self, done: f64) -> Heat {
        let along = done.clamp(0.0, 1.0) * f64::from(self.cycles);
        let cycle = (along as u32).min(self.cycles - 1);
        let along = along - f64::from(cycle);
        let variety = VARIETY[cycle as usize % VARIETY.len()];
        let penalty = if along < SETTLED { FIRST_PENALTY.powf(1.0 - along / SETTLED) } else { 1.0 };
        Heat {
            temperature: (cooled(self.guided, along) * variety).round() as i64,
            penalty: (penalty * Heat::FULL_PENALTY as f64).round() as i64,
            cycle,
        }
    }

    /// The heat without prices, in sweep number `sweep`: cycles of growing length, each from hot to
    /// cold under the true marginal costs.
    #[expect(clippy::cast_possible_truncation, reason = "shares in thousandths")]
    pub(crate) fn alone(self, mut sweep: u32) -> Heat {
        let (mut cycle, mut length) = (0, self.first_cycle);
        while sweep >= length {
            sweep -= length;
            length = (length * 2).min(LONGEST_CYCLE);
            cycle += 1;
        }
        let along = f64::from(sweep) / f64::from(length.max(2) - 1);
        let temperature = cooled(self.alone, along).round() as i64;
        Heat { temperature, penalty: Heat::FULL_PENALTY, cycle }
    }
}

/// Falls geometrically from hot to cold.
fn cooled((hot, cold): (f64, f64), along: f64) -> f64 {
    hot * (cold / hot).powf(along)
}
