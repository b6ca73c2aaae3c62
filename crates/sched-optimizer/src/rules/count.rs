//! Cells spent on some activities.

use std::ops::Range;

use crate::fingerprint::Canon;
use crate::ids::{ActivityId, PeriodId};
use crate::parameters::Parameters;
use crate::penalty::Penalty;
use crate::rule::{Automaton, Judgement, Line, LineContext, Rule, Step};
use crate::rules::Soften;
use crate::rules::cell_sum::{Aim, CellSum, Limits};
use crate::rules::form::Form;

/// How many cells are spent on some activities: limits in windows of periods, and a target over the
/// whole line whose distance costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// What is counted, for messages: `"nights"`.
    pub what: String,
    /// The activities that count.
    pub activities: Vec<ActivityId>,
    /// Limits.
    pub windows: Vec<CountWindow>,
    /// Soft target.
    pub target: Option<Target>,
}

/// A window of [`Count`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountWindow {
    /// The periods looked at.
    pub periods: Range<usize>,
    /// Cells already counted before the horizon.
    pub history: u32,
    /// The least number of cells, history included.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// When given, the window only counts for lines that work one of these activities inside it.
    pub when: Option<Vec<ActivityId>>,
}

impl CountWindow {
    /// At most `max` cells in `periods`.
    #[must_use]
    pub const fn at_most(periods: Range<usize>, max: u32) -> Self {
        Self { periods, history: 0, min: 0, max, when: None }
    }

    /// The window, or where nothing is inside, an empty one at the end of so many periods: there nothing
    /// can be taken for a cell of it.
    fn empty_last(&self, periods: usize) -> Self {
        let end = self.periods.end.min(periods);
        let empty = self.periods.start >= end;
        let own = if empty { periods..periods } else { self.periods.clone() };
        Self { periods: own, ..self.clone() }
    }
}

/// A count that costs nothing, and what the distance from it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The count that costs nothing.
    pub count: u32,
    /// Cost of the distance. A square makes one big unfairness worse than two small ones.
    pub cost: Penalty,
}

impl Target {
    /// Counts lie between zero and `most`.
    pub(super) fn parameters(self, parameters: &mut Parameters, most: u64) {
        parameters.penalty(self.cost, most.max(self.count.into()));
    }

    pub(super) fn cost(self, count: u64) -> i64 {
        self.cost.cost(u64::from(self.count).abs_diff(count))
    }

    pub(super) fn describe(self, canon: &mut Canon) {
        let Self { count, cost } = self;
        canon.int(count);
        cost.describe(canon);
    }
}

impl Rule for Count {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let mut judgement = Judgement::default();
        for window in self.windows.iter().filter(|window| applies(window, line)) {
            let cells = line.count(window.periods.clone(), &self.activities);
            let count = i64::try_from(cells).unwrap_or(i64::MAX) + i64::from(window.history);
            let (min, max) = (i64::from(window.min), i64::from(window.max));
            let last = window.periods.end.saturating_sub(1).min(line.activities().len() - 1);
            let minute = line.context().span(last).end;
            if count < min {
                let message = format!("{count} {} instead of at least {min}", self.what);
                judgement.breach(minute, min - count, message);
            }
            if count > max {
                let message = format!("{count} {} instead of at most {max}", self.what);
                judgement.breach(minute, count - max, message);
            }
        }
        if let Some(target) = &self.target {
            let all = line.count(0..line.activities().len(), &self.activities);
            judgement.cost = target.cost(u64::try_from(all).unwrap_or(u64::MAX));
        }
        judgement
    }

    fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Hard)
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.activities(&self.activities);
        parameters.activities(self.windows.iter().filter_map(|w| w.when.as_ref()).flatten());
        let cells = parameters.cells();
        self.target.iter().for_each(|target| target.parameters(parameters, cells));
    }

    fn describe(&self, canon: &mut Canon) {
        let Self { what, activities, windows, target } = self;
        canon.text(what);
        canon.activities(activities);
        canon.bag(windows, |c, CountWindow { periods, history, min, max, when }| {
            c.len(periods.start);
            c.len(periods.end);
            c.ints([*history, *min, *max]);
            c.option(when.as_ref(), |c, when| c.activities(when));
        });
        canon.option(*target, |c, target| target.describe(c));
    }

    fn name(&self) -> &str {
        "count"
    }

    fn is_impersonal(&self) -> bool {
        true
    }
}

impl Soften for Count {
    fn soft_automata(&self, context: &LineContext<'_>, weight: i64) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Soft(weight))
    }

    fn most(&self, size: &Parameters) -> u64 {
        let window = |window: &CountWindow| {
            let cells = size.cells().min(window.periods.len() as u64);
            let count = cells + u64::from(window.history);
            u64::from(window.min) + count.saturating_sub(window.max.into())
        };
        self.windows.iter().map(window).fold(0, u64::saturating_add)
    }
}

