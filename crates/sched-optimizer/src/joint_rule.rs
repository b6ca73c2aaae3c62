//! Rules about several workers' lines together, said twice: as a judgement of the whole roster, and as
//! what one changed cell does to it.

use std::fmt::Debug;
use std::sync::Arc;

use crate::fingerprint::Canon;
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::roster::Roster;
use crate::rule::Judgement;
use crate::score::Score;

/// A property of several workers' lines together that is no function of counts in one period: who
/// works beside whom, that one person does a thing all week, that a load is shared fairly over time.
///
/// [`judge`](Self::judge) defines the rule; the checker and every report use it alone.
/// [`delta`](Self::delta) says the same about one changed cell, for the search and for a
/// [`Standing`](crate::Standing). **The law**: changing a roster cell by cell, in any order, the deltas
/// add up to the difference of the judgements. [`judged_delta`] lets a test compare the two.
///
/// Both must be pure: the same arguments, the same answer. The cells of a roster may hold any
/// activity, one that is not possible or that the problem does not have included.
///
/// # What the search makes of it
///
/// A worker's line is looked for under prices, and the price of a choice is its delta while everything
/// else stays. That is exact where one worker's cells do not depend on each other, as for two people
/// who are never to work together. Elsewhere it is a first guess: a line is taken only if the deltas,
/// added up cell by cell, confirm it, and otherwise looked for again at prices that have learnt. So a
/// rule leads the search when every step towards keeping it makes its breach smaller or its cost lower,
/// and does not when it only knows kept and broken.
///
/// Bounds, [pruning](crate::prune()) and [conflicts](crate::find_conflict) do not look at joint rules. They stay
/// true, since a joint rule only adds breaches and costs; but a bound does not come nearer than the
/// best roster without the rule, and that joint rules cannot be kept is never proved.
pub trait JointRule: Debug + Send + Sync {
    /// Breaches and cost of a roster of the problem's dimensions: the definition of the rule. The cost is
    /// not negative: with one that is, a roster might be called the best that is not.
    fn judge(&self, problem: &Problem, roster: &Roster) -> Judgement;

    /// By how much the amounts of all breaches and the cost change, exactly, when `worker` does `to` in
    /// `period` and all other cells stay. The worker and the period are the problem's.
    ///
    /// The search asks this for every choice of a line each time that the line is solved: it should
    /// look at few cells.
    fn delta(
        &self,
        problem: &Problem,
        roster: &Roster,
        worker: WorkerId,
        period: PeriodId,
        to: ActivityId,
    ) -> Score;

    /// Writes everything the rule depends on, so that two rules that may judge differently differ
    /// in their [fingerprint](crate::Fingerprint). What the problem itself holds is described already.
    fn describe(&self, canon: &mut Canon);

    /// Names the workers, activities and costs that the problem is to check when it is built. The search
    /// also takes the scale of costs from it. Default: none.
    fn parameters(&self, parameters: &mut Parameters) {
        _ = parameters;
    }

    /// What the rule is called in reports. Default: the name of its type.
    fn name(&self) -> &str {
        std::any::type_name::<Self>()
    }
}

impl<R: JointRule + ?Sized> JointRule for Arc<R> {
    fn judge(&self, problem: &Problem, roster: &Roster) -> Judgement {
        R::judge(self, problem, roster)
    }

    fn delta(
        &self,
        problem: &Problem,
        roster: &Roster,
        worker: WorkerId,
        period: PeriodId,
        to: ActivityId,
    ) -> Score {
        R::delta(self, problem, roster, worker, period, to)
    }

    fn describe(&self, canon: &mut Canon) {
        R::describe(self, canon);
    }

    fn parameters(&self, parameters: &mut Parameters) {
        R::parameters(self, parameters);
    }

    fn name(&self) -> &str {
        R::name(self)
    }
}

/// What [`JointRule::delta`] has to be, found by judging twice. Costs a copy of the roster and two
/// judgements.
#[must_use]
pub fn judged_delta(
    rule: &dyn JointRule,
    problem: &Problem,
    roster: &Roster,
    worker: WorkerId,
    period: PeriodId,
    to: ActivityId,
) -> Score {
    let mut changed = roster.clone();
    changed.set(worker, period, to);
    rule.judge(problem, &changed).score() - rule.judge(problem, roster).score()
}
