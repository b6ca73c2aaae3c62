//! Cells in a row.

use crate::fingerprint::Canon;
use crate::ids::{ActivityId, PeriodId};
use crate::parameters::Parameters;
use crate::rule::{Automaton, Judgement, Line, LineContext, Rule, Step};
use crate::rules::Soften;
use crate::rules::form::Form;

/// How many cells in a row are spent on some activities.
///
/// Only every `stride`-th period is looked at, from `offset` on: with a morning, an afternoon and a
/// night a day, `stride: 3, offset: 2` looks at the nights. A run that is still open at the end of
/// the horizon need not reach `min`; what holds at its start is said by `history`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What is counted, for messages: `"nights in a row"`.
    pub what: String,
    /// The activities that continue a run.
    pub activities: Vec<ActivityId>,
    /// The first period looked at.
    pub offset: usize,
    /// Distance between the periods looked at; at least one is assumed.
    pub stride: usize,
    /// The shortest run that may end inside the horizon.
    pub min: u32,
    /// The longest run.
    pub max: u32,
    /// What was before the horizon.
    pub history: RunHistory,
}

/// What a [`Run`] knows of the time before the horizon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunHistory {
    /// So many cells in a row lie just before the horizon: a run that continues them counts them,
    /// and with zero a run that begins with the horizon is a new one.
    Known(u32),
    /// Nothing is known: a run that touches the first period looked at may have begun before. It
    /// need not reach the minimum; towards the maximum only its cells in the horizon count.
    Unknown,
}

impl Rule for Run {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let mut judgement = Judgement::default();
        let (mut run, mut began_before) = match self.history {
            RunHistory::Known(length) => (length, false),
            RunHistory::Unknown => (0, true),
        };
        let looked_at = line.activities().iter().enumerate().skip(self.offset);
        for (period, activity) in looked_at.step_by(self.stride.max(1)) {
            let minute = line.context().span(period).start;
            if self.activities.contains(activity) {
                run = run.saturating_add(1);
                if run > self.max {
                    let message = format!("{run} {} instead of at most {}", self.what, self.max);
                    judgement.breach(minute, 1, message);
                }
            } else {
                if run > 0 && run < self.min && !began_before {
                    let message = format!("{run} {} instead of at least {}", self.what, self.min);
                    judgement.breach(minute, self.min - run, message);
                }
                (run, began_before) = (0, false);
            }
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
        let Self { what, activities, offset, stride, min, max, history } = self;
        canon.text(what);
        canon.activities(activities);
        canon.len(*offset);
        canon.len(*stride);
        canon.ints([*min, *max]);
        let history = match history {
            RunHistory::Known(length) => Some(*length),
            RunHistory::Unknown => None,
        };
        canon.option(history, |c, length| c.int(length));
    }

    fn name(&self) -> &str {
        "run"
    }

    fn is_impersonal(&self) -> bool {
        true
    }
}

impl Soften for Run {
    fn soft_automata(&self, context: &LineContext<'_>, weight: i64) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Soft(weight))
    }

    fn most(&self, size: &Parameters) -> u64 {
        size.cells().saturating_mul(self.min.max(1).into())
    }
}

impl Run {
    fn with(&self, context: &LineContext<'_>, form: Form) -> Vec<Box<dyn Automaton>> {
        let running = Running::new(self, context.periods(), form);
        if running.asks_nothing() { Vec::new() } else { vec![Box::new(running)] }
    }
}

/// State: the length of the open run, and [`EXEMPT`] while that may end before the minimum. Lengths
/// that allow the same futures are one state.
struct Running {
    rule: Run,
    form: Form,
    start: u64,
    /// For each period whether it is looked at, and how many later ones are.
    periods: Vec<(bool, u64)>,
}

/// The open run may have begun before the horizon.
const EXEMPT: u64 = 1 << 32;

const fn length(state: u64) -> u64 {
    state & (EXEMPT - 1)
}

