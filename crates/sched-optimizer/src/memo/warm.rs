//! Starts of a solve from what is remembered.

use std::sync::Arc;

use super::{Solution, SolutionStore};
use crate::duals::Prices;
use crate::fingerprint::Sketch;
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::problem::Problem;
use crate::roster::Roster;

/// A remembered roster in the ids of a problem.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WarmStart {
    /// The hint for [`Solver::solve_from`](crate::Solver::solve_from), which makes lines with an open
    /// cell anew, or for [`replan`](crate::replan()), which keeps what it can of them. Open cells hold an
    /// id that no problem has.
    pub roster: Roster,
    /// The prices, for [`Solver::solve_from`](crate::Solver::solve_from) too: zero where nothing is
    /// remembered.
    pub prices: Prices,
    /// The cells for which nothing is remembered that their worker may do.
    pub open: Vec<(WorkerId, PeriodId)>,
    /// Whether the problem was solved before: then the solution's score and bound are the
    /// [roster](Self::roster)'s, as far as the store can be trusted.
    pub exact: bool,
    /// What was remembered.
    pub solution: Arc<Solution>,
}

/// The remembered solution of `problem`, or else of the problem nearest to it, or `None` when nothing
/// remembered has a worker and the periods in common with it.
///
/// Lines are found by the worker's name, activities by theirs; prices of demands and ratios by name,
/// period and activities. Costs one pass over `problem` and what the store needs to [look](SolutionStore::nearest).
///
/// ```
/// # use std::num::NonZeroUsize;
/// # use std::ops::ControlFlow;
/// # use std::sync::Arc;
/// # use sched_optimizer::{
/// #     Budget, Demand, LruSolutions, Options, Problem, Shift, Solution, SolutionStore, Solver, Span,
/// #     warm_start,
/// # };
/// # fn team(names: &[&str]) -> Result<Problem, Box<dyn std::error::Error>> {
/// # let mut builder = Problem::builder();
/// # let [off, duty] = ["off", "duty"].map(|name| builder.activity(name));
/// # let monday = builder.period("monday", Span::new(0, 1440));
/// # builder.offer(monday, off, None).offer(monday, duty, Some(Shift::new(480, 960)));
/// # builder.demand(Demand::at_least("ward", monday, [duty], 1));
/// # names.iter().for_each(|name| _ = builder.worker(*name));
/// # Ok(builder.build()?)
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let solver = Solver::new(Options::default().budget(Budget::work(1_000)));
/// let store = LruSolutions::new(NonZeroUsize::MIN);
/// let problem = team(&["Ada", "Ben"])?;
/// let outcome = solver.solve(&problem, |_| ControlFlow::Continue(()));
/// store.put(Arc::new(Solution::of(&problem, &outcome)));
///
/// let larger = team(&["Cyd", "Ben", "Ada"])?;
/// if let Some(start) = warm_start(&larger, &store) {
///     assert_eq!(start.open.len(), 1, "nothing is known of Cyd");
///     let outcome = solver.solve_from(&larger, &start, |_| ControlFlow::Continue(()));
///     assert!(outcome.score.is_legal());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn warm_start(problem: &Problem, store: &dyn SolutionStore) -> Option<WarmStart> {
    let sketch = Sketch::of(problem);
    let solution = store.get(&sketch.fingerprint()).or_else(|| store.nearest(&sketch))?;
    // A store may answer anything; lines of other periods would only look like a start.
    sketch.likeness(solution.sketch())?;
    let same = sketch == *solution.sketch();
    let nothing = ActivityId::new(usize::MAX);
    let mut open = Vec::new();
    let mut cells = Vec::with_capacity(problem.workers() * problem.periods());
    for (worker, line) in problem.worker_ids().zip(solution.lines(problem)) {
        for (period, activity) in problem.period_ids().zip(line) {
            let possible =
                |&activity: &ActivityId| problem.cost(worker, period, activity).is_some();
            let activity = activity.filter(possible);
            if activity.is_none() {
                open.push((worker, period));
            }
            cells.push(activity.unwrap_or(nothing));
        }
    }
    let roster = Roster::from_cells(problem.periods(), cells);
    let exact = same && open.is_empty();
    let prices = solution.prices(problem);
    Some(WarmStart { exact, roster, prices, open, solution })
}
