//! Rules about one worker's line, said twice: plainly, and as automata.
//!
//! [`Rule::judge`] defines a rule on a finished line; the checker and every report use it alone.
//! [`Rule::automata`] says the same step by step, so that the line programme can find the best line
//! that keeps the rule. **The law**: the automata accept a line exactly when `judge` finds no
//! breach, and then both give the same cost. [`automata_cost`] lets a test compare the two.

use std::fmt::Debug;
use std::sync::Arc;

use crate::fingerprint::Canon;
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::score::Score;
use crate::tally::Tally;
use crate::time::{Duty, DutyKind, Shift, Span};

/// A property of one worker's line.
///
/// Sharing a rule between workers is cheap: `Arc<R>` is a rule where `R` is one.
pub trait Rule: Debug + Send + Sync {
    /// Breaches and cost of a finished line: the definition of the rule.
    fn judge(&self, line: &Line<'_>) -> Judgement;

    /// The rule as automata that all have to accept; costs add up. Empty: no rule at all.
    ///
    /// Automata with few states are cheap. A rule made of independent parts should return one
    /// automaton for each part.
    fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>>;

    /// Writes everything the rule depends on, so that two rules that may judge differently differ
    /// in their [fingerprint](crate::Fingerprint). What the problem itself holds is described already.
    fn describe(&self, canon: &mut Canon);

    /// Names the activities and costs that the problem is to check when it is built. What is not named may
    /// cost too much to be added up: the search never takes a line for cheap that is dear, but may take it
    /// for [refused](Step::cost). Default: none.
    fn parameters(&self, parameters: &mut Parameters) {
        _ = parameters;
    }

    /// What the rule is called in reports. Default: the name of its type.
    fn name(&self) -> &str {
        std::any::type_name::<Self>()
    }

    /// Whether a line can break the rule. One that only ever costs excludes nothing and is never part of a
    /// [`Conflict`](crate::Conflict). Default: it can.
    fn is_hard(&self) -> bool {
        true
    }

    /// Whether the automata follow from what [`describe`](Self::describe) writes, from the periods with what
    /// they offer, and from the worker's choices and settled work: not from who the worker is, from costs, or
    /// from other workers. Workers who are alike in all of these, and have only such rules, are prepared
    /// for the search once. Default: no.
    fn is_impersonal(&self) -> bool {
        false
    }
}

impl<R: Rule + ?Sized> Rule for Arc<R> {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        R::judge(self, line)
    }

    fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        R::automata(self, context)
    }

    fn describe(&self, canon: &mut Canon) {
        R::describe(self, canon);
    }

    fn parameters(&self, parameters: &mut Parameters) {
        R::parameters(self, parameters);
    }

    fn name(&self) -> &str {
        R::name(self)
    }

    fn is_hard(&self) -> bool {
        R::is_hard(self)
    }

    fn is_impersonal(&self) -> bool {
        R::is_impersonal(self)
    }
}

/// Reads a line period by period with one word of memory.
///
/// States that allow the same futures at the same cost should be the same word: labels merge by it.
/// A line that can no longer be accepted should be refused at once.
pub trait Automaton: Send + Sync {
    /// The state before the first period; history belongs in here.
    fn start(&self) -> u64;

    /// The state after `activity` was worked in `period`, or `None` when the line is refused.
    fn step(&self, state: u64, period: PeriodId, activity: ActivityId) -> Option<Step>;

    /// The last cost, in the range of [`Step::cost`], or `None` when the line is refused. Default: accepts
    /// for nothing.
    fn finish(&self, state: u64) -> Option<i64> {
        _ = state;
        Some(0)
    }

    /// A number that activities of `period` share only when they are the same step from every state: then
    /// one step is taken for all of them. Default: each has its own.
    fn kind(&self, period: PeriodId, activity: ActivityId) -> u64 {
        _ = period;
        activity.index() as u64
    }

    /// Whether `a` is at least as good as `b` after `period`: every completion accepted from `b` is
    /// accepted from `a` at no higher cost. Must be sound, need not be complete; the default only
    /// knows equal states.
    fn dominates(&self, period: PeriodId, a: u64, b: u64) -> bool {
        _ = period;
        a == b
    }

    /// The automaton as a sum, when it is one; [`Summed`](crate::Summed) fills this in. Default: it
    /// is none.
    fn as_tally(&self) -> Option<&dyn Tally> {
        None
    }
}

/// One accepted step of an [`Automaton`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The new state.
    pub state: u64,
    /// What the step costs; not negative. Where it is, or where a line comes to more than
    /// 1,000,000,000,000,000, the search takes the line for refused: see [`Parameters`].
    pub cost: i64,
}

impl Step {
    /// A step that costs nothing.
    #[must_use]
    pub const fn free(state: u64) -> Self {
        Self { state, cost: 0 }
    }
}

/// The cost the automata give to `line`, or `None` when one of them refuses it.
#[must_use]
pub fn automata_cost(automata: &[Box<dyn Automaton>], line: &Line<'_>) -> Option<i64> {
    let mut total = 0;
    for automaton in automata {
        let mut state = automaton.start();
        for (period, &activity) in line.activities().iter().enumerate() {
            let step = automaton.step(state, PeriodId::new(period), activity)?;
            total = step.cost.saturating_add(total);
            state = step.state;
        }
        total = automaton.finish(state)?.saturating_add(total);
    }
    Some(total)
}

