//! Groups of periods with work in them.

use std::ops::Range;

use crate::fingerprint::Canon;
use crate::ids::{ActivityId, PeriodId};
use crate::parameters::Parameters;
use crate::rule::{Automaton, Judgement, Line, LineContext, Rule};
use crate::rules::Soften;
use crate::rules::cell_sum::Limits;
use crate::rules::form::Form;
use crate::tally::{Summed, Tally};

/// How many groups of periods are busy, that is, have at least one cell on some activities: worked
/// weekends, days with a duty.
///
/// Timetabling formats know this as a limit on busy time groups ("cluster busy times" in XHSTT).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusyGroups {
    /// What is counted, for messages: `"worked weekends"`.
    pub what: String,
    /// The activities that make a group busy.
    pub activities: Vec<ActivityId>,
    /// The groups, in order and apart. A group that was busy already before the horizon belongs
    /// into the history and not in here.
    pub groups: Vec<Range<usize>>,
    /// Groups that were busy before the horizon.
    pub history: u32,
    /// The least number of busy groups, history included.
    pub min: u32,
    /// The most.
    pub max: u32,
}

impl Rule for BusyGroups {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let mut judgement = Judgement::default();
        let busy: Vec<&Range<usize>> = self
            .groups
            .iter()
            .filter(|group| line.count((*group).clone(), &self.activities) > 0)
            .collect();
        let count = i64::try_from(busy.len()).unwrap_or(i64::MAX) + i64::from(self.history);
        let (min, max) = (i64::from(self.min), i64::from(self.max));
        let last = busy.last().map_or(0, |group| group.end.min(line.activities().len()) - 1);
        if count < min {
            let minute = line.context().span(line.activities().len() - 1).end;
            let message = format!("{count} {} instead of at least {min}", self.what);
            judgement.breach(minute, min - count, message);
        }
        if count > max {
            let minute = line.context().span(last).end;
            let message = format!("{count} {} instead of at most {max}", self.what);
            judgement.breach(minute, count - max, message);
        }
        judgement
    }

    fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Hard)
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.activities(&self.activities);
    }

    fn describe(&self, canon: &mut Canon) {
        let Self { what, activities, groups, history, min, max } = self;
        canon.text(what);
        canon.activities(activities);
        canon.list(groups, |c, group| {
            c.len(group.start);
            c.len(group.end);
        });
        canon.ints([*history, *min, *max]);
    }

    fn name(&self) -> &str {
        "busy groups"
    }

    fn is_impersonal(&self) -> bool {
        true
    }
}

impl Soften for BusyGroups {
    fn soft_automata(&self, context: &LineContext<'_>, weight: i64) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Soft(weight))
    }

    fn most(&self, _: &Parameters) -> u64 {
        let groups = self.groups.len() as u64 + u64::from(self.history);
        u64::from(self.min) + groups.saturating_sub(self.max.into())
    }
}

impl BusyGroups {
    fn with(&self, context: &LineContext<'_>, form: Form) -> Vec<Box<dyn Automaton>> {
        let limits = Limits { history: self.history, min: self.min, max: self.max, form };
        let busy = BusySum::new(self, limits, context);
        let reach = u64::from(busy.sums.1);
        let kept = limits.reachable(1, 0, reach);
        if kept == (0, reach) {
            return Vec::new();
        }
        let (least, most) = if form.is_hard() { kept } else { (0, reach) };
        let [least, most] = [least, most].map(|sum| u32::try_from(sum).unwrap_or(u32::MAX));
        vec![Box::new(Summed::new(BusySum { sums: (least, most), ..busy }))]
    }
}

/// Mode: whether the group that is open is counted already.
struct BusySum {
    /// By activity.
    busy: Vec<bool>,
    cells: Vec<Cell>,
    sums: (u32, u32),
    limits: Limits,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cell {
    /// In no group.
    Outside,
    /// In a group that may become busy later.
    Open,
    /// The last cell of a group that can make it busy, or after it.
    Last,
}

impl BusySum {
    fn new(rule: &BusyGroups, limits: Limits, context: &LineContext<'_>) -> Self {
        let activities = (0..context.problem().activities()).map(ActivityId::new);
        let busy: Vec<bool> = activities.map(|a| rule.activities.contains(&a)).collect();
        let mut cells = vec![Cell::Outside; context.periods()];
        let mut reach = 0;
        for group in &rule.groups {
            let mut later = false;
            for period in (group.start..group.end.min(cells.len())).rev() {
                cells[period] = if later { Cell::Open } else { Cell::Last };
                later |= context.choices(period).any(|activity| busy[activity.index()]);
            }
            reach += u32::from(later);
        }
        Self { busy, cells, sums: (0, reach), limits }
    }
}

impl Tally for BusySum {
    fn step(&self, mode: u32, period: PeriodId, activity: ActivityId) -> Option<(u32, u32)> {
        let cell = self.cells[period.index()];
        if cell == Cell::Outside {
            return Some((0, 0));
        }
        let now = mode.max(u32::from(self.busy[activity.index()]));
        Some((if cell == Cell::Open { now } else { 0 }, now - mode))
    }

    fn kind(&self, _: PeriodId, activity: ActivityId) -> u64 {
        self.busy[activity.index()].into()
    }

    fn limits(&self) -> (u32, u32) {
        self.sums
    }

    fn cost(&self, sum: u32) -> i64 {
        self.limits.cost(sum.into())
    }
}
