//! The shift-scheduling example: its reader, its model and its generator.

#![expect(clippy::unwrap_used, reason = "tests may")]
#![expect(clippy::cast_possible_truncation, reason = "sizes are small")]

#[path = "../examples/shift_scheduling/fault.rs"]
mod fault;
#[path = "../examples/shift_scheduling/generate.rs"]
mod generate;
#[path = "../examples/shift_scheduling/instance.rs"]
mod instance;
#[path = "../examples/shift_scheduling/limits.rs"]
mod limits;
#[path = "../examples/shift_scheduling/model.rs"]
mod model;
#[path = "../examples/shift_scheduling/parse.rs"]
mod parse;
#[path = "../examples/shift_scheduling/perturb.rs"]
mod perturb;
#[path = "../examples/shift_scheduling/roster_text.rs"]
mod roster_text;
#[path = "../examples/shift_scheduling/write.rs"]
mod write;

use std::ops::ControlFlow;

use generate::{Size, generate};
use instance::{Cover, Employee, Instance, Request, ShiftType};
use parse::parse;
use sched_optimizer::{
    ActivityId, Analysis, Budget, Options, Outcome, Problem, Roster, Score, Solver, Status, Until,
};

const TEXT: &str = "\u{feff}# A comment\r
SECTION_HORIZON\r
 7 \r
\r
SECTION_SHIFTS\r
1,480,\r
2,600,1|1\r
3,480\r
SECTION_STAFF\r
10,1=7|2=2|3=0,2400,960,5,2,2,1\r
11,,2400,960,5,2,2,1\r
SECTION_DAYS_OFF\r
10,0,6\r
SECTION_SHIFT_ON_REQUESTS\r
10,3,1,4\r
SECTION_SHIFT_OFF_REQUESTS\r
11,3,2,5\r
SECTION_COVER\r
3,1,2,100,1\r
";

#[test]
fn every_section_is_read() {
    let shift = |id: &str, minutes, not_before| ShiftType { id: id.into(), minutes, not_before };
    let employee = |id: &str, caps, days_off| Employee {
        id: id.into(),
        caps,
        max_minutes: 2400,
        min_minutes: 960,
        max_run: 5,
        min_run: 2,
        min_days_off: 2,
        max_weekends: 1,
        days_off,
    };
    let cover = Cover { day: 3, shift: 0, wanted: 2, under_weight: 100, over_weight: 1 };
    let expected = Instance {
        days: 7,
        shifts: vec![shift("1", 480, vec![]), shift("2", 600, vec![0, 0]), shift("3", 480, vec![])],
        staff: vec![
            employee("10", vec![Some(7), Some(2), Some(0)], vec![0, 6]),
            employee("11", vec![None; 3], vec![]),
        ],
        requests: vec![
            Request { employee: 0, day: 3, shift: 0, weight: 4, on: true },
            Request { employee: 1, day: 3, shift: 1, weight: 5, on: false },
        ],
        cover: vec![cover],
    };
    assert_eq!(parse(TEXT), Ok(expected));
}

