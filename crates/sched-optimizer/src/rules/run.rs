//! Cells in a row.

use crate::fingerprint::Canon;
use crate::ids::{ActivityId, PeriodId};
use crate::rule::{Automaton, Judgement, Line, LineContext, Rule, Step};

/// How many cells in a row are spent on some activities.
///
/// Only every `stride`-th period is looked at, from `offset` on: with a morning, an afternoon and a
/// night a day, `stride: 3, offset: 2` looks at the nights. A run that is still open at the end of
/// the horizon need not reach `min`; one that is open at its start counts its `history`.
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
    /// Length of the run that is open when the horizon begins.
    pub history: u32,
}

impl Rule for Run {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let mut judgement = Judgement::default();
        let mut run = self.history;
        let looked_at = line.activities().iter().enumerate().skip(self.offset);
        for (period, activity) in looked_at.step_by(self.stride.max(1)) {
            let minute = line.context().span(period).start;
            if self.activities.contains(activity) {
                run += 1;
                if run > self.max {
                    let message = format!("{run} {} instead of at most {}", self.what, self.max);
                    judgement.breach(minute, 1, message);
                }
            } else {
                if run > 0 && run < self.min {
                    let message = format!("{run} {} instead of at least {}", self.what, self.min);
                    judgement.breach(minute, self.min - run, message);
                }
                run = 0;
            }
        }
        judgement
    }

    fn automata(&self, _: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        vec![Box::new(Running(self.clone()))]
    }

    fn describe(&self, canon: &mut Canon) {
        canon.text(&self.what);
        canon.list(&self.activities, |c, a| c.len(a.index()));
        canon.len(self.offset);
        canon.len(self.stride);
        [self.min, self.max, self.history].into_iter().for_each(|n| canon.int(n));
    }

    fn name(&self) -> &str {
        "run"
    }
}

struct Running(Run);

impl Automaton for Running {
    fn start(&self) -> u64 {
        u64::from(self.0.history)
    }

    fn step(&self, state: u64, period: PeriodId, activity: ActivityId) -> Option<Step> {
        let Self(rule) = self;
        let distance = period.index().checked_sub(rule.offset);
        if distance.is_none_or(|distance| distance % rule.stride.max(1) != 0) {
            return Some(Step::free(state));
        }
        if rule.activities.contains(&activity) {
            return (state < u64::from(rule.max)).then_some(Step::free(state + 1));
        }
        (state == 0 || state >= u64::from(rule.min)).then_some(Step::free(0))
    }

    fn dominates(&self, _: PeriodId, a: u64, b: u64) -> bool {
        // A shorter run has more room; it must be as free to end.
        a == b || (a <= b && (a == 0 && self.0.min <= 1 || a >= u64::from(self.0.min)))
    }
}
