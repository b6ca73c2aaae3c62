//! Two rules of one's own: one as an automaton with few states, one as a tally.
//!
//! Each says twice what it means: plainly, for the checker, and step by step, for the search.
//! `automata_cost` compares the two on every line of a week.

#![expect(clippy::print_stdout, reason = "an example talks")]

use std::ops::ControlFlow;

use sched_optimizer::{
    ActivityId, Automaton, Budget, Canon, Demand, Judgement, Line, LineContext, Options,
    Parameters, PeriodId, Problem, Rule, Shift, Solver, Span, Step, Summed, Tally, WorkerId,
    automata_cost,
};

/// After a night there are two days without a night.
#[derive(Debug)]
struct NightsApart {
    night: ActivityId,
}

impl Rule for NightsApart {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let mut judgement = Judgement::default();
        let nights = line.activities().iter().enumerate().filter(|(_, a)| **a == self.night);
        let days: Vec<usize> = nights.map(|(day, _)| day).collect();
        for pair in days.windows(2).filter(|pair| pair[1] - pair[0] < 3) {
            let minute = line.context().span(pair[1]).start;
            judgement.breach(minute, 1, format!("nights on days {} and {}", pair[0], pair[1]));
        }
        judgement
    }

    fn automata(&self, _: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        vec![Box::new(DaysToWait { night: self.night })]
    }

    fn describe(&self, canon: &mut Canon) {
        canon.activity(self.night);
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.activities([&self.night]);
    }

    fn name(&self) -> &str {
        "nights apart"
    }
}

/// The state is the number of days until the next night may be.
struct DaysToWait {
    night: ActivityId,
}

impl Automaton for DaysToWait {
    fn start(&self) -> u64 {
        0
    }

    fn step(&self, wait: u64, _: PeriodId, activity: ActivityId) -> Option<Step> {
        match (activity == self.night, wait) {
            (true, 0) => Some(Step::free(2)),
            (true, _) => None,
            (false, wait) => Some(Step::free(wait.saturating_sub(1))),
        }
    }

    fn dominates(&self, _: PeriodId, a: u64, b: u64) -> bool {
        // Who waits less may do all that the other may.
        a <= b
    }
}

/// A night is worth two points, a day one; nobody has more than `most`, and each point above four
/// costs one.
#[derive(Clone, Debug)]
struct Points {
    day: ActivityId,
    night: ActivityId,
    most: u32,
}

impl Points {
    fn of(&self, activity: ActivityId) -> u32 {
        u32::from(activity == self.day) + 2 * u32::from(activity == self.night)
    }
}

impl Rule for Points {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let points: u32 = line.activities().iter().map(|&activity| self.of(activity)).sum();
        let mut judgement = Judgement::default();
        if points > self.most {
            let end = line.context().span(line.activities().len() - 1).end;
            judgement.breach(end, points - self.most, format!("{points} points"));
        }
        judgement.cost = self.cost(points);
        judgement
    }

    fn automata(&self, _: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        vec![Box::new(Summed::new(self.clone()))]
    }

    fn describe(&self, canon: &mut Canon) {
        canon.activity(self.day);
        canon.activity(self.night);
        canon.int(self.most);
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.activities([&self.day, &self.night]);
        parameters.cost(1, self.most.into());
    }

    fn name(&self) -> &str {
        "points"
    }
}

impl Tally for Points {
    fn step(&self, mode: u32, _: PeriodId, activity: ActivityId) -> Option<(u32, u32)> {
        Some((mode, self.of(activity)))
    }

    fn limits(&self) -> (u32, u32) {
        (0, self.most)
    }

    fn cost(&self, sum: u32) -> i64 {
        i64::from(sum.saturating_sub(4))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = Problem::builder();
    let [off, day, night] = ["off", "day", "night"].map(|name| builder.activity(name));
    for date in 0..7 {
        let midnight = date * 1440;
        let period = builder.period(format!("day {date}"), Span::new(midnight, midnight + 1440));
        builder.offer(period, off, None);
        builder.offer(period, day, Some(Shift::new(midnight + 7 * 60, midnight + 19 * 60)));
        builder.offer(period, night, Some(Shift::new(midnight + 19 * 60, midnight + 31 * 60)));
        for (name, activity) in [("by day", day), ("by night", night)] {
            builder.demand(Demand { max: 1, ..Demand::at_least(name, period, [activity], 1) });
        }
    }
    for name in ["Ada", "Ben", "Cleo", "Dora"] {
        let worker = builder.worker(name);
        builder.rule(worker, NightsApart { night });
        builder.rule(worker, Points { day, night, most: 6 });
    }
    let problem = builder.build()?;
    compare(&problem);

    let solver = Solver::new(Options::default().budget(Budget::seconds(1.0)));
    let outcome = solver.solve(&problem, |_| ControlFlow::Continue(()));
    for worker in problem.worker_ids() {
        let line = outcome.roster.line(worker).iter();
        let line: Vec<&str> = line.map(|&activity| problem.activity_name(activity)).collect();
        println!("{:5} {}", problem.worker_name(worker), line.join(" "));
    }
    println!(
        "{:?}, {:?}, no roster costs less than {}",
        outcome.status, outcome.score, outcome.bound
    );
    Ok(())
}

/// What every test of a rule should do: the automata accept a line exactly when nothing is broken,
/// at the same cost.
fn compare(problem: &Problem) {
    let ada = WorkerId::new(0);
    let mut line = vec![ActivityId::new(0); problem.periods()];
    for number in 0..3usize.pow(7) {
        let mut rest = number;
        for activity in &mut line {
            *activity = ActivityId::new(rest % 3);
            rest /= 3;
        }
        let whole = Line::new(problem, ada, &line);
        for rule in problem.rules(ada) {
            let plain = rule.judge(&whole);
            let plain = plain.breaches.is_empty().then_some(plain.cost);
            let automata = rule.automata(&LineContext::new(problem, ada));
            assert_eq!(automata_cost(&automata, &whole), plain, "{}: {line:?}", rule.name());
        }
    }
    println!("both rules say the same twice, on {} lines", 3usize.pow(7));
}
