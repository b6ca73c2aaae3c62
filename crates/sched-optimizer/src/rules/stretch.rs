//! How long one duty period may last.

use crate::fingerprint::Canon;
use crate::ids::{ActivityId, PeriodId};
use crate::parameters::Parameters;
use crate::rule::{Automaton, Judgement, Line, LineContext, Rule, Step};
use crate::rules::Soften;
use crate::rules::form::Form;
use crate::rules::timeline::{Timeline, pack, unpack};
use crate::time::{Duty, DutyKind, hours};

/// The length of a duty period: duties on site with at most `join` minutes between them.
///
/// From the start of a duty period to the end of any of its duties lie at most `total_max` minutes,
/// and at most `clinical_max` without that duty's trailing handover. Duty periods that began and
/// ended before the horizon are past.
///
/// A duty breaks this by the minutes that it adds beyond a limit, at least by one; so the minutes of a
/// duty period that is far too long are not counted again with each of its duties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Pauses up to this belong to the duty period.
    pub join: i32,
    /// The longest clinical part.
    pub clinical_max: i32,
    /// The longest duty period, handover included.
    pub total_max: i32,
}

impl Rule for Stretch {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let mut judgement = Judgement::default();
        let origin = line.context().origin();
        let mut period: Option<(i32, i32)> = None;
        for duty in line.duties().into_iter().filter(|duty| duty.kind == DutyKind::InHouse) {
            let (from, before) = match period {
                Some((from, until)) if duty.span.start - until <= self.join => (from, until),
                _ => (duty.span.start, duty.span.start),
            };
            let until = before.max(duty.span.end);
            period = Some((from, until));
            if duty.span.start < origin {
                continue;
            }
            let parts = [
                ("on duty", until, self.total_max),
                ("of clinical work", duty.span.end - duty.handover, self.clinical_max),
            ];
            for (what, end, most) in parts.into_iter().filter(|part| part.1 - from > part.2) {
                let (length, most_text) = (hours((end - from).into()), hours(most.into()));
                let message = format!("{length} {what} where {most_text} are allowed");
                judgement.breach(from, end - before.max(from + most), message);
            }
        }
        judgement
    }

    fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Hard)
    }

    fn describe(&self, canon: &mut Canon) {
        let Self { join, clinical_max, total_max } = self;
        canon.ints([*join, *clinical_max, *total_max]);
    }

    fn name(&self) -> &str {
        "stretch"
    }

    fn is_impersonal(&self) -> bool {
        true
    }
}

impl Soften for Stretch {
    fn soft_automata(&self, context: &LineContext<'_>, weight: i64) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Soft(weight))
    }

    fn most(&self, size: &Parameters) -> u64 {
        // Both limits may be broken, by the minutes that a duty and the pause before it add.
        let added = size.longest_duty() + u64::from(self.join.max(0).unsigned_abs());
        size.duties().saturating_mul(added).saturating_mul(2)
    }
}

/// A duty period so far: its end and its length.
#[derive(Clone, Copy)]
struct Open {
    end: i32,
    length: i32,
}

impl Stretch {
    fn with(&self, context: &LineContext<'_>, form: Form) -> Vec<Box<dyn Automaton>> {
        let timeline = Timeline::new(context, |kind| kind == DutyKind::InHouse);
        let last = timeline.history.iter().fold(None, |last, duty| Some(self.extend(last, duty)));
        let start = self.encode(last, timeline.start(0));
        vec![Box::new(Stretching { rule: self.clone(), form, timeline, start })]
    }

    const fn joins(&self, open: Open, duty: &Duty) -> bool {
        duty.span.start - open.end <= self.join
    }

    fn extend(&self, open: Option<Open>, duty: &Duty) -> Open {
        match open {
            Some(open) if self.joins(open, duty) => {
                let end = open.end.max(duty.span.end);
                Open { end, length: open.length + (end - open.end) }
            }
            _ => Open { end: duty.span.end, length: duty.span.minutes() },
        }
    }

    fn encode(&self, open: Option<Open>, now: i32) -> u64 {
        let joinable = open.filter(|open| now.saturating_sub(open.end) <= self.join);
        joinable.map_or(0, |open| pack(open.end, open.length.min(self.enough(open.end, now))))
    }

    /// A duty period of this length that ends at `end` is over both limits before anything else begins:
    /// from then on it does not matter by how much.
    fn enough(&self, end: i32, now: i32) -> i32 {
        let beyond = self.clinical_max.max(self.total_max).saturating_add(1);
        beyond.saturating_add(end.saturating_sub(now).max(0))
    }

    /// By how much `duty` breaks the rule, as the next of the duty period that `before` is.
    fn excess(&self, before: Option<Open>, duty: &Duty) -> i64 {
        let after = self.extend(before, duty);
        let from = after.end - after.length;
        let until = before.filter(|&open| self.joins(open, duty)).map_or(from, |open| open.end);
        let ends =
            [(after.end, self.total_max), (duty.span.end - duty.handover, self.clinical_max)];
        let over = ends.into_iter().filter(|(end, most)| end - from > *most);
        over.map(|(end, most)| i64::from(end - until.max(from + most)).max(1)).sum()
    }
}

struct Stretching {
    rule: Stretch,
    form: Form,
    timeline: Timeline,
    start: u64,
}

impl Automaton for Stretching {
    fn start(&self) -> u64 {
        self.start
    }

    fn step(&self, state: u64, period: PeriodId, activity: ActivityId) -> Option<Step> {
        let mut open = unpack(state).map(|(end, length)| Open { end, length });
        let mut cost = 0;
        for duty in self.timeline.duties(period, activity) {
            cost += self.form.cost(self.rule.excess(open, &duty))?;
            open = Some(self.rule.extend(open, &duty));
        }
        let state = self.rule.encode(open, self.timeline.next(period.index()));
        Some(Step { state, cost })
    }

    fn kind(&self, period: PeriodId, activity: ActivityId) -> u64 {
        self.timeline.kind(period, activity)
    }

    fn dominates(&self, period: PeriodId, a: u64, b: u64) -> bool {
        a == b || a == 0 && self.timeline.is_free_of(b, period, self.form)
    }
}
