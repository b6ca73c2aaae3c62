//! The best line of one resident over four weeks, proved best, beside a shortest-path search over
//! the same automata.
//!
//! Ours goes through the whole public call: model, search, proof, and the checker at the end.

use std::ops::ControlFlow;

use criterion::{Criterion, criterion_group, criterion_main};
use pathfinding::directed::dijkstra::dijkstra;
use rounds_benches::pair;
use sched_optimizer::{
    ActivityId, Automaton, Budget, LineContext, Options, PeriodId, Problem, Shift, Solver, Span,
    Status, WorkerId,
    rules::{Count, CountWindow, Hours, HoursWindow, Rest, Run, RunHistory, Stretch},
};

const DAYS: usize = 28;
const DAY: i32 = 24 * 60;

/// Mornings, afternoons and nights with a ward, a clinic and calls, each cell with its own cost,
/// under rules on hours, pauses, length of duty, nights in a row and calls.
fn problem() -> (Problem, WorkerId) {
    let mut random = fastrand::Rng::with_seed(7);
    let mut builder = Problem::builder();
    let rest = builder.activity("rest");
    let (ward, clinic) = (builder.activity("ward"), builder.activity("clinic"));
    let call = builder.activity("call");
    let resident = builder.worker("resident");
    let nights = [call];
    for day in 0..DAYS {
        let midnight = i32::try_from(day).expect("it is small") * DAY;
        let work = [ward, clinic];
        let halves = [(7, 12, work.as_slice()), (12, 18, &work), (18, 31, &nights)];
        for (from, to, duties) in halves {
            let (start, end) = (midnight + from * 60, midnight + to * 60);
            let period = builder.period(format!("day {day} from {from}"), Span::new(start, end));
            builder.offer(period, rest, None);
            builder.cost(resident, period, rest, random.i64(8..20));
            for duty in duties {
                builder.offer(period, *duty, Some(Shift::new(start, end)));
                builder.cost(resident, period, *duty, random.i64(0..20));
            }
        }
    }
    rules(&mut builder, resident, call);
    (builder.build().expect("a problem without faults"), resident)
}

fn rules(builder: &mut sched_optimizer::ProblemBuilder, resident: WorkerId, call: ActivityId) {
    let week = |start: i32| HoursWindow {
        span: Span::new(start * 7 * DAY, (start + 1) * 7 * DAY),
        limit: 80 * 60,
        when: None,
    };
    builder.rule(resident, Hours { windows: (0..4).map(week).collect(), excluded: Vec::new() });
    let rest = Rest { join: 0, short: 8 * 60, long_after: DAY, long: 14 * 60 };
    builder.rule(resident, rest);
    builder.rule(resident, Stretch { join: 0, clinical_max: DAY, total_max: DAY + 4 * 60 });
    let nights = Run {
        what: "nights in a row".into(),
        activities: vec![call],
        offset: 2,
        stride: 3,
        min: 0,
        max: 2,
        history: RunHistory::Known(0),
    };
    builder.rule(resident, nights);
    let calls = Count {
        what: "calls".into(),
        activities: vec![call],
        windows: vec![CountWindow::at_most(0..3 * DAYS, 9)],
        target: None,
    };
    builder.rule(resident, calls);
}

fn ours(problem: &Problem) -> i64 {
    // No limit but the proof.
    let options = Options::default().budget(Budget::default()).threads(1);
    let outcome = Solver::new(options).solve(problem, |_| ControlFlow::Continue(()));
    assert_eq!(outcome.status, Status::Optimal);
    outcome.score.soft
}

/// Where a line stands: the next period, and a state for each automaton. The last node is past
/// the end, after the automata's last costs.
type Node = (usize, Vec<u64>);

struct Graph<'p> {
    problem: &'p Problem,
    worker: WorkerId,
    automata: Vec<Box<dyn Automaton>>,
}

impl Graph<'_> {
    fn successors(&self, node: &Node) -> Vec<(Node, i64)> {
        let (at, states) = node;
        if *at == self.problem.periods() {
            return self
                .finish(states)
                .into_iter()
                .map(|cost| ((at + 1, Vec::new()), cost))
                .collect();
        }
        let period = PeriodId::new(*at);
        let choices = self.problem.choices(self.worker, period).iter();
        let next = choices.filter_map(|choice| {
            let (states, cost) = self.step(states, period, choice.activity)?;
            Some(((at + 1, states), cost + choice.cost))
        });
        next.collect()
    }

    fn step(
        &self,
        states: &[u64],
        period: PeriodId,
        activity: ActivityId,
    ) -> Option<(Vec<u64>, i64)> {
        let (mut next, mut cost) = (Vec::with_capacity(states.len()), 0);
        for (automaton, state) in self.automata.iter().zip(states) {
            let step = automaton.step(*state, period, activity)?;
            next.push(step.state);
            cost += step.cost;
        }
        Some((next, cost))
    }

    fn finish(&self, states: &[u64]) -> Option<i64> {
        self.automata.iter().zip(states).map(|(automaton, state)| automaton.finish(*state)).sum()
    }
}

fn peer(problem: &Problem, worker: WorkerId) -> i64 {
    let context = LineContext::new(problem, worker);
    let automata = problem.rules(worker).iter().flat_map(|rule| rule.automata(&context)).collect();
    let graph = Graph { problem, worker, automata };
    let start = (0, graph.automata.iter().map(|automaton| automaton.start()).collect());
    let past_the_end = problem.periods() + 1;
    let path = dijkstra(&start, |node| graph.successors(node), |node| node.0 == past_the_end);
    path.expect("resting all the time is a line").1
}

fn lines(criterion: &mut Criterion) {
    let (problem, resident) = problem();
    pair(
        criterion,
        "best-line",
        ("ours", || ours(&problem)),
        ("pathfinding", || peer(&problem, resident)),
    );
}

criterion_group!(benches, lines);
criterion_main!(benches);
