//! Everything a legal roster must keep, one by one.

use std::collections::BTreeMap;

use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::problem::Problem;

/// One thing that a legal roster must keep.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Member {
    /// A rule of a worker, by its position in [`Problem::rules`].
    Rule {
        /// The worker.
        worker: WorkerId,
        /// The position.
        rule: usize,
    },
    /// A hard ratio, by its position in [`Problem::ratios`].
    Ratio(usize),
    /// The upper limit of a demand, by its position in [`Problem::demands`].
    AtMost(usize),
    /// The lower limit of a demand, by its position in [`Problem::demands`].
    AtLeast(usize),
    /// All activities that were taken away from a worker in a period for one reason.
    Removed {
        /// The worker.
        worker: WorkerId,
        /// The period.
        period: PeriodId,
        /// The reason.
        reason: String,
    },
}

impl Member {
    /// The member in the words of the problem.
    #[must_use]
    pub fn words(&self, problem: &Problem) -> String {
        match self {
            Self::Rule { worker, rule } => {
                let name = problem.rules(*worker).get(*rule).map_or("?", |rule| rule.name());
                format!("{}: {name}", problem.worker_name(*worker))
            }
            Self::Ratio(at) => problem.ratios().get(*at).map_or_else(String::new, |ratio| {
                let period = problem.period_name(ratio.period);
                format!("{}: one for {} in {period}", ratio.name, ratio.per_supervisor)
            }),
            Self::AtMost(at) => problem.demands().get(*at).map_or_else(String::new, |demand| {
                let period = problem.period_name(demand.period);
                format!("{} takes at most {} in {period}", demand.name, demand.max)
            }),
            Self::AtLeast(at) => problem.demands().get(*at).map_or_else(String::new, |demand| {
                let period = problem.period_name(demand.period);
                format!("{} needs at least {} in {period}", demand.name, demand.min)
            }),
            Self::Removed { worker, period, reason } => {
                let (name, when) = (problem.worker_name(*worker), problem.period_name(*period));
                format!("{name} in {when}: {}", removed_words(problem, *worker, *period, reason))
            }
        }
    }
}

/// What is left or what is gone, whichever is less to say.
fn removed_words(problem: &Problem, worker: WorkerId, period: PeriodId, reason: &str) -> String {
    let offered = problem.offers_in(period);
    let (gone, left): (Vec<_>, Vec<_>) =
        offered.partition(|&a| problem.why_removed(worker, period, a) == Some(reason));
    let names = |activities: &[ActivityId]| {
        let names: Vec<&str> = activities.iter().map(|&a| problem.activity_name(a)).collect();
        names.join(", ")
    };
    if gone.len() <= left.len() || left.is_empty() {
        format!("no {} ({reason})", names(&gone))
    } else {
        format!("only {} ({reason})", names(&left))
    }
}

/// All members of a problem. What is easiest to change stands first: it is tried first whether a
/// conflict stays without it.
pub(super) struct Catalogue<'p> {
    pub(super) problem: &'p Problem,
    pub(super) members: Vec<Member>,
    /// Positions by demand.
    pub(super) at_least: Vec<Option<usize>>,
    pub(super) at_most: Vec<Option<usize>>,
    /// Positions by ratio; soft ones have none.
    pub(super) ratios: Vec<Option<usize>>,
    /// Positions by worker, then rule; soft ones have none.
    pub(super) rules: Vec<Vec<Option<usize>>>,
    /// What was taken away and by which member, by `worker * periods + period`.
    pub(super) removed: Vec<Vec<(ActivityId, usize)>>,
    /// What each period offers.
    pub(super) offered: Vec<Vec<ActivityId>>,
    /// Demands by period.
    pub(super) demands_in: Vec<Vec<usize>>,
    /// For each demand whether a worker counts.
    pub(super) eligible: Vec<Vec<bool>>,
}