/// Each change of the text, and the fault it makes.
#[test]
fn a_fault_names_its_line_and_what_was_expected() {
    let cases = [
        (" 7 ", "seven", r#"3: expected a number of days (0 to 10000), found "seven""#),
        (" 7 ", "0", r#"3: expected at least one day, found "0""#),
        (" 7 ", "7\n8", r#"4: expected one line with the number of days, found "8""#),
        (" 7 ", "", r#"19: expected SECTION_HORIZON with a line, found the end of the text"#),
        ("# A comment", "7", r#"1: expected a section such as SECTION_HORIZON, found "7""#),
        (
            "SECTION_COVER",
            "SECTION_COVERS",
            r#"18: expected a known section, found "SECTION_COVERS""#,
        ),
        (
            "SECTION_COVER",
            "SECTION_STAFF",
            r#"18: expected every section once, found "SECTION_STAFF""#,
        ),
        ("1,480,", "1", r#"6: expected id,minutes,shifts that may not follow, found "1""#),
        ("1,480,", "-,480,", r#"6: expected the id of a shift, without any of : | =, found "-""#),
        ("1,480,", "1,-480,", r#"6: expected minutes (0 to 100000), found "-480""#),
        ("2,600,", "1,600,", r#"7: expected every shift once, found "1""#),
        ("600,1|1", "600,1|4", r#"7: expected a known shift, found "4""#),
        ("|2=2", "|2", r#"10: expected SHIFT=most, found "2""#),
        ("|2=2", "|1=2", r#"10: expected every shift once, found "1=2""#),
        ("|2=2", "|4=2", r#"10: expected a known shift, found "4""#),
        ("11,,", "10,,", r#"11: expected every employee once, found "10""#),
        (
            "960,5,2,2,1\r\nSEC",
            "960,5,2,2,x\r\nSEC",
            r#"11: expected the most weekends (0 to 4294967295), found "x""#,
        ),
        ("10,0,6", "12,0,6", r#"13: expected a known employee, found "12""#),
        ("10,0,6", "10,0,7", r#"13: expected a day (0 to 6), found "7""#),
        ("10,3,1,4", "10,3,1", r#"15: expected employee,day,shift,weight, found "10,3,1""#),
        ("11,3,2,5", "11,3,4,5", r#"17: expected a known shift, found "4""#),
        (
            "11,3,2,5",
            "11,3,2,9999999999",
            r#"17: expected a weight (0 to 1000000000), found "9999999999""#,
        ),
        (
            "3,1,2,100,1",
            "3,1,2,100",
            r#"19: expected day,shift,wanted,weight under,weight over, found "3,1,2,100""#,
        ),
    ];
    for (before, after, expected) in cases {
        let text = TEXT.replacen(before, after, 1);
        assert_ne!(text, TEXT, "{before} is not there");
        assert_eq!(parse(&text).unwrap_err().to_string(), expected, "{after}");
    }
    let empty = parse("").unwrap_err().to_string();
    assert_eq!(empty, r#"1: expected SECTION_HORIZON with a line, found the end of the text"#);
}

#[test]
fn a_text_cut_anywhere_is_read_or_refused() {
    for end in (0..TEXT.len()).filter(|&end| TEXT.is_char_boundary(end)) {
        _ = parse(&TEXT[..end]);
    }
}

#[test]
fn a_time_is_neither_negative_nor_endless() {
    assert_eq!(limits::seconds("0"), Ok(0.0));
    assert_eq!(limits::seconds("2.5"), Ok(2.5));
    for text in ["-1", "NaN", "inf", "-inf", "1e999", "", "soon"] {
        assert_eq!(limits::seconds(text), Err("expected seconds, 0 or more".to_owned()), "{text}");
    }
}

#[test]
fn a_roster_is_read_as_it_was_written() {
    let instance = parse(TEXT).unwrap();
    let text = "# by hand\r\n11: 1,,-,-,3,2,-\r\n10:-,1,1,-,-,2,-\r\n";
    let roster = roster_text::read(&instance, text).unwrap();
    let written = roster_text::write(&instance, &roster);
    assert_eq!(written, "10: -,1,1,-,-,2,-\n11: 1,-,-,-,3,2,-\n");
    assert_eq!(roster_text::read(&instance, &written), Ok(roster));

    let cases = [
        ("10", r#"1: expected EMPLOYEE: cell,cell,..., found "10""#),
        ("12: -", r#"1: expected a known employee, found "12""#),
        ("10: 4,-,-,-,-,-,-", r#"1: expected a known shift or -, found "4""#),
        ("10: -,-", r#"1: expected 7 cells, found 2 cells"#),
        ("10: -,-,-,-,-,-,-\n10: -", r#"2: expected every employee once, found "10""#),
        ("10: -,-,-,-,-,-,-", r#"1: expected a line of 11, found the end of the text"#),
    ];
    for (text, expected) in cases {
        let fault = roster_text::read(&instance, text).unwrap_err();
        assert_eq!(fault.to_string(), expected);
    }
}

/// The format's own words, on days and shifts: nothing of rules and activities. `None` is illegal.
fn plain_cost(instance: &Instance, rows: &[Vec<Option<usize>>]) -> Option<u32> {
    let last = instance.days - 1;
    for (employee, row) in instance.staff.iter().zip(rows) {
        let times = |shift| row.iter().filter(|cell| **cell == Some(shift)).count();
        let caps = employee.caps.iter().enumerate();
        let capped =
            caps.into_iter().all(|(s, cap)| cap.is_none_or(|cap| times(s) <= cap as usize));
        let minutes: u32 = row.iter().flatten().map(|&s| instance.shifts[s].minutes).sum();
        let minutes = (employee.min_minutes..=employee.max_minutes).contains(&minutes);
        let follows = row.windows(2).all(|pair| match *pair {
            [Some(a), Some(b)] => !instance.shifts[a].not_before.contains(&b),
            _ => true,
        });
        let mut start = 0;
        let mut runs = true;
        for run in row.chunk_by(|a, b| a.is_some() == b.is_some()) {
            let inner = start > 0 && start + run.len() - 1 < last;
            let (min, max) = match run[0] {
                Some(_) => (employee.min_run as usize, employee.max_run as usize),
                None => (employee.min_days_off as usize, usize::MAX),
            };
            runs &= run.len() <= max && (!inner || run.len() >= min);
            start += run.len();
        }
        let weekends = (5..instance.days).step_by(7).filter(|&saturday| {
            row[saturday].is_some() || row.get(saturday + 1).is_some_and(Option::is_some)
        });
        let weekends = weekends.count() <= employee.max_weekends as usize;
        let free = employee.days_off.iter().all(|&day| row[day].is_none());
        if !(capped && minutes && follows && runs && weekends && free) {
            return None;
        }
    }
    let requests = instance.requests.iter().map(|r| {
        let granted = (rows[r.employee][r.day] == Some(r.shift)) == r.on;
        if granted { 0 } else { r.weight }
    });
    let cover = instance.cover.iter().map(|c| {
        let count = rows.iter().filter(|row| row[c.day] == Some(c.shift)).count() as u32;
        let short = c.wanted.saturating_sub(count) * c.under_weight;
        short + count.saturating_sub(c.wanted) * c.over_weight
    });
    Some(requests.sum::<u32>() + cover.sum::<u32>())
}

/// One employee, two shifts, and limits of which each binds at times.
fn one_person(seed: u64) -> Instance {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut instance = generate(Size { staff: 1, days: 8, shifts: 2 }, seed);
    instance.shifts[1].minutes = 600;
    instance.shifts[1].not_before = vec![0];
    let most = rng.u32(1440..5000);
    instance.staff[0] = Employee {
        caps: vec![Some(rng.u32(0..6)), rng.bool().then(|| rng.u32(1..5))],
        max_minutes: most,
        min_minutes: most.saturating_sub(1200),
        max_run: rng.u32(2..6),
        min_run: rng.u32(1..4),
        min_days_off: rng.u32(1..4),
        max_weekends: rng.u32(0..2),
        ..instance.staff[0].clone()
    };
    instance
}

#[test]
fn the_model_says_of_every_roster_what_the_format_says() {
    let mut legal = 0;
    for seed in 0..12 {
        let instance = one_person(seed);
        let problem = model::problem(&instance).unwrap();
        let mut best = None;
        for code in 0..3_usize.pow(8) {
            let row: Vec<usize> = (0..8).map(|day| code / 3_usize.pow(day) % 3).collect();
            let line: Vec<ActivityId> = row.iter().map(|&cell| ActivityId::new(cell)).collect();
            let roster = Roster::from_lines(8, &[line]).unwrap();
            let score = Analysis::new(&problem, &roster).unwrap().score;
            let own = score.is_legal().then_some(score.soft);
            let row = row.iter().map(|cell| cell.checked_sub(1)).collect();
            let plain = plain_cost(&instance, &[row]).map(i64::from);
            assert_eq!(own, plain, "{instance:?} {roster:?}");
            legal += usize::from(own.is_some());
            best = [best, own].into_iter().flatten().min();
        }
        let outcome = solve(&problem, Until::Exhausted);
        assert_eq!(outcome.score.is_legal().then_some(outcome.score.soft), best);
    }
    assert!(legal > 100, "limits exclude nearly everything");
}

fn solve(problem: &Problem, until: Until) -> Outcome {
    let options = Options::default().budget(Budget::work(400_000)).threads(1).until(until);
    Solver::new(options).solve(problem, |_| ControlFlow::Continue(()))
}

#[test]
fn an_instance_is_solved_from_its_text() {
    let problem = model::problem(&parse(TEXT).unwrap()).unwrap();
    let outcome = solve(&problem, Until::Exhausted);
    // Both work shift 1 on Thursday as wished, nobody the unwanted one.
    assert_eq!((outcome.status, outcome.score), (Status::Optimal, Score::default()));
    let analysis = Analysis::new(&problem, &outcome.roster).unwrap();
    assert_eq!(analysis.score, outcome.score);
}

#[test]
fn a_made_up_instance_is_read_as_it_was_written_and_has_a_legal_roster() {
    for (seed, shifts) in [(1, 1), (2, 3), (3, 8)] {
        let size = Size { staff: 6, days: 28, shifts };
        let mut instance = generate(size, seed);
        assert_eq!(instance, generate(size, seed), "a seed is an instance");
        assert_ne!(instance, generate(size, seed + 1));
        assert_eq!(parse(&write::write(&instance)).as_ref(), Ok(&instance));
        assert_legal(&instance);

        let before = instance.clone();
        perturb::perturb(&mut instance, seed);
        assert_ne!(instance, before);
        assert_eq!(parse(&write::write(&instance)).as_ref(), Ok(&instance));
        assert_legal(&instance);
    }
}

fn assert_legal(instance: &Instance) {
    let outcome = solve(&model::problem(instance).unwrap(), Until::Legal);
    assert!(outcome.score.is_legal(), "{:?}", outcome.status);
}
