//! Whether one worker has any line under some rules: an exact search that remembers dead ends.

use std::collections::HashSet;

use super::steps::Steps;
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::problem::Problem;
use crate::rule::{Automaton, Line, LineContext};

/// What is known about the lines of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// This one keeps all rules.
    Some(Vec<ActivityId>),
    /// Already these rules, by position, leave none.
    None(Vec<usize>),
    /// The work ran out.
    Unknown,
}

/// Steps after which a look ahead pays.
const FIRST_LOOK: u64 = 20_000;

/// Looks for a line of `worker` that keeps all of its rules in `problem`; takes its steps off `steps`.
pub(super) fn find(problem: &Problem, worker: WorkerId, steps: &mut Steps<'_>) -> Lines {
    let all = asking(problem, worker);
    let rules: Vec<usize> = (0..problem.rules(worker).len()).collect();
    let search = |steps: &mut Steps<'_>| Search::new(problem, worker, &all).run(steps);
    let mut found = steps.first(FIRST_LOOK, search);
    if found == Lines::Unknown {
        let mut alive = Vec::new();
        for (rule, automaton) in &all {
            let own = Alive::new(problem, worker, &**automaton, steps);
            if own.as_ref().is_some_and(Alive::is_empty) {
                return Lines::None(vec![*rule]);
            }
            alive.push(own);
        }
        found = Search { alive, ..Search::new(problem, worker, &all) }.run(steps);
    }
    let keeps = |line: &[ActivityId]| {
        let line = Line::new(problem, worker, line);
        problem.rules(worker).iter().all(|rule| rule.judge(&line).breaches.is_empty())
    };
    match found {
        // An automaton that was left out for refusing nothing did refuse: not settled after all.
        Lines::Some(line) if !keeps(&line) => Lines::Unknown,
        Lines::None(_) => Lines::None(rules),
        found => found,
    }
}

/// The automata of all rules that may refuse a line, with the positions of the rules.
fn asking(problem: &Problem, worker: WorkerId) -> Vec<(usize, Box<dyn Automaton>)> {
    let context = LineContext::new(problem, worker);
    let rules = problem.rules(worker).iter().enumerate();
    let automata = rules.flat_map(|(rule, own)| {
        own.automata(&context).into_iter().map(move |automaton| (rule, automaton))
    });
    automata.filter(|(_, automaton)| may_refuse(problem, worker, &**automaton)).collect()
}

/// Lines looked at to tell whether an automaton only ever charges.
const SAMPLES: usize = 8;

/// Whether an automaton is worth its states. One that charges and refuses no sampled line is left
/// out: a proof without it is a proof, and a line that is found is judged by the rules themselves.
pub(super) fn may_refuse(problem: &Problem, worker: WorkerId, automaton: &dyn Automaton) -> bool {
    let mut charges = false;
    for sample in 0..SAMPLES {
        let pick = |period: PeriodId| {
            let choices = problem.choices(worker, period);
            let at = (period.index() * (sample / 2) + sample) % choices.len().max(1);
            choices.get(at).map(|choice| choice.activity)
        };
        let line: Vec<ActivityId> = problem.period_ids().filter_map(pick).collect();
        match cost(automaton, &Line::new(problem, worker, &line)) {
            None => return true,
            Some(cost) => charges |= cost > 0,
        }
    }
    !charges
}

fn cost(automaton: &dyn Automaton, line: &Line<'_>) -> Option<i64> {
    let (mut state, mut total) = (automaton.start(), 0);
    for (period, &activity) in line.activities().iter().enumerate() {
        let step = automaton.step(state, PeriodId::new(period), activity)?;
        (state, total) = (step.state, step.cost.saturating_add(total));
    }
    Some(automaton.finish(state)?.saturating_add(total))
}

/// Depth first, one layer a period; a state that was entered once is not entered again.
struct Search<'p> {
    problem: &'p Problem,
    worker: WorkerId,
    automata: &'p [(usize, Box<dyn Automaton>)],
    /// Where known, the states of each automaton from which it alone can be accepted.
    alive: Vec<Option<Alive>>,
    entered: Vec<HashSet<Box<[u64]>>>,
    /// The states before each period of the path.
    states: Vec<Box<[u64]>>,
    /// The choice to try next in each period of the path.
    next: Vec<usize>,
    line: Vec<ActivityId>,
}

