//! A problem before it is declared: it can be changed field by field and declared in any order.

use std::sync::Arc;

use sched_optimizer::rules::{
    BusyGroups, Count, FreeTime, Hours, Rest, Run, Soft, Soften, Stay, Stretch, Succession, Total,
};
use sched_optimizer::{ActivityId, Demand, Duty, PeriodId, Problem, Ratio, Shift, Span, WorkerId};

use crate::joint::Apart;

/// Ids are positions in the lists below.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) periods: Vec<(String, Span)>,
    pub(crate) activities: Vec<String>,
    /// By period, then activity.
    pub(crate) offers: Vec<Vec<Option<Option<Shift>>>>,
    pub(crate) workers: Vec<Person>,
    pub(crate) demands: Vec<Demand>,
    pub(crate) ratios: Vec<Ratio>,
    pub(crate) joint_rules: Vec<Apart>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) forbidden: Vec<(usize, usize)>,
    pub(crate) costs: Vec<(usize, usize, i64)>,
    pub(crate) duties: Vec<Duty>,
    pub(crate) rules: Vec<AnyRule>,
}

#[derive(Clone, Debug)]
pub(crate) enum AnyRule {
    Rest(Rest),
    Stretch(Stretch),
    Hours(Hours),
    FreeTime(FreeTime),
    Count(Count),
    Run(Run),
    Succession(Succession),
    Total(Total),
    BusyGroups(BusyGroups),
    Stay(Stay),
    /// One of the others, and the weight.
    Soft(Box<Self>, i64),
}

impl AnyRule {
    fn hard(self) -> Arc<dyn Soften> {
        match self {
            Self::Rest(rule) => Arc::new(rule),
            Self::Stretch(rule) => Arc::new(rule),
            Self::Hours(rule) => Arc::new(rule),
            Self::FreeTime(rule) => Arc::new(rule),
            Self::Count(rule) => Arc::new(rule),
            Self::Run(rule) => Arc::new(rule),
            Self::Succession(rule) => Arc::new(rule),
            Self::Total(rule) => Arc::new(rule),
            Self::BusyGroups(rule) => Arc::new(rule),
            Self::Stay(rule) => Arc::new(rule),
            Self::Soft(rule, _) => rule.hard(),
        }
    }
}

/// In which order a plan is declared, and with it what its ids become.
pub(crate) struct Order {
    rng: Option<fastrand::Rng>,
    activities: Vec<usize>,
    workers: Vec<usize>,
}

impl Order {
    /// The order of the plan.
    pub(crate) fn given(plan: &Plan) -> Self {
        let (activities, workers) = (plan.activities.len(), plan.workers.len());
        Self { rng: None, activities: (0..activities).collect(), workers: (0..workers).collect() }
    }

    pub(crate) fn shuffled(plan: &Plan, seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut order = Self::given(plan);
        rng.shuffle(&mut order.activities);
        rng.shuffle(&mut order.workers);
        Self { rng: Some(rng), ..order }
    }

    pub(crate) fn worker(&self, planned: usize) -> WorkerId {
        WorkerId::new(position(&self.workers, planned))
    }

    pub(crate) fn activity(&self, planned: usize) -> ActivityId {
        ActivityId::new(position(&self.activities, planned))
    }

    fn shuffle<T: Clone>(&mut self, items: &[T]) -> Vec<T> {
        let mut items = items.to_vec();
        if let Some(rng) = &mut self.rng {
            rng.shuffle(&mut items);
        }
        items
    }

    fn set(&mut self, activities: &[ActivityId]) -> Vec<ActivityId> {
        let ids: Vec<_> = activities.iter().map(|a| self.activity(a.index())).collect();
        self.shuffle(&ids)
    }

    fn when(&mut self, when: &Option<Vec<ActivityId>>) -> Option<Vec<ActivityId>> {
        when.as_ref().map(|when| self.set(when))
    }