impl Count {
    fn with(&self, context: &LineContext<'_>, form: Form) -> Vec<Box<dyn Automaton>> {
        let (gated, windows): (Vec<_>, Vec<_>) =
            self.windows.iter().partition(|window| window.when.is_some());
        let gated = gated.into_iter();
        let gated = gated.map(|window| Gated::new(self, window, context.periods(), form));
        let mut automata: Vec<Box<dyn Automaton>> =
            gated.map(|gated| Box::new(gated) as Box<dyn Automaton>).collect();
        let aim = self.target.map(|target| Aim { target, history: 0 });
        let windows = windows.into_iter().map(|window| window.empty_last(context.periods()));
        let mut windows: Vec<CountWindow> = windows.collect();
        match &windows[..] {
            // What is counted up to the end of the line is a sum. A window that ends before is not:
            // its count can be forgotten, a sum goes on.
            &[CountWindow { ref periods, history, min, max, .. }]
                if periods.end >= context.periods() =>
            {
                let whole = periods.start == 0;
                let limits = Limits { history, min, max, form };
                let cells = periods.clone();
                automata.extend(self.sum(context, cells, limits, aim.filter(|_| whole)));
                automata.extend(self.whole(context, aim.filter(|_| !whole)));
            }
            _ => {
                windows.sort_by_key(|window| (window.periods.start, window.periods.end));
                let classes = windows.chunk_by(|a, b| a.periods.start == b.periods.start);
                let limited = classes.map(|class| Limited::new(self, context, class, form));
                automata.extend(limited.map(|limited| Box::new(limited) as Box<dyn Automaton>));
                automata.extend(self.whole(context, aim));
            }
        }
        automata
    }

    /// The cells of the whole line as a sum that only aims.
    fn whole(&self, context: &LineContext<'_>, aim: Option<Aim>) -> Option<Box<dyn Automaton>> {
        self.sum(context, 0..context.periods(), Limits::NONE, aim)
    }

    fn sum(
        &self,
        context: &LineContext<'_>,
        periods: Range<usize>,
        limits: Limits,
        aim: Option<Aim>,
    ) -> Option<Box<dyn Automaton>> {
        let activities = (0..context.problem().activities()).map(ActivityId::new);
        let amounts = activities.map(|a| u32::from(self.activities.contains(&a))).collect();
        CellSum::automaton(context, amounts, periods, limits, aim)
    }
}

fn applies(window: &CountWindow, line: &Line<'_>) -> bool {
    window.when.as_ref().is_none_or(|when| line.count(window.periods.clone(), when) > 0)
}

/// A window that counts only for lines that work something inside it. The lowest bit of a state says
/// whether this one does.
struct Gated {
    counted: Vec<ActivityId>,
    when: Vec<ActivityId>,
    window: CountWindow,
    last: usize,
    form: Form,
}

impl Gated {
    fn new(rule: &Count, window: &CountWindow, periods: usize, form: Form) -> Self {
        Self {
            form,
            counted: rule.activities.clone(),
            when: window.when.clone().unwrap_or_default(),
            last: window.periods.end.min(periods).saturating_sub(1),
            window: window.clone(),
        }
    }

    /// Cells above the most that are known to matter.
    fn over(&self, count: u64, bound: u64) -> i64 {
        count.saturating_sub(self.window.max.into()).cast_signed() * bound.cast_signed()
    }

    /// Cells below the least, once nothing can be added.
    fn short(&self, count: u64, bound: u64, period: usize) -> i64 {
        let decided = bound == 1 && period == self.last;
        if decided { i64::from(self.window.min).saturating_sub_unsigned(count).max(0) } else { 0 }
    }

    /// Above both limits every cell that follows is one too many.
    fn merged(&self, count: u64, bound: u64) -> u64 {
        let top = u64::from(self.window.min.max(self.window.max));
        (if bound == 1 { count.min(top) } else { count }) << 1 | bound
    }
}

impl Automaton for Gated {
    fn start(&self) -> u64 {
        u64::from(self.window.history) << 1
    }

    fn step(&self, state: u64, period: PeriodId, activity: ActivityId) -> Option<Step> {
        let p = period.index();
        if !self.window.periods.contains(&p) {
            // Before the window nothing has happened, after it nothing matters.
            return Some(Step::free(if p > self.last { 0 } else { state }));
        }
        let (before, was_bound) = (state >> 1, state & 1);
        let bound = was_bound | u64::from(self.when.contains(&activity));
        let count = before + u64::from(self.counted.contains(&activity));
        let over = self.over(count, bound) - self.over(before, was_bound);
        let cost = self.form.cost(over + self.short(count, bound, p))?;
        Some(Step { state: if p == self.last { 0 } else { self.merged(count, bound) }, cost })
    }

    fn dominates(&self, _: PeriodId, a: u64, b: u64) -> bool {
        let [x, y] = [a >> 1, b >> 1];
        let better = x == y || (x < y && x >= u64::from(self.window.min));
        // What has still to be bound would pay for all that is too much.
        let paid = self.form.is_hard() || a & 1 == b & 1 || self.over(x, 1) == 0;
        better && a & 1 <= b & 1 && paid
    }
}

