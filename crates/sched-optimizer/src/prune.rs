//! Removes what no legal roster can use, and says why.

use std::collections::BTreeMap;

use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::line::LineProgram;
use crate::problem::Problem;
use crate::rule::LineContext;

/// One thing a worker might do in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Triple {
    /// The worker.
    pub worker: WorkerId,
    /// The period.
    pub period: PeriodId,
    /// The activity.
    pub activity: ActivityId,
}

/// What was removed: `before - after` triples, each once and with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// Offered triples of all workers.
    pub before: usize,
    /// Triples that are left.
    pub after: usize,
    /// Removed triples by worker and period, with the reasons.
    pub removed: Vec<(Triple, String)>,
}

impl Pruned {
    /// Number of removed triples by reason. The counts add up to `before - after`.
    #[must_use]
    pub fn by_reason(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for (_, reason) in &self.removed {
            *counts.entry(reason.as_str()).or_default() += 1;
        }
        counts
    }

    /// The share of triples that was removed, in `0.0..=1.0`; zero when there was nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share that is shown")]
    pub fn reduction(&self) -> f64 {
        if self.before == 0 { 0.0 } else { self.removed.len() as f64 / self.before as f64 }
    }

    /// Whether the triple is left. Also true for one that was never offered.
    #[must_use]
    pub fn keeps(&self, triple: Triple) -> bool {
        self.removed.iter().all(|(removed, _)| *removed != triple)
    }
}

/// Finds every triple that no legal roster can use: those taken away when the problem was built,
/// those that some automaton of the worker's rules alone excludes (run forwards and backwards), and
/// those that several exclude together.
///
/// Sound: every legal roster is left untouched. Not complete: what only other workers exclude stays,
/// and so does what automata with too many states exclude.
#[must_use]
pub fn prune(problem: &Problem) -> Pruned {
    let mut pruned = Pruned { before: 0, after: 0, removed: Vec::new() };
    for worker in problem.worker_ids() {
        let own = problem.removed(worker);
        let unary = own.map(|r| {
            (Triple { worker, period: r.period, activity: r.activity }, r.reason.to_owned())
        });
        pruned.removed.extend(unary);
        let excluded = Excluded::find(problem, worker);
        for (choice, (period, activity)) in choices(problem, worker).enumerate() {
            match excluded.reason(choice) {
                Some(reason) => {
                    pruned.removed.push((Triple { worker, period, activity }, reason.to_owned()));
                }
                None => pruned.after += 1,
            }
        }
    }
    pruned.removed.sort();
    pruned.before = pruned.after + pruned.removed.len();
    pruned
}

fn choices(
    problem: &Problem,
    worker: WorkerId,
) -> impl Iterator<Item = (PeriodId, ActivityId)> + '_ {
    problem.period_ids().flat_map(move |period| {
        problem.choices(worker, period).iter().map(move |choice| (period, choice.activity))
    })
}

/// For each choice the first thing that excludes it.
struct Excluded {
    by_rule: Vec<(String, Vec<bool>)>,
    together: Vec<bool>,
}

impl Excluded {
    fn find(problem: &Problem, worker: WorkerId) -> Self {
        let context = LineContext::new(problem, worker);
        let program = LineProgram::new(problem, worker, None);
        let mut by_rule = Vec::new();
        for rule in problem.rules(worker) {
            for automaton in rule.automata(&context) {
                if let Some(usable) = program.usable_under(&*automaton) {
                    by_rule.push((format!("excluded by {}", rule.name()), usable));
                }
            }
        }
        Self { by_rule, together: program.usable() }
    }

    fn reason(&self, choice: usize) -> Option<&str> {
        let alone = self.by_rule.iter().find(|(_, usable)| !usable[choice]);
        let together = (!self.together[choice]).then_some("excluded by several rules together");
        alone.map(|(reason, _)| reason.as_str()).or(together)
    }
}
