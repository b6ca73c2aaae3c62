//! What a search for a conflict makes of joint rules, which are no members of one.

use std::ops::ControlFlow;

use super::Feasibility;
use crate::budget::{Budget, Until};
use crate::checker::{Analysis, Item, Source};
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
    if outcome.score.is_legal() {
        return Feasibility::Legal(outcome.roster);
    }
    // Fewer breaches of joint rules may have cost one of something else.
    let nearer = keeps_the_rest(problem, &outcome.roster);
    Feasibility::Undecided(Some(if nearer { outcome.roster } else { roster }))
}

/// Whether `roster` breaks joint rules alone.
fn keeps_the_rest(problem: &Problem, roster: &Roster) -> bool {
    let keeps = |item: &Item| item.score.is_legal() || matches!(item.source, Source::JointRule(_));
    Analysis::new(problem, roster).is_ok_and(|analysis| analysis.items.iter().all(keeps))
}
