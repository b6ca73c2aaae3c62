//! Re-planning: few changes, near changes dearer, frozen periods, other workers.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "support/team.rs"]
mod team;

use std::sync::Arc;

use sched_optimizer::rules::{Count, CountWindow, Succession};
use sched_optimizer::{
    Nearness, PeriodId, ProblemBuilder, Replanned, Rule, Status, WorkerId, replan, trade_offs,
};
use team::{duty, off, priced, roster, team, team_for, with_work};

fn worked(new: &Replanned, worker: usize) -> Vec<usize> {
    let line = new.outcome.roster.line(WorkerId::new(worker)).iter().enumerate();
    line.filter(|(_, activity)| **activity == duty()).map(|(day, _)| day).collect()
}

#[test]
fn weights_fall_in_a_line_from_today_to_one() {
    let nearness = Nearness::new(3, 1000);
    let weights = [-500, 0, 1, 499, 500, 501, 999, 1000, 9000].map(|at| nearness.weight(at));
    assert_eq!(weights, [3, 3, 3, 3, 2, 2, 2, 1, 1]);
    assert_eq!([0, 1].map(|at| Nearness::EVEN.weight(at)), [1, 1]);
}

#[test]
fn changes_move_away_from_today() {
    // Ada may have two duties only, and had four: any two of Ben's days are as good.
    let changed = team(&["Ada", "Ben"], 4, |builder| {
        at_most(builder, 4, 2);
        // By costs alone the first two days would go.
        for day in 0..4 {
            let cost = i64::from(day >= 2);
            builder.cost(WorkerId::new(1), PeriodId::new(day), duty(), cost);
        }
    });
    let old = roster(2, &[0; 4]);
    let nearness = |nearness| with_work(20_000).change_cost(2).nearness(nearness);
    let far = replan(&changed, &old, &nearness(Nearness::new(4, 3 * 1440)));
    assert_eq!((worked(&far, 0), worked(&far, 1)), (vec![0, 1], vec![2, 3]));
    assert_eq!(far.changes.weight, 2 * (2 + 1));
    let even = replan(&changed, &old, &nearness(Nearness::EVEN));
    assert_eq!((worked(&even, 1), even.changes.weight), (vec![0, 1], 4));
}

/// Ada may have so many duties in all.
fn at_most(builder: &mut ProblemBuilder, days: usize, most: u32) {
    use sched_optimizer::rules::{Count, CountWindow};
    let (what, windows) = ("duties".to_owned(), vec![CountWindow::at_most(0..days, most)]);
    let count = Count { what, activities: vec![duty()], windows, target: None };
    builder.rule(WorkerId::new(0), count);
}

#[test]
fn today_is_the_first_day_that_is_not_frozen() {
    let changed = team(&["Ada", "Ben"], 6, |builder| at_most(builder, 6, 4));
    let nearness = Nearness::new(4, 3 * 1440);
    let options = with_work(20_000).frozen_until(PeriodId::new(2)).nearness(nearness);
    let new = replan(&changed, &roster(2, &[0; 6]), &options);
    assert_eq!((worked(&new, 1), new.changes.weight), (vec![4, 5], 2 * (2 + 1)));
}

#[test]
fn a_changed_demand_or_capacity_changes_as_little_as_it_must() {
    // One more is wanted on one day, and there is room for one less on another.
    let changed = team_for(&["Ada", "Ben"], &[1, 2, 0, 1], |_| ());
    let new = replan(&changed, &roster(2, &[0, 1, 0, 1]), &with_work(20_000));
    assert_eq!([worked(&new, 0), worked(&new, 1)], [vec![0, 1], vec![1, 3]]);
    assert_eq!(new.changes.cells, [1, 2].map(|day| (WorkerId::new(0), PeriodId::new(day))));
}

#[test]
fn a_frozen_cell_that_is_forbidden_changes_and_the_past_beside_it_does_not() {
    let changed = team(&["Ada", "Ben"], 4, |builder| {
        builder.forbid(WorkerId::new(0), PeriodId::new(1), duty(), "was ill");
        // Without the freeze all of them would be Ben's.
        (0..4).for_each(|day| _ = builder.cost(WorkerId::new(0), PeriodId::new(day), duty(), 99));
    });
    let free = [Some(WorkerId::new(0)), None];
    let options = with_work(20_000).frozen_until(PeriodId::new(3)).change_cost(0).workers(free);
    let new = replan(&changed, &roster(2, &[0; 4]), &options);
    assert_eq!((worked(&new, 0), new.changes.forced), (vec![0, 2], 1));
    assert!(new.outcome.score.is_legal());
}

#[test]
fn a_swap_that_is_asked_for_is_made_and_nothing_else_changes() {
    let [ada, ben] = [0, 1].map(WorkerId::new);
    let [first, third] = [0, 2].map(PeriodId::new);
    let changed = team(&["Ada", "Ben"], 6, |builder| {
        builder.fix(ada, first, off(), "swapped").fix(ben, first, duty(), "swapped");
        builder.forbid(ben, third, duty(), "will not swap");
    });
    let new = replan(&changed, &roster(2, &[0, 1, 0, 1, 0, 1]), &with_work(20_000));
    assert_eq!(new.changes.cells, [(ada, first), (ben, first)]);
    assert_eq!((new.changes.forced, new.changes.workers), (2, vec![ada, ben]));
}

