//! A bound that can be checked without the solver.
//!
//! A [`Certificate`] holds prices only, and [`verify`] works the bound out anew from the problem: a
//! small dynamic programme for every worker, every count for every demand, every excess for every
//! soft ratio. It shares no code with
//! the search, the line programme or the climb of the prices.

mod line;
mod table;

use line::Lines;

use crate::demand::{Demand, Ratio};
use crate::duals::Prices;
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::penalty::Penalty;
use crate::problem::Problem;

/// Different combinations of a worker's states in one period, at most: for a proof, and for pruning,
/// where more of them seldom exclude more.
const VERIFIED_LABELS: usize = 100_000;
const PRUNED_LABELS: usize = 10_000;

/// Prices that prove a lower bound on the cost of every legal roster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// For each demand what one more worker on it is worth, in [parts](Self::PARTS) of a cost unit;
    /// may be negative.
    pub demands: Vec<i64>,
    /// For each ratio what one supervised worker too many costs, in parts; not negative.
    pub ratios: Vec<i64>,
    /// The claim, in whole cost units: no legal roster costs less.
    pub bound: i64,
}

impl Certificate {
    /// Prices are in this part of a cost unit.
    pub const PARTS: i64 = 256;

    pub(crate) fn of(Prices(duals): &Prices, bound: i64) -> Self {
        Self { demands: duals.demands.clone(), ratios: duals.ratios.clone(), bound }
    }

    /// Claims nothing.
    pub(crate) fn none(problem: &Problem) -> Self {
        let (demands, ratios) = (problem.demands().len(), problem.ratios().len());
        Self { demands: vec![0; demands], ratios: vec![0; ratios], bound: 0 }
    }
}

/// Why a [`Certificate`] is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is about another problem.
    #[error("the certificate does not have one price for each demand and each ratio")]
    WrongShape,
    /// The price of a ratio is negative, and with such prices there is no bound.
    #[error("the price of ratio number {ratio} is negative")]
    NegativePrice {
        /// Its position in the problem.
        ratio: usize,
    },
    /// The prices prove less than what is claimed.
    #[error("the bound {claimed} is claimed, and {proved} is proved")]
    NotProved {
        /// What the certificate says.
        claimed: i64,
        /// What was proved: no legal roster costs less than this.
        proved: i64,
    },
}

/// Works out the bound that the prices of `certificate` prove, in integers, and returns it: at least
/// the claim. `i64::MAX` means that some worker or some demand leaves no legal roster at all.
///
/// Each worker's cheapest line under the prices is found over the states of all automata of the
/// worker's rules. Where these are too many (a hundred thousand at once), the automaton with most
/// states is left out, and so on until the rest fits: without a rule the bound is lower, and still
/// holds.
///
/// Costs a few seconds for thirty workers and four weeks; memory for one worker's states.
///
/// # Errors
/// When prices do not fit the problem, or prove less than the claim.
pub fn verify(problem: &Problem, certificate: &Certificate) -> Result<i64, Refused> {
    let proved = match minimum(problem, certificate)? {
        Some(parts) => whole(parts),
        None => i64::MAX,
    };
    let claimed = certificate.bound;
    if claimed <= proved { Ok(proved) } else { Err(Refused::NotProved { claimed, proved }) }
}

/// Parts in whole units. Costs are whole and not negative, so it is rounded up.
fn whole(parts: i128) -> i64 {
    let units = parts.div_euclid(PARTS) + i128::from(parts.rem_euclid(PARTS) != 0);
    i64::try_from(units.max(0)).unwrap_or(i64::MAX - 1)
}

const PARTS: i128 = Certificate::PARTS as i128;

/// The least cost of all lines, counts and excesses under the prices, in parts; `None` when there are none.
fn minimum(problem: &Problem, certificate: &Certificate) -> Result<Option<i128>, Refused> {
    check(problem, certificate)?;
    let mut total = in_common(problem, certificate);
    for worker in problem.worker_ids() {
        let prices = prices(problem, certificate, worker);
        let line = Lines::new(problem, worker, &prices, VERIFIED_LABELS).cheapest();
        total = total.zip(line).map(|(a, b)| a + b);
    }
    Ok(total)
}

/// For each worker and choice a bound on the cost of the legal rosters that use it; `None` where
/// there are none.
pub(crate) fn bounds(
    problem: &Problem,
    certificate: &Certificate,
) -> Result<Vec<Vec<Option<i64>>>, Refused> {
    check(problem, certificate)?;
    let mut total = in_common(problem, certificate);
    let mut workers = Vec::new();
    for worker in problem.worker_ids() {
        let prices = prices(problem, certificate, worker);
        let lines = Lines::new(problem, worker, &prices, PRUNED_LABELS);
        let (least, through) = (lines.cheapest(), lines.cheapest_through());
        total = total.zip(least).map(|(a, b)| a + b);
        workers.push((least, through));
    }
    let bound =
        |least: Option<i128>, through: Option<i128>| Some(whole(total? - least? + through?));
    let all = workers
        .into_iter()
        .map(|(least, through)| through.into_iter().map(|through| bound(least, through)).collect());
    Ok(all.collect())
}

