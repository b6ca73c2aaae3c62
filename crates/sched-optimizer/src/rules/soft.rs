//! Rules that cost where they would forbid.

use std::sync::Arc;

use crate::fingerprint::Canon;
use crate::parameters::Parameters;
use crate::rule::{Automaton, Judgement, Line, LineContext, Rule};

/// A rule that may be broken at a cost: `weight` for each unit that a breach of it amounts to.
///
/// Units are the rule's own: minutes for [`Rest`](super::Rest), [`Stretch`](super::Stretch) and
/// [`Hours`](super::Hours), intervals for [`FreeTime`](super::FreeTime), cells, groups or whatever is added
/// up for the others. What `rule` charges anyway, such as the distance from a target, is charged as before.
///
/// A worker may have the same rule twice: hard where nothing gives way, and soft with tighter limits.
///
/// ```
/// use sched_optimizer::rules::{Rest, Soft};
/// use sched_optimizer::{Analysis, Problem, Roster, Shift, Span};
///
/// # let mut builder = Problem::builder();
/// # let duty = builder.activity("duty");
/// # for day in 0..2 {
/// #     let period = builder.period(format!("day {day}"), Span::new(day * 720, day * 720 + 720));
/// #     builder.offer(period, duty, Some(Shift::new(day * 720, day * 720 + 600)));
/// # }
/// let ada = builder.worker("Ada");
/// let rest = |short| Rest { join: 0, short, long_after: 1440, long: 0 };
/// builder.rule(ada, rest(60));
/// builder.rule(ada, Soft { rule: rest(180), weight: 2 });
/// let problem = builder.build()?;
///
/// // Two hours between two duties: legal, and an hour less than wished.
/// let roster = Roster::from_lines(2, &[vec![duty, duty]]).ok_or("one cell each")?;
/// let score = Analysis::new(&problem, &roster)?.score;
/// assert_eq!((score.hard, score.soft), (0, 60 * 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cost
///
/// A hard rule leaves few states; a soft one has to remember how far every line is from keeping it. What
/// looks at a few periods ([`Rest`](super::Rest), [`Run`](super::Run), [`Succession`](super::Succession), ...)
/// makes a line a small multiple dearer to find. What is added up over many ([`Hours`](super::Hours),
/// [`FreeTime`](super::FreeTime), [`Total`](super::Total), ...) is told apart up to the most that can be
/// reached, and may make it ten times dearer. The line programme has room for one or two such sums of a
/// worker; with more, its lines are good rather than best. Either way the bound climbs more slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Soft<R> {
    /// The rule.
    pub rule: R,
    /// What one unit of a breach costs; not negative.
    pub weight: i64,
}

/// A rule that can be made [`Soft`].
///
/// **The law**: the automata refuse no line, and charge what `rule` costs and `weight` for each unit of
/// the breaches that [`Rule::judge`] finds. [`automata_cost`](crate::automata_cost) lets a test compare.
pub trait Soften: Rule {
    /// The automata of the soft rule.
    fn soft_automata(&self, context: &LineContext<'_>, weight: i64) -> Vec<Box<dyn Automaton>>;

    /// The most that all breaches of one line can amount to, or more; with the weight it says whether sums
    /// of costs [could overflow](Parameters). `size` knows how large a line is.
    fn most(&self, size: &Parameters) -> u64;
}

impl<R: Soften + ?Sized> Soften for Arc<R> {
    fn soft_automata(&self, context: &LineContext<'_>, weight: i64) -> Vec<Box<dyn Automaton>> {
        R::soft_automata(self, context, weight)
    }

    fn most(&self, size: &Parameters) -> u64 {
        R::most(self, size)
    }
}

impl<R: Soften> Rule for Soft<R> {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let Judgement { breaches, cost } = self.rule.judge(line);
        let amounts = breaches.iter().fold(0, |sum: i64, breach| sum.saturating_add(breach.amount));
        let cost = cost.saturating_add(self.weight.saturating_mul(amounts));
        Judgement { breaches: Vec::new(), cost }
    }

    fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        self.rule.soft_automata(context, self.weight)
    }

    fn describe(&self, canon: &mut Canon) {
        let Self { rule, weight } = self;
        rule.describe(canon);
        canon.text("soft");
        canon.int(*weight);
    }

    fn parameters(&self, parameters: &mut Parameters) {
        self.rule.parameters(parameters);
        parameters.cost(self.weight, self.rule.most(parameters));
    }

    fn name(&self) -> &str {
        self.rule.name()
    }

    fn is_hard(&self) -> bool {
        false
    }

    fn is_impersonal(&self) -> bool {
        self.rule.is_impersonal()
    }
}
