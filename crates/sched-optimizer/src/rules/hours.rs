//! Minutes of duty inside windows.

use crate::fingerprint::Canon;
use crate::ids::{ActivityId, PeriodId};
use crate::parameters::Parameters;
use crate::rule::{Automaton, Judgement, Line, LineContext, Rule, Step};
use crate::rules::Soften;
use crate::rules::form::Form;
use crate::rules::timeline::Timeline;
use crate::tally::Tally;
use crate::time::{Duty, Span, hours};

/// The most minutes of duty inside each of some windows.
///
/// All duties count, settled ones and work elsewhere included, minute by minute: a duty across the
/// edge of a window counts on each side with what lies there, and a minute spent on two duties
/// counts once. Minutes inside `excluded` (leave) do not count; whoever averages takes the same days
/// out of `limit`. Windows that end before the horizon are past.
///
/// Windows that start at the same minute, or all before the horizon, share one automaton.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The windows.
    pub windows: Vec<HoursWindow>,
    /// Time that is not counted.
    pub excluded: Vec<Span>,
}

/// A window of [`Hours`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoursWindow {
    /// The minutes looked at.
    pub span: Span,
    /// The most minutes of duty inside.
    pub limit: i32,
    /// When given, the window only counts for lines that work one of these activities in a period
    /// that starts inside it.
    pub when: Option<Vec<ActivityId>>,
}

impl Rule for Hours {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let mut judgement = Judgement::default();
        let busy = line.busy();
        for window in &self.windows {
            if window.span.end <= line.context().origin() || !applies(window, line) {
                continue;
            }
            let minutes: i64 = busy.iter().map(|span| self.counted(span.clip(window.span))).sum();
            let over = minutes - i64::from(window.limit);
            if over > 0 {
                let (minutes_text, limit) = (hours(minutes), hours(window.limit.into()));
                let days = window.span.minutes() / 1440;
                let message = format!("{minutes_text} in {days} days where {limit} are allowed");
                judgement.breach(window.span.end, over, message);
            }
        }
        judgement
    }

    fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Hard)
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.activities(self.windows.iter().filter_map(|w| w.when.as_ref()).flatten());
    }

    fn describe(&self, canon: &mut Canon) {
        let Self { windows, excluded } = self;
        canon.bag(windows, |c, HoursWindow { span, limit, when }| {
            c.ints([span.start, span.end]);
            c.int(*limit);
            c.option(when.as_ref(), |c, when| c.activities(when));
        });
        canon.bag(excluded, |c, span| {
            c.ints([span.start, span.end]);
        });
    }

    fn name(&self) -> &str {
        "hours"
    }

    fn is_impersonal(&self) -> bool {
        true
    }
}

impl Soften for Hours {
    fn soft_automata(&self, context: &LineContext<'_>, weight: i64) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Soft(weight))
    }

    fn most(&self, _: &Parameters) -> u64 {
        let over = |window: &HoursWindow| {
            let minutes = i64::from(window.span.minutes());
            (minutes - i64::from(window.limit)).max(0).unsigned_abs()
        };
        self.windows.iter().map(over).fold(0, u64::saturating_add)
    }
}

fn applies(window: &HoursWindow, line: &Line<'_>) -> bool {
    let Some(set) = &window.when else { return true };
    let inside = |p: &usize| window.span.contains(line.context().span(*p).start);
    line.count((0..line.activities().len()).filter(inside), set) > 0
}

/// At most this many windows that start together are tallies.
const FEW: usize = 8;
/// At most this many conditional windows fit into one state.
const FLAGS: usize = 16;

/// Few windows are a tally each. Of many one automaton takes care, and the longest is a tally as well:
/// what a price on it excludes, the automaton need not find out. What costs is not there twice.
pub(super) fn singled<W>(class: &[W], form: Form) -> impl Iterator<Item = &[W]> {
    let (others, longest) = class.split_at(class.len().saturating_sub(1));
    let (single, together) = match class.len() {
        ..=FEW => (class, &class[..0]),
        _ if form.is_hard() => (longest, class),
        _ => (longest, others),
    };
    single.chunks(1).chain(together.chunks(together.len().max(1)))
}

fn split_flags<'w>(class: &[&'w HoursWindow], form: Form) -> Vec<Vec<&'w HoursWindow>> {
    let (conditional, plain): (Vec<_>, Vec<_>) =
        class.iter().copied().partition(|window| window.when.is_some());
    let parts = conditional.chunks(FLAGS).chain(singled(&plain, form));
    parts.map(<[_]>::to_vec).collect()
}

