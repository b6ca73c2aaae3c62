//! Small problems, solved by listing every roster and judging it from scratch.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "support/problems.rs"]
mod problems;

use std::ops::ControlFlow;

use problems::{Maker, all_lines};
use proptest::prelude::*;
use sched_optimizer::{
    ActivityId, Analysis, Budget, Certificate, Demand, Options, Outcome, Penalty, Problem, Pruned,
    Ratio, Refused, Roster, Score, Solver, Span, Status, Triple, prune, prune_with, verify,
};

/// Periods of the problems of one worker, and of those of two.
const PERIODS: [usize; 2] = [4, 3];

fn all_rosters(problem: &Problem) -> Vec<(Roster, Score)> {
    let periods = problem.periods();
    let lines = all_lines(periods);
    let mut teams: Vec<Vec<Vec<ActivityId>>> = vec![Vec::new()];
    for _ in 0..problem.workers() {
        let longer = |team: Vec<Vec<ActivityId>>| {
            lines.iter().map(move |line| [team.clone(), vec![line.clone()]].concat())
        };
        teams = teams.into_iter().flat_map(longer).collect();
    }
    let judged = teams.into_iter().map(|team| {
        let roster = Roster::from_lines(periods, &team).unwrap();
        let score = Analysis::new(problem, &roster).unwrap().score;
        (roster, score)
    });
    judged.collect()
}

fn keeps_all(problem: &Problem, pruned: &Pruned, roster: &Roster) -> bool {
    problem.worker_ids().all(|worker| {
        problem.period_ids().all(|period| {
            let activity = roster.get(worker, period).unwrap();
            pruned.keeps(Triple { worker, period, activity })
        })
    })
}

