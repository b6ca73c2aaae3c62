//! Two rules about several people's lines together: Ada and Ben never share a night, and two teams
//! share the nights.
//!
//! Each says twice what it means: as a judgement of the whole roster, and as what one changed cell does
//! to it. `judged_delta` compares the two.

#![expect(clippy::print_stdout, reason = "an example talks")]

use std::ops::ControlFlow;

use sched_optimizer::{
    ActivityId, Analysis, Budget, Canon, Demand, JointRule, Judgement, Options, Parameters,
    Penalty, PeriodId, Problem, Roster, Score, Shift, Solver, Span, WorkerId, judged_delta,
};

/// Two people never do an activity in the same period.
#[derive(Debug)]
struct Apart {
    pair: [WorkerId; 2],
    activity: ActivityId,
}

impl JointRule for Apart {
    fn judge(&self, problem: &Problem, roster: &Roster) -> Judgement {
        let mut judgement = Judgement::default();
        for period in problem.period_ids() {
            if self.pair.iter().all(|&one| roster.get(one, period) == Some(self.activity)) {
                let [a, b] = self.pair.map(|one| problem.worker_name(one));
                let message = format!("{a} and {b} in {}", problem.period_name(period));
                judgement.breach(problem.period_span(period).start, 1, message);
            }
        }
        judgement
    }

    fn delta(
        &self,
        _: &Problem,
        roster: &Roster,
        worker: WorkerId,
        period: PeriodId,
        to: ActivityId,
    ) -> Score {
        let [a, b] = self.pair;
        // Nothing changes for others, nor while the other one of the pair is elsewhere.
        let other = if worker == a { b } else { a };
        let there = |activity| activity == Some(self.activity);
        if (worker != a && worker != b) || !there(roster.get(other, period)) {
            return Score::default();
        }
        let [now, then] = [roster.get(worker, period), Some(to)].map(|one| i64::from(there(one)));
        Score { hard: then - now, soft: 0 }
    }

    fn describe(&self, canon: &mut Canon) {
        canon.workers(&self.pair);
        canon.activity(self.activity);
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.workers(&self.pair);
        parameters.activities([&self.activity]);
    }

    fn name(&self) -> &str {
        "apart"
    }
}

/// Two teams do an activity equally often: the difference costs its square. A cost that only the last
/// step towards the goal lowered would not lead there.
#[derive(Debug)]
struct Even {
    teams: [Vec<WorkerId>; 2],
    activity: ActivityId,
    cost: i64,
}

impl Even {
    /// How often the first team does it more than the second.
    fn lead(&self, roster: &Roster) -> i64 {
        let sign = |worker| self.sign(worker);
        let of = |worker: &WorkerId| {
            let cells = roster.line(*worker).iter();
            cells.map(|one| i64::from(*one == self.activity)).sum::<i64>() * sign(*worker)
        };
        self.teams.iter().flatten().map(of).sum()
    }

    fn sign(&self, worker: WorkerId) -> i64 {
        let [first, second] = [0, 1].map(|team| i64::from(self.teams[team].contains(&worker)));
        first - second
    }
}

impl JointRule for Even {
    fn judge(&self, _: &Problem, roster: &Roster) -> Judgement {
        let lead = self.lead(roster);
        Judgement { cost: self.cost * lead * lead, ..Judgement::default() }
    }

    fn delta(
        &self,
        _: &Problem,
        roster: &Roster,
        worker: WorkerId,
        period: PeriodId,
        to: ActivityId,
    ) -> Score {
        let is = |activity| i64::from(activity == Some(self.activity));
        let step = (is(Some(to)) - is(roster.get(worker, period))) * self.sign(worker);
        if step == 0 {
            // Most questions end here, before any cell is counted.
            return Score::default();
        }
        Score { hard: 0, soft: self.cost * (2 * step * self.lead(roster) + step * step) }
    }

    fn describe(&self, canon: &mut Canon) {
        canon.bag(&self.teams, |canon, team| canon.workers(team));
        canon.activity(self.activity);
        canon.int(self.cost);
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.workers(self.teams.iter().flatten());
        parameters.activities([&self.activity]);
        // The square of the lead, which no more than all cells can make.
        parameters.penalty(Penalty::square(self.cost), parameters.cells());
    }

    fn name(&self) -> &str {
        "even"
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = Problem::builder();
    let [off, night] = ["off", "night"].map(|name| builder.activity(name));
    for date in 0..10 {
        let midnight = date * 1440;
        let period = builder.period(format!("day {date}"), Span::new(midnight, midnight + 1440));
        builder.offer(period, off, None);
        builder.offer(period, night, Some(Shift::new(midnight + 19 * 60, midnight + 31 * 60)));
        builder.demand(Demand::at_least("by night", period, [night], 2));
    }
    let [ada, ben, cleo, dora] = ["Ada", "Ben", "Cleo", "Dora"].map(|name| builder.worker(name));
    for (date, worker) in [(2, ada), (5, cleo), (6, dora)] {
        builder.forbid(worker, PeriodId::new(date), night, "on leave");
    }
    builder.joint_rule(Apart { pair: [ada, ben], activity: night });
    let teams = [vec![ada, cleo], vec![ben, dora]];
    builder.joint_rule(Even { teams, activity: night, cost: 1 });
    let problem = builder.build()?;

    let solver = Solver::new(Options::default().budget(Budget::work(500_000)));
    let outcome = solver.solve(&problem, |_| ControlFlow::Continue(()));
    compare(&problem, &outcome.roster);
    for worker in problem.worker_ids() {
        let line = outcome.roster.line(worker).iter();
        let line: Vec<&str> = line.map(|&activity| problem.activity_name(activity)).collect();
        println!("{:5} {}", problem.worker_name(worker), line.join(" "));
    }
    let analysis = Analysis::new(&problem, &outcome.roster)?;
    analysis.breaches(&problem).for_each(|breach| println!("{breach}"));
    println!("{:?}, {:?}", outcome.status, outcome.score);
    Ok(())
}

/// What every test of a joint rule should do, on many rosters: a delta is what judging twice finds.
fn compare(problem: &Problem, roster: &Roster) {
    let mut moves = 0;
    for rule in problem.joint_rules() {
        for (worker, period) in
            problem.worker_ids().flat_map(|w| problem.period_ids().map(move |p| (w, p)))
        {
            for to in problem.activity_ids() {
                let delta = rule.delta(problem, roster, worker, period, to);
                assert_eq!(delta, judged_delta(rule, problem, roster, worker, period, to));
                moves += 1;
            }
        }
    }
    println!("both rules say the same twice, of {moves} changes");
}
