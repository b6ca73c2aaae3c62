//! Two rules about several people's lines together: Ada is new and has no night without Ben, and Cleo and
//! Dora share a post of eight nights.
//!
//! Each says twice what it means: as a judgement of the whole roster, and as what one changed cell does
//! to it. `judged_delta` compares the two.

#![expect(clippy::print_stdout, reason = "an example talks")]

use std::ops::ControlFlow;

use sched_optimizer::{
    ActivityId, Analysis, Budget, Canon, Demand, JointRule, Judgement, Options, Parameters,
    Penalty, PeriodId, Problem, Roster, Score, Shift, Solver, Span, WorkerId, judged_delta,
};

/// A newcomer does an activity only beside the mentor.
#[derive(Debug)]
struct Beside {
    newcomer: WorkerId,
    mentor: WorkerId,
    activity: ActivityId,
}

impl JointRule for Beside {
    fn judge(&self, problem: &Problem, roster: &Roster) -> Judgement {
        let mut judgement = Judgement::default();
        for period in problem.period_ids() {
            let does = |worker| roster.get(worker, period) == Some(self.activity);
            if does(self.newcomer) && !does(self.mentor) {
                let name = problem.worker_name(self.newcomer);
                let message = format!("{name} alone in {}", problem.period_name(period));
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
        let is = |activity| activity == Some(self.activity);
        let [newcomer, mentor] = [self.newcomer, self.mentor].map(|w| is(roster.get(w, period)));
        let then = match worker {
            _ if worker == self.newcomer => is(Some(to)) && !mentor,
            _ if worker == self.mentor => newcomer && !is(Some(to)),
            // Nothing changes for others.
            _ => return Score::default(),
        };
        Score { hard: i64::from(then) - i64::from(newcomer && !mentor), soft: 0 }
    }

    fn describe(&self, canon: &mut Canon) {
        canon.worker(self.newcomer);
        canon.worker(self.mentor);
        canon.activity(self.activity);
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.workers([&self.newcomer, &self.mentor]);
        parameters.activities([&self.activity]);
    }

    fn name(&self) -> &str {
        "beside"
    }
}

/// Several people share a post: together they do an activity so many times. The distance costs its
/// square. A cost that only the last step towards the goal lowered would not lead there.
#[derive(Debug)]
struct Post {
    workers: Vec<WorkerId>,
    activity: ActivityId,
    times: i64,
    cost: i64,
}

impl Post {
    /// How often they do it too much; negative: too little.
    fn distance(&self, roster: &Roster) -> i64 {
        let cells = self.workers.iter().flat_map(|&worker| roster.line(worker));
        cells.map(|one| i64::from(*one == self.activity)).sum::<i64>() - self.times
    }
}

impl JointRule for Post {
    fn judge(&self, _: &Problem, roster: &Roster) -> Judgement {
        let distance = self.distance(roster);
        Judgement { cost: self.cost * distance * distance, ..Judgement::default() }
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
        let step = is(Some(to)) - is(roster.get(worker, period));
        if step == 0 || !self.workers.contains(&worker) {
            // Most questions end here, before any cell is counted.
            return Score::default();
        }
        Score { hard: 0, soft: self.cost * (2 * step * self.distance(roster) + step * step) }
    }

    fn describe(&self, canon: &mut Canon) {
        canon.workers(&self.workers);
        canon.activity(self.activity);
        canon.ints([self.times, self.cost]);
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.workers(&self.workers);
        parameters.activities([&self.activity]);
        // As far from the goal as if they did it never, or in every cell.
        let most = parameters.cells().max(self.times.unsigned_abs());
        parameters.penalty(Penalty::square(self.cost), most);
    }

    fn name(&self) -> &str {
        "post"
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
    builder.joint_rule(Beside { newcomer: ada, mentor: ben, activity: night });
    builder.joint_rule(Post { workers: vec![cleo, dora], activity: night, times: 8, cost: 1 });
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
