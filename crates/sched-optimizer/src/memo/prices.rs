//! Prices that outlive their problem.

use std::collections::HashMap;

use crate::duals::{Duals, Prices};
use crate::fingerprint::Canon;
use crate::problem::Problem;

/// [`Prices`] by what they are for.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownPrices {
    demands: ByMeaning,
    ratios: ByMeaning,
    sums: HashMap<String, Vec<i64>>,
}

/// By the digest of what is priced, and the number among those of equal digest.
type ByMeaning = HashMap<(u128, usize), i64>;

impl KnownPrices {
    pub(super) fn of(problem: &Problem, prices: &Prices) -> Self {
        let Duals { demands, ratios, sums } = &*prices.0;
        let [to_demands, to_ratios] = meanings(problem);
        let names = problem.worker_ids().map(|id| problem.worker_name(id).to_owned());
        Self {
            demands: to_demands.into_iter().zip(demands.iter().copied()).collect(),
            ratios: to_ratios.into_iter().zip(ratios.iter().copied()).collect(),
            sums: names.zip(sums.iter().cloned()).collect(),
        }
    }

    /// The prices of `problem`: zero for what was not priced.
    pub(super) fn of_other(&self, problem: &Problem) -> Prices {
        let find = |meanings: Vec<_>, known: &ByMeaning| {
            let price = |meaning| known.get(&meaning).copied().unwrap_or(0);
            meanings.into_iter().map(price).collect()
        };
        let [demands, ratios] = meanings(problem);
        let sums = problem.worker_ids().map(|id| self.sums.get(problem.worker_name(id)).cloned());
        Prices::new(Duals {
            demands: find(demands, &self.demands),
            ratios: find(ratios, &self.ratios),
            sums: sums.map(Option::unwrap_or_default).collect(),
        })
    }
}

/// What tells the demands, and then the ratios, of a problem apart: all but their limits, costs and
/// workers, which may change a little without changing the prices much. Those that differ in nothing
/// else are told apart by their order.
fn meanings(problem: &Problem) -> [Vec<(u128, usize)>; 2] {
    let mut canon = Canon::of(problem);
    let demands = problem.demands().iter().map(|demand| {
        canon.digest(|canon| {
            canon.text(&demand.name);
            canon.len(demand.period.index());
            canon.activities(&demand.activities);
        })
    });
    let demands = numbered(demands);
    let ratios = problem.ratios().iter().map(|ratio| {
        canon.digest(|canon| {
            canon.text(&ratio.name);
            canon.len(ratio.period.index());
            canon.activities(&ratio.supervised);
            canon.activities(&ratio.supervisors);
        })
    });
    [demands, numbered(ratios)]
}

fn numbered(digests: impl Iterator<Item = u128>) -> Vec<(u128, usize)> {
    let mut seen = HashMap::new();
    let number = |digest| {
        let count = seen.entry(digest).or_insert(0);
        *count += 1;
        (digest, *count)
    };
    digests.map(number).collect()
}