impl Hours {
    fn with(&self, context: &LineContext<'_>, form: Form) -> Vec<Box<dyn Automaton>> {
        let origin = context.origin();
        let mut open: Vec<&HoursWindow> =
            self.windows.iter().filter(|window| window.span.end > origin).collect();
        open.sort_by_key(|window| (window.span.start.max(origin), window.span.end));
        let same_start = |a: &&HoursWindow, b: &&HoursWindow| {
            a.span.start.max(origin) == b.span.start.max(origin)
        };
        let classes = open.chunk_by(same_start).flat_map(|class| split_flags(class, form));
        classes.map(|class| self.automaton(context, &class, form)).collect()
    }

    /// Minutes of `span` that are not excluded.
    fn counted(&self, span: Span) -> i64 {
        let mut minutes = i64::from(span.minutes());
        let mut from = span.start;
        let mut excluded = self.excluded.clone();
        excluded.sort();
        for away in excluded {
            let part = away.clip(Span::new(from, span.end));
            minutes -= i64::from(part.minutes());
            from = from.max(part.end);
        }
        minutes
    }

    fn automaton(
        &self,
        context: &LineContext<'_>,
        class: &[&HoursWindow],
        form: Form,
    ) -> Box<dyn Automaton> {
        let timeline = Timeline::new(context, |_| true);
        let origin = timeline.start(0);
        let from = class.first().map_or(origin, |window| window.span.start.max(origin));
        let mut counting = Counting {
            form,
            measure: Measure::new(&self.excluded),
            checkpoints: Vec::new(),
            checkpoint_starts: Vec::new(),
            marks: vec![0; timeline.periods() * context.problem().activities()],
            activities: context.problem().activities(),
            floors: Vec::new(),
            tightest: Vec::new(),
            from,
            timeline,
        };
        counting.add_windows(context, class);
        counting.index_checkpoints();
        counting.set_floors();
        Box::new(counting)
    }
}

/// Length of spans without the excluded ones, which are kept sorted and apart.
struct Measure {
    excluded: Vec<Span>,
}

impl Measure {
    fn new(excluded: &[Span]) -> Self {
        let mut sorted = excluded.to_vec();
        sorted.retain(|span| !span.is_empty());
        sorted.sort();
        let mut apart: Vec<Span> = Vec::new();
        for span in sorted {
            match apart.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => apart.push(span),
            }
        }
        Self { excluded: apart }
    }

    fn of(&self, start: i32, end: i32) -> i32 {
        let span = Span::new(start, end);
        let away: i32 = self.excluded.iter().map(|out| out.clip(span).minutes()).sum();
        span.minutes() - away
    }
}

const fn gcd(a: i32, b: i32) -> i32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The end of a window: where what was counted so far is compared with its limit.
struct Checkpoint {
    end: i32,
    /// Limit less what history has used up.
    limit: i32,
    /// The flag that must be set for the window to count; zero: it always does.
    flag: u16,
}

struct Counting {
    form: Form,
    timeline: Timeline,
    measure: Measure,
    /// Minutes before this are not counted here: the common start of the windows.
    from: i32,
    checkpoints: Vec<Checkpoint>,
    /// First checkpoint that lies after the start of each period, and the number of all.
    checkpoint_starts: Vec<usize>,
    /// Flags that an activity sets in a period.
    marks: Vec<u16>,
    activities: usize,
    /// Below this count after a period no later limit can be reached.
    floors: Vec<i32>,
    /// The least limit of this and all later unconditional checkpoints.
    tightest: Vec<i32>,
}

/// Minutes so far, the minute until which the worker is busy, and the flags that are set.
#[derive(Clone, Copy)]
struct Used {
    minutes: i32,
    busy_until: i32,
    flags: u16,
}

impl Counting {
    fn add_windows(&mut self, context: &LineContext<'_>, class: &[&HoursWindow]) {
        let mut flag = 0u16;
        for window in class {
            let mut own = 0;
            if let Some(set) = &window.when {
                flag = if flag == 0 { 1 } else { flag << 1 };
                own = flag;
                for period in 0..context.periods() {
                    let inside = window.span.contains(context.span(period).start);
                    for activity in set.iter().filter(|_| inside) {
                        self.marks[period * self.activities + activity.index()] |= own;
                    }
                }
            }
            let used = self.history_minutes(Span::new(window.span.start, self.from));
            let limit = window.limit.saturating_sub(used);
            self.checkpoints.push(Checkpoint { end: window.span.end, limit, flag: own });
        }
    }

    /// Minutes of history inside `span`, each once.
    fn history_minutes(&self, span: Span) -> i32 {
        let (mut minutes, mut until) = (0, i32::MIN);
        for duty in &self.timeline.history {
            let part = Span::new(duty.span.start.max(until), duty.span.end).clip(span);
            minutes += self.measure.of(part.start, part.end);
            until = until.max(duty.span.end);
        }
        minutes
    }

