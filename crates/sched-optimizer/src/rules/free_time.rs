//! Free intervals inside windows.

use crate::fingerprint::Canon;
use crate::ids::{ActivityId, PeriodId};
use crate::parameters::Parameters;
use crate::rule::{Automaton, Judgement, Line, LineContext, Rule, Step};
use crate::rules::Soften;
use crate::rules::form::Form;
use crate::rules::hours::singled;
use crate::rules::timeline::{Timeline, pack, unpack};
use crate::tally::Tally;
use crate::time::{Duty, Span, hours};

/// Free intervals of a length, at least so many inside each of some windows.
///
/// Every pause between duties, clipped to the window, holds as many disjoint free intervals as
/// `length` fits into it. Settled duties and work elsewhere end a pause, and so does `blocked` time
/// (leave), which is itself neither duty nor free. Windows that end before the horizon are past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeTime {
    /// Minutes of one free interval; at least one is assumed.
    pub length: i32,
    /// The windows.
    pub windows: Vec<FreeWindow>,
    /// Time that cannot be free.
    pub blocked: Vec<Span>,
}

/// A window of [`FreeTime`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeWindow {
    /// The minutes looked at.
    pub span: Span,
    /// The least number of free intervals inside.
    pub at_least: u16,
    /// When given, the window only counts for lines that work one of these activities in a period
    /// that starts inside it.
    pub when: Option<Vec<ActivityId>>,
}

impl Rule for FreeTime {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let mut judgement = Judgement::default();
        let mut busy: Vec<Span> = line.duties().iter().map(|duty| duty.span).collect();
        busy.extend(&self.blocked);
        busy.sort();
        for window in &self.windows {
            if window.span.end <= line.context().origin() || !applies(window, line) {
                continue;
            }
            let free = self.free_intervals(&busy, window.span);
            let missing = i64::from(window.at_least) - free;
            if missing > 0 {
                let days = window.span.minutes() / 1440;
                let message = format!(
                    "{free} free intervals of {} in {days} days where {} are needed",
                    hours(self.length.into()),
                    window.at_least
                );
                judgement.breach(window.span.end, missing, message);
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
        let Self { length, windows, blocked } = self;
        canon.int(*length);
        canon.bag(windows, |c, FreeWindow { span, at_least, when }| {
            c.ints([span.start, span.end]);
            c.int(*at_least);
            c.option(when.as_ref(), |c, when| c.activities(when));
        });
        canon.bag(blocked, |c, span| {
            c.ints([span.start, span.end]);
        });
    }

    fn name(&self) -> &str {
        "free time"
    }

    fn is_impersonal(&self) -> bool {
        true
    }
}

impl Soften for FreeTime {
    fn soft_automata(&self, context: &LineContext<'_>, weight: i64) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Soft(weight))
    }