fn solve(problem: &Problem, seed: u64) -> Outcome {
    let options = Options::default().budget(Budget::work(6_000)).threads(1).seed(seed);
    Solver::new(options).solve(problem, |_| ControlFlow::Continue(()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// One worker: the line programme is exact, so the best roster is found and no better exists.
    #[test]
    fn the_line_programme_finds_the_best_line(seed: u64, rules in 1..4usize) {
        let problem = Maker::new(seed, PERIODS[0]).team(1, rules);
        let best = all_rosters(&problem).into_iter().map(|(_, score)| score).min().unwrap();
        let outcome = solve(&problem, seed);
        if best.is_legal() {
            prop_assert_eq!(outcome.score, best);
            prop_assert!(outcome.bound <= best.soft);
        } else {
            prop_assert!(matches!(outcome.status, Status::NotLegal | Status::Impossible(_)));
        }
    }
}

/// Other prices, claimed to prove nothing.
fn tampered(certificate: &Certificate, rng: &mut fastrand::Rng) -> Certificate {
    let mut other = |price: &i64| price + rng.i64(-8..9) * Certificate::PARTS;
    let demands = certificate.demands.iter().map(&mut other).collect();
    let ratios = certificate.ratios.iter().map(|price| other(price).max(0)).collect();
    Certificate { demands, ratios, bound: 0 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a certificate proves lies between the claimed bound and the best roster, whatever its
    /// prices are, and a claim above that is refused.
    #[test]
    fn a_certificate_proves_its_bound_and_no_more(seed: u64, rules in 0..4usize) {
        let problem = Maker::new(seed, PERIODS[1]).team(2, rules);
        let rosters = all_rosters(&problem).into_iter().map(|(_, score)| score);
        let best = rosters.min().filter(|score| score.is_legal()).map_or(i64::MAX, |s| s.soft);
        let Outcome { certificate, bound, .. } = solve(&problem, seed);
        prop_assert_eq!(certificate.bound, bound);
        let mut rng = fastrand::Rng::with_seed(seed);
        let others: Vec<Certificate> = (0..4).map(|_| tampered(&certificate, &mut rng)).collect();
        for mut certificate in [vec![certificate], others].concat() {
            let proved = verify(&problem, &certificate);
            prop_assert!(proved.is_ok(), "refused {:?}", proved);
            let proved = proved.unwrap();
            prop_assert!(proved <= best, "{} is proved, {} is the best", proved, best);
            if proved < i64::MAX {
                certificate.bound = proved + 1;
                let refused = Refused::NotProved { claimed: proved + 1, proved };
                prop_assert_eq!(verify(&problem, &certificate), Err(refused));
            }
        }
    }
}

#[test]
fn a_certificate_needs_a_price_for_everything_and_none_below_zero_for_a_ratio() {
    let problem = Maker::new(0, PERIODS[1]).team(2, 1);
    let good = solve(&problem, 0).certificate;
    let short = Certificate { demands: good.demands[1..].to_vec(), ..good.clone() };
    assert_eq!(verify(&problem, &short), Err(Refused::WrongShape));
    let mut negative = good;
    negative.ratios[1] = -1;
    assert_eq!(verify(&problem, &negative), Err(Refused::NegativePrice { ratio: 1 }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    /// Two workers: the bound is below every legal roster, the score is legal where one
    /// is, a claim of optimality is true, and pruning loses no legal roster.
    #[test]
    fn bound_and_pruning_lose_no_legal_roster(seed: u64, rules in 0..3usize) {
        let problem = Maker::new(seed, PERIODS[1]).team(2, rules);
        let legal: Vec<(Roster, Score)> =
            all_rosters(&problem).into_iter().filter(|(_, score)| score.is_legal()).collect();
        let outcome = solve(&problem, seed);
        let pruned = prune(&problem);
        prop_assert_eq!(pruned.before, pruned.after + pruned.removed.len());
        prop_assert_eq!(pruned.by_reason().values().sum::<usize>(), pruned.removed.len());
        for (roster, score) in &legal {
            prop_assert!(outcome.bound <= score.soft, "bound {} above {score:?}", outcome.bound);
            prop_assert!(keeps_all(&problem, &pruned, roster), "lost a legal triple");
        }
        match legal.iter().map(|(_, score)| *score).min() {
            Some(best) => {
                prop_assert!(outcome.score.is_legal() && outcome.score >= best);
                prop_assert!(outcome.status != Status::Optimal || outcome.score == best);
            }
            None => prop_assert!(!outcome.score.is_legal()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    /// Pruning by reduced costs loses no roster that is cheaper, at good prices and at others.
    #[test]
    fn reduced_costs_lose_no_better_roster(seed: u64, rules in 0..3usize) {
        let problem = Maker::new(seed, PERIODS[1]).team(2, rules);
        let mut legal = all_rosters(&problem);
        legal.retain(|(_, score)| score.is_legal());
        let costs = legal.iter().map(|(_, score)| score.soft);
        let (best, worst) = (costs.clone().min().unwrap_or(0), costs.max().unwrap_or(0));
        let found = solve(&problem, seed).certificate;
        let other = tampered(&found, &mut fastrand::Rng::with_seed(seed));
        for value in [best, best + 1, best + 3, worst] {
            for certificate in [&found, &other] {
                let pruned = prune_with(&problem, certificate, value).unwrap();
                prop_assert_eq!(pruned.before, pruned.after + pruned.removed.len());
                prop_assert_eq!(pruned.by_reason().values().sum::<usize>(), pruned.removed.len());
                for (roster, _) in legal.iter().filter(|(_, score)| score.soft < value) {
                    prop_assert!(keeps_all(&problem, &pruned, roster), "lost a better roster");
                }
            }
        }
    }
}

/// Three workers and one period, in which some may not do everything.
fn one_period(allowed: [&[usize]; 3], demands: &[(&[usize], u32, u32)]) -> Problem {
    let mut builder = Problem::builder();
    let all = ["off", "day", "night"].map(|name| builder.activity(name));
    let period = builder.period("monday", Span::new(0, 1440));
    for activity in all {
        builder.offer(period, activity, None);
    }
    for (name, own) in ["Ada", "Ben", "Cem"].into_iter().zip(allowed) {
        let worker = builder.worker(name);
        for (at, &activity) in all.iter().enumerate() {
            if !own.contains(&at) {
                builder.forbid(worker, period, activity, "not allowed");
            }
        }
    }
    for &(activities, min, max) in demands {
        let activities: Vec<ActivityId> = activities.iter().map(|&at| all[at]).collect();
        let demand = Demand::at_least(format!("{activities:?}"), period, activities, min);
        builder.demand(Demand { max, ..demand });
    }
    builder.build().unwrap()
}

#[test]
fn limits_of_demands_remove_what_would_break_them() {
    let short = "a demand would fall short";
    let exceeded = "a demand would be exceeded";
    let together = "demands of one period would fall short together";
    // Two of three can do nights, and two are needed.
    let problem = one_period([&[0, 1, 2], &[0, 2], &[0, 1]], &[(&[2], 2, 3)]);
    assert_eq!(prune(&problem).by_reason()[short], 3);
    // Ada can do nothing else, and one night is enough.
    let problem = one_period([&[2], &[0, 2], &[0, 1, 2]], &[(&[2], 0, 1)]);
    assert_eq!(prune(&problem).by_reason()[exceeded], 2);
    // All three are needed; alone, each demand could do without one of them.
    let problem = one_period([&[0, 1, 2], &[0, 1, 2], &[0, 1, 2]], &[(&[1], 2, 3), (&[2], 1, 3)]);
    assert_eq!(prune(&problem).by_reason()[together], 3);
    assert_eq!(prune(&problem).after, 6);
}

/// Four learn whatever it costs, and each teacher there is takes two of them.
#[test]
fn the_bound_of_an_excess_that_nobody_can_avoid_is_its_cost() {
    for (teachers, cost) in [(0, 4 * 3 + 16 * 2), (1, 2 * 3 + 4 * 2), (2, 0)] {
        let mut builder = Problem::builder();
        let [learns, teaches] = ["learns", "teaches"].map(|name| builder.activity(name));
        let period = builder.period("monday", Span::new(0, 1440));
        builder.offer(period, learns, None).offer(period, teaches, None);
        for number in 0..4 + teachers {
            let worker = builder.worker(format!("w{number}"));
            builder.fix(worker, period, if number < 4 { learns } else { teaches }, "agreed");
        }
        builder.ratio(Ratio {
            name: "supervision".into(),
            period,
            supervised: vec![learns],
            supervisors: vec![teaches],
            per_supervisor: 2,
            excess_cost: Some(Penalty { linear: 3, square: 2 }),
        });
        let problem = builder.build().unwrap();
        let outcome = solve(&problem, 0);
        assert_eq!((outcome.score.hard, outcome.score.soft, outcome.bound), (0, cost, cost));
        assert_eq!(verify(&problem, &outcome.certificate), Ok(cost));
    }
}
