//! What a change does to a roster is what judging the changed roster from scratch finds; sums by
//! anything add up to the score.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "support/moves.rs"]
mod moves;
#[path = "support/problems.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod problems;

use std::collections::BTreeSet;

use moves::{any_move, any_roster, changed};
use problems::{KINDS, Maker};
use proptest::prelude::*;
use sched_optimizer::{
    ActivityId, Analysis, Barrier, Demand, Effect, Penalty, PeriodId, Problem, Roster, Score,
    Shift, Source, Span, Standing, Triple, WorkerId,
};

fn breaches(problem: &Problem, analysis: &Analysis) -> Vec<String> {
    let mut all: Vec<String> = analysis.breaches(problem).collect();
    all.sort();
    all
}

/// `effect` against two judgements from scratch: the score, its parts, and the words.
fn agrees(problem: &Problem, before: &Roster, after: &Roster, effect: &Effect) {
    let [old, new] = [before, after].map(|roster| Analysis::new(problem, roster).unwrap());
    assert_eq!(effect.score, new.score);
    assert_eq!(effect.delta, new.score - old.score);
    assert_eq!(effect.parts.iter().map(|part| part.1).sum::<Score>(), effect.delta);
    let mut expected = breaches(problem, &old);
    for gone in &effect.removed {
        let words = gone.words(problem);
        let at = expected.iter().position(|one| *one == words);
        expected.remove(at.unwrap_or_else(|| panic!("{words} was not broken")));
    }
    expected.extend(effect.added.iter().map(|finding| finding.words(problem)));
    expected.sort();
    assert_eq!(expected, breaches(problem, &new));
}

/// Everything there is, a demand that only some workers count towards included.
fn team(seed: u64) -> Problem {
    let mut maker = Maker::new(seed, 8);
    let some = [0, 2].map(WorkerId::new).to_vec();
    for period in (0..8).map(PeriodId::new) {
        let demand = Demand::at_least("some", period, maker.activities(), 1);
        maker.builder.demand(Demand {
            workers: Some(some.clone()),
            under_cost: Penalty { linear: 3, square: 1 },
            ..demand
        });
    }
    maker.team(4, 4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_change_does_what_judging_it_from_scratch_says(seed: u64) {
        let (problem, mut rng) = (team(seed), fastrand::Rng::with_seed(seed));
        let mut roster = any_roster(&problem, &mut rng);
        let mut standing = Standing::new(&problem, roster.clone()).unwrap();
        for round in 0..200 {
            let moves: Vec<Triple> =
                (0..rng.usize(0..6)).map(|_| any_move(&problem, &mut rng)).collect();
            let after = changed(&roster, &moves);
            agrees(&problem, &roster, &after, &standing.what_if(&moves).unwrap());
            if round % 3 == 0 {
                let effect = standing.apply(&moves).unwrap();
                prop_assert_eq!(effect.score, standing.score());
                prop_assert_eq!(standing.roster(), after.clone());
                roster = after;
            }
        }
    }

    #[test]
    fn every_partition_adds_up_to_the_score(seed: u64) {
        let (problem, mut rng) = (team(seed), fastrand::Rng::with_seed(seed));
        for _ in 0..20 {
            let roster = any_roster(&problem, &mut rng);
            let analysis = Analysis::new(&problem, &roster).unwrap();
            let by_day = analysis.sums(&problem, |share| share.period.map(|p| p.index() / 2));
            prop_assert_eq!(analysis.by_name(&problem).into_values().sum::<Score>(), analysis.score);
            prop_assert_eq!(analysis.by_worker().into_values().sum::<Score>(), analysis.score);
            prop_assert_eq!(analysis.by_period(&problem).into_values().sum::<Score>(), analysis.score);
            prop_assert_eq!(by_day.into_values().sum::<Score>(), analysis.score);
        }
    }
}

/// Cells that change; `STANDING_CHANGES` asks for more or fewer.
const CHANGES: usize = 1_000_000;
const TEAMS: usize = 200;

/// Two workers who have a rule of every kind between them and may not do everything, under demands
/// and ratios.
fn every_kind(seed: u64) -> Problem {
    let mut maker = Maker::new(seed, 4);
    let workers = [(); 2].map(|()| maker.worker(true));
    for kind in 0..KINDS {
        let rule = maker.rule_of(kind);
        maker.builder.rule(workers[maker.rng.usize(0..2)], rule);
    }
    for worker in workers {
        let period = PeriodId::new(maker.rng.usize(0..4));
        maker.builder.forbid(worker, period, ActivityId::new(2), "not today");
    }
    maker.cover()
}

#[test]
fn deltas_of_a_million_changes_add_up_to_the_score_from_scratch() {
    let count = std::env::var("STANDING_CHANGES").ok();
    let count = count.map_or(CHANGES, |count| count.parse().unwrap());
    let mut touched = BTreeSet::new();
    for seed in 0..TEAMS as u64 {
        let (problem, mut rng) = (every_kind(seed), fastrand::Rng::with_seed(seed));
        let mut standing = Standing::new(&problem, any_roster(&problem, &mut rng)).unwrap();
        let (mut sum, mut made) = (standing.score(), 0);
        while made < count / TEAMS {
            let moves = [(); 3].map(|()| any_move(&problem, &mut rng));
            let moves = &moves[..rng.usize(1..4)];
            let effect = standing.apply(moves).unwrap();
            sum += effect.delta;
            let score = Analysis::new(&problem, &standing.roster()).unwrap().score;
            assert_eq!((sum, effect.score), (score, score), "{seed}: {moves:?}");
            for (source, _) in effect.parts {
                touched.insert(match source {
                    Source::Demand(_) => "a demand".to_owned(),
                    Source::Ratio(_) => "a ratio".to_owned(),
                    source => source.name(&problem).to_owned(),
                });
            }
            made += moves.len();
        }
    }
    // Every kind of rule, a cell, a demand and a ratio.
    assert_eq!(touched.len(), KINDS + 3, "{touched:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_change_that_is_taken_back_leaves_nothing(seed: u64) {
        let (problem, mut rng) = (every_kind(seed), fastrand::Rng::with_seed(seed));
        let mut standing = Standing::new(&problem, any_roster(&problem, &mut rng)).unwrap();
        for _ in 0..100 {
            let (before, score) = (standing.roster(), standing.score());
            let moves: Vec<Triple> =
                (0..rng.usize(1..5)).map(|_| any_move(&problem, &mut rng)).collect();
            let back = moves.iter().map(|made| {
                let activity = before.get(made.worker, made.period).unwrap();
                Triple { activity, ..*made }
            });
            let back: Vec<Triple> = back.collect();
            let there = standing.apply(&moves).unwrap();
            let again = standing.apply(&back).unwrap();
            prop_assert_eq!((standing.roster(), standing.score()), (before, score));
            prop_assert_eq!(there.delta + again.delta, Score::default());
            prop_assert_eq!(&there.added, &again.removed);
            prop_assert_eq!(&there.removed, &again.added);
            // What is asked afterwards is answered as if nothing had been.
            let fresh = Standing::new(&problem, standing.roster()).unwrap();
            prop_assert_eq!(standing.what_if(&moves).unwrap(), fresh.what_if(&moves).unwrap());
        }
    }
}

const OFF: usize = 0;
const DUTY: usize = 1;

/// Three days; Ada is on leave on the second, and a duty on the third costs her 4.
fn week() -> Problem {
    let mut builder = Problem::builder();
    let [off, duty] = ["off", "duty"].map(|name| builder.activity(name));
    builder.activity("clinic");
    for day in 0..3 {
        let period = builder.period(format!("day {day}"), Span::new(day * 1440, day * 1440 + 1440));
        builder.offer(period, off, None);
        let shift = Shift::new(day * 1440 + 480, day * 1440 + 960);
        builder.offer(period, duty, Some(shift));
    }
    let ada = builder.worker("Ada");
    builder.worker("Ben");
    builder.forbid(ada, PeriodId::new(1), duty, "on leave");
    builder.cost(ada, PeriodId::new(2), duty, 4);
    builder.build().unwrap()
}

fn idle(problem: &Problem) -> Standing<'_> {
    let lines = vec![vec![ActivityId::new(OFF); problem.periods()]; problem.workers()];
    Standing::new(problem, Roster::from_lines(problem.periods(), &lines).unwrap()).unwrap()
}