#[test]
fn who_left_is_replaced_and_the_others_keep_their_lines_under_new_ids() {
    let before = team(&["Ada", "Ben", "Cyd"], 6, |_| ());
    let old = roster(3, &[0, 1, 2, 0, 1, 2]);
    let after = team(&["Cyd", "Dan", "Ben"], 6, |_| ());
    let options = with_work(20_000).workers_by_name(&before, &after);
    assert_eq!(options.workers, Some(vec![None, Some(WorkerId::new(2)), Some(WorkerId::new(0))]));
    let new = replan(&after, &old, &options);
    assert!(new.outcome.score.is_legal());
    assert_eq!([0, 1, 2].map(|worker| worked(&new, worker)), [vec![2, 5], vec![0, 3], vec![1, 4]]);
    assert_eq!(new.changes.cells, [], "a new worker has nothing to change");
}

#[test]
fn whoever_has_no_line_any_more_keeps_the_old_one() {
    let window = CountWindow::at_most(0..4, 1);
    let what = "duties".to_owned();
    let once = Count { what, activities: vec![duty()], windows: vec![window], target: None };
    let never_twice = Succession { forbidden: vec![(duty(), duty())], history: None };
    let rules: [Arc<dyn Rule>; 2] = [Arc::new(once), Arc::new(never_twice)];
    for rule in rules {
        let changed = team(&["Ada", "Ben"], 4, |builder| _ = builder.rule(WorkerId::new(0), rule));
        let options = with_work(20_000).frozen_until(PeriodId::new(2));
        let new = replan(&changed, &roster(2, &[0, 0, 1, 0]), &options);
        assert_eq!(new.outcome.status, Status::Impossible(vec![WorkerId::new(0)]));
        assert_eq!(worked(&new, 0), [0, 1, 3]);
        assert_eq!(worked(&new, 1), [2]);
    }
}

#[test]
fn frozen_cells_stay_on_the_whole_curve_and_bind_nobody_new() {
    let changed = priced(8, 9);
    let old = roster(1, &[0; 8]);
    let options = with_work(200_000).frozen_until(PeriodId::new(3));
    let curve = trade_offs(&changed, &old, &options.workers([Some(WorkerId::new(0))]));
    assert!(curve.len() > 1);
    for point in &curve {
        assert!(worked(point, 0).starts_with(&[0, 1, 2]), "{point:?}");
        assert!(point.outcome.score.is_legal());
    }
    let free = trade_offs(&changed, &old, &with_work(200_000).workers([None]));
    assert_eq!(free.last().map(|point| point.outcome.score.soft), Some((0..8).sum()));
}

#[test]
fn periods_far_out_are_frozen_on_the_whole_curve() {
    // Each of Ada's days had better be Ben's.
    let changed = priced(8, 9);
    let old = roster(2, &[0; 8]);
    let options = with_work(200_000).freeze([5, 7].map(PeriodId::new));
    let curve = trade_offs(&changed, &old, &options);
    assert!(curve.len() > 1);
    assert!(curve.iter().all(|point| worked(point, 0).ends_with(&[7])));
    assert!(curve.iter().all(|point| worked(point, 0).contains(&5)));
    let least = curve.iter().map(|point| point.outcome.score.soft).min();
    assert_eq!(least, Some(9 + 9 + (1 + 2 + 3 + 4) + 6));
}

#[test]
fn nearness_counts_from_today_whatever_else_is_frozen() {
    let changed = team(&["Ada", "Ben"], 6, |builder| at_most(builder, 6, 4));
    let nearness = Nearness::new(4, 3 * 1440);
    let options = with_work(20_000).frozen_until(PeriodId::new(2)).nearness(nearness);
    let new = replan(&changed, &roster(2, &[0; 6]), &options.freeze([PeriodId::new(5)]));
    assert_eq!((worked(&new, 1), new.changes.weight), (vec![3, 4], 2 * (3 + 2)));
}

#[test]
fn a_frozen_cell_far_out_changes_only_when_it_is_forbidden() {
    let (ada, last) = (WorkerId::new(0), PeriodId::new(3));
    let changed = team(&["Ada", "Ben"], 4, |builder| {
        builder.forbid(ada, last, duty(), "will be away");
    });
    let old = roster(2, &[0; 4]);
    let frozen = replan(&changed, &old, &with_work(20_000).freeze([last]));
    assert_eq!((frozen.changes.cells, frozen.changes.forced), (vec![(ada, last)], 1));
    assert_eq!(frozen.outcome.status, Status::NotLegal, "nobody may stand in");
    let free = replan(&changed, &old, &with_work(20_000));
    assert_eq!(worked(&free, 1), [3]);
    assert!(free.outcome.score.is_legal());
}

#[test]
fn a_frozen_period_that_the_problem_does_not_have_freezes_nothing() {
    let changed = priced(4, 9);
    let options = with_work(20_000).change_cost(0);
    let new = replan(&changed, &roster(2, &[0; 4]), &options.freeze([4, 999].map(PeriodId::new)));
    assert_eq!(worked(&new, 1), [0, 1, 2, 3]);
}