impl<'p> Search<'p> {
    fn new(
        problem: &'p Problem,
        worker: WorkerId,
        automata: &'p [(usize, Box<dyn Automaton>)],
    ) -> Self {
        Self {
            problem,
            worker,
            automata,
            alive: Vec::new(),
            entered: vec![HashSet::new(); problem.periods()],
            states: vec![automata.iter().map(|(_, automaton)| automaton.start()).collect()],
            next: vec![0],
            line: Vec::new(),
        }
    }

    fn run(&mut self, steps: &mut Steps<'_>) -> Lines {
        while let Some(next) = self.next.last_mut() {
            if !steps.take(1) {
                return Lines::Unknown;
            }
            let period = PeriodId::new(self.line.len());
            let choices = self.problem.choices(self.worker, period);
            let Some(choice) = choices.get(*next) else {
                self.next.pop();
                self.states.pop();
                self.line.pop();
                continue;
            };
            *next += 1;
            let Some(states) = self.step(period, choice.activity) else { continue };
            if period.index() + 1 == self.problem.periods() {
                if self.is_accepted(&states) {
                    self.line.push(choice.activity);
                    return Lines::Some(std::mem::take(&mut self.line));
                }
            } else if self.entered[period.index()].insert(states.clone()) {
                self.line.push(choice.activity);
                self.states.push(states);
                self.next.push(0);
            }
        }
        Lines::None(Vec::new())
    }

    fn step(&self, period: PeriodId, activity: ActivityId) -> Option<Box<[u64]>> {
        let states = self.states.last()?.iter().zip(self.automata).enumerate();
        let next = states.map(|(at, (&state, (_, automaton)))| {
            let next = automaton.step(state, period, activity)?.state;
            let alive = self.alive.get(at).and_then(Option::as_ref);
            alive.is_none_or(|alive| alive.holds(period, next)).then_some(next)
        });
        next.collect()
    }

    fn is_accepted(&self, states: &[u64]) -> bool {
        states.iter().zip(self.automata).all(|(&state, (_, a))| a.finish(state).is_some())
    }
}

/// States a layer of one automaton may have to be looked through.
const MAX_STATES: usize = 4000;

/// The states of one automaton after each period from which it can still be accepted.
struct Alive {
    layers: Vec<HashSet<u64>>,
}

impl Alive {
    /// Forwards over all states, then backwards over those that are accepted. `None` when they are
    /// too many, or the work ran out.
    fn new(
        problem: &Problem,
        worker: WorkerId,
        automaton: &dyn Automaton,
        steps: &mut Steps<'_>,
    ) -> Option<Self> {
        let mut layers: Vec<HashSet<u64>> = Vec::new();
        let mut edges: Vec<Vec<(u64, u64)>> = Vec::new();
        let mut states = HashSet::from([automaton.start()]);
        for period in problem.period_ids() {
            let choices = problem.choices(worker, period);
            let own = (states.len() * choices.len()) as u64;
            if states.len() > MAX_STATES || !steps.take(own) {
                return None;
            }
            let own = states.iter().flat_map(|&state| {
                choices.iter().filter_map(move |choice| {
                    let step = automaton.step(state, period, choice.activity)?;
                    Some((state, step.state))
                })
            });
            let mut own: Vec<(u64, u64)> = own.collect();
            own.sort_unstable();
            own.dedup();
            states = own.iter().map(|edge| edge.1).collect();
            edges.push(own);
        }
        states.retain(|&state| automaton.finish(state).is_some());
        for own in edges.into_iter().rev() {
            let alive = own.iter().filter(|edge| states.contains(&edge.1));
            let before = alive.map(|edge| edge.0).collect();
            layers.push(std::mem::replace(&mut states, before));
        }
        layers.reverse();
        Some(Self { layers })
    }

    fn is_empty(&self) -> bool {
        self.layers.iter().any(HashSet::is_empty)
    }

    fn holds(&self, period: PeriodId, state: u64) -> bool {
        self.layers.get(period.index()).is_some_and(|layer| layer.contains(&state))
    }
}