/// Windows that begin with the same period.
struct Limited {
    activities: Vec<ActivityId>,
    first: usize,
    form: Form,
    /// Where breaches cost: by period, what they amount to.
    dues: Vec<Dues>,
    /// After each period: the counts between which every open window can still be kept, and above
    /// or below which nothing changes any more.
    bounds: Vec<Bounds>,
}

#[derive(Clone, Copy)]
struct Bounds {
    least: i64,
    most: i64,
    /// From here on no minimum asks for more.
    enough: i64,
    /// Up to here no maximum can be reached.
    harmless: i64,
    /// Above every limit: each further cell is too much for all windows.
    top: i64,
}

/// What breaches amount to in a period. What is too much is due cell by cell, what is missing when
/// a window ends.
#[derive(Clone, Default)]
struct Dues {
    /// In any case.
    fixed: i64,
    /// The most that each open window takes.
    most: Vec<i64>,
    /// The least that each window that ends here asks for.
    least: Vec<i64>,
}

impl Dues {
    fn of(class: &[CountWindow], period: usize, periods: usize) -> Self {
        let mut dues = Self::default();
        for window in class {
            let [min, max] =
                [window.min, window.max].map(|limit| i64::from(limit) - i64::from(window.history));
            let end = window.periods.end.min(periods);
            let open = window.periods.start < end;
            if open && window.periods.contains(&period) {
                dues.most.push(max.max(0));
            }
            if end.max(1) - 1 == period {
                dues.fixed += (-max).max(0);
                if open { dues.least.push(min) } else { dues.fixed += min.max(0) }
            }
        }
        dues
    }

    fn amount(&self, count: i64, counts: bool) -> i64 {
        let over = self.most.iter().filter(|&&most| counts && count > most).count();
        let short: i64 = self.least.iter().map(|least| (least - count).max(0)).sum();
        self.fixed + i64::try_from(over).unwrap_or(i64::MAX) + short
    }
}

impl Limited {
    fn new(rule: &Count, context: &LineContext<'_>, class: &[CountWindow], form: Form) -> Self {
        let periods = context.periods();
        let countable: Vec<bool> = (0..context.periods())
            .map(|p| context.choices(p).any(|activity| rule.activities.contains(&activity)))
            .collect();
        let bounds = (0..periods).map(|p| Self::bounds(&countable, class, p)).collect();
        let soft = (0..periods).filter(|_| !form.is_hard());
        let dues = soft.map(|period| Dues::of(class, period, periods)).collect();
        let first = class.first().map_or(0, |window| window.periods.start);
        Self { activities: rule.activities.clone(), first, form, dues, bounds }
    }

    fn bounds(countable: &[bool], class: &[CountWindow], period: usize) -> Bounds {
        let mut bounds = Bounds { least: 0, most: i64::MAX, enough: 0, harmless: i64::MAX, top: 0 };
        for window in class {
            // A window that ends here is decided here, one that ended before no longer binds.
            let end = window.periods.end.min(countable.len());
            let decided = end.max(1) - 1;
            if decided < period {
                continue;
            }
            let follow = (period + 1..end).filter(|&p| p >= window.periods.start && countable[p]);
            let follow = i64::try_from(follow.count()).unwrap_or(i64::MAX);
            let min = i64::from(window.min) - i64::from(window.history);
            let max = i64::from(window.max) - i64::from(window.history);
            bounds.least = bounds.least.max(min - follow);
            bounds.most = bounds.most.min(max);
            if decided > period {
                bounds.enough = bounds.enough.max(min);
                bounds.harmless = bounds.harmless.min(max - follow);
                bounds.top = bounds.top.max(max).max(min);
            }
        }
        bounds
    }
}

impl Automaton for Limited {
    fn start(&self) -> u64 {
        0
    }

    fn step(&self, state: u64, period: PeriodId, activity: ActivityId) -> Option<Step> {
        let p = period.index();
        let bounds = self.bounds[p];
        let counts = p >= self.first && self.activities.contains(&activity);
        let count = i64::try_from(state).unwrap_or(i64::MAX) + i64::from(counts);
        let cost = match self.dues.get(p) {
            Some(dues) => self.form.cost(dues.amount(count, counts))?,
            None if count < bounds.least || count > bounds.most => return None,
            None => 0,
        };
        // Counts without consequences are one state: all that are both enough and harmless.
        let limit = if count <= bounds.harmless { bounds.enough } else { bounds.top };
        Some(Step { state: count.min(limit).cast_unsigned(), cost })
    }

    fn kind(&self, _: PeriodId, activity: ActivityId) -> u64 {
        self.activities.contains(&activity).into()
    }

    fn dominates(&self, period: PeriodId, a: u64, b: u64) -> bool {
        let bounds = self.bounds[period.index()];
        let [x, y] = [a, b].map(|state| i64::try_from(state).unwrap_or(i64::MAX));
        let few = x <= y || x <= bounds.harmless;
        let many = x >= y || x >= bounds.enough;
        few && many
    }
}
