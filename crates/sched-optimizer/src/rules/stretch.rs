//! How long one duty period may last.

use crate::fingerprint::Canon;
use crate::ids::{ActivityId, PeriodId};
use crate::rule::{Automaton, Judgement, Line, LineContext, Rule, Step};
use crate::rules::timeline::{Timeline, pack, unpack};
use crate::time::{Duty, DutyKind, hours};

/// The length of a duty period: duties on site with at most `join` minutes between them.
///
/// From the start of a duty period to the end of any of its duties lie at most `total_max` minutes,
/// and at most `clinical_max` without that duty's trailing handover. Duty periods that began and
/// ended before the horizon are past.
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
            let (from, until) = match period {
                Some((from, until)) if duty.span.start - until <= self.join => {
                    (from, until.max(duty.span.end))
                }
                _ => (duty.span.start, duty.span.end),
            };
            period = Some((from, until));
            if duty.span.start < origin {
                continue;
            }
            let parts = [
                ("on duty", until - from, self.total_max),
                ("of clinical work", duty.span.end - duty.handover - from, self.clinical_max),
            ];
            for (what, length, most) in parts.into_iter().filter(|part| part.1 > part.2) {
                let (length_text, most_text) = (hours(length.into()), hours(most.into()));
                let message = format!("{length_text} {what} where {most_text} are allowed");
                judgement.breach(from, length - most, message);
            }
        }
        judgement
    }

    fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        let timeline = Timeline::new(context, |kind| kind == DutyKind::InHouse);
        let last = timeline.history.iter().fold(None, |last, duty| Some(self.extend(last, duty)));
        let start = self.encode(last, timeline.start(0));
        vec![Box::new(Stretching { rule: self.clone(), timeline, start })]
    }

    fn describe(&self, canon: &mut Canon) {
        let Self { join, clinical_max, total_max } = self;
        canon.ints([*join, *clinical_max, *total_max]);
    }

    fn name(&self) -> &str {
        "stretch"
    }
}

/// A duty period so far: its end and its length.
#[derive(Clone, Copy)]
struct Open {
    end: i32,
    length: i32,
}

impl Stretch {
    fn extend(&self, open: Option<Open>, duty: &Duty) -> Open {
        match open {
            Some(open) if duty.span.start - open.end <= self.join => {
                let end = open.end.max(duty.span.end);
                Open { end, length: open.length + (end - open.end) }
            }
            _ => Open { end: duty.span.end, length: duty.span.minutes() },
        }
    }

    fn encode(&self, open: Option<Open>, now: i32) -> u64 {
        let joinable = open.filter(|open| now.saturating_sub(open.end) <= self.join);
        joinable.map_or(0, |open| pack(open.end, open.length))
    }
}

struct Stretching {
    rule: Stretch,
    timeline: Timeline,
    start: u64,
}

impl Automaton for Stretching {
    fn start(&self) -> u64 {
        self.start
    }

    fn step(&self, state: u64, period: PeriodId, activity: ActivityId) -> Option<Step> {
        let mut open = unpack(state).map(|(end, length)| Open { end, length });
        for duty in self.timeline.duties(period, activity) {
            let longer = self.rule.extend(open, &duty);
            let clinical = longer.length - (longer.end - duty.span.end) - duty.handover;
            if longer.length > self.rule.total_max || clinical > self.rule.clinical_max {
                return None;
            }
            open = Some(longer);
        }
        Some(Step::free(self.rule.encode(open, self.timeline.next(period.index()))))
    }

    fn dominates(&self, _: PeriodId, a: u64, b: u64) -> bool {
        a == b || a == 0
    }
}