#[test]
fn what_the_problem_excludes_is_told_with_its_reason() {
    let problem = week();
    let standing = idle(&problem);
    let ada = WorkerId::new(0);
    let why = |day, activity| {
        standing.why_not(ada, PeriodId::new(day), ActivityId::new(activity)).unwrap()
    };
    assert_eq!(why(0, DUTY).barrier, None);
    assert!(why(0, DUTY).effect.is_legal());
    assert_eq!(why(1, DUTY).barrier, Some(Barrier::Removed("on leave")));
    let words = why(1, DUTY).effect.added[0].words(&problem);
    assert_eq!(words, "Ada: duty is not possible (on leave) in day 1");
    assert_eq!(why(1, 2).barrier, Some(Barrier::NotOffered));
    assert_eq!(why(2, DUTY).effect.delta, Score { hard: 0, soft: 4 });
}

#[test]
fn who_could_do_it_best_comes_first() {
    let problem = week();
    let standing = idle(&problem);
    let could = |day| {
        let all = standing.who_could(PeriodId::new(day), ActivityId::new(DUTY)).unwrap();
        all.into_iter().map(|(worker, effect)| (worker.index(), effect.delta.soft)).collect()
    };
    let names: [Vec<(usize, i64)>; 2] = [could(1), could(2)];
    assert_eq!(names, [vec![(1, 0)], vec![(1, 0), (0, 4)]]);
}

#[test]
fn a_cell_of_nowhere_is_refused_and_changes_nothing() {
    let problem = week();
    let mut standing = idle(&problem);
    let before = standing.roster();
    for (worker, period, activity) in [(2, 0, 0), (0, 3, 0), (0, 0, 3)] {
        let (worker, period) = (WorkerId::new(worker), PeriodId::new(period));
        let nowhere = Triple { worker, period, activity: ActivityId::new(activity) };
        let fine = Triple {
            worker: WorkerId::new(0),
            ..any_move(&problem, &mut fastrand::Rng::with_seed(1))
        };
        assert_eq!(standing.apply(&[fine, nowhere]).unwrap_err().0, nowhere);
    }
    assert_eq!(standing.roster(), before);
}

#[test]
fn the_cost_of_a_line_belongs_to_no_period() {
    let problem = team(4);
    let roster = any_roster(&problem, &mut fastrand::Rng::with_seed(4));
    let analysis = Analysis::new(&problem, &roster).unwrap();
    for share in analysis.shares(&problem).filter(|share| share.period.is_none()) {
        assert!(matches!(share.source, Source::Rule { .. }) && share.score.hard == 0);
    }
}