    fn most(&self, _: &Parameters) -> u64 {
        self.windows.iter().map(|window| u64::from(window.at_least)).sum()
    }
}

fn applies(window: &FreeWindow, line: &Line<'_>) -> bool {
    let Some(set) = &window.when else { return true };
    let inside = |p: &usize| window.span.contains(line.context().span(*p).start);
    line.count((0..line.activities().len()).filter(inside), set) > 0
}

impl FreeTime {
    fn with(&self, context: &LineContext<'_>, form: Form) -> Vec<Box<dyn Automaton>> {
        let mut timeline = Timeline::new(context, |_| true);
        for &span in self.blocked.iter().filter(|span| !span.is_empty()) {
            timeline.settle(Duty::in_house(span.start, span.end));
        }
        let origin = timeline.start(0);
        let past = timeline.history.iter().map(|duty| duty.span.end).max().unwrap_or(i32::MIN);
        // Before the horizon only the pause that is still open matters: where it began.
        let key = |window: &FreeWindow| match window.span.start {
            start if start <= origin => start.max(past),
            start => start,
        };
        let mut open: Vec<&FreeWindow> =
            self.windows.iter().filter(|window| window.span.end > origin).collect();
        open.sort_by_key(|window| (key(window), window.span.end));
        // A conditional window needs a flag, and a state has room for so many.
        let (conditional, plain): (Vec<&FreeWindow>, Vec<_>) =
            open.into_iter().partition(|window| window.when.is_some());
        let together = plain.chunk_by(|a, b| key(a) == key(b));
        let together =
            together.flat_map(|class| singled(class, form)).flat_map(|part| part.chunks(FLAGS));
        let classes = conditional.chunk_by(|a, b| key(a) == key(b));
        let classes = classes.flat_map(|class| class.chunks(FLAGS)).chain(together);
        let classes = classes.map(|part| (key(part[0]), part));
        let shared = std::sync::Arc::new(timeline);
        classes
            .map(|(from, part)| {
                let timeline = std::sync::Arc::clone(&shared);
                let resting = Resting::new(self, form, timeline, context, from, part);
                Box::new(resting) as Box<dyn Automaton>
            })
            .collect()
    }

    /// Free intervals in the pauses of `busy` (by start) inside `window`.
    fn free_intervals(&self, busy: &[Span], window: Span) -> i64 {
        let (mut free, mut from) = (0, window.start);
        let length = self.length.max(1);
        for span in busy.iter().filter(|span| !span.is_empty()) {
            free += i64::from((span.start.min(window.end) - from).max(0) / length);
            from = from.max(span.end);
        }
        free + i64::from((window.end - from).max(0) / length)
    }
}

/// Windows of one automaton: as many flags as its state holds.
const FLAGS: usize = 12;

struct Checkpoint {
    end: i32,
    /// Free intervals still needed after those that history holds.
    needed: i32,
    flag: i32,
}

struct Resting {
    form: Form,
    length: i32,
    timeline: std::sync::Arc<Timeline>,
    from: i32,
    checkpoints: Vec<Checkpoint>,
    checkpoint_starts: Vec<usize>,
    marks: Vec<u16>,
    activities: usize,
    /// For this and all later checkpoints: the least `end - needed * length` of the unconditional
    /// ones, and the most that any needs.
    tightest: Vec<(i64, i32)>,
}

/// Free intervals so far, where the rest of the open pause begins, and the flags that are set.
#[derive(Clone, Copy)]
struct Pause {
    count: i32,
    since: i32,
    flags: i32,
}

impl Resting {
    fn new(
        rule: &FreeTime,
        form: Form,
        timeline: std::sync::Arc<Timeline>,
        context: &LineContext<'_>,
        from: i32,
        windows: &[&FreeWindow],
    ) -> Self {
        let activities = context.problem().activities();
        let mut resting = Self {
            form,
            length: rule.length.max(1),
            checkpoints: Vec::new(),
            checkpoint_starts: Vec::new(),
            marks: vec![0; timeline.periods() * activities],
            tightest: Vec::new(),
            timeline,
            from,
            activities,
        };
        for (at, window) in windows.iter().enumerate() {
            resting.add(rule, context, window, 1 << at);
        }
        resting.index();
        resting
    }

    fn add(&mut self, rule: &FreeTime, context: &LineContext<'_>, window: &FreeWindow, flag: u16) {
        for period in 0..context.periods() {
            let inside = window.span.contains(context.span(period).start);
            for activity in window.when.iter().flatten().filter(|_| inside) {
                self.marks[period * self.activities + activity.index()] |= flag;
            }
        }
        let busy: Vec<Span> = self.timeline.history.iter().map(|duty| duty.span).collect();
        let past = Span::new(window.span.start, self.from.min(window.span.end));
        let held = i32::try_from(rule.free_intervals(&busy, past)).unwrap_or(i32::MAX);
        self.checkpoints.push(Checkpoint {
            end: window.span.end,
            needed: (i32::from(window.at_least) - held).max(0),
            flag: if window.when.is_some() { i32::from(flag) } else { 0 },
        });
    }

