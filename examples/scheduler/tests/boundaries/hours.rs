//! 80 hours a week, averaged over a rotation and over every 28 days.

use crate::case::{Case, LONG, SHORT, at, four_weeks};
use scheduler::domain::{AbsenceKind, Activity, DutyKind};

#[test]
fn eighty_hours_a_week_are_legal_and_a_minute_more_is_not() {
    let mut case = four_weeks();
    for day in (0..16).filter(|day| day % 7 != 6) {
        case.home(day, 300);
    }
    let days = (0..16).filter(|day| day % 7 != 6).count();
    let left = 80 * 60 - i64::try_from(days).unwrap() * 300;
    case.home(20, 0).programme.outside.pop();
    for (day, share) in [(21, left / 2), (22, left - left / 2)] {
        case.home(day, share);
    }
    case.legal();
    case.programme.outside.last_mut().unwrap().end =
        case.programme.outside.last().unwrap().end.saturating_add(jiff::Span::new().minutes(1));
    case.breaks("80-hours");
}

#[test]
fn a_rotation_of_two_weeks_is_averaged_alone() {
    // 12 days of ten hours and 40 h at home: 160 h in two weeks, then two light weeks.
    let heavy = |minutes: i64| {
        let mut case = Case::new();
        case.programme.block.rolling_hours = false;
        for day in (0..14).filter(|day| day % 7 != 6) {
            case.work(day, SHORT);
        }
        for day in [0, 1, 2, 3, 7, 8, 9, 10] {
            case.home(day, 300);
        }
        case.home(11, minutes);
        case
    };
    let mut legal = heavy(1);
    legal.programme.outside.pop();
    legal.legal();
    heavy(6).breaks("80-hours");
    // The same hours on a rotation of four weeks are paid for by the light weeks.
    let mut long = heavy(6);
    for cell in &mut long.schedule.assignments {
        cell.duty = Activity::Work(LONG);
    }
    long.legal();
}

#[test]
fn a_rolling_window_looks_back_into_history() {
    // 27 days of history with 310 h and a first day of ten hours: 320 h in 28 days.
    let worked = |extra: i64| {
        let mut case = Case::new();
        for back in 1..=27 {
            if back % 7 != 1 {
                let start = case.day(-back).to_datetime(at(7, 0));
                case.history(start, 13 * 60, DutyKind::Day);
            }
        }
        let days = i64::try_from(case.programme.history.len()).unwrap();
        let total = days * 13 * 60;
        let start = case.day(-1).to_datetime(at(7, 0));
        case.history(start, 310 * 60 - total + extra, DutyKind::Home);
        case.work(0, LONG);
        case
    };
    worked(0).legal();
    worked(1).breaks("80-hours");
    let mut without = worked(1);
    without.programme.block.rolling_hours = false;
    without.legal();
}

#[test]
fn leave_before_the_block_is_out_of_the_rolling_window() {
    // A week of leave in history leaves 21 days of the first window: 240 h.
    let worked = |extra: i64| {
        let mut case = Case::new();
        case.absence(-27, -21, AbsenceKind::Leave);
        for back in (1..=20).filter(|back| back % 7 != 1) {
            let start = case.day(-back).to_datetime(at(7, 0));
            case.history(start, 13 * 60, DutyKind::Day);
        }
        let done = i64::try_from(case.programme.history.len()).unwrap() * 13 * 60;
        let start = case.day(-1).to_datetime(at(7, 0));
        case.history(start, 230 * 60 - done + extra, DutyKind::Home);
        case.work(0, LONG);
        case
    };
    worked(0).legal();
    worked(1).breaks("80-hours");
}

#[test]
fn leave_is_out_of_both_sides_of_the_average() {
    // Three weeks present allow 240 h; they are full with 180 h of work and 60 h at home.
    let case = |minutes: i64| {
        let mut case = Case::new();
        case.leave(21, 27);
        for day in (0..21).filter(|day| day % 7 != 6) {
            case.work(day, LONG);
        }
        for day in 0..6 {
            case.home(day, 300);
        }
        for day in 7..12 {
            case.home(day, 300);
        }
        case.home(14, minutes);
        case
    };
    case(300).legal();
    case(301).breaks("80-hours");
}

#[test]
fn a_conference_counts_as_eight_hours() {
    // 23 days of ten hours and the conference are 238 h of the 320 h that four weeks allow.
    let case = |minutes: i64| {
        let mut case = Case::new();
        let days: Vec<i64> = (0..28).filter(|day| day % 7 != 6).collect();
        for day in &days {
            if *day == 2 {
                case.conference(*day);
            } else {
                case.work(*day, LONG);
            }
        }
        for day in &days[..16] {
            case.home(*day, 300);
        }
        case.home(days[16], minutes);
        case
    };
    case(120).legal();
    case(121).breaks("80-hours");
}
