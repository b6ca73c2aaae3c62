//! Rules about several workers' lines together: their deltas, what the search makes of them, and what
//! the rest of the crate does not claim about them.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "support/joint.rs"]
mod joint;
#[path = "support/moves.rs"]
mod moves;
#[path = "support/problems.rs"]
mod problems;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use joint::{Apart, Even, JOINT_KINDS, joint_rule};
use moves::{any_move, any_roster, changed};
use problems::{Maker, all_lines};
use proptest::prelude::*;
use sched_optimizer::{
    ActivityId, AlternativeOptions, Analysis, Budget, CancelToken, Canon, Demand, Effect, Fault,
    Feasibility, Item, JointRule, Judgement, Options, Outcome, PeriodId, Problem, ProblemBuilder,
    Pruned, ReplanOptions, Roster, Score, Solver, Source, Span, Standing, Status, Triple, WorkerId,
    alternatives, find_conflict, judged_delta, prune, replan,
};

/// Random workers under random demands and `joint` random joint rules, the first of each kind in turn.
fn team((workers, periods): (usize, usize), rules: usize, joint: usize, seed: u64) -> Problem {
    let mut maker = Maker::new(seed, periods);
    for at in 0..joint {
        let kind = (at + maker.rng.usize(0..JOINT_KINDS)) % JOINT_KINDS;
        let rule = joint_rule(&mut maker.rng, kind, (workers, periods));
        maker.builder.joint_rule(rule);
    }
    maker.team(workers, rules)
}

fn run(problem: &Problem, options: Options) -> Outcome {
    Solver::new(options).solve(problem, |_| ControlFlow::Continue(()))
}

fn score(problem: &Problem, roster: &Roster) -> Score {
    Analysis::new(problem, roster).unwrap().score
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn deltas_of_any_moves_add_up_to_the_difference_of_judgements(seed: u64) {
        let problem = team((4, 6), 0, 3, seed);
        let mut rng = fastrand::Rng::with_seed(seed);
        let first = any_roster(&problem, &mut rng);
        for rule in problem.joint_rules() {
            let (mut roster, mut sum) = (first.clone(), rule.judge(&problem, &first).score());
            for _ in 0..60 {
                let made = any_move(&problem, &mut rng);
                let Triple { worker, period, activity: to } = made;
                let delta = rule.delta(&problem, &roster, worker, period, to);
                prop_assert_eq!(delta, judged_delta(rule, &problem, &roster, worker, period, to));
                let after = changed(&roster, &[made]);
                let old = roster.get(worker, period).unwrap();
                let back = rule.delta(&problem, &after, worker, period, old);
                prop_assert_eq!(delta + back, Score::default());
                (roster, sum) = (after, sum + delta);
            }
            prop_assert_eq!(sum, rule.judge(&problem, &roster).score());
        }
    }

    #[test]
    fn a_standing_says_what_judging_from_scratch_does(seed: u64) {
        let problem = team((4, 6), 2, 3, seed);
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut standing = Standing::new(&problem, any_roster(&problem, &mut rng)).unwrap();
        for round in 0..100 {
            let moves: Vec<Triple> =
                (0..rng.usize(0..5)).map(|_| any_move(&problem, &mut rng)).collect();
            let before = standing.roster();
            let after = changed(&before, &moves);
            agrees(&problem, [&before, &after], &standing.what_if(&moves).unwrap());
            if round % 2 == 0 {
                agrees(&problem, [&before, &after], &standing.apply(&moves).unwrap());
                prop_assert_eq!(standing.roster(), after);
            }
        }
    }
}

/// `effect` against two judgements from scratch: score, parts by source, breaches in words.
fn agrees(problem: &Problem, rosters: [&Roster; 2], effect: &Effect) {
    let [old, new] = rosters.map(|roster| Analysis::new(problem, roster).unwrap());
    assert_eq!((effect.score, effect.delta), (new.score, new.score - old.score));
    let of = |analysis: &Analysis, at| {
        let items = analysis.items.iter().filter(|item| item.source == Source::JointRule(at));
        items.map(|item| item.score).sum::<Score>()
    };
    for at in 0..problem.joint_rules().len() {
        let parts = effect.parts.iter().filter(|part| part.0 == Source::JointRule(at));
        assert_eq!(parts.map(|part| part.1).sum::<Score>(), of(&new, at) - of(&old, at));
    }
    let [mut was, mut is] =
        [&old, &new].map(|analysis| analysis.breaches(problem).collect::<Vec<_>>());
    was.extend(effect.added.iter().map(|finding| finding.words(problem)));
    is.extend(effect.removed.iter().map(|finding| finding.words(problem)));
    was.sort();
    is.sort();
    assert_eq!(was, is);
}

