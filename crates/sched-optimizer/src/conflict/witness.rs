//! Rosters that show members to be possible together: judged, and repaired by simple means.

use super::members::{Catalogue, Member};
use super::oracle::Limits;
use crate::demand::{Demand, Ratio};
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::roster::Roster;
use crate::rule::Line;

/// Judges and repairs rosters under the kept members.
#[derive(Clone, Copy)]
pub(super) struct Keeping<'a> {
    pub(super) catalogue: &'a Catalogue<'a>,
    pub(super) kept: &'a [bool],
    pub(super) limits: &'a Limits,
}

impl Keeping<'_> {
    /// The kept members that `roster` breaks, by the plain definitions.
    pub(super) fn broken(&self, roster: &Roster) -> Vec<usize> {
        let Catalogue { problem, members, .. } = self.catalogue;
        let kept = members.iter().enumerate().filter(|(at, _)| self.kept[*at]);
        let broken = kept.filter(|(_, member)| match member {
            Member::Rule { worker, rule } => {
                let line = Line::new(problem, *worker, roster.line(*worker));
                !problem.rules(*worker)[*rule].judge(&line).breaches.is_empty()
            }
            Member::Ratio(at) => self.excess(roster, *at) > 0,
            Member::AtMost(at) => self.count(roster, *at) > self.limits.at_most[*at],
            Member::AtLeast(at) => self.count(roster, *at) < self.limits.at_least[*at],
            // These are many, so they are looked up by cell below.
            Member::Removed { .. } => false,
        });
        let mut all: Vec<usize> = broken.map(|(at, _)| at).collect();
        for worker in problem.worker_ids() {
            for (period, &activity) in problem.period_ids().zip(roster.line(worker)) {
                all.extend(self.catalogue.remover(self.kept, worker, period, activity));
            }
        }
        all
    }

    pub(super) fn count(&self, roster: &Roster, demand: usize) -> u32 {
        let wanted = &self.catalogue.problem.demands()[demand];
        self.on(roster, wanted.period, &wanted.activities, &|worker| {
            self.catalogue.eligible[demand][worker.index()]
        })
    }

    /// The supervised and the supervisors of a ratio.
    pub(super) fn sides(&self, roster: &Roster, ratio: usize) -> [u32; 2] {
        let ratio = &self.catalogue.problem.ratios()[ratio];
        [&ratio.supervised, &ratio.supervisors]
            .map(|activities| self.on(roster, ratio.period, activities, &|_| true))
    }

    fn excess(&self, roster: &Roster, at: usize) -> i64 {
        let [supervised, supervisors] = self.sides(roster, at);
        i64::from(supervised) - i64::from(self.limits.per_supervisor[at]) * i64::from(supervisors)
    }

    fn on(
        &self,
        roster: &Roster,
        period: PeriodId,
        activities: &[ActivityId],
        counts: &dyn Fn(WorkerId) -> bool,
    ) -> u32 {
        let workers = self.catalogue.problem.worker_ids().filter(|worker| counts(*worker));
        let on = workers.filter_map(|worker| roster.get(worker, period));
        u32::try_from(on.filter(|a| activities.contains(a)).count()).unwrap_or(u32::MAX)
    }

    /// Whether the kept demands and ratios of `period` hold.
    pub(super) fn counts_fit(&self, roster: &Roster, period: PeriodId) -> bool {
        let is_kept = |member: Option<usize>| member.is_some_and(|member| self.kept[member]);
        let demands = self.catalogue.demands_in[period.index()].iter().copied();
        let mut kept = demands.filter(|&at| {
            is_kept(self.catalogue.at_least[at]) || is_kept(self.catalogue.at_most[at])
        });
        let mut ratios = self.ratios().filter(|(_, ratio)| ratio.period == period);
        kept.all(|at| {
            let count = self.count(roster, at);
            (!is_kept(self.catalogue.at_least[at]) || count >= self.limits.at_least[at])
                && (!is_kept(self.catalogue.at_most[at]) || count <= self.limits.at_most[at])
        }) && ratios.all(|(at, _)| self.excess(roster, at) <= 0)
    }

    /// `base` with the cells of workers without kept rules changed until the counts fit, when that
    /// is as simple as it looks.
    pub(super) fn repaired(&self, base: &Roster) -> Option<Roster> {
        let problem = self.catalogue.problem;
        let mut free = Vec::new();
        let mut roster = base.clone();
        for worker in problem.worker_ids() {
            if self.catalogue.has_rules(self.kept, worker) {
                continue;
            }
            free.push(worker);
            for period in problem.period_ids() {
                let now = roster.get(worker, period)?;
                if self.catalogue.remover(self.kept, worker, period, now).is_some() {
                    let other = self.catalogue.available(self.kept, worker, period).next()?;
                    roster.set(worker, period, other);
                }
            }
        }
        self.lower(&mut roster, &free);
        self.raise(&mut roster, &free);
        self.supervise(&mut roster, &free);
        self.broken(&roster).is_empty().then_some(roster)
    }

    /// Takes workers off demands that have too many.
    fn lower(&self, roster: &mut Roster, free: &[WorkerId]) {
        for (at, demand) in self.demands(&self.catalogue.at_most) {
            let mut above = self.count(roster, at).saturating_sub(self.limits.at_most[at]);
            for &worker in free.iter().filter(|w| self.catalogue.eligible[at][w.index()]) {
                let on = roster.get(worker, demand.period);
                if above == 0 || !on.is_some_and(|a| demand.activities.contains(&a)) {
                    continue;
                }
                let mut available = self.catalogue.available(self.kept, worker, demand.period);
                if let Some(other) = available.find(|a| !demand.activities.contains(a)) {
                    roster.set(worker, demand.period, other);
                    above -= 1;
                }
            }
        }
    }

    /// Puts workers whom no other demand needs on demands that have too few.
    fn raise(&self, roster: &mut Roster, free: &[WorkerId]) {
        for (at, demand) in self.demands(&self.catalogue.at_least) {
            let mut short = self.limits.at_least[at].saturating_sub(self.count(roster, at));
            for &worker in free.iter().filter(|w| self.catalogue.eligible[at][w.index()]) {
                if short == 0 {
                    break;
                }
                if self.is_needed(roster, worker, demand.period) {
                    continue;
                }
                let now = roster.get(worker, demand.period);
                let mut available = self.catalogue.available(self.kept, worker, demand.period);
                let fits = available.find(|a| demand.activities.contains(a));
                let counts = now.is_some_and(|a| demand.activities.contains(&a));
                if let Some(activity) = fits.filter(|_| !counts) {
                    roster.set(worker, demand.period, activity);
                    short -= 1;
                }
            }
        }
    }

    fn supervise(&self, roster: &mut Roster, free: &[WorkerId]) {
        for (at, ratio) in self.ratios() {
            for &worker in free {
                if self.excess(roster, at) <= 0 {
                    break;
                }
                if self.is_needed(roster, worker, ratio.period) {
                    continue;
                }
                let mut available = self.catalogue.available(self.kept, worker, ratio.period);
                if let Some(activity) = available.find(|a| ratio.supervisors.contains(a)) {
                    roster.set(worker, ratio.period, activity);
                }
            }
        }
    }

    /// Whether a kept demand would have too few without `worker`.
    fn is_needed(&self, roster: &Roster, worker: WorkerId, period: PeriodId) -> bool {
        let Some(now) = roster.get(worker, period) else { return true };
        self.catalogue.demands_in[period.index()].iter().any(|&at| {
            let demand = &self.catalogue.problem.demands()[at];
            self.catalogue.at_least[at].is_some_and(|member| self.kept[member])
                && demand.activities.contains(&now)
                && self.catalogue.eligible[at][worker.index()]
                && self.count(roster, at) <= self.limits.at_least[at]
        })
    }

    fn demands<'b>(
        &'b self,
        side: &'b [Option<usize>],
    ) -> impl Iterator<Item = (usize, &'b Demand)> + 'b {
        let kept = side.iter().map(|member| member.is_some_and(|member| self.kept[member]));
        let demands = self.catalogue.problem.demands().iter().enumerate();
        demands.zip(kept).filter(|(_, kept)| *kept).map(|(demand, _)| demand)
    }

    fn ratios(&self) -> impl Iterator<Item = (usize, &Ratio)> + '_ {
        let ratios = self.catalogue.problem.ratios().iter().enumerate();
        ratios.filter(|(at, _)| self.catalogue.ratios[*at].is_some_and(|member| self.kept[member]))
    }
}
