//! Cells spent on some activities.

use std::ops::Range;

use crate::fingerprint::Canon;
use crate::ids::{ActivityId, PeriodId};
use crate::parameters::Parameters;
use crate::penalty::Penalty;
use crate::rule::{Automaton, Judgement, Line, LineContext, Rule, Step};
use crate::rules::cell_sum::{Aim, CellSum, Limits};

/// How many cells are spent on some activities: limits in windows of periods, and a target over the
/// whole line whose distance costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// What is counted, for messages: `"nights"`.
    pub what: String,
    /// The activities that count.
    pub activities: Vec<ActivityId>,
    /// Hard limits.
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
    pub(super) fn parameters(self, parameters: &mut Parameters) {
        self.cost.parameters(parameters);
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
            let (amount, limit) = match count {
                _ if count < min => (min - count, format!("at least {min}")),
                _ if count > max => (count - max, format!("at most {max}")),
                _ => continue,
            };
            let last = window.periods.end.saturating_sub(1).min(line.activities().len() - 1);
            let minute = line.context().span(last).end;
            judgement.breach(minute, amount, format!("{count} {} instead of {limit}", self.what));
        }
        if let Some(target) = &self.target {
            let all = line.count(0..line.activities().len(), &self.activities);
            judgement.cost = target.cost(u64::try_from(all).unwrap_or(u64::MAX));
        }
        judgement
    }

    fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        let (gated, mut windows): (Vec<_>, Vec<_>) =
            self.windows.iter().partition(|window| window.when.is_some());
        let gated = gated.into_iter().map(|window| Gated::new(self, window, context.periods()));
        let mut automata: Vec<Box<dyn Automaton>> =
            gated.map(|gated| Box::new(gated) as Box<dyn Automaton>).collect();
        let aim = self.target.map(|target| Aim { target, history: 0 });
        match windows[..] {
            // What is counted up to the end of the line is a sum. A window that ends before is not:
            // its count can be forgotten, a sum goes on.
            [window] if window.periods.end >= context.periods() => {
                let whole = window.periods.start == 0;
                automata.extend(self.sum(context, Some(window), aim.filter(|_| whole)));
                automata.extend(self.sum(context, None, aim.filter(|_| !whole)));
            }
            _ => {
                windows.sort_by_key(|window| (window.periods.start, window.periods.end));
                let classes = windows.chunk_by(|a, b| a.periods.start == b.periods.start);
                let limited = classes.map(|class| Limited::new(self, context, class));
                automata.extend(limited.map(|limited| Box::new(limited) as Box<dyn Automaton>));
                automata.extend(self.sum(context, None, aim));
            }
        }
        automata
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.activities(&self.activities);
        parameters.activities(self.windows.iter().filter_map(|w| w.when.as_ref()).flatten());
        self.target.iter().for_each(|target| target.parameters(parameters));
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
}

impl Count {
    /// The cells of `window`, or of the whole line, as a sum.
    fn sum(
        &self,
        context: &LineContext<'_>,
        window: Option<&CountWindow>,
        aim: Option<Aim>,
    ) -> Option<Box<dyn Automaton>> {
        let (periods, limits) = match window {
            Some(&CountWindow { ref periods, history, min, max, .. }) => {
                (periods.clone(), Limits { history, min, max })
            }
            None => (0..context.periods(), Limits::NONE),
        };
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
}

impl Gated {
    fn new(rule: &Count, window: &CountWindow, periods: usize) -> Self {
        Self {
            counted: rule.activities.clone(),
            when: window.when.clone().unwrap_or_default(),
            last: window.periods.end.min(periods).saturating_sub(1),
            window: window.clone(),
        }
    }

    fn keeps(&self, count: u64, period: usize) -> bool {
        let enough = period < self.last || count >= u64::from(self.window.min);
        enough && count <= u64::from(self.window.max)
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
        let bound = state & 1 | u64::from(self.when.contains(&activity));
        let count = (state >> 1) + u64::from(self.counted.contains(&activity));
        if bound == 1 && !self.keeps(count, p) {
            return None;
        }
        Some(Step::free(if p == self.last { 0 } else { count << 1 | bound }))
    }

    fn dominates(&self, _: PeriodId, a: u64, b: u64) -> bool {
        let [x, y] = [a >> 1, b >> 1];
        let better = x == y || (x < y && x >= u64::from(self.window.min));
        better && a & 1 <= b & 1
    }
}

/// Windows that begin with the same period.
struct Limited {
    activities: Vec<ActivityId>,
    first: usize,
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
}

impl Limited {
    fn new(rule: &Count, context: &LineContext<'_>, class: &[&CountWindow]) -> Self {
        let countable: Vec<bool> = (0..context.periods())
            .map(|p| context.choices(p).any(|activity| rule.activities.contains(&activity)))
            .collect();
        let bounds = (0..context.periods()).map(|p| Self::bounds(&countable, class, p)).collect();
        let first = class.first().map_or(0, |window| window.periods.start);
        Self { activities: rule.activities.clone(), first, bounds }
    }

    fn bounds(countable: &[bool], class: &[&CountWindow], period: usize) -> Bounds {
        let mut bounds = Bounds { least: 0, most: i64::MAX, enough: 0, harmless: i64::MAX };
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
        if count < bounds.least || count > bounds.most {
            return None;
        }
        // Counts without consequences are one state: all that are both enough and harmless.
        let merged = if count <= bounds.harmless { count.min(bounds.enough) } else { count };
        Some(Step::free(merged.cast_unsigned()))
    }

    fn dominates(&self, period: PeriodId, a: u64, b: u64) -> bool {
        let bounds = self.bounds[period.index()];
        let [x, y] = [a, b].map(|state| i64::try_from(state).unwrap_or(i64::MAX));
        let few = x <= y || x <= bounds.harmless;
        let many = x >= y || x >= bounds.enough;
        few && many
    }
}