fn best_of_all(problem: &Problem) -> (Score, Roster) {
    let lines = all_lines(problem.periods());
    let mut teams: Vec<Vec<Vec<ActivityId>>> = vec![Vec::new()];
    for _ in 0..problem.workers() {
        let longer = |team: Vec<Vec<ActivityId>>| {
            lines.iter().map(move |line| [team.clone(), vec![line.clone()]].concat())
        };
        teams = teams.into_iter().flat_map(longer).collect();
    }
    let scores = teams.into_iter().map(|team| {
        let roster = Roster::from_lines(problem.periods(), &team).unwrap();
        (score(problem, &roster), roster)
    });
    scores.min_by_key(|(score, _)| *score).unwrap()
}

fn keeps_all(problem: &Problem, pruned: &Pruned, roster: &Roster) -> bool {
    problem.worker_ids().flat_map(|w| problem.period_ids().map(move |p| (w, p))).all(
        |(worker, period)| {
            let activity = roster.get(worker, period).unwrap();
            pruned.keeps(Triple { worker, period, activity })
        },
    )
}

/// Workers and periods of problems whose rosters can all be judged.
const TINY: [(usize, usize); 2] = [(2, 3), (3, 2)];
const PROBLEMS: u64 = 120;

#[test]
fn the_best_roster_of_a_tiny_problem_is_found_and_nothing_false_is_claimed() {
    let (mut legal, mut found, mut proved, mut charged) = (0, 0, 0, 0);
    for seed in 0..PROBLEMS {
        let size = TINY[usize::from(seed % 2 == 0)];
        let problem = team(size, usize::from(seed % 3 == 0), 2, seed);
        let (best, roster) = best_of_all(&problem);
        let mut told = None;
        let options = Options::default().budget(Budget::work(60_000)).threads(1).seed(seed);
        let outcome = Solver::new(options).solve(&problem, |progress| {
            told = Some((progress.hard, progress.value));
            ControlFlow::Continue(())
        });
        // The search added it up by deltas.
        let value = outcome.score.is_legal().then_some(outcome.score.soft);
        assert_eq!(told, Some((outcome.score.hard, value)), "{seed}");
        assert_eq!(outcome.score, score(&problem, &outcome.roster), "{seed}");
        assert!(outcome.score >= best, "{seed}");
        if best.is_legal() {
            assert!(outcome.bound <= best.soft, "{seed}: {} above {best:?}", outcome.bound);
            let pruned = prune(&problem);
            assert!(keeps_all(&problem, &pruned, &roster), "{seed}");
        }
        assert!(outcome.status != Status::Optimal || outcome.score == best, "{seed}");
        legal += u32::from(best.is_legal());
        found += u32::from(best.is_legal() && outcome.score == best);
        proved += u32::from(outcome.status == Status::Optimal);
        let items = Analysis::new(&problem, &outcome.roster).unwrap().items;
        let joint = |item: &Item| matches!(item.source, Source::JointRule(_));
        charged += u32::from(items.iter().any(joint));
    }
    assert!(legal > 40 && proved > 20 && charged > 4, "{legal}, {proved} and {charged}");
    assert!(found * 10 >= legal * 9, "{found} of {legal}");
}

const NIGHTS: usize = 10;

fn off() -> ActivityId {
    ActivityId::new(0)
}

fn night() -> ActivityId {
    ActivityId::new(1)
}

fn ada() -> WorkerId {
    WorkerId::new(0)
}

fn ben() -> WorkerId {
    WorkerId::new(1)
}

/// Two nights a day for five people. Ada's and Ben's cost nothing, Cleo's 1, the others' 3.
fn nights(edit: impl FnOnce(&mut ProblemBuilder)) -> Problem {
    let mut builder = Problem::builder();
    let activities = ["off", "night"].map(|name| builder.activity(name));
    for (day, start) in (0..).step_by(1440).take(NIGHTS).enumerate() {
        let period = builder.period(format!("day {day}"), Span::new(start, start + 1440));
        activities.iter().for_each(|&activity| _ = builder.offer(period, activity, None));
        builder.demand(Demand::at_least("nights", period, [night()], 2));
    }
    for (name, cost) in [("Ada", 0), ("Ben", 0), ("Cleo", 1), ("Dora", 3), ("Emil", 3)] {
        let worker = builder.worker(name);
        for period in (0..NIGHTS).map(PeriodId::new) {
            builder.cost(worker, period, night(), cost);
        }
    }
    edit(&mut builder);
    builder.build().unwrap()
}

fn together(roster: &Roster) -> usize {
    let both = roster.line(ada()).iter().zip(roster.line(ben()));
    both.filter(|(a, b)| (**a, **b) == (night(), night())).count()
}