    fn index_checkpoints(&mut self) {
        let ends = &self.checkpoints;
        self.checkpoint_starts = (0..self.timeline.periods())
            .map(|p| ends.partition_point(|c| c.end <= self.timeline.start(p)))
            .collect();
        self.checkpoint_starts.push(ends.len());
        let mut least = i32::MAX;
        self.tightest = vec![i32::MAX; ends.len() + 1];
        for (at, checkpoint) in ends.iter().enumerate().rev() {
            if checkpoint.flag == 0 {
                least = least.min(checkpoint.limit);
            }
            self.tightest[at] = least;
        }
    }

    /// Counts up to a floor are all alike: even the most that can follow stays within every limit.
    fn set_floors(&mut self) {
        let periods = self.timeline.periods();
        let most: Vec<i32> = (0..periods).map(|p| self.most(p)).collect();
        self.floors = (0..periods)
            .map(|period| {
                let later = self.checkpoints.iter().skip(self.checkpoint_starts[period + 1]);
                let room = later.map(|checkpoint| {
                    let after =
                        (period + 1..periods).filter(|&p| self.timeline.start(p) < checkpoint.end);
                    let follow = after.fold(0i32, |sum, p| sum.saturating_add(most[p]));
                    checkpoint.limit.saturating_sub(follow)
                });
                room.min().unwrap_or(i32::MAX)
            })
            .collect();
    }

    /// The most minutes that duties beginning in `period` can add.
    fn most(&self, period: usize) -> i32 {
        let length = |span: Span| self.measure.of(span.start.max(self.from), span.end);
        let shift = self.timeline.possible(period).map(length).max().unwrap_or(0);
        let fixed: i32 = self.timeline.fixed(period).iter().map(|duty| length(duty.span)).sum();
        shift + fixed
    }

    /// Adds `duty`, counting no minute twice.
    fn add(&self, used: &mut Used, duty: &Duty) {
        let start = duty.span.start.max(used.busy_until).max(self.from);
        used.minutes += self.measure.of(start, duty.span.end);
        used.busy_until = used.busy_until.max(duty.span.end);
    }

    /// About how many sums stay within the limit.
    fn sums(&self) -> i32 {
        let lengths = (0..self.timeline.periods()).flat_map(|period| {
            let fixed = self.timeline.fixed(period).iter().map(|duty| duty.span);
            self.timeline.possible(period).chain(fixed).map(|span| span.minutes())
        });
        let unit = lengths.fold(0, gcd).max(1);
        self.most_kept() / unit
    }

    /// The largest sum that is told apart.
    fn most_kept(&self) -> i32 {
        let limit = self.limit().max(0);
        if self.form.is_hard() {
            return limit;
        }
        let own = (0..self.timeline.periods()).map(|period| self.most(period));
        own.fold(Tally::start(self).1.cast_signed(), i32::saturating_add).max(limit)
    }

    fn limit(&self) -> i32 {
        self.checkpoints.iter().map(|checkpoint| checkpoint.limit).min().unwrap_or(i32::MAX)
    }

    /// Adds the part of `duty` that lies before the end of the only window.
    fn add_inside(&self, used: &mut Used, duty: &Duty) {
        let end = self.checkpoints.first().map_or(i32::MIN, |checkpoint| checkpoint.end);
        let span = Span::new(duty.span.start, duty.span.end.min(end));
        if span.start < span.end {
            self.add(used, &Duty { span, ..*duty });
        }
    }

    /// How long after `now` minutes are counted already.
    fn overrun(&self, used: &Used, now: i32) -> u32 {
        let end = self.checkpoints.first().map_or(i32::MIN, |checkpoint| checkpoint.end);
        let open = now < end && used.busy_until > now.max(self.from);
        if open { used.busy_until.abs_diff(now) } else { 0 }
    }

    /// What it costs to have used this much at a checkpoint.
    fn pass(&self, used: &Used, checkpoint: &Checkpoint) -> Option<i64> {
        if checkpoint.flag != 0 && used.flags & checkpoint.flag == 0 {
            return Some(0);
        }
        let beyond = self.measure.of(checkpoint.end, used.busy_until);
        self.form.cost(i64::from(used.minutes - beyond) - i64::from(checkpoint.limit))
    }

    fn encode(&self, mut used: Used, period: Option<usize>) -> u64 {
        let now = self.timeline.start(period.map_or(0, |p| p + 1));
        let next = period.map_or(0, |p| self.checkpoint_starts[p + 1]);
        let floor = period.map_or(0, |p| self.floors[p]);
        if floor == i32::MAX {
            return 0;
        }
        used.minutes = used.minutes.max(floor);
        let open = self.checkpoints[next..].iter().fold(0, |all, checkpoint| all | checkpoint.flag);
        let overrun = used.busy_until.saturating_sub(now).max(0).cast_unsigned();
        let minutes = u64::from(used.minutes.max(0).cast_unsigned());
        (minutes << 32) | u64::from(overrun.min(0xFFFF)) << 16 | u64::from(used.flags & open)
    }