    fn index(&mut self) {
        let ends = &self.checkpoints;
        self.checkpoint_starts = (0..self.timeline.periods())
            .map(|p| ends.partition_point(|c| c.end <= self.timeline.start(p)))
            .collect();
        self.checkpoint_starts.push(ends.len());
        self.tightest = vec![(i64::MAX, 0); ends.len() + 1];
        for (at, checkpoint) in ends.iter().enumerate().rev() {
            let (mut slack, most) = self.tightest[at + 1];
            if checkpoint.flag == 0 {
                let own = i64::from(checkpoint.end)
                    - i64::from(checkpoint.needed) * i64::from(self.length);
                slack = slack.min(own);
            }
            self.tightest[at] = (slack, most.max(checkpoint.needed));
        }
    }

    /// Credits the free intervals that are complete by `now`.
    fn advance(&self, pause: &mut Pause, now: i32) {
        let complete = (now.saturating_sub(pause.since)).max(0) / self.length;
        pause.count += complete;
        pause.since += complete * self.length;
    }

    fn end(&self) -> i32 {
        self.checkpoints.first().map_or(i32::MIN, |checkpoint| checkpoint.end)
    }

    /// What the only window needs.
    fn needed(&self) -> u32 {
        self.checkpoints.first().map_or(0, |checkpoint| checkpoint.needed.max(0).cast_unsigned())
    }

    /// Credits what is complete by `now` inside the only window. Zero when it is over, else the
    /// beginning of what is left of the pause: at most [`length`](Self::length) before `now`.
    fn mode(&self, pause: &mut Pause, now: i32) -> u32 {
        self.advance(pause, now.min(self.end()));
        if now >= self.end() || pause.since >= self.end() {
            return 0;
        }
        (pause.since.saturating_sub(now) + self.length + 1).max(0).cast_unsigned()
    }

    /// What it costs to have only this at a checkpoint.
    fn pass(&self, pause: &mut Pause, checkpoint: &Checkpoint) -> Option<i64> {
        self.advance(pause, checkpoint.end);
        let applies = checkpoint.flag == 0 || pause.flags & checkpoint.flag != 0;
        self.form.cost(if applies { (checkpoint.needed - pause.count).into() } else { 0 })
    }

    /// Whether every later window can still get what it needs if no duty follows.
    fn hopeful(&self, pause: &Pause, next: usize) -> bool {
        let Some(checkpoint) = self.checkpoints.get(next) else { return true };
        if !self.form.is_hard() {
            return true;
        }
        let earned = i64::from(pause.count) * i64::from(self.length);
        pause.since > checkpoint.end
            || self.tightest[next].0 == i64::MAX
            || earned + self.tightest[next].0 >= i64::from(pause.since)
    }

    fn encode(&self, mut pause: Pause, next: usize, now: i32) -> u64 {
        let (_, most) = self.tightest[next];
        if next == self.checkpoints.len() || pause.count >= most {
            return 0;
        }
        self.advance(&mut pause, now);
        if pause.count >= most {
            return 0;
        }
        let open = self.checkpoints[next..].iter().fold(0, |all, checkpoint| all | checkpoint.flag);
        pack(pause.since, (pause.count << FLAGS) | (pause.flags & open))
    }
}

/// `None`: every later window already has what it needs.
fn decode(state: u64) -> Option<Pause> {
    let (since, low) = unpack(state)?;
    Some(Pause { count: low >> FLAGS, since, flags: low & ((1 << FLAGS) - 1) })
}

impl Automaton for Resting {
    fn start(&self) -> u64 {
        let past = self.timeline.history.iter().map(|duty| duty.span.end).max();
        let since = self.from.max(past.unwrap_or(i32::MIN));
        // Nothing may be credited before the common start of the windows.
        self.encode(Pause { count: 0, since, flags: 0 }, 0, self.timeline.start(0))
    }

