//! The pause between duty periods.

use crate::fingerprint::Canon;
use crate::ids::{ActivityId, PeriodId};
use crate::parameters::Parameters;
use crate::rule::{Automaton, Judgement, Line, LineContext, Rule, Step};
use crate::rules::Soften;
use crate::rules::form::Form;
use crate::rules::timeline::{Timeline, pack, unpack};
use crate::time::{Duty, DutyKind, Span, hours};

/// Pauses between duty periods.
///
/// Duties on site with at most `join` minutes between them belong to one duty period. Between two
/// duty periods lie at least `short` minutes, and at least `long` after a duty period of
/// `long_after` minutes or more. Duties that overlap always break the rule. Work
/// [elsewhere](DutyKind::Elsewhere) is not looked at; pauses that end before the horizon are past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    /// Pauses up to this belong to the duty period.
    pub join: i32,
    /// The least pause between duty periods.
    pub short: i32,
    /// A duty period of this length or more asks for the long pause.
    pub long_after: i32,
    /// The least pause after a long duty period.
    pub long: i32,
}

impl Rest {
    fn needed(&self, worked: i32) -> i32 {
        if worked >= self.long_after { self.short.max(self.long) } else { self.short }
    }
}

impl Rule for Rest {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let mut judgement = Judgement::default();
        let origin = line.context().origin();
        let mut period: Option<(i32, i32)> = None;
        let on_site = line.duties().into_iter().filter(|duty| duty.kind == DutyKind::InHouse);
        for span in on_site.map(|duty| duty.span) {
            let Some((from, until)) = period else {
                period = Some((span.start, span.end));
                continue;
            };
            let pause = span.start - until;
            let needed = if until - from >= self.long_after {
                self.long.max(self.short)
            } else {
                self.short
            };
            if span.start >= origin && pause < 0 {
                let message = format!("on two duties at once for {}", hours(i64::from(-pause)));
                judgement.breach(span.start, -pause, message);
            } else if span.start >= origin && pause > self.join && pause < needed {
                let (pause_text, needed_text) = (hours(pause.into()), hours(needed.into()));
                let message = format!("{pause_text} of rest where {needed_text} are needed");
                judgement.breach(span.start, needed - pause, message);
            }
            let joins = pause <= self.join;
            period = Some((if joins { from } else { span.start }, span.end.max(until)));
        }
        judgement
    }

    fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Hard)
    }

    fn describe(&self, canon: &mut Canon) {
        let Self { join, short, long_after, long } = self;
        canon.ints([*join, *short, *long_after, *long]);
    }

    fn name(&self) -> &str {
        "rest"
    }

    fn is_impersonal(&self) -> bool {
        true
    }
}

impl Soften for Rest {
    fn soft_automata(&self, context: &LineContext<'_>, weight: i64) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Soft(weight))
    }

    fn most(&self, size: &Parameters) -> u64 {
        // What is missing of a pause, or how long two duties overlap.
        let pause = self.short.max(self.long).max(0).unsigned_abs();
        size.duties().saturating_mul(size.longest_duty().max(pause.into()))
    }
}

/// The duty period that ended last: its end and how long it lasted.
#[derive(Clone, Copy)]
struct Last {
    end: i32,
    worked: i32,
}

fn encode(last: Option<Last>) -> u64 {
    last.map_or(0, |last| pack(last.end, last.worked))
}

impl Rest {
    fn with(&self, context: &LineContext<'_>, form: Form) -> Vec<Box<dyn Automaton>> {
        let timeline = Timeline::new(context, |kind| kind == DutyKind::InHouse);
        let history = timeline.history.iter();
        let last = history.fold(None, |last, duty| Some(self.extend(last, duty.span)));
        let start = encode(self.forget(last, timeline.start(0)));
        vec![Box::new(Resting { rule: self.clone(), form, timeline, start })]
    }

    fn extend(&self, last: Option<Last>, duty: Span) -> Last {
        let Some(Last { end, worked }) = last else {
            return Last { end: duty.end, worked: duty.minutes() };
        };
        let until = end.max(duty.end);
        let joins = duty.start - end <= self.join;
        Last { end: until, worked: until - if joins { end - worked } else { duty.start } }
    }

    /// What is missing between `last` and a duty that begins at `start`, or lies on both.
    fn missing(&self, last: Last, start: i32) -> i32 {
        let pause = start - last.end;
        if pause < 0 {
            -pause
        } else if pause <= self.join {
            0
        } else {
            self.needed(last.worked) - pause
        }
    }

    /// Drops what can no longer matter at `now`, so that states merge.
    fn forget(&self, last: Option<Last>, now: i32) -> Option<Last> {
        let Last { end, worked } = last?;
        let worked = worked.min(self.long_after);
        let pause = now.saturating_sub(end);
        if pause <= self.join {
            return Some(Last { end, worked });
        }
        let worked = if worked >= self.long_after { worked } else { 0 };
        (pause < self.needed(worked)).then_some(Last { end, worked })
    }
}

struct Resting {
    rule: Rest,
    form: Form,
    timeline: Timeline,
    start: u64,
}

impl Automaton for Resting {
    fn start(&self) -> u64 {
        self.start
    }

    fn step(&self, state: u64, period: PeriodId, activity: ActivityId) -> Option<Step> {
        let mut last = unpack(state).map(|(end, worked)| Last { end, worked });
        let mut cost = 0;
        for Duty { span, .. } in self.timeline.duties(period, activity) {
            let missing = last.map_or(0, |last| self.rule.missing(last, span.start));
            cost += self.form.cost(missing.into())?;
            last = Some(self.rule.extend(last, span));
        }
        let now = self.timeline.next(period.index());
        Some(Step { state: encode(self.rule.forget(last, now)), cost })
    }

    fn kind(&self, period: PeriodId, activity: ActivityId) -> u64 {
        self.timeline.kind(period, activity)
    }

    fn dominates(&self, period: PeriodId, a: u64, b: u64) -> bool {
        a == b || a == 0 && self.timeline.is_free_of(b, period, self.form)
    }
}
