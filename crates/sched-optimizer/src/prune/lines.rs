//! What the rules of one worker exclude.

use super::left::Left;
use crate::ids::WorkerId;
use crate::line::LineProgram;
use crate::problem::Problem;
use crate::rule::LineContext;

/// Removes what one automaton alone excludes (run forwards and backwards), then what several do.
pub(super) fn exclude(problem: &Problem, worker: WorkerId, left: &mut Left<'_>) {
    let context = LineContext::new(problem, worker);
    let program = LineProgram::new(problem, worker, None);
    for rule in problem.rules(worker).iter().filter(|rule| rule.is_hard()) {
        for automaton in rule.automata(&context) {
            if let Some(usable) = program.usable_under(&*automaton) {
                let reason = format!("excluded by {}", rule.name());
                remove_others(worker, &usable, &reason, left);
            }
        }
    }
    remove_others(worker, &program.usable(), "excluded by several rules together", left);
}

/// Removes what no line of the choices that are left can use. Whether there was any.
pub(super) fn exclude_more(problem: &Problem, worker: WorkerId, left: &mut Left<'_>) -> bool {
    let program = LineProgram::new(problem, worker, Some(&left.allowed(worker)));
    remove_others(worker, &program.usable(), "excluded by rules and demands together", left)
}

fn remove_others(worker: WorkerId, usable: &[bool], reason: &str, left: &mut Left<'_>) -> bool {
    let mut any = false;
    for choice in (0..usable.len()).filter(|&choice| !usable[choice]) {
        any |= left.remove(worker, choice, reason.to_owned());
    }
    any
}
