//! Several rosters: each legal and judged by the problem's own costs, each as different as promised.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "../examples/residency/programme.rs"]
mod programme;

use programme::Size;
use sched_optimizer::{
    ActivityId, Alternative, AlternativeOptions, Analysis, Budget, Options, Problem, Span, Until,
    WorkerId, alternatives,
};

fn wanted(count: usize, differ: f64, work: u64) -> AlternativeOptions {
    let options = Options::default().budget(Budget::work(work)).until(Until::Gap(0.2));
    AlternativeOptions::default().count(count).differ(differ).options(options)
}

#[expect(clippy::cast_precision_loss, reason = "a share of few cells")]
fn differ(problem: &Problem, a: &Alternative, b: &Alternative) -> f64 {
    let cells = problem.workers() * problem.periods();
    a.roster.differences(&b.roster).count() as f64 / cells as f64
}

#[test]
fn each_roster_is_legal_and_differs_as_it_says() {
    let size = Size { residents: 18, faculty: 8, days: 14, load: 80, seed: 3 };
    let problem = programme::build(size).unwrap();
    let found = alternatives(&problem, &wanted(3, 0.15, 9_000_000));
    assert_eq!(found.len(), 3);
    for (at, one) in found.iter().enumerate() {
        assert_eq!(Analysis::new(&problem, &one.roster).unwrap().score, one.score);
        assert!(one.score.is_legal());
        let nearest = found[..at].iter().map(|other| differ(&problem, one, other));
        let nearest = nearest.fold(1.0, f64::min);
        assert!((one.differs - nearest).abs() < 1e-9);
        assert!(one.differs >= 0.15, "only {}", one.differs);
    }
}

/// One person on two days, who is on duty for nothing; a day off costs 3 and then 40.
fn days(closed: bool) -> Problem {
    let mut builder = Problem::builder();
    let [off, duty] = ["off", "duty"].map(|name| builder.activity(name));
    let ada = builder.worker("Ada");
    for (day, cost) in (0..).zip([3, 40]) {
        let period = builder.period(format!("day {day}"), Span::new(day * 1440, day * 1440 + 1440));
        builder.offer(period, off, None).offer(period, duty, None);
        builder.cost(ada, period, off, cost);
        if closed {
            builder.forbid(ada, period, off, "needed");
        }
    }
    builder.build().unwrap()
}

#[test]
fn the_share_asked_for_decides_how_far_they_go() {
    let problem = days(false);
    let costs = |differ| {
        let found = alternatives(&problem, &wanted(2, differ, 400_000));
        found.iter().map(|one| one.score.soft).collect::<Vec<_>>()
    };
    assert_eq!(costs(1.0), [0, 43]);
    assert_eq!(costs(0.5), [0, 3]);
}

#[test]
fn where_there_is_one_roster_there_is_no_other() {
    let problem = days(true);
    let found = alternatives(&problem, &wanted(5, 0.1, 100_000));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].roster.line(WorkerId::new(0)), [ActivityId::new(1); 2]);
}
