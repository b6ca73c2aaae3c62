//! Rules about several workers together, made from a seed.

use std::ops::Range;
use std::sync::Arc;

use sched_optimizer::{
    ActivityId, Canon, JointRule, Judgement, Parameters, Penalty, PeriodId, Problem, Roster, Score,
    WorkerId,
};

/// Kinds of joint rules.
pub(crate) const JOINT_KINDS: usize = 3;

/// Two people are not to do an activity in the same period.
#[derive(Clone, Debug)]
pub(crate) struct Apart {
    pub(crate) workers: [WorkerId; 2],
    pub(crate) activity: ActivityId,
    /// Of each time; `None`: it is a breach.
    pub(crate) cost: Option<i64>,
}

impl Apart {
    fn does(&self, roster: &Roster, worker: WorkerId, period: PeriodId) -> bool {
        roster.get(worker, period) == Some(self.activity)
    }
}

impl JointRule for Apart {
    fn judge(&self, problem: &Problem, roster: &Roster) -> Judgement {
        let mut judgement = Judgement::default();
        for period in problem.period_ids() {
            if self.workers.iter().all(|&worker| self.does(roster, worker, period)) {
                let message = format!("together in {}", problem.period_name(period));
                charge(&mut judgement, problem.period_span(period).start, 1, self.cost, message);
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
        let [a, b] = self.workers;
        let other = match worker {
            _ if worker == a => b,
            _ if worker == b => a,
            _ => return Score::default(),
        };
        if !self.does(roster, other, period) {
            return Score::default();
        }
        let now = self.does(roster, worker, period);
        priced(i64::from(to == self.activity) - i64::from(now), self.cost)
    }

    fn describe(&self, canon: &mut Canon) {
        canon.workers(&self.workers);
        canon.activity(self.activity);
        canon.option(self.cost, Canon::int);
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.workers(&self.workers);
        parameters.activities([&self.activity]);
        self.cost.into_iter().for_each(|cost| parameters.cost(cost, parameters.cells()));
    }

    fn name(&self) -> &str {
        "apart"
    }
}

/// Two teams do an activity equally often; the square of the difference counts.
#[derive(Clone, Debug)]
pub(crate) struct Even {
    pub(crate) teams: [Vec<WorkerId>; 2],
    pub(crate) activity: ActivityId,
    pub(crate) cost: Option<i64>,
}

impl Even {
    /// By how much the first team does more.
    fn lead(&self, roster: &Roster) -> i64 {
        let count = |team: &[WorkerId]| {
            let cells = team.iter().flat_map(|&worker| roster.line(worker));
            cells.map(|activity| i64::from(*activity == self.activity)).sum::<i64>()
        };
        count(&self.teams[0]) - count(&self.teams[1])
    }
}

impl JointRule for Even {
    fn judge(&self, problem: &Problem, roster: &Roster) -> Judgement {
        let mut judgement = Judgement::default();
        let lead = self.lead(roster);
        let end = problem.period_span(PeriodId::new(problem.periods() - 1)).end;
        charge(&mut judgement, end, lead * lead, self.cost, format!("one team has {lead} more"));
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
        let now = roster.get(worker, period) == Some(self.activity);
        let more = i64::from(to == self.activity) - i64::from(now);
        let [plus, minus] = [0, 1].map(|team| i64::from(self.teams[team].contains(&worker)));
        if more * (plus - minus) == 0 {
            return Score::default();
        }
        let lead = self.lead(roster);
        let then = lead + more * (plus - minus);
        priced(then * then - lead * lead, self.cost)
    }

    fn describe(&self, canon: &mut Canon) {
        canon.bag(&self.teams, |canon, team| canon.workers(team));
        canon.activity(self.activity);
        canon.option(self.cost, Canon::int);
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.workers(self.teams.iter().flatten());
        parameters.activities([&self.activity]);
        let cells = parameters.cells();
        let cost = self.cost.map(Penalty::square);
        cost.into_iter().for_each(|cost| parameters.penalty(cost, cells));
    }

    fn name(&self) -> &str {
        "even"
    }
}

/// One person does an activity in all of some periods; what the others do of it counts.
#[derive(Clone, Debug)]
pub(crate) struct OneHand {
    pub(crate) periods: Range<usize>,
    pub(crate) activity: ActivityId,
    pub(crate) cost: Option<i64>,
}

impl OneHand {
    /// What others do than who does most, with a cell changed when one is given.
    fn by_others(&self, roster: &Roster, change: Option<(WorkerId, PeriodId, ActivityId)>) -> i64 {
        let (mut all, mut most) = (0, 0);
        for worker in (0..roster.workers()).map(WorkerId::new) {
            let own = self.periods.clone().map(PeriodId::new).map(|period| {
                let changed = change.filter(|change| (change.0, change.1) == (worker, period));
                let activity = changed.map(|change| change.2).or(roster.get(worker, period));
                i64::from(activity == Some(self.activity))
            });
            let own: i64 = own.sum();
            (all, most) = (all + own, most.max(own));
        }
        all - most
    }
}

impl JointRule for OneHand {
    fn judge(&self, problem: &Problem, roster: &Roster) -> Judgement {
        let mut judgement = Judgement::default();
        let others = self.by_others(roster, None);
        let start = problem.period_span(PeriodId::new(self.periods.start)).start;
        charge(&mut judgement, start, others, self.cost, format!("{others} by others"));
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
        let then = self.by_others(roster, Some((worker, period, to)));
        priced(then - self.by_others(roster, None), self.cost)
    }

    fn describe(&self, canon: &mut Canon) {
        canon.len(self.periods.start);
        canon.len(self.periods.end);
        canon.activity(self.activity);
        canon.option(self.cost, Canon::int);
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.activities([&self.activity]);
        self.cost.into_iter().for_each(|cost| parameters.cost(cost, parameters.cells()));
    }

    fn name(&self) -> &str {
        "one hand"
    }
}

fn priced(amount: i64, cost: Option<i64>) -> Score {
    match cost {
        Some(cost) => Score { hard: 0, soft: amount * cost },
        None => Score { hard: amount, soft: 0 },
    }
}

fn charge(found: &mut Judgement, minute: i32, amount: i64, cost: Option<i64>, message: String) {
    match cost {
        Some(cost) => found.cost += amount * cost,
        None if amount > 0 => found.breach(minute, amount, message),
        None => {}
    }
}

/// A rule of the kind of this number, below [`JOINT_KINDS`], for so many workers, at least two, and
/// periods.
pub(crate) fn joint_rule(
    rng: &mut fastrand::Rng,
    kind: usize,
    (workers, periods): (usize, usize),
) -> Arc<dyn JointRule> {
    let activity = ActivityId::new(rng.usize(1..4));
    let cost = rng.bool().then(|| rng.i64(0..6));
    let mut all: Vec<WorkerId> = (0..workers).map(WorkerId::new).collect();
    rng.shuffle(&mut all);
    match kind {
        0 => Arc::new(Apart { workers: [all[0], all[1]], activity, cost }),
        1 => {
            let (a, b) = all.split_at(rng.usize(1..workers));
            Arc::new(Even { teams: [a.to_vec(), b.to_vec()], activity, cost })
        }
        _ => {
            let from = rng.usize(0..periods);
            Arc::new(OneHand { periods: from..rng.usize(from..periods) + 1, activity, cost })
        }
    }
}
