//! What may follow what.

use crate::fingerprint::Canon;
use crate::ids::{ActivityId, PeriodId};
use crate::parameters::Parameters;
use crate::rule::{Automaton, Judgement, Line, LineContext, Rule, Step};
use crate::rules::Soften;
use crate::rules::form::Form;

/// Activities that may not follow each other in consecutive periods: no early shift on the day after
/// a night.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Succession {
    /// Pairs `(earlier, later)`: where `earlier` is worked, `later` may not be worked in the next
    /// period. The other order stays possible.
    pub forbidden: Vec<(ActivityId, ActivityId)>,
    /// What was worked just before the horizon; `None`: nothing that forbids anything.
    pub history: Option<ActivityId>,
}

impl Rule for Succession {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let mut judgement = Judgement::default();
        let problem = line.context().problem();
        let mut before = self.history;
        for (period, &later) in line.activities().iter().enumerate() {
            if let Some(earlier) = before
                && self.forbidden.contains(&(earlier, later))
            {
                let [a, b] = [earlier, later].map(|activity| problem.activity_name(activity));
                let minute = line.context().span(period).start;
                judgement.breach(minute, 1, format!("{b} follows {a}"));
            }
            before = Some(later);
        }
        judgement
    }

    fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Hard)
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.activities(self.forbidden.iter().flat_map(|(first, second)| [first, second]));
        parameters.activities(&self.history);
    }

    fn describe(&self, canon: &mut Canon) {
        let Self { forbidden, history } = self;
        canon.bag(forbidden, |c, &(earlier, later)| {
            c.activity(earlier);
            c.activity(later);
        });
        canon.option(*history, |c, activity| c.activity(activity));
    }

    fn name(&self) -> &str {
        "succession"
    }

    fn is_impersonal(&self) -> bool {
        true
    }
}

impl Soften for Succession {
    fn soft_automata(&self, context: &LineContext<'_>, weight: i64) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Soft(weight))
    }

    fn most(&self, size: &Parameters) -> u64 {
        size.cells()
    }
}

impl Succession {
    fn with(&self, context: &LineContext<'_>, form: Form) -> Vec<Box<dyn Automaton>> {
        let following = Following::new(self, context, form);
        if following.asks_nothing() { Vec::new() } else { vec![Box::new(following)] }
    }
}

/// The state that forbids nothing; every other one is an activity plus one.
const FREE: u32 = 0;

/// State: what was worked last, as the first activity that forbids the same of what the worker may
/// do next. Activities that agree on that are one state.
struct Following {
    form: Form,
    activities: usize,
    /// By earlier activity, then later.
    forbidden: Vec<bool>,
    start: u32,
    /// The state after a period, by period, then activity.
    states: Vec<u32>,
}

impl Following {
    fn new(rule: &Succession, context: &LineContext<'_>, form: Form) -> Self {
        let activities = context.problem().activities();
        let mut forbidden = vec![false; activities * activities];
        for (earlier, later) in &rule.forbidden {
            if earlier.index() < activities && later.index() < activities {
                forbidden[earlier.index() * activities + later.index()] = true;
            }
        }
        let mut following = Self { form, activities, forbidden, start: FREE, states: Vec::new() };
        let history = rule.history.filter(|activity| activity.index() < activities);
        let alive = following.alive_choices(context);
        let mut states = following.states_before(&alive[0]);
        following.start = history.map_or(FREE, |activity| states[activity.index()]);
        for both in alive.windows(2) {
            // Most periods offer what the one before did.
            if both[0] != both[1] {
                states = following.states_before(&both[1]);
            }
            following.states.extend_from_slice(&states);
        }
        following
    }

    /// For every period the choices from which some line leads on to the end: what forbids only the others
    /// forbids nothing. No choices after the horizon.
    fn alive_choices(&self, context: &LineContext<'_>) -> Vec<Vec<usize>> {
        let mut alive: Vec<Vec<usize>> = vec![Vec::new()];
        for period in (0..context.periods()).rev() {
            let later = alive.last().filter(|_| period + 1 < context.periods());
            let leads_on = |&earlier: &usize| {
                !self.form.is_hard()
                    || later.is_none_or(|later| later.iter().any(|&l| !self.forbids(earlier, l)))
            };
            let own = context.choices(period).map(ActivityId::index).filter(leads_on).collect();
            alive.push(own);
        }
        alive.reverse();
        alive
    }

    /// For every activity the state that it leaves behind when one of `later` has to follow.
    fn states_before(&self, later: &[usize]) -> Vec<u32> {
        let row = |earlier: usize| later.iter().map(move |&l| self.forbids(earlier, l));
        let state = |earlier: usize| {
            if !row(earlier).any(|forbids| forbids) {
                return FREE;
            }
            let first = (0..earlier).find(|&other| row(other).eq(row(earlier))).unwrap_or(earlier);
            u32::try_from(first + 1).unwrap_or(FREE)
        };
        (0..self.activities).map(state).collect()
    }

    fn forbids(&self, earlier: usize, later: usize) -> bool {
        self.forbidden[earlier * self.activities + later]
    }

    fn asks_nothing(&self) -> bool {
        self.start == FREE && self.states.iter().all(|&state| state == FREE)
    }

    fn row(&self, state: u64) -> Option<&[bool]> {
        let earlier = usize::try_from(state.checked_sub(1)?).ok()?;
        self.forbidden.get(earlier * self.activities..(earlier + 1) * self.activities)
    }
}

impl Automaton for Following {
    fn start(&self) -> u64 {
        u64::from(self.start)
    }

    fn step(&self, state: u64, period: PeriodId, activity: ActivityId) -> Option<Step> {
        let forbidden = self.row(state).is_some_and(|row| row[activity.index()]);
        let cost = self.form.cost(forbidden.into())?;
        let at = period.index() * self.activities + activity.index();
        Some(Step { state: self.states[at].into(), cost })
    }

    fn dominates(&self, _: PeriodId, a: u64, b: u64) -> bool {
        let subset = |a: &[bool], b: &[bool]| a.iter().zip(b).all(|(a, b)| *b || !*a);
        match (self.row(a), self.row(b)) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(x), Some(y)) => a == b || subset(x, y),
        }
    }
}