fn apart(cost: Option<i64>) -> Apart {
    Apart { workers: [ada(), ben()], activity: night(), cost }
}

#[test]
fn who_is_not_to_meet_never_meets_at_the_least_cost() {
    let budget = || Options::default().budget(Budget::work(400_000));
    let free = run(&nights(|_| ()), budget());
    assert_eq!((free.score.soft, together(&free.roster)), (0, NIGHTS));
    let outcome = run(&nights(|builder| _ = builder.joint_rule(apart(None))), budget());
    assert_eq!(together(&outcome.roster), 0);
    // Cleo with one of the two, every night.
    assert_eq!((outcome.score, outcome.status), (Score { hard: 0, soft: 10 }, Status::Legal));
    // What is worth it is paid for.
    for (cost, total, nights_together) in [(2, 10, 0), (0, 0, NIGHTS)] {
        let problem = nights(|builder| _ = builder.joint_rule(apart(Some(cost))));
        let outcome = run(&problem, budget());
        assert_eq!(outcome.score, Score { hard: 0, soft: total });
        assert!(cost == 0 || together(&outcome.roster) == nights_together);
    }
}

#[test]
fn teams_share_evenly_though_every_single_step_promises_too_much() {
    let [first, second] = [[ada(), ben()].to_vec(), (2..5).map(WorkerId::new).collect()];
    let even = Even { teams: [first, second], activity: night(), cost: Some(1) };
    let problem = nights(|builder| _ = builder.joint_rule(even));
    let outcome = run(&problem, Options::default().budget(Budget::work(400_000)));
    // With n nights of Cleo's it costs n + (20 - 2n)².
    assert_eq!(outcome.score, Score { hard: 0, soft: 10 });
}

#[test]
fn same_seed_and_work_give_the_same_roster_on_any_number_of_threads() {
    for seed in 0..3 {
        let problem = team((6, 8), 2, 4, seed);
        let options = |threads| Options::default().budget(Budget::work(400_000)).threads(threads);
        let first = run(&problem, options(1));
        for threads in [2, 8] {
            let again = run(&problem, options(threads));
            assert_eq!(again.roster, first.roster, "{seed}: on {threads} threads");
            assert_eq!((again.bound, again.stats.work), (first.bound, first.stats.work));
        }
    }
}

/// Counts what it is asked.
#[derive(Clone, Debug)]
struct Counted {
    rule: Even,
    asked: Arc<AtomicU64>,
}

impl JointRule for Counted {
    fn judge(&self, problem: &Problem, roster: &Roster) -> Judgement {
        self.rule.judge(problem, roster)
    }

    fn delta(
        &self,
        problem: &Problem,
        roster: &Roster,
        worker: WorkerId,
        period: PeriodId,
        to: ActivityId,
    ) -> Score {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.rule.delta(problem, roster, worker, period, to)
    }

    fn describe(&self, canon: &mut Canon) {
        self.rule.describe(canon);
    }
}

#[test]
fn all_that_joint_rules_are_asked_is_work() {
    let teams = [vec![ada(), ben()], (2..5).map(WorkerId::new).collect()];
    let rule = Even { teams, activity: night(), cost: Some(1) };
    for (work, count) in [(2_000, 1), (50_000, 1), (50_000, 8)] {
        let asked = Arc::new(AtomicU64::new(0));
        let one = Counted { rule: rule.clone(), asked: Arc::clone(&asked) };
        let problem =
            nights(|builder| (0..count).for_each(|_| _ = builder.joint_rule(one.clone())));
        let done = run(&problem, Options::default().budget(Budget::work(work))).stats.work;
        let asked = asked.load(Ordering::Relaxed);
        assert!(0 < asked && asked < done && done < 2 * work, "{asked} of {done}, {work} wanted");
    }
}

#[test]
fn a_legal_hint_is_never_made_worse() {
    let problem = nights(|builder| _ = builder.joint_rule(apart(None)));
    let turns =
        |turn| (0..NIGHTS).map(|day| if day % 2 == turn { night() } else { off() }).collect();
    let mut lines: Vec<Vec<ActivityId>> = vec![turns(0), turns(1)];
    lines.extend([vec![off(); NIGHTS], vec![off(); NIGHTS], vec![night(); NIGHTS]]);
    let hint = Roster::from_lines(NIGHTS, &lines).unwrap();
    let old = score(&problem, &hint);
    assert_eq!(old, Score { hard: 0, soft: 30 });
    for work in [0, 1, 300, 3_000] {
        let solver = Solver::new(Options::default().budget(Budget::work(work)));
        let outcome = solver.solve_from(&problem, &hint, |_| ControlFlow::Continue(()));
        assert!(outcome.score <= old, "{:?} after {work}", outcome.score);
    }
}