/// What a rule finds in a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Where the line breaks the rule.
    pub breaches: Vec<Breach>,
    /// Soft cost, not negative. Sums of costs end at `i64::MAX`.
    pub cost: i64,
}

impl Judgement {
    /// Adds a breach of `amount` units at `minute`.
    pub fn breach(&mut self, minute: i32, amount: impl Into<i64>, message: impl Into<String>) {
        let breach = Breach { minute, amount: amount.into().max(1), message: message.into() };
        self.breaches.push(breach);
    }

    /// The amounts of all breaches, and the cost.
    #[must_use]
    pub fn score(&self) -> Score {
        let amounts = self.breaches.iter().map(|breach| breach.amount);
        Score { hard: amounts.fold(0, i64::saturating_add), soft: self.cost }
    }
}

/// One place where a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The minute since the origin at which it shows.
    pub minute: i32,
    /// How much it is broken by, in the rule's own unit (minutes, cells); at least one.
    pub amount: i64,
    /// What is wrong, in the words of the problem.
    pub message: String,
}

/// What is known about a worker before a line is chosen.
#[derive(Clone, Copy, Debug)]
pub struct LineContext<'p> {
    problem: &'p Problem,
    worker: WorkerId,
}

impl<'p> LineContext<'p> {
    /// The context of `worker`.
    #[must_use]
    pub const fn new(problem: &'p Problem, worker: WorkerId) -> Self {
        Self { problem, worker }
    }

    /// The problem.
    #[must_use]
    pub const fn problem(&self) -> &'p Problem {
        self.problem
    }

    /// The worker.
    #[must_use]
    pub const fn worker(&self) -> WorkerId {
        self.worker
    }

    /// Number of periods.
    #[must_use]
    pub fn periods(&self) -> usize {
        self.problem.periods()
    }

    /// When a period is.
    #[must_use]
    pub fn span(&self, period: usize) -> Span {
        self.problem.period_span(PeriodId::new(period))
    }

    /// First minute of the first period. Duties that start before it are history.
    #[must_use]
    pub fn origin(&self) -> i32 {
        self.span(0).start
    }

    /// What the worker may do in a period.
    pub fn choices(&self, period: usize) -> impl Iterator<Item = ActivityId> + 'p {
        self.problem.choices(self.worker, PeriodId::new(period)).iter().map(|c| c.activity)
    }

    /// The times of `activity` in `period`; `None` when it is no duty.
    #[must_use]
    pub fn shift(&self, period: usize, activity: ActivityId) -> Option<Shift> {
        self.problem.shift(PeriodId::new(period), activity)
    }

    /// Settled work outside of the cells, by start.
    #[must_use]
    pub fn duties(&self) -> &'p [Duty] {
        self.problem.duties(self.worker)
    }
}

/// One worker's finished line: an activity for every period.
#[derive(Clone, Copy, Debug)]
pub struct Line<'p> {
    context: LineContext<'p>,
    activities: &'p [ActivityId],
    duties: Option<&'p [Duty]>,
}

impl<'p> Line<'p> {
    /// The line of `worker` that works `activities`, one for each period.
    #[must_use]
    pub const fn new(problem: &'p Problem, worker: WorkerId, activities: &'p [ActivityId]) -> Self {
        Self { context: LineContext::new(problem, worker), activities, duties: None }
    }

    /// The line with its own [`duties`](Self::duties) at hand: several rules ask for them.
    pub(crate) const fn with_duties(mut self, duties: &'p [Duty]) -> Self {
        self.duties = Some(duties);
        self
    }

    /// What was known before.
    #[must_use]
    pub const fn context(&self) -> LineContext<'p> {
        self.context
    }

    /// The activities by period.
    #[must_use]
    pub const fn activities(&self) -> &'p [ActivityId] {
        self.activities
    }

    /// All duties by start: the shifts of the cells and the settled ones.
    #[must_use]
    pub fn duties(&self) -> Vec<Duty> {
        if let Some(duties) = self.duties {
            return duties.to_vec();
        }
        let mut all = Vec::with_capacity(self.activities.len() + self.context.duties().len());
        all.extend(self.activities.iter().enumerate().filter_map(|(period, &activity)| {
            let shift = self.context.shift(period, activity)?;
            Some(Duty { span: shift.span, handover: shift.handover, kind: DutyKind::InHouse })
        }));
        all.extend_from_slice(self.context.duties());
        all.sort_by_key(|duty| (duty.span.start, duty.span.end));
        all
    }

    /// Duties that overlap or touch joined into the stretches on which the worker is on duty.
    #[must_use]
    pub fn busy(&self) -> Vec<Span> {
        let mut busy: Vec<Span> = Vec::new();
        for duty in self.duties() {
            match busy.last_mut() {
                Some(last) if duty.span.start <= last.end => last.end = last.end.max(duty.span.end),
                _ => busy.push(duty.span),
            }
        }
        busy
    }

    /// How many periods out of `periods` are spent on one of `activities`.
    #[must_use]
    pub fn count(&self, periods: impl Iterator<Item = usize>, activities: &[ActivityId]) -> usize {
        periods
            .filter_map(|period| self.activities.get(period))
            .filter(|activity| activities.contains(activity))
            .count()
    }
}