    fn rule(&mut self, rule: &AnyRule) -> AnyRule {
        let mut rule = rule.clone();
        match &mut rule {
            AnyRule::Rest(_) | AnyRule::Stretch(_) => {}
            AnyRule::Hours(Hours { windows, excluded }) => {
                windows.iter_mut().for_each(|window| window.when = self.when(&window.when));
                (*windows, *excluded) = (self.shuffle(windows), self.shuffle(excluded));
            }
            AnyRule::FreeTime(FreeTime { windows, blocked, .. }) => {
                windows.iter_mut().for_each(|window| window.when = self.when(&window.when));
                (*windows, *blocked) = (self.shuffle(windows), self.shuffle(blocked));
            }
            AnyRule::Count(Count { activities, windows, .. }) => {
                windows.iter_mut().for_each(|window| window.when = self.when(&window.when));
                (*windows, *activities) = (self.shuffle(windows), self.set(activities));
            }
            AnyRule::Run(Run { activities, .. })
            | AnyRule::BusyGroups(BusyGroups { activities, .. }) => {
                *activities = self.set(activities);
            }
            AnyRule::Succession(Succession { forbidden, history }) => {
                let pairs = forbidden.iter();
                let pairs = pairs.map(|(a, b)| [a, b].map(|id| self.activity(id.index())));
                let pairs: Vec<_> = pairs.map(|[a, b]| (a, b)).collect();
                *forbidden = self.shuffle(&pairs);
                *history = history.map(|id| self.activity(id.index()));
            }
            AnyRule::Total(Total { amounts, .. }) => {
                let renamed = amounts.iter().map(|&(id, n)| (self.activity(id.index()), n));
                let renamed: Vec<_> = renamed.collect();
                *amounts = self.shuffle(&renamed);
            }
            AnyRule::Stay(Stay { groups, .. }) => {
                groups.iter_mut().for_each(|group| group.activities = self.set(&group.activities));
            }
            AnyRule::Soft(inner, _) => **inner = self.rule(inner),
        }
        rule
    }
}

fn position(order: &[usize], planned: usize) -> usize {
    order.iter().position(|&one| one == planned).unwrap_or(planned)
}

impl Plan {
    pub(crate) fn declare(&self, order: &mut Order) -> Problem {
        let mut builder = Problem::builder();
        for &planned in &order.activities {
            builder.activity(&self.activities[planned]);
        }
        for ((name, span), offers) in self.periods.iter().zip(&self.offers) {
            let period = builder.period(name, *span);
            for (planned, offer) in offers.iter().enumerate() {
                if let Some(shift) = offer {
                    builder.offer(period, order.activity(planned), *shift);
                }
            }
        }
        for planned in order.workers.clone() {
            let person = &self.workers[planned];
            let worker = builder.worker(&person.name);
            for (period, activity) in order.shuffle(&person.forbidden) {
                let (period, activity) = (PeriodId::new(period), order.activity(activity));
                builder.forbid(worker, period, activity, "not able");
            }
            for (period, activity, cost) in order.shuffle(&person.costs) {
                builder.cost(worker, PeriodId::new(period), order.activity(activity), cost);
            }
            for duty in order.shuffle(&person.duties) {
                builder.duty(worker, duty);
            }
            for rule in order.shuffle(&person.rules) {
                match order.rule(&rule) {
                    AnyRule::Soft(rule, weight) => {
                        builder.rule(worker, Soft { rule: rule.hard(), weight })
                    }
                    rule => builder.rule(worker, rule.hard()),
                };
            }
        }
        for demand in order.shuffle(&self.demands) {
            let activities = order.set(&demand.activities);
            let workers = demand.workers.as_ref().map(|workers| {
                let ids: Vec<_> = workers.iter().map(|w| order.worker(w.index())).collect();
                order.shuffle(&ids)
            });
            builder.demand(Demand { activities, workers, ..demand });
        }
        for ratio in order.shuffle(&self.ratios) {
            let supervised = order.set(&ratio.supervised);
            let supervisors = order.set(&ratio.supervisors);
            builder.ratio(Ratio { supervised, supervisors, ..ratio });
        }
        for Apart { workers, activity, cost } in order.shuffle(&self.joint_rules) {
            let workers = workers.map(|worker| order.worker(worker.index()));
            let activity = order.activity(activity.index());
            builder.joint_rule(Apart { workers, activity, cost });
        }
        builder.build().unwrap_or_else(|error| panic!("{error}"))
    }
}
