//! Small problems as a whole: an exact search over all workers together, period by period, that
//! remembers dead ends.

use std::collections::HashSet;

use super::lines::may_refuse;
use super::steps::Steps;
use super::witness::Keeping;
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::problem::Problem;
use crate::roster::Roster;
use crate::rule::{Automaton, LineContext};

/// What an exact search says.
pub(super) enum Joint {
    /// A roster that keeps everything.
    Met(Roster),
    /// There is none.
    Excluded,
    /// The work ran out.
    Open,
}

/// Cells with a choice to make, at most: each is a level of the search.
const MOST_CELLS: usize = 1500;

/// Looks through the rosters of `problem`, the elastic problem of `keeping`; takes its steps off
/// `steps`. Leaves problems with many choices alone.
pub(super) fn search(keeping: Keeping<'_>, problem: &Problem, steps: &mut Steps<'_>) -> Joint {
    let is_open = |worker: WorkerId, period: PeriodId| {
        !problem.rules(worker).is_empty() || problem.choices(worker, period).len() > 1
    };
    let open: Vec<Vec<WorkerId>> = problem
        .period_ids()
        .map(|period| problem.worker_ids().filter(|&worker| is_open(worker, period)).collect())
        .collect();
    if open.iter().map(Vec::len).sum::<usize>() > MOST_CELLS {
        return Joint::Open;
    }
    let first = |worker, period| problem.choices(worker, period).first().map(|c| c.activity);
    let lines = problem.worker_ids().map(|worker| {
        problem.period_ids().map(|period| first(worker, period)).collect::<Option<Vec<_>>>()
    });
    let lines: Option<Vec<Vec<ActivityId>>> = lines.collect();
    let Some(roster) = lines.and_then(|lines| Roster::from_lines(problem.periods(), &lines)) else {
        return Joint::Open;
    };
    let automata: Vec<Vec<Box<dyn Automaton>>> =
        problem.worker_ids().map(|worker| automata(problem, worker)).collect();
    let start = |own: &Vec<Box<dyn Automaton>>| own.iter().map(|one| one.start()).collect();
    let states: Vec<Vec<u64>> = automata.iter().map(start).collect();
    let entered = HashSet::new();
    let mut search = Search { keeping, problem, open, automata, entered, roster };
    match search.period(0, states, steps) {
        Some(true) => Joint::Met(search.roster),
        Some(false) => Joint::Excluded,
        None => Joint::Open,
    }
}

fn automata(problem: &Problem, worker: WorkerId) -> Vec<Box<dyn Automaton>> {
    let context = LineContext::new(problem, worker);
    let rules = problem.rules(worker).iter();
    let all = rules.flat_map(|rule| rule.automata(&context));
    all.filter(|automaton| may_refuse(problem, worker, &**automaton)).collect()
}

struct Search<'a> {
    keeping: Keeping<'a>,
    problem: &'a Problem,
    /// Workers with a choice to make, by period.
    open: Vec<Vec<WorkerId>>,
    automata: Vec<Vec<Box<dyn Automaton>>>,
    /// The states of all workers after each period that were entered before, all in vain.
    entered: HashSet<(usize, Vec<Vec<u64>>)>,
    /// Filled in up to the cell looked at.
    roster: Roster,
}

impl Search<'_> {
    /// Whether the rest can be filled in from `period` on; `None` when the work ran out.
    fn period(
        &mut self,
        period: usize,
        mut states: Vec<Vec<u64>>,
        steps: &mut Steps<'_>,
    ) -> Option<bool> {
        if period == self.problem.periods() {
            let all = states.iter().zip(&self.automata);
            let ends = |(own, automata): (&Vec<u64>, &Vec<Box<dyn Automaton>>)| {
                own.iter().zip(automata).all(|(&state, one)| one.finish(state).is_some())
            };
            return Some(all.into_iter().all(ends));
        }
        if !self.entered.insert((period, states.clone())) {
            return Some(false);
        }
        self.worker(period, 0, &mut states, steps)
    }

    /// Fills in `period` from its open worker number `at` on.
    fn worker(
        &mut self,
        period: usize,
        at: usize,
        states: &mut Vec<Vec<u64>>,
        steps: &mut Steps<'_>,
    ) -> Option<bool> {
        let id = PeriodId::new(period);
        let Some(&worker) = self.open[period].get(at) else {
            if !self.keeping.counts_fit(&self.roster, id) {
                return Some(false);
            }
            return self.period(period + 1, states.clone(), steps);
        };
        let problem = self.problem;
        for choice in problem.choices(worker, id) {
            if !steps.take(1) {
                return None;
            }
            let automata = &self.automata[worker.index()];
            let own = states[worker.index()].iter().zip(automata);
            let next: Option<Vec<u64>> = own
                .map(|(&state, one)| one.step(state, id, choice.activity).map(|step| step.state))
                .collect();
            let Some(next) = next else { continue };
            let before = std::mem::replace(&mut states[worker.index()], next);
            self.roster.set(worker, id, choice.activity);
            if self.worker(period, at + 1, states, steps)? {
                return Some(true);
            }
            states[worker.index()] = before;
        }
        Some(false)
    }
}
