//! A worker's possible duties laid out for automata: what a step adds, in the order of time.

use crate::ids::{ActivityId, PeriodId};
use crate::rule::LineContext;
use crate::rules::form::Form;
use crate::time::{Duty, DutyKind, Span};

/// Times by period, owned, so that automata do not borrow the problem.
pub(super) struct Timeline {
    /// First minute of each period, and one beyond all time at the end.
    starts: Vec<i32>,
    activities: usize,
    /// By period, then activity.
    shifts: Vec<Option<Duty>>,
    /// A number for each of them that those of a period share when they are the same.
    kinds: Vec<u32>,
    /// Settled duties that start before the horizon.
    pub(super) history: Vec<Duty>,
    /// Settled duties that start in or after a period and before the next.
    fixed: Vec<Vec<Duty>>,
}

impl Timeline {
    pub(super) fn new(context: &LineContext<'_>, counts: impl Fn(DutyKind) -> bool) -> Self {
        let periods = context.periods();
        let mut starts: Vec<i32> = (0..periods).map(|p| context.span(p).start).collect();
        starts.push(i32::MAX);
        let activities = context.problem().activities();
        let mut shifts = vec![None; periods * activities];
        let (mut kinds, mut seen) = (vec![0; periods * activities], Vec::new());
        for period in 0..periods {
            seen.clear();
            for activity in context.choices(period) {
                let duty = context.shift(period, activity).map(|shift| Duty {
                    span: shift.span,
                    handover: shift.handover,
                    kind: DutyKind::InHouse,
                });
                let same = seen.iter().position(|&known| known == duty);
                let kind = same.unwrap_or_else(|| {
                    seen.push(duty);
                    seen.len() - 1
                });
                let at = period * activities + activity.index();
                (shifts[at], kinds[at]) = (duty, u32::try_from(kind).unwrap_or(u32::MAX));
            }
        }
        let mut timeline = Self {
            starts,
            activities,
            shifts,
            kinds,
            history: Vec::new(),
            fixed: vec![Vec::new(); periods],
        };
        context.duties().iter().filter(|duty| counts(duty.kind)).for_each(|&d| timeline.settle(d));
        timeline
    }

    /// Adds settled time, in whatever order.
    pub(super) fn settle(&mut self, duty: Duty) {
        let list = match self.starts.iter().rposition(|&start| start <= duty.span.start) {
            Some(period) => &mut self.fixed[period],
            None => &mut self.history,
        };
        let at = list
            .partition_point(|d| (d.span.start, d.span.end) <= (duty.span.start, duty.span.end));
        list.insert(at, duty);
    }

    pub(super) fn periods(&self) -> usize {
        self.fixed.len()
    }

    pub(super) fn start(&self, period: usize) -> i32 {
        self.starts[period]
    }

    /// The first minute at which anything of a later period may begin.
    pub(super) fn next(&self, period: usize) -> i32 {
        self.starts[period + 1]
    }

    fn shift(&self, period: usize, activity: ActivityId) -> Option<Duty> {
        self.shifts.get(period * self.activities + activity.index()).copied().flatten()
    }

    /// A number that the choices of a period share when the same [duties](Self::duties) begin.
    pub(super) fn kind(&self, period: PeriodId, activity: ActivityId) -> u64 {
        let own = self.kinds.get(period.index() * self.activities + activity.index());
        own.copied().unwrap_or(0).into()
    }

    /// Duties that begin in `period` when `activity` is worked, by start.
    pub(super) fn duties(
        &self,
        period: PeriodId,
        activity: ActivityId,
    ) -> impl Iterator<Item = Duty> + '_ {
        let p = period.index();
        let shift = self.shift(p, activity);
        let at = shift.map_or(0, |shift| {
            self.fixed[p].partition_point(|d| {
                (d.span.start, d.span.end) <= (shift.span.start, shift.span.end)
            })
        });
        let (before, after) = self.fixed[p].split_at(at);
        before.iter().copied().chain(shift).chain(after.iter().copied())
    }

    /// The spans of all duties that can begin in `period`.
    pub(super) fn possible(&self, period: usize) -> impl Iterator<Item = Span> + '_ {
        let row = &self.shifts[period * self.activities..(period + 1) * self.activities];
        row.iter().flatten().map(|duty| duty.span)
    }

    pub(super) fn fixed(&self, period: usize) -> &[Duty] {
        &self.fixed[period]
    }
}

impl Timeline {
    /// Whether a line without duty before `period` ends is as well off as one whose last duty `state`
    /// [packs](pack). Not where a duty may be broken into at a cost: the minutes it shares with the next one
    /// are paid for, and may then spare what else would be due.
    pub(super) fn is_free_of(&self, state: u64, period: PeriodId, form: Form) -> bool {
        let over = |(end, _)| end <= self.next(period.index());
        form.is_hard() || unpack(state).is_none_or(over)
    }
}

/// Packs a minute (any `i32`) and a second number into one state that is never zero.
pub(super) fn pack(minute: i32, low: i32) -> u64 {
    let high = u64::from(minute.cast_unsigned() ^ (1 << 31));
    (high << 32) | u64::from(low.max(0).cast_unsigned() + 1)
}

/// The two numbers of [`pack`], or `None` for zero.
pub(super) fn unpack(state: u64) -> Option<(i32, i32)> {
    let low = u32::try_from(state & u64::from(u32::MAX)).unwrap_or(0).checked_sub(1)?;
    let high = u32::try_from(state >> 32).unwrap_or(0) ^ (1 << 31);
    Some((high.cast_signed(), low.cast_signed()))
}