impl<'p> Catalogue<'p> {
    pub(super) fn new(problem: &'p Problem) -> Self {
        let offered = problem.period_ids().map(|period| problem.offers_in(period).collect());
        let mut catalogue = Self {
            problem,
            members: Vec::new(),
            at_least: Vec::new(),
            at_most: Vec::new(),
            ratios: Vec::new(),
            rules: Vec::new(),
            removed: Vec::new(),
            offered: offered.collect(),
            demands_in: vec![Vec::new(); problem.periods()],
            eligible: problem.demands().iter().map(|d| eligible(problem, d)).collect(),
        };
        catalogue.list();
        catalogue
    }

    fn list(&mut self) {
        let problem = self.problem;
        for worker in problem.worker_ids() {
            let rules = problem.rules(worker).iter().enumerate();
            let own = rules
                .map(|(rule, own)| own.is_hard().then(|| self.add(Member::Rule { worker, rule })));
            let own = own.collect();
            self.rules.push(own);
        }
        let ratios = problem.ratios().iter().enumerate();
        self.ratios = ratios
            .map(|(at, ratio)| ratio.excess_cost.is_none().then(|| self.add(Member::Ratio(at))))
            .collect();
        let demands = problem.demands();
        for (at, demand) in demands.iter().enumerate() {
            self.demands_in[demand.period.index()].push(at);
        }
        self.at_most = (0..demands.len())
            .map(|at| {
                let binds = (demands[at].max as usize) < problem.workers();
                binds.then(|| self.add(Member::AtMost(at)))
            })
            .collect();
        self.at_least = (0..demands.len())
            .map(|at| (demands[at].min > 0).then(|| self.add(Member::AtLeast(at))))
            .collect();
        for worker in problem.worker_ids() {
            self.list_removed(worker);
        }
    }

    fn list_removed(&mut self, worker: WorkerId) {
        let periods = self.problem.periods();
        self.removed.resize((worker.index() + 1) * periods, Vec::new());
        let mut known: BTreeMap<(PeriodId, &str), usize> = BTreeMap::new();
        let problem = self.problem;
        for gone in problem.removed(worker) {
            let at = *known.entry((gone.period, gone.reason)).or_insert_with(|| {
                let reason = gone.reason.to_owned();
                self.add(Member::Removed { worker, period: gone.period, reason })
            });
            let cell = worker.index() * periods + gone.period.index();
            self.removed[cell].push((gone.activity, at));
        }
    }

    fn add(&mut self, member: Member) -> usize {
        self.members.push(member);
        self.members.len() - 1
    }

    /// Which kept member takes `activity` away, if any does.
    pub(super) fn remover(
        &self,
        kept: &[bool],
        worker: WorkerId,
        period: PeriodId,
        activity: ActivityId,
    ) -> Option<usize> {
        let gone = &self.removed[worker.index() * self.problem.periods() + period.index()];
        gone.iter().find(|&&(a, member)| a == activity && kept[member]).map(|&(_, member)| member)
    }

    /// What `worker` may do in `period` under the kept members.
    pub(super) fn available<'a>(
        &'a self,
        kept: &'a [bool],
        worker: WorkerId,
        period: PeriodId,
    ) -> impl Iterator<Item = ActivityId> + 'a {
        let offered = self.offered[period.index()].iter().copied();
        offered.filter(move |&a| self.remover(kept, worker, period, a).is_none())
    }

    /// The kept rules of `worker`, by position.
    pub(super) fn kept_rules<'a>(
        &'a self,
        kept: &'a [bool],
        worker: WorkerId,
    ) -> impl Iterator<Item = usize> + 'a {
        let own = self.rules[worker.index()].iter().enumerate();
        own.filter(|(_, member)| member.is_some_and(|member| kept[member])).map(|(rule, _)| rule)
    }

    pub(super) fn has_rules(&self, kept: &[bool], worker: WorkerId) -> bool {
        self.kept_rules(kept, worker).next().is_some()
    }
}

fn eligible(problem: &Problem, demand: &crate::demand::Demand) -> Vec<bool> {
    let counts =
        |worker: WorkerId| demand.workers.as_ref().is_none_or(|workers| workers.contains(&worker));
    problem.worker_ids().map(counts).collect()
}