    fn step(&self, state: u64, period: PeriodId, activity: ActivityId) -> Option<Step> {
        let p = period.index();
        let Some(mut pause) = decode(state) else { return Some(Step::free(0)) };
        pause.flags |= i32::from(self.marks[p * self.activities + activity.index()]);
        let (mut next, last) = (self.checkpoint_starts[p], self.checkpoint_starts[p + 1]);
        let mut cost = 0;
        for duty in self.timeline.duties(period, activity) {
            while next < last && self.checkpoints[next].end <= duty.span.start {
                cost += self.pass(&mut pause, &self.checkpoints[next])?;
                next += 1;
            }
            self.advance(&mut pause, duty.span.start);
            pause.since = pause.since.max(duty.span.end);
        }
        for checkpoint in &self.checkpoints[next..last] {
            cost += self.pass(&mut pause, checkpoint)?;
        }
        self.hopeful(&pause, last).then_some(())?;
        Some(Step { state: self.encode(pause, last, self.timeline.next(p)), cost })
    }

    fn kind(&self, period: PeriodId, activity: ActivityId) -> u64 {
        let flags = self.marks[period.index() * self.activities + activity.index()];
        self.timeline.kind(period, activity) << 16 | u64::from(flags)
    }

    fn dominates(&self, period: PeriodId, a: u64, b: u64) -> bool {
        let Some(a) = decode(a) else { return true };
        let Some(b) = decode(b) else { return false };
        let now = self.timeline.next(period.index());
        let behind = i64::from(a.since) - i64::from(b.since);
        let ahead = i64::from(a.count - b.count) * i64::from(self.length);
        a.flags & !b.flags == 0
            && a.count >= b.count
            && (a.since <= now || a.since <= b.since)
            && ahead >= behind
    }

    fn as_tally(&self) -> Option<&dyn Tally> {
        matches!(&self.checkpoints[..], [only] if only.flag == 0).then_some(self)
    }
}

/// Counts free intervals of the only window as soon as they are complete. The mode is where the rest
/// of the open pause begins, seen from the beginning of the next period.
impl Tally for Resting {
    fn start(&self) -> (u32, u32) {
        let past = self.timeline.history.iter().map(|duty| duty.span.end).max();
        let since = self.from.max(past.unwrap_or(i32::MIN));
        let mut pause = Pause { count: 0, since, flags: 0 };
        let mode = self.mode(&mut pause, self.timeline.start(0));
        (mode, pause.count.max(0).cast_unsigned())
    }

    fn step(&self, mode: u32, period: PeriodId, activity: ActivityId) -> Option<(u32, u32)> {
        let p = period.index();
        let Some(offset) = mode.checked_sub(1) else { return Some((0, 0)) };
        let since = self.timeline.start(p).saturating_add(offset.cast_signed() - self.length);
        let mut pause = Pause { count: 0, since, flags: 0 };
        for duty in self.timeline.duties(period, activity) {
            self.advance(&mut pause, duty.span.start.min(self.end()));
            pause.since = pause.since.max(duty.span.end);
        }
        let mode = self.mode(&mut pause, self.timeline.next(p));
        Some((mode, pause.count.max(0).cast_unsigned()))
    }

    fn kind(&self, period: PeriodId, activity: ActivityId) -> u64 {
        self.timeline.kind(period, activity)
    }

    fn limits(&self) -> (u32, u32) {
        let needed = self.needed();
        let room = (self.end().saturating_sub(self.from)).max(0) / self.length;
        let least = if self.form.is_hard() { needed } else { 0 };
        (least, needed.max(room.cast_unsigned()))
    }

    fn cost(&self, sum: u32) -> i64 {
        self.form.cost(self.needed().saturating_sub(sum).into()).unwrap_or(0)
    }
}
