//! Joint rules under a change.

use super::{Change, Effect, Standing};
use crate::checker::{Item, Source, judged};
use crate::problem::Problem;
use crate::roster::Roster;
use crate::score::Score;

/// What the joint rules say of a whole roster.
pub(super) fn judge(problem: &Problem, roster: &Roster) -> Vec<Item> {
    let rules = problem.joint_rules().iter().enumerate();
    let judged = rules.map(|(at, rule)| judged(Source::JointRule(at), rule.judge(problem, roster)));
    judged.collect()
}

impl Standing<'_> {
    /// What the joint rules say after the changes.
    pub(super) fn judge_joint_rules(&self, changes: &[Change], effect: &mut Effect) -> Vec<Item> {
        let rules = self.problem.joint_rules();
        if rules.is_empty() {
            return Vec::new();
        }
        let mut roster = self.roster.clone();
        let mut deltas = vec![Score::default(); rules.len()];
        for Change { worker, period, new, .. } in changes {
            for (rule, delta) in rules.iter().zip(&mut deltas) {
                *delta += rule.delta(self.problem, &roster, *worker, *period, *new);
            }
            roster.set(*worker, *period, *new);
        }
        let mut items = Vec::with_capacity(rules.len());
        for (at, (rule, delta)) in rules.iter().zip(deltas).enumerate() {
            let (old, source) = (&self.joint[at], Source::JointRule(at));
            let score = old.score + delta;
            // A delta says how much is broken, not where.
            let item = match old.score.is_legal() && score.is_legal() {
                true => Item { source, score, breaches: Vec::new() },
                false => judged(source, rule.judge(self.problem, &roster)),
            };
            effect.replace(old, &item);
            items.push(item);
        }
        items
    }
}
