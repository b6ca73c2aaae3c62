//! Why a problem has no legal roster: a minimal set of members that exclude each other, in the words
//! of the problem, and what would resolve it.
//!
//! Cheap proofs come first: counts in one period, one worker's rules. What they do not show, the
//! solver may: with limits of demands made soft, a bound above zero excludes every legal roster. A
//! set that is excluded is thinned out by dropping parts of it (after Junker's QuickXplain, 2004)
//! until each member has a roster that keeps all the others.

use crate::budget::{Budget, Clock};
use crate::problem::Problem;
use crate::roster::Roster;
use crate::solver::Options;

mod counts;
mod elastic;
mod find;
mod joint;
mod joint_rules;
mod lines;
mod members;
mod oracle;
mod relief;
mod shrink;
mod steps;
mod witness;
mod words;

use members::Catalogue;
pub use members::Member;
use oracle::Oracle;
pub use relief::Relief;

/// Whether a problem has a legal roster.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feasibility {
    /// It has: this one.
    Legal(Roster),
    /// It has none, because of these members.
    Conflict(Conflict),
    /// The budget ended before either was shown. The roster breaks little; its
    /// [`Analysis`](crate::Analysis) names what was not reached together. Where that is only
    /// [joint rules](crate::JointRule), everything else can be kept.
    Undecided(Option<Roster>),
}

/// Members that no roster keeps together. That they exclude each other is proved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflict {
    /// The members: what asks, then what stands against it.
    pub causes: Vec<Cause>,
    /// Whether every one of them is known to be needed: without it, a roster keeps all the others.
    pub minimal: bool,
}

/// A member of a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cause {
    /// The member.
    pub member: Member,
    /// What would resolve this conflict if this member alone gave way; a roster that keeps all
    /// other members showed it. `None` when that was not shown in the budget, so the conflict may be
    /// one without it. Other conflicts may remain.
    pub relief: Option<Relief>,
}

/// Looks for a legal roster of `problem`, or for why there is none.
///
/// The budget and the cancel flag are those of `options`; seed and target are not looked at. With a
/// limit in work the answer is always the same. Conflicts within a period or a worker's own rules
/// take milliseconds; others as long as the solver needs to prove a bound.
///
/// [Joint rules](crate::JointRule) are no members. A conflict excludes every roster without their help; where
/// they alone stand in the way, the search goes on to the end of the budget and the answer is
/// [undecided](Feasibility::Undecided).
///
/// ```
/// use sched_optimizer::{Demand, Feasibility, Options, Problem, Span, find_conflict};
///
/// # let mut builder = Problem::builder();
/// # let [off, duty] = ["off", "duty"].map(|name| builder.activity(name));
/// # let monday = builder.period("monday", Span::new(0, 1440));
/// # builder.offer(monday, off, None).offer(monday, duty, None);
/// # let [ada, ben, cyd] = ["Ada", "Ben", "Cyd"].map(|name| builder.worker(name));
/// builder.demand(Demand::at_least("ward", monday, [duty], 2));
/// builder.forbid(ada, monday, duty, "on leave");
/// builder.forbid(ben, monday, duty, "ill");
/// let problem = builder.build()?;
///
/// let Feasibility::Conflict(conflict) = find_conflict(&problem, &Options::default()) else {
///     return Err("one person cannot be two".into());
/// };
/// assert!(conflict.minimal);
/// assert_eq!(conflict.words(&problem), [
///     "ward needs at least 2 in monday: 1 would do",
///     "Ben in monday: no duty (ill)",
///     "Ada in monday: no duty (on leave)",
/// ]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[tracing::instrument(skip_all, fields(workers = problem.workers()))]
#[must_use]
pub fn find_conflict(problem: &Problem, options: &Options) -> Feasibility {
    let clock = Clock::start(options.budget, options.cancel.clone());
    let catalogue = Catalogue::new(problem);
    let mut oracle = Oracle::new(&catalogue, options.budget, options.cancel.clone(), &clock);
    match find::find(&mut oracle) {
        Feasibility::Legal(roster) => {
            let work = options.budget.work.map(|_| oracle.work_left());
            let budget = Budget { time: clock.left(), work };
            joint_rules::judged(problem, roster, budget, options)
        }
        other => other,
    }
}
