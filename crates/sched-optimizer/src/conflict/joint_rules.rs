//! What a search for a conflict makes of joint rules, which are no members of one.

use std::ops::ControlFlow;

use super::Feasibility;
use crate::budget::{Budget, Until};
use crate::checker::Analysis;
use crate::problem::Problem;
use crate::roster::Roster;
use crate::solver::{Options, Solver};

/// What `roster` shows, which keeps everything else. Where it breaks a joint rule, the solver looks
/// from there for one that does not.
pub(super) fn judged(
    problem: &Problem,
    roster: Roster,
    budget: Budget,
    options: &Options,
) -> Feasibility {
    let legal = Analysis::new(problem, &roster).is_ok_and(|analysis| analysis.score.is_legal());
    if problem.joint_rules().is_empty() || legal {
        return Feasibility::Legal(roster);
    }
    let options = Options::default()
        .budget(budget)
        .until(Until::Legal)
        .threads(options.threads)
        .cancel(options.cancel.clone());
    let quiet = |_: &_| ControlFlow::Continue(());
    let outcome = Solver::new(options).solve_from(problem, &roster, quiet);
    match outcome.score.is_legal() {
        true => Feasibility::Legal(outcome.roster),
        false => Feasibility::Undecided(Some(outcome.roster)),
    }
}
