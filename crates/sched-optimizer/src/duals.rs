//! Prices on what workers have in common, and of the sums that have no room on the planes.

use std::sync::Arc;

use crate::cover::{CoverIndex, Part};
use crate::model::Model;
use crate::problem::Problem;

/// The prices that a solve ended with, for a later one to [start](crate::Start) from: of demands, of
/// ratios, and of workers' sums.
///
/// Whatever they are, the bound of a solve that starts from them holds: prices that are missing count
/// as zero, surplus ones are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices(pub(crate) Arc<Duals>);

impl Prices {
    pub(crate) fn new(duals: Duals) -> Self {
        Self(Arc::new(duals))
    }

    /// Whether nothing has a price.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Duals { demands, ratios, sums } = &*self.0;
        demands.iter().chain(ratios).chain(sums.iter().flatten()).all(|&price| price == 0)
    }
}

/// Lagrangean prices in parts of [`UNIT`](crate::line::UNIT). A demand's price is what one more
/// worker on it is worth; a ratio's is what one more supervised worker too many costs, not negative.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Duals {
    pub(crate) demands: Vec<i64>,
    pub(crate) ratios: Vec<i64>,
    /// For each worker the prices of its sums.
    pub(crate) sums: Vec<Vec<i64>>,
}

impl Duals {
    /// All zero.
    pub(crate) fn zero(model: &Model<'_>) -> Self {
        Self {
            demands: vec![0; model.problem.demands().len()],
            ratios: vec![0; model.problem.ratios().len()],
            sums: model.programs.iter().map(|program| vec![0; program.priced()]).collect(),
        }
    }

    /// All of them: of demands, of ratios, then of the sums of each worker.
    pub(crate) fn prices_mut(&mut self) -> impl Iterator<Item = &mut i64> {
        let Self { demands, ratios, sums } = self;
        demands.iter_mut().chain(ratios).chain(sums.iter_mut().flatten())
    }

    /// Becomes as the other of the same problem, in the memory it has.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.demands.clone_from(&other.demands);
        self.ratios.clone_from(&other.ratios);
        self.sums.clone_from(&other.sums);
    }

    /// What a choice pays for counting towards `part`.
    pub(crate) fn of(&self, problem: &Problem, part: Part) -> i64 {
        match part {
            Part::Demand(at) => -self.demands[at],
            Part::Supervised(at) => self.ratios[at],
            Part::Supervisor(at) => {
                -self.ratios[at] * i64::from(problem.ratios()[at].per_supervisor)
            }
        }
    }

    /// The payment for every part, by id.
    pub(crate) fn by_part(&self, problem: &Problem, cover: &CoverIndex, all: &mut Vec<i64>) {
        all.clear();
        let ids = 0..u32::try_from(cover.parts()).unwrap_or(u32::MAX);
        all.extend(ids.map(|id| self.of(problem, cover.part(id))));
    }
}