fn check(problem: &Problem, certificate: &Certificate) -> Result<(), Refused> {
    let Certificate { demands, ratios, .. } = certificate;
    if demands.len() != problem.demands().len() || ratios.len() != problem.ratios().len() {
        return Err(Refused::WrongShape);
    }
    match ratios.iter().position(|&price| price < 0) {
        Some(ratio) => Err(Refused::NegativePrice { ratio }),
        None => Ok(()),
    }
}

/// The least cost of all demands' counts and all ratios' excesses under the prices, in parts; `None`
/// when a demand has no count.
fn in_common(problem: &Problem, certificate: &Certificate) -> Option<i128> {
    let demands = problem.demands().iter().zip(&certificate.demands);
    let counts = demands.map(|(demand, &price)| cheapest_count(problem, demand, price));
    let ratios = problem.ratios().iter().zip(&certificate.ratios);
    let excesses = ratios.map(|(ratio, &price)| Some(cheapest_excess(problem, ratio, price)));
    counts.chain(excesses).sum()
}

/// Tries every count that the workers and the limits allow.
fn cheapest_count(problem: &Problem, demand: &Demand, price: i64) -> Option<i128> {
    let included = problem.worker_ids().filter(|&worker| includes(demand, worker));
    let eligible = able(problem, included, demand.period, &demand.activities);
    let legal = (0..=eligible).filter(|&count| demand.min <= count && count <= demand.max);
    let value = |count: u32| {
        let under = parts(demand.under_cost, demand.wanted.saturating_sub(count));
        let over = parts(demand.over_cost, count.saturating_sub(demand.wanted));
        under + over + i128::from(price) * i128::from(count)
    };
    legal.map(value).min()
}

/// Tries every excess that the workers allow. A hard ratio has none.
fn cheapest_excess(problem: &Problem, ratio: &Ratio, price: i64) -> i128 {
    let Some(cost) = ratio.excess_cost else { return 0 };
    let most = able(problem, problem.worker_ids(), ratio.period, &ratio.supervised);
    let value = |excess: u32| parts(cost, excess) - i128::from(price) * i128::from(excess);
    (0..=most).map(value).min().unwrap_or(0)
}

/// How many of `workers` could do one of `activities` in `period`.
fn able(
    problem: &Problem,
    workers: impl Iterator<Item = WorkerId>,
    period: PeriodId,
    activities: &[ActivityId],
) -> u32 {
    let able = |worker: &WorkerId| {
        let mut choices = problem.choices(*worker, period).iter();
        choices.any(|choice| activities.contains(&choice.activity))
    };
    u32::try_from(workers.filter(able).count()).unwrap_or(u32::MAX)
}

/// What `distance` costs, in parts.
fn parts(penalty: Penalty, distance: u32) -> i128 {
    let distance = i128::from(distance);
    let Penalty { linear, square } = penalty;
    (i128::from(linear) * distance + i128::from(square) * distance * distance) * PARTS
}

fn includes(demand: &Demand, worker: WorkerId) -> bool {
    demand.workers.as_ref().is_none_or(|workers| workers.contains(&worker))
}

/// What each choice of `worker` costs and pays, by period.
fn prices(problem: &Problem, certificate: &Certificate, worker: WorkerId) -> Vec<Vec<i128>> {
    let choices = |period| problem.choices(worker, period).iter();
    let mut prices: Vec<Vec<i128>> = problem
        .period_ids()
        .map(|period| choices(period).map(|choice| i128::from(choice.cost) * PARTS).collect())
        .collect();
    let mut pay = |period: PeriodId, activities: &[ActivityId], amount: i128| {
        for (choice, price) in choices(period).zip(&mut prices[period.index()]) {
            if activities.contains(&choice.activity) {
                *price += amount;
            }
        }
    };
    for (demand, &price) in problem.demands().iter().zip(&certificate.demands) {
        if includes(demand, worker) {
            pay(demand.period, &demand.activities, -i128::from(price));
        }
    }
    for (ratio, &price) in problem.ratios().iter().zip(&certificate.ratios) {
        pay(ratio.period, &ratio.supervised, i128::from(price));
        let each = i128::from(ratio.per_supervisor);
        pay(ratio.period, &ratio.supervisors, -i128::from(price) * each);
    }
    prices
}