#[test]
fn a_cancelled_solve_returns_the_hint() {
    let problem = nights(|builder| _ = builder.joint_rule(apart(None)));
    let hint = Roster::from_lines(NIGHTS, &vec![vec![night(); NIGHTS]; 5]).unwrap();
    let cancel = CancelToken::default();
    cancel.cancel();
    let solver = Solver::new(Options::default().cancel(cancel));
    let outcome = solver.solve_from(&problem, &hint, |_| ControlFlow::Continue(()));
    assert_eq!(outcome.roster, hint);
    assert_eq!((outcome.score.hard, outcome.status), (10, Status::NotLegal));
}

#[test]
fn an_absence_is_replanned_without_bringing_them_together() {
    let edit = |builder: &mut ProblemBuilder| _ = builder.joint_rule(apart(None));
    let old = run(&nights(edit), Options::default().budget(Budget::work(400_000)));
    let cleo = WorkerId::new(2);
    let changed = nights(|builder| {
        edit(builder);
        for period in [3, 4].map(PeriodId::new) {
            builder.forbid(cleo, period, night(), "ill");
        }
    });
    let new = replan(&changed, &old.roster, &ReplanOptions::default());
    assert_eq!((new.outcome.score.hard, together(&new.outcome.roster)), (0, 0));
    // Cleo's two nights, and whoever does them.
    assert_eq!(new.changes.cells.len(), 4);
}

#[test]
fn alternatives_keep_the_rule_too() {
    let problem = nights(|builder| _ = builder.joint_rule(apart(None)));
    let options = Options::default().budget(Budget::work(1_500_000));
    let wanted = AlternativeOptions::default().count(3).differ(0.2).options(options);
    let found = alternatives(&problem, &wanted);
    assert_eq!(found.len(), 3);
    for one in found {
        assert_eq!((together(&one.roster), one.score), (0, score(&problem, &one.roster)));
        assert!(one.differs >= 0.2);
    }
}

#[test]
fn a_search_for_a_conflict_claims_nothing_about_joint_rules() {
    // Whoever is needed is there, but not without Ada and Ben at once.
    let only_two = |builder: &mut ProblemBuilder| {
        for (worker, period) in (2..5).flat_map(|w| (0..NIGHTS).map(move |p| (w, p))) {
            builder.forbid(WorkerId::new(worker), PeriodId::new(period), night(), "not able");
        }
    };
    let look = |problem: &Problem| {
        find_conflict(problem, &Options::default().budget(Budget::work(100_000)))
    };
    assert!(matches!(look(&nights(only_two)), Feasibility::Legal(_)));
    for rules in [1, 2] {
        let problem = nights(|builder| {
            only_two(builder);
            (0..rules).for_each(|_| _ = builder.joint_rule(apart(None)));
        });
        let Feasibility::Undecided(Some(roster)) = look(&problem) else { panic!("not undecided") };
        // Two such rules are broken by more than one person missing, and everything else is kept.
        let items = Analysis::new(&problem, &roster).unwrap().items;
        assert_eq!(items.len(), rules, "{items:?}");
        assert!(items.iter().all(|item| matches!(item.source, Source::JointRule(_))));
    }
    // Where they can be kept, a legal roster keeps them.
    let problem = nights(|builder| _ = builder.joint_rule(apart(None)));
    let Feasibility::Legal(roster) = look(&problem) else { panic!("not legal") };
    assert!(score(&problem, &roster).is_legal());
}

#[test]
fn what_a_joint_rule_names_is_checked() {
    let faults = |rule: Apart| {
        let mut builder = Problem::builder();
        let activity = builder.activity("off");
        let period = builder.period("monday", Span::new(0, 1440));
        builder.offer(period, activity, None);
        ["Ada", "Ben"].iter().for_each(|&name| _ = builder.worker(name));
        builder.joint_rule(rule);
        builder.build().map_or_else(|error| error.faults, |_| Vec::new())
    };
    let rule = Apart { workers: [ada(), ben()], activity: off(), cost: Some(1) };
    assert_eq!(faults(rule.clone()), []);
    let stranger = Apart { workers: [ada(), WorkerId::new(2)], ..rule };
    assert!(matches!(faults(stranger)[..], [Fault::Unknown { what: "worker", .. }]));
    let unknown = Apart { activity: night(), ..rule };
    assert!(matches!(faults(unknown)[..], [Fault::Unknown { what: "activity", .. }]));
    assert!(matches!(faults(Apart { cost: Some(-1), ..rule })[..], [Fault::Cost { .. }]));
}