    fn decode(&self, state: u64, period: usize) -> Used {
        let part =
            |shift: u32, mask: u64| i32::try_from((state >> shift) & mask).unwrap_or(i32::MAX);
        Used {
            minutes: part(32, 0xFFFF_FFFF),
            busy_until: self.timeline.start(period) + part(16, 0xFFFF),
            flags: u16::try_from(state & 0xFFFF).unwrap_or(u16::MAX),
        }
    }
}

impl Automaton for Counting {
    fn start(&self) -> u64 {
        let mut used = Used { minutes: 0, busy_until: i32::MIN, flags: 0 };
        self.timeline.history.iter().for_each(|duty| self.add(&mut used, duty));
        self.encode(used, None)
    }

    fn step(&self, state: u64, period: PeriodId, activity: ActivityId) -> Option<Step> {
        let p = period.index();
        let mut used = self.decode(state, p);
        used.flags |= self.marks[p * self.activities + activity.index()];
        let (mut next, last) = (self.checkpoint_starts[p], self.checkpoint_starts[p + 1]);
        let mut cost = 0;
        for duty in self.timeline.duties(period, activity) {
            while next < last && self.checkpoints[next].end <= duty.span.start {
                cost += self.pass(&used, &self.checkpoints[next])?;
                next += 1;
            }
            self.add(&mut used, &duty);
        }
        for checkpoint in &self.checkpoints[next..last] {
            cost += self.pass(&used, checkpoint)?;
        }
        // Nothing of what is counted lies beyond a later checkpoint: limits bind already now.
        let later = self.checkpoints.get(last).filter(|_| self.form.is_hard());
        if later.is_some_and(|checkpoint| used.busy_until <= checkpoint.end)
            && used.minutes > self.tightest[last]
        {
            return None;
        }
        Some(Step { state: self.encode(used, Some(p)), cost })
    }

    fn kind(&self, period: PeriodId, activity: ActivityId) -> u64 {
        let flags = self.marks[period.index() * self.activities + activity.index()];
        self.timeline.kind(period, activity) << 16 | u64::from(flags)
    }

    fn dominates(&self, _: PeriodId, a: u64, b: u64) -> bool {
        let (a_minutes, b_minutes) = (a >> 32, b >> 32);
        let (a_over, b_over) = ((a >> 16) & 0xFFFF, (b >> 16) & 0xFFFF);
        let flags = a & 0xFFFF & !(b & 0xFFFF) == 0;
        // Being free earlier can add at most the minutes of the difference.
        flags && a_over <= b_over && a_minutes + (b_over - a_over) <= b_minutes
    }

    fn as_tally(&self) -> Option<&dyn Tally> {
        let single = matches!(&self.checkpoints[..], [only] if only.flag == 0);
        (single && self.sums() > FEW_SUMS).then_some(self)
    }
}

/// So few sums are states of a graph, which are exact beside whatever else there is.
const FEW_SUMS: i32 = 96;

/// The mode is how long the worker stays busy after the next period has begun.
impl Tally for Counting {
    fn start(&self) -> (u32, u32) {
        let mut used = Used { minutes: 0, busy_until: i32::MIN, flags: 0 };
        self.timeline.history.iter().for_each(|duty| self.add_inside(&mut used, duty));
        let beyond = self.limit().min(0).unsigned_abs();
        (self.overrun(&used, self.timeline.start(0)), used.minutes.max(0).cast_unsigned() + beyond)
    }

    fn step(&self, mode: u32, period: PeriodId, activity: ActivityId) -> Option<(u32, u32)> {
        let p = period.index();
        let busy_until = self.timeline.start(p).saturating_add_unsigned(mode);
        let mut used = Used { minutes: 0, busy_until, flags: 0 };
        let duties = self.timeline.duties(period, activity);
        duties.for_each(|duty| self.add_inside(&mut used, &duty));
        Some((self.overrun(&used, self.timeline.next(p)), used.minutes.max(0).cast_unsigned()))
    }

    fn kind(&self, period: PeriodId, activity: ActivityId) -> u64 {
        self.timeline.kind(period, activity)
    }

    fn limits(&self) -> (u32, u32) {
        (0, self.most_kept().cast_unsigned())
    }

    fn cost(&self, sum: u32) -> i64 {
        let over = i64::from(sum) - i64::from(self.limit().max(0));
        self.form.cost(over).unwrap_or(0)
    }
}