impl Running {
    fn new(rule: &Run, periods: usize, form: Form) -> Self {
        let looked_at = |period: usize| {
            period >= rule.offset && (period - rule.offset).is_multiple_of(rule.stride.max(1))
        };
        let mut left = 0;
        let mut counted: Vec<(bool, u64)> = (0..periods)
            .rev()
            .map(|period| {
                let entry = (looked_at(period), left);
                left += u64::from(entry.0);
                entry
            })
            .collect();
        counted.reverse();
        let start = match rule.history {
            RunHistory::Known(length) => u64::from(length),
            RunHistory::Unknown => EXEMPT,
        };
        // A run of one cell is never too short.
        let min = if rule.min <= 1 { 0 } else { rule.min };
        Self { rule: Run { min, ..rule.clone() }, form, start, periods: counted }
    }

    /// Whether no line can break the rule.
    fn asks_nothing(&self) -> bool {
        let all = self.periods.iter().filter(|(looked_at, _)| *looked_at).count() as u64;
        self.rule.min == 0 && u64::from(self.rule.max) >= length(self.start) + all
    }

    /// Whether the run may end now, or there is none that could.
    fn is_free(&self, state: u64) -> bool {
        state >= u64::from(self.rule.min) || state & EXEMPT != 0
    }

    /// Whether the maximum lies beyond what `left` periods can reach.
    fn is_harmless(&self, state: u64, left: u64) -> bool {
        length(state) + left <= u64::from(self.rule.max)
    }

    /// The state that stands for all that allow the same in the next `left` periods looked at, or
    /// `None` when nothing is allowed.
    fn merged(&self, state: u64, left: u64) -> Option<u64> {
        if left == 0 {
            return Some(0);
        }
        let (min, max) = (u64::from(self.rule.min), u64::from(self.rule.max));
        if self.is_free(state) {
            // A run begun now ends at the end of the horizon, where it need not be long.
            let like_none = if left == 1 { 0 } else { min };
            let harmless = self.is_harmless(state, left) && like_none + left <= max;
            let long_enough = length(state) >= min;
            let own = if long_enough { length(state).min(min.max(max)) } else { state };
            return Some(if harmless { like_none } else { own });
        }
        if length(state) == 0 {
            return Some(0);
        }
        if !self.form.is_hard() {
            return Some(state);
        }
        // The run has to reach the minimum, or the end of the horizon.
        let needed = (min - length(state)).min(left);
        let lives = length(state) + needed <= max;
        lives.then_some(if needed == left { 1 } else { state })
    }
}

impl Automaton for Running {
    fn start(&self) -> u64 {
        self.start
    }

    fn step(&self, state: u64, period: PeriodId, activity: ActivityId) -> Option<Step> {
        let (looked_at, left) = self.periods[period.index()];
        if !looked_at {
            return Some(Step::free(state));
        }
        let (next, amount) = if self.rule.activities.contains(&activity) {
            (state + 1, i64::from(length(state) >= u64::from(self.rule.max)))
        } else if length(state) == 0 || self.is_free(state) {
            (0, 0)
        } else {
            (0, i64::from(self.rule.min) - length(state).cast_signed())
        };
        let cost = self.form.cost(amount)?;
        Some(Step { state: self.merged(next, left)?, cost })
    }

    fn kind(&self, _: PeriodId, activity: ActivityId) -> u64 {
        self.rule.activities.contains(&activity).into()
    }

    fn dominates(&self, period: PeriodId, a: u64, b: u64) -> bool {
        let left = self.periods[period.index()].1;
        let harmless = self.is_harmless(a, left);
        let unlimited = self.is_free(a) && (harmless || length(a) <= length(b));
        // Both have to go on: the longer one has less far to go.
        let nearer = harmless && !self.is_free(b) && 0 < length(b) && length(b) <= length(a);
        a == b || unlimited || nearer
    }
}
