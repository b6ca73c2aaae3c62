//! Workers whom one line programme serves: they have the same choices and settled work, and rules whose
//! automata follow from that alone.

use std::collections::HashMap;

use super::Allowed;
use crate::fingerprint::Canon;
use crate::ids::WorkerId;
use crate::problem::Problem;

/// For every worker the first one with an equal line programme. Costs a pass over the problem.
pub(super) fn firsts(problem: &Problem, allowed: Allowed<'_>) -> Vec<WorkerId> {
    let mut canon = Canon::of(problem);
    let mut known = HashMap::new();
    let first = |worker: WorkerId| {
        let digest = problem.line_digest(worker, allowed.of(worker), &mut canon);
        digest.map_or(worker, |digest| *known.entry(digest).or_insert(worker))
    };
    problem.worker_ids().map(first).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::budget::{Budget, CancelToken, Clock};
    use crate::fingerprint::Canon;
    use crate::ids::{ActivityId, PeriodId, WorkerId};
    use crate::model::Model;
    use crate::problem::{Problem, ProblemBuilder};
    use crate::rule::{Automaton, Judgement, Line, LineContext, Rule};
    use crate::rules::{Count, CountWindow, Rest, Soft};
    use crate::time::{Duty, Shift, Span};

    const PERIODS: usize = 6;

    /// A count that does not say what its automata follow from.
    #[derive(Debug)]
    struct Private(Count);

    impl Rule for Private {
        fn judge(&self, line: &Line<'_>) -> Judgement {
            self.0.judge(line)
        }

        fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
            self.0.automata(context)
        }

        fn describe(&self, canon: &mut Canon) {
            self.0.describe(canon);
        }
    }

    fn rest(short: i32) -> Rest {
        Rest { join: 0, short, long_after: 1440, long: 0 }
    }

    fn count(most: u32) -> Count {
        let windows = vec![CountWindow::at_most(0..PERIODS, most)];
        let activities = vec![ActivityId::new(1)];
        Count { what: "duties".into(), activities, windows, target: None }
    }

    /// Whether two workers of whom the second is also changed by `change` share their programme.
    fn share(
        both: impl Fn(&mut ProblemBuilder, WorkerId),
        change: impl FnOnce(&mut ProblemBuilder, WorkerId),
    ) -> bool {
        let mut builder = Problem::builder();
        let [off, duty] = ["off", "duty"].map(|name| builder.activity(name));
        for day in 0..PERIODS {
            let midnight = i32::try_from(day).expect("few days") * 1440;
            let period = builder.period(format!("day {day}"), Span::new(midnight, midnight + 1440));
            builder.offer(period, off, None);
            builder.offer(period, duty, Some(Shift::new(midnight + 480, midnight + 960)));
        }
        let [ada, ben] = ["Ada", "Ben"].map(|name| builder.worker(name));
        both(&mut builder, ada);
        both(&mut builder, ben);
        change(&mut builder, ben);
        let problem = builder.build().expect("no fault");
        let clock = Clock::start(Budget::default(), CancelToken::default());
        let model = Model::new(&problem, 2, &clock).expect("nobody cancels");
        Arc::ptr_eq(&model.programs[0], &model.programs[1])
    }

    fn usual(builder: &mut ProblemBuilder, worker: WorkerId) {
        builder.rule(worker, rest(600)).rule(worker, Soft { rule: count(2), weight: 3 });
    }

    #[test]
    fn those_who_differ_in_costs_alone_share_a_programme() {
        assert!(share(usual, |_, _| ()));
        assert!(share(usual, |builder, ben| {
            builder.cost(ben, PeriodId::new(2), ActivityId::new(1), 7);
        }));
    }

    #[test]
    fn whoever_has_another_line_has_another_programme() {
        let (period, duty) = (PeriodId::new(2), ActivityId::new(1));
        assert!(!share(usual, |builder, ben| _ = builder.forbid(ben, period, duty, "away")));
        assert!(!share(usual, |builder, ben| {
            builder.duty(ben, Duty::in_house(-480, 0));
        }));
        assert!(!share(usual, |builder, ben| _ = builder.rule(ben, rest(660))));
        assert!(!share(usual, |builder, ben| {
            builder.rule(ben, Soft { rule: count(2), weight: 4 });
        }));
    }

    #[test]
    fn a_rule_that_may_know_who_somebody_is_is_not_shared() {
        let private = |builder: &mut ProblemBuilder, worker| {
            builder.rule(worker, Private(count(1)));
        };
        assert!(!share(private, |_, _| ()));
        let told = |builder: &mut ProblemBuilder, worker| {
            builder.rule(worker, Arc::new(rest(600)));
        };
        assert!(share(told, |_, _| ()));
    }

    #[test]
    fn what_is_left_of_the_choices_counts() {
        let mut builder = Problem::builder();
        let [off, duty] = ["off", "duty"].map(|name| builder.activity(name));
        let period = builder.period("a day", Span::new(0, 1440));
        builder.offer(period, off, None);
        builder.offer(period, duty, Some(Shift::new(480, 960)));
        for name in ["Ada", "Ben", "Cleo"] {
            builder.worker(name);
        }
        let problem = builder.build().expect("no fault");
        let clock = Clock::start(Budget::default(), CancelToken::default());
        let allowed = |worker: WorkerId| vec![true, worker.index() != 1];
        let model = Model::within(&problem, 1, &clock, allowed).expect("nobody cancels");
        assert!(!Arc::ptr_eq(&model.programs[0], &model.programs[1]));
        assert!(Arc::ptr_eq(&model.programs[0], &model.programs[2]));
    }
}
