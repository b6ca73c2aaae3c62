//! Every fault that can be seen without solving.

use std::collections::HashSet;

use super::{Limit, ProblemBuilder};
use crate::error::Fault;
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::parameters::{Extent, MOST_FOR_ALL, MOST_FOR_EACH, MOST_FOR_ONE, Parameters};
use crate::penalty::Penalty;
use crate::time::Shift;

pub(super) fn faults(builder: &ProblemBuilder) -> Vec<Fault> {
    let shifts = builder.offers.iter().filter_map(|offer| offer.2);
    let longest_shift = shifts.map(|shift| shift.span.minutes()).max().unwrap_or(0);
    let mut check = Check { builder, faults: Vec::new(), longest_shift, most: 0 };
    check.sizes();
    check.names();
    check.periods();
    check.offers();
    check.workers();
    check.demands();
    check.ratios();
    check.joint_rules();
    check.sum();
    check.faults
}

struct Check<'b> {
    builder: &'b ProblemBuilder,
    faults: Vec<Fault>,
    longest_shift: i32,
    /// What everything looked at so far could cost.
    most: i64,
}

impl Check<'_> {
    fn sizes(&mut self) {
        let sizes =
            [("periods", self.builder.periods.len()), ("workers", self.builder.workers.len())];
        let empty = sizes.into_iter().filter(|&(_, len)| len == 0);
        self.faults.extend(empty.map(|(what, _)| Fault::Empty { what }));
        for _ in &self.builder.strangers {
            self.unknown("a restriction, cost, duty or rule", "worker");
        }
    }

    fn names(&mut self) {
        let builder = self.builder;
        let workers = builder.workers.iter().map(|worker| &worker.name);
        self.unique("workers", workers);
        self.unique("activities", builder.activities.iter());
    }

    fn unique<'n>(&mut self, what: &'static str, names: impl Iterator<Item = &'n String>) {
        let mut seen = HashSet::new();
        let again = names.filter(|name| !seen.insert(name.as_str()));
        self.faults.extend(again.map(|name| Fault::SameName { what, name: name.clone() }));
    }

    fn periods(&mut self) {
        let mut earliest = i32::MIN;
        for period in &self.builder.periods {
            if period.span.is_empty() || period.span.start < earliest {
                self.faults.push(Fault::PeriodOrder { period: period.name.clone() });
            }
            earliest = period.span.end;
        }
    }

    fn offers(&mut self) {
        let mut seen = HashSet::new();
        for &(period, activity, shift) in &self.builder.offers {
            let known =
                self.has_period("an offer", period) & self.has_activity("an offer", activity);
            if !known {
                continue;
            }
            if !seen.insert((period, activity)) {
                let (period, activity) = (self.period(period), self.activity(activity));
                self.faults.push(Fault::OfferedTwice { period, activity });
            }
            if let Some(problem) = shift.and_then(|shift| self.shift_problem(period, shift)) {
                let (period, activity) = (self.period(period), self.activity(activity));
                self.faults.push(Fault::Shift { period, activity, problem });
            }
        }
    }

    fn shift_problem(&self, period: PeriodId, shift: Shift) -> Option<&'static str> {
        let span = self.builder.periods[period.index()].span;
        if shift.span.is_empty() {
            Some("does not end after it starts")
        } else if !span.contains(shift.span.start) {
            Some("does not start inside the period")
        } else if !(0..=shift.span.minutes()).contains(&shift.handover) {
            Some("hands over for longer than it lasts")
        } else {
            None
        }
    }

    fn workers(&mut self) {
        for worker in &self.builder.workers {
            for (period, limit) in &worker.limits {
                let place = format!("a restriction of {}", worker.name);
                match limit {
                    Limit::Allow(list) => self.cells(&place, *period, list),
                    Limit::Forbid(activity, _) | Limit::Fix(activity, _) => {
                        self.cells(&place, *period, &[*activity]);
                    }
                }
            }
            for &(period, activity, cost) in &worker.costs {
                let place = format!("a cost of {}", worker.name);
                self.cells(&place, period, &[activity]);
                self.cost(&place, cost);
                self.most = self.most.saturating_add(cost.max(0));
            }
            self.rules(worker);
            self.duties(worker);
        }
    }

    fn rules(&mut self, worker: &super::Draft) {
        let extent = self.extent(std::slice::from_ref(worker));
        for rule in &worker.rules {
            let mut named = Parameters::new(extent);
            rule.parameters(&mut named);
            let place = format!("rule {} of {}", rule.name(), worker.name);
            self.named(&place, &named);
        }
    }

    fn joint_rules(&mut self) {
        let extent = self.extent(&self.builder.workers);
        for rule in &self.builder.joint_rules {
            let mut named = Parameters::new(extent);
            rule.parameters(&mut named);
            self.named(&format!("joint rule {}", rule.name()), &named);
        }
    }

    fn named(&mut self, place: &str, named: &Parameters) {
        named.workers.iter().for_each(|&worker| _ = self.has_worker(place, worker));
        named.activities.iter().for_each(|&activity| _ = self.has_activity(place, activity));
        named.charges.iter().for_each(|&(cost, most)| self.penalty(place, cost, most));
    }

    fn extent(&self, workers: &[super::Draft]) -> Extent {
        let settled = workers.iter().flat_map(|worker| &worker.duties);
        let longest = settled.clone().map(|duty| duty.span.minutes()).max().unwrap_or(0);
        let longest = longest.max(self.longest_shift).unsigned_abs();
        let cells = workers.len() as u64 * self.builder.periods.len() as u64;
        let duties = cells + settled.count() as u64;
        Extent { cells, duties, longest_duty: longest.into() }
    }

    fn sum(&mut self) {
        if self.most > MOST_FOR_ALL {
            self.faults.push(Fault::AllCosts { cost: self.most });
        }
    }

    fn duties(&mut self, worker: &super::Draft) {
        for duty in &worker.duties {
            let problem = if duty.span.is_empty() {
                "does not end after it starts"
            } else if !(0..=duty.span.minutes()).contains(&duty.handover) {
                "hands over for longer than it lasts"
            } else {
                continue;
            };
            self.faults.push(Fault::Duty { worker: worker.name.clone(), problem });
        }
    }

    fn demands(&mut self) {
        for demand in &self.builder.demands {
            let place = format!("demand {}", demand.name);
            self.cells(&place, demand.period, &demand.activities);
            for &worker in demand.workers.iter().flatten() {
                self.has_worker(&place, worker);
            }
            let (min, wanted, max) = (demand.min, demand.wanted, demand.max);
            let all = self.builder.workers.len() as u64;
            self.penalty(&format!("{place}, when short,"), demand.under_cost, wanted.into());
            let above = all.saturating_sub(wanted.into());
            self.penalty(&format!("{place}, when exceeded,"), demand.over_cost, above);
            if min > wanted || wanted > max {
                let demand = demand.name.clone();
                self.faults.push(Fault::Limits { demand, min, wanted, max });
            }
        }
    }

    fn ratios(&mut self) {
        for ratio in &self.builder.ratios {
            let place = format!("ratio {}", ratio.name);
            self.cells(&place, ratio.period, &ratio.supervised);
            self.cells(&place, ratio.period, &ratio.supervisors);
            let both = ratio.supervised.iter().any(|a| ratio.supervisors.contains(a));
            if both || ratio.per_supervisor == 0 {
                self.faults.push(Fault::Ratio { ratio: ratio.name.clone() });
            }
            if let Some(cost) = ratio.excess_cost {
                let most = self.builder.workers.len() as u64;
                self.penalty(&format!("{place}, when exceeded,"), cost, most);
            }
        }
    }

    /// `activities` must be known and offered in `period`.
    fn cells(&mut self, place: &str, period: PeriodId, activities: &[ActivityId]) {
        if !self.has_period(place, period) {
            return;
        }
        for &activity in activities {
            if self.has_activity(place, activity) && !self.offered(period, activity) {
                let fault = Fault::NotOffered {
                    place: place.to_owned(),
                    period: self.period(period),
                    activity: self.activity(activity),
                };
                self.faults.push(fault);
            }
        }
    }

    fn offered(&self, period: PeriodId, activity: ActivityId) -> bool {
        self.builder.offered.contains(&(period, activity))
    }

    fn cost(&mut self, place: &str, cost: i64) {
        if !(0..=MOST_FOR_ONE).contains(&cost) {
            self.faults.push(Fault::Cost { place: place.to_owned(), cost });
        }
    }

    /// What `penalty` costs up to a distance of `most`.
    fn penalty(&mut self, place: &str, penalty: Penalty, most: u64) {
        let Penalty { linear, square } = penalty;
        let known = self.faults.len();
        self.cost(place, linear);
        self.cost(place, square);
        let (dearest, all) = (penalty.next(most.saturating_sub(1)), penalty.cost(most));
        if self.faults.len() > known {
            return;
        }
        if most > 0 && (dearest > MOST_FOR_ONE || all > MOST_FOR_EACH) {
            self.faults.push(Fault::Penalty { place: place.to_owned(), distance: most, cost: all });
        } else {
            self.most = self.most.saturating_add(all);
        }
    }

    fn has_worker(&mut self, place: &str, worker: WorkerId) -> bool {
        worker.index() < self.builder.workers.len() || self.unknown(place, "worker")
    }

    fn has_period(&mut self, place: &str, period: PeriodId) -> bool {
        period.index() < self.builder.periods.len() || self.unknown(place, "period")
    }

    fn has_activity(&mut self, place: &str, activity: ActivityId) -> bool {
        activity.index() < self.builder.activities.len() || self.unknown(place, "activity")
    }

    fn unknown(&mut self, place: &str, what: &'static str) -> bool {
        self.faults.push(Fault::Unknown { place: place.to_owned(), what });
        false
    }

    fn period(&self, period: PeriodId) -> String {
        self.builder.periods[period.index()].name.clone()
    }

    fn activity(&self, activity: ActivityId) -> String {
        self.builder.activities[activity.index()].clone()
    }
}
