//! A changed problem: legal rosters near the old one.

use crate::budget::Clock;
use crate::ids::{PeriodId, WorkerId};
use crate::problem::Problem;
use crate::roster::Roster;
use crate::solver::{self, Outcome};

mod frontier;
mod near;
mod options;
mod pull;
mod trade_offs;

use near::Near;
pub use options::{Nearness, ReplanOptions};
use pull::Pull;
pub use trade_offs::trade_offs;

/// What a re-plan changed. Workers and periods are the changed problem's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changes {
    /// Cells that differ from the old roster; new workers have none.
    pub cells: Vec<(WorkerId, PeriodId)>,
    /// The sum of their [weights](Nearness).
    pub weight: i64,
    /// Of these, the ones whose old activity is no longer possible.
    pub forced: usize,
    /// Workers with a changed cell.
    pub workers: Vec<WorkerId>,
}

/// The result of a re-plan.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Replanned {
    /// The new roster and what is known about it. The bound is not computed and is zero; prices are
    /// those of costs with changes.
    pub outcome: Outcome,
    /// How it differs from the old one.
    pub changes: Changes,
}

/// Finds a legal roster of `changed` near `old`, which was made for an earlier version of it with
/// the same periods and activities; [workers](ReplanOptions::workers) may have come and gone.
///
/// Lines that broke get their nearest repair. Then, again and again, the one line changes whose
/// change helps most, until nothing helps; if that is not yet legal, all strategies look further in
/// the rest of the budget. An old roster that is still legal is never made worse, whatever the
/// budget, and nobody changes for nothing: whose old line is legal beside the others' new ones and costs no
/// more has it. A worker without any legal line keeps the old one, as far as its cells are still possible.
#[tracing::instrument(skip_all)]
#[must_use]
pub fn replan(changed: &Problem, old: &Roster, options: &ReplanOptions) -> Replanned {
    let clock = Clock::start(options.options.budget, options.options.cancel.clone());
    let pull = Pull::new(changed, old, options);
    match Near::new(changed, &pull, options, &clock) {
        Some(near) => near.search(&clock, &near.old_lines(), None, &options.options),
        None => unprepared(changed, &pull, &clock),
    }
}

/// What is left of the old roster, when there was no time for more.
fn unprepared(changed: &Problem, pull: &Pull<'_>, clock: &Clock) -> Replanned {
    let outcome = solver::unprepared(changed, clock, |worker, period| pull.old(worker, period));
    let changes = pull.changes(changed, &outcome.roster);
    Replanned { outcome, changes }
}
