//! Amounts of cells, added up.

use std::ops::Range;

use crate::fingerprint::Canon;
use crate::ids::ActivityId;
use crate::parameters::Parameters;
use crate::rule::{Automaton, Judgement, Line, LineContext, Rule};
use crate::rules::cell_sum::{Aim, CellSum, Limits};
use crate::rules::form::Form;
use crate::rules::{Soften, Target};

/// A weighted sum over the cells of a line: planned minutes, points of unpopular work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// What is added up, for messages: `"minutes"`.
    pub what: String,
    /// What a cell on an activity adds; activities that are not listed add nothing, and the amounts
    /// of one that is listed twice add up.
    pub amounts: Vec<(ActivityId, u32)>,
    /// The periods looked at.
    pub periods: Range<usize>,
    /// The total before the horizon.
    pub history: u32,
    /// The least total, history included.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// Soft target of the total, history included.
    pub target: Option<Target>,
}

impl Total {
    fn amount(&self, activity: ActivityId) -> u64 {
        let listed = self.amounts.iter().filter(|(listed, _)| *listed == activity);
        listed.map(|(_, amount)| u64::from(*amount)).sum()
    }

    /// No total is larger.
    fn reach(&self, size: &Parameters) -> u64 {
        let dearest = self.amounts.iter().map(|(activity, _)| self.amount(*activity)).max();
        let added = size.cells().saturating_mul(dearest.unwrap_or(0));
        added.saturating_add(self.history.into())
    }
}

impl Rule for Total {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let mut judgement = Judgement::default();
        let cells = self.periods.clone().filter_map(|period| line.activities().get(period));
        let added: u64 = cells.map(|&activity| self.amount(activity)).sum();
        let total = u64::from(self.history) + added;
        let (min, max) = (u64::from(self.min), u64::from(self.max));
        let last = self.periods.end.min(line.activities().len()).saturating_sub(1);
        let minute = line.context().span(last).end;
        let mut breach = |amount: u64, limit: String| {
            let amount = i64::try_from(amount).unwrap_or(i64::MAX);
            judgement.breach(minute, amount, format!("{total} {} instead of {limit}", self.what));
        };
        if total < min {
            breach(min - total, format!("at least {min}"));
        }
        if total > max {
            breach(total - max, format!("at most {max}"));
        }
        judgement.cost = self.target.map_or(0, |target| target.cost(total));
        judgement
    }

    fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Hard)
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.activities(self.amounts.iter().map(|(activity, _)| activity));
        let reach = self.reach(parameters);
        self.target.iter().for_each(|target| target.parameters(parameters, reach));
    }

    fn describe(&self, canon: &mut Canon) {
        let Self { what, amounts, periods, history, min, max, target } = self;
        canon.text(what);
        canon.bag(amounts, |c, &(activity, amount)| {
            c.activity(activity);
            c.int(amount);
        });
        canon.len(periods.start);
        canon.len(periods.end);
        canon.ints([*history, *min, *max]);
        canon.option(*target, |c, target| target.describe(c));
    }

    fn name(&self) -> &str {
        "total"
    }

    fn is_impersonal(&self) -> bool {
        true
    }
}

impl Soften for Total {
    fn soft_automata(&self, context: &LineContext<'_>, weight: i64) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Soft(weight))
    }

    fn most(&self, size: &Parameters) -> u64 {
        u64::from(self.min) + self.reach(size).saturating_sub(self.max.into())
    }
}

impl Total {
    fn with(&self, context: &LineContext<'_>, form: Form) -> Vec<Box<dyn Automaton>> {
        let activities = (0..context.problem().activities()).map(ActivityId::new);
        let amounts = activities.map(|a| u32::try_from(self.amount(a)).unwrap_or(u32::MAX));
        let limits = Limits { history: self.history, min: self.min, max: self.max, form };
        let aim = self.target.map(|target| Aim { target, history: self.history });
        let periods = self.periods.clone();
        CellSum::automaton(context, amounts.collect(), periods, limits, aim).into_iter().collect()
    }
}
