//! The kept members as a problem whose cost is how much demands are missed: a bound above zero
//! proves that they cannot be kept together, a roster without cost shows that they can.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::lines::may_refuse;
use super::members::Member;
use super::witness::Keeping;
use crate::budget::{Budget, CancelToken, Clock};
use crate::demand::{Demand, Ratio};
use crate::fingerprint::Canon;
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::model::Model;
use crate::penalty::Penalty;
use crate::problem::{Part, Problem};
use crate::progress::Progress;
use crate::roster::Roster;
use crate::rule::{Automaton, Judgement, Line, LineContext, Rule, Step};
use crate::solver::{Options, Origin, Status, search, unprepared};
use crate::tally::Tally;

/// What a solve of the elastic problem says about the kept members.
pub(super) enum Solved {
    /// A roster without cost, to be judged by the members themselves.
    Met(Roster),
    /// There is no such roster.
    Excluded,
    /// Already the rules of this worker leave no line.
    Lineless(WorkerId),
    /// Neither was shown; this roster misses least.
    Open(Roster),
}

/// Solves within `budget`; also says how much work that was. The first solve of a problem leaves its
/// `model` for the next: it often takes longer to make than to search.
pub(super) fn solve<'p>(
    problem: &'p Problem,
    model: &mut Option<Model<'p>>,
    budget: Budget,
    cancel: &CancelToken,
) -> (Solved, u64) {
    let options = Options::default().budget(budget).threads(1).cancel(cancel.clone());
    let clock = Clock::start(budget, cancel.clone());
    let mut excluded = false;
    let on_progress = |progress: &Progress| {
        excluded |= progress.bound > 0;
        if excluded { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    if model.is_none() {
        *model = Model::new(problem, 1, &clock);
    }
    let outcome = match model {
        Some(model) => search(model, &clock, &options, Origin::default(), on_progress),
        None => unprepared(problem, &clock, |_, _| None),
    };
    let work = outcome.stats.work;
    let lineless = match &outcome.status {
        Status::Impossible(workers) => workers.first().copied(),
        _ => None,
    };
    let solved = if outcome.score.is_legal() && outcome.score.soft == 0 {
        Solved::Met(outcome.roster)
    } else if let Some(worker) = lineless {
        Solved::Lineless(worker)
    } else if excluded || outcome.bound > 0 {
        Solved::Excluded
    } else {
        Solved::Open(outcome.roster)
    };
    (solved, work)
}

impl Keeping<'_> {
    /// The elastic problem of the kept members. Workers whose rules cannot matter for a kept demand
    /// stay on their line of `lines`.
    pub(super) fn elastic(&self, lines: &[Option<Vec<ActivityId>>]) -> Problem {
        let asked = self.asked();
        let bound = self.bound(&asked);
        let choices = |worker: WorkerId, period: PeriodId| {
            let known = lines.get(worker.index()).and_then(Option::as_ref);
            match known.and_then(|line| line.get(period.index())) {
                _ if bound[worker.index()] => self.available(worker, period),
                Some(&activity) => vec![activity],
                None => self.distinct(worker, period, &asked[period.index()]),
            }
        };
        let rules = |worker: WorkerId| match bound[worker.index()] {
            true => self.free_rules(worker),
            false => Vec::new(),
        };
        let (demands, ratios) = (self.elastic_demands(), self.kept_ratios());
        self.catalogue.problem.part(Part { choices: &choices, rules: &rules, demands, ratios })
    }

    /// The kept members that the elastic problem depends on.
    pub(super) fn used(&self) -> Vec<usize> {
        let asked = self.asked();
        let bound = self.bound(&asked);
        let members = self.catalogue.members.iter().enumerate();
        let used = members.filter(|(at, member)| {
            self.kept[*at]
                && match member {
                    Member::Rule { worker, .. } => bound[worker.index()],
                    Member::Removed { worker, period, .. } => {
                        bound[worker.index()] || !asked[period.index()].is_empty()
                    }
                    Member::Ratio(_) | Member::AtMost(_) | Member::AtLeast(_) => true,
                }
        });
        used.map(|(at, _)| at).collect()
    }

    /// The workers whose rules can matter for a kept demand.
    fn bound(&self, asked: &[BTreeSet<ActivityId>]) -> Vec<bool> {
        let workers = self.catalogue.problem.worker_ids();
        let bound = workers.map(|worker| {
            self.catalogue.has_rules(self.kept, worker) && self.matters(worker, asked)
        });
        bound.collect()
    }

    /// The part with one worker's kept rules alone. The others have no choices: nobody looks at them,
    /// and they would be most of the work.
    pub(super) fn alone(&self, worker: WorkerId) -> Problem {
        let choices = |other: WorkerId, period: PeriodId| match other == worker {
            true => self.available(worker, period),
            false => Vec::new(),
        };
        let rules = |other: WorkerId| match other == worker {
            true => self.plain_rules(worker),
            false => Vec::new(),
        };
        let part =
            Part { choices: &choices, rules: &rules, demands: Vec::new(), ratios: Vec::new() };
        self.catalogue.problem.part(part)
    }

    fn available(&self, worker: WorkerId, period: PeriodId) -> Vec<ActivityId> {
        self.catalogue.available(self.kept, worker, period).collect()
    }

    /// What a worker without rules may do in a period, without what makes no difference.
    fn distinct(
        &self,
        worker: WorkerId,
        period: PeriodId,
        asked: &BTreeSet<ActivityId>,
    ) -> Vec<ActivityId> {
        let mut others = 0;
        let mut all = self.available(worker, period);
        all.retain(|activity| {
            others += usize::from(!asked.contains(activity));
            asked.contains(activity) || others == 1
        });
        all
    }

    /// The activities that kept demands and ratios look at, by period.
    fn asked(&self) -> Vec<BTreeSet<ActivityId>> {
        let mut asked = vec![BTreeSet::new(); self.catalogue.problem.periods()];
        for demand in self.elastic_demands() {
            asked[demand.period.index()].extend(&demand.activities);
        }
        for ratio in self.kept_ratios() {
            asked[ratio.period.index()].extend(ratio.supervised.iter().chain(&ratio.supervisors));
        }
        asked
    }

    fn matters(&self, worker: WorkerId, asked: &[BTreeSet<ActivityId>]) -> bool {
        self.catalogue.problem.period_ids().zip(asked).any(|(period, asked)| {
            let mut available = self.catalogue.available(self.kept, worker, period);
            !asked.is_empty() && available.any(|activity| asked.contains(&activity))
        })
    }

    fn plain_rules(&self, worker: WorkerId) -> Vec<Arc<dyn Rule>> {
        let rules = self.catalogue.problem.rules(worker);
        let kept = self.catalogue.kept_rules(self.kept, worker);
        kept.map(|rule| Arc::clone(&rules[rule])).collect()
    }

    fn free_rules(&self, worker: WorkerId) -> Vec<Arc<dyn Rule>> {
        let free = |rule| Arc::new(FreeRule(rule)) as Arc<dyn Rule>;
        self.plain_rules(worker).into_iter().map(free).collect()
    }

    fn elastic_demands(&self) -> Vec<Demand> {
        let demands = self.catalogue.problem.demands().iter().enumerate();
        let is_kept = |member: Option<usize>| member.is_some_and(|member| self.kept[member]);
        let soft = |demand: &Demand, wanted: u32, under_cost: i64, over_cost: i64| Demand {
            min: 0,
            max: u32::MAX,
            wanted,
            under_cost: Penalty::linear(under_cost),
            over_cost: Penalty::linear(over_cost),
            ..demand.clone()
        };
        let elastic = demands.flat_map(|(at, demand)| {
            let least = is_kept(self.catalogue.at_least[at])
                .then(|| soft(demand, self.limits.at_least[at], 1, 0));
            let most = is_kept(self.catalogue.at_most[at])
                .then(|| soft(demand, self.limits.at_most[at], 0, 1));
            least.into_iter().chain(most)
        });
        elastic.collect()
    }

    fn kept_ratios(&self) -> Vec<Ratio> {
        let ratios = self.catalogue.problem.ratios().iter().enumerate();
        let kept = ratios
            .filter(|(at, _)| self.catalogue.ratios[*at].is_some_and(|member| self.kept[member]));
        let limited = kept.map(|(at, ratio)| Ratio {
            per_supervisor: self.limits.per_supervisor[at],
            ..ratio.clone()
        });
        limited.collect()
    }
}

/// A rule that only refuses: its costs are nobody's concern here.
#[derive(Debug)]
struct FreeRule(Arc<dyn Rule>);

impl Rule for FreeRule {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        Judgement { cost: 0, ..self.0.judge(line) }
    }

    fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        let all = self.0.automata(context).into_iter();
        let kept = all.filter(|one| may_refuse(context.problem(), context.worker(), &**one));
        kept.map(|one| Box::new(FreeAutomaton(one)) as Box<dyn Automaton>).collect()
    }

    fn describe(&self, canon: &mut Canon) {
        self.0.describe(canon);
    }

    fn name(&self) -> &str {
        self.0.name()
    }
}

struct FreeAutomaton(Box<dyn Automaton>);

impl Automaton for FreeAutomaton {
    fn start(&self) -> u64 {
        self.0.start()
    }

    fn step(&self, state: u64, period: PeriodId, activity: ActivityId) -> Option<Step> {
        self.0.step(state, period, activity).map(|step| Step::free(step.state))
    }

    fn finish(&self, state: u64) -> Option<i64> {
        self.0.finish(state).map(|_| 0)
    }

    fn dominates(&self, period: PeriodId, a: u64, b: u64) -> bool {
        self.0.dominates(period, a, b)
    }

    fn as_tally(&self) -> Option<&dyn Tally> {
        self.0.as_tally().map(|_| self as &dyn Tally)
    }
}

/// Only asked where the automaton within is a tally.
impl Tally for FreeAutomaton {
    fn start(&self) -> (u32, u32) {
        self.0.as_tally().map_or((0, 0), Tally::start)
    }

    fn step(&self, mode: u32, period: PeriodId, activity: ActivityId) -> Option<(u32, u32)> {
        self.0.as_tally()?.step(mode, period, activity)
    }

    fn limits(&self) -> (u32, u32) {
        self.0.as_tally().map_or((0, u32::MAX), Tally::limits)
    }
}
