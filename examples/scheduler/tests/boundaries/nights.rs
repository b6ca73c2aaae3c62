//! How often there is a call, and how many nights come in a row.

use crate::case::{Case, LONG, SHORT, at, hours};
use scheduler::domain::{DutyKind, NightKind};

#[test]
fn nine_calls_in_four_weeks_are_legal_and_ten_are_not() {
    let calls = |days: &[i64]| {
        let mut case = Case::new();
        for day in days {
            case.night(*day, LONG);
        }
        case
    };
    let third: Vec<i64> = (0..9).map(|n| n * 3).collect();
    calls(&third).legal();
    calls(&[0, 2, 5, 8, 11, 14, 17, 20, 23, 26]).breaks("every-third-night");
}

#[test]
fn nights_of_leave_do_not_count_for_the_frequency_of_calls() {
    // 21 nights present allow seven calls.
    let calls = |n: i64| {
        let mut case = Case::new();
        case.leave(21, 27);
        for n in 0..n {
            case.night(n * 5 / 2, LONG);
        }
        case
    };
    calls(7).legal();
    calls(8).breaks("every-third-night");
}

#[test]
fn calls_on_a_short_rotation_are_averaged_over_it() {
    // Fourteen nights allow four calls, however free the rest of the block is.
    let calls = |rotation: usize, n: i64| {
        let mut case = Case::new();
        case.programme.rotations[SHORT].night_kind = NightKind::Call;
        for n in 0..n {
            case.night(n * 5 / 2, rotation);
        }
        case
    };
    calls(SHORT, 4).legal();
    calls(SHORT, 5).breaks("every-third-night");
    calls(LONG, 5).legal();
}

#[test]
fn six_nights_in_a_row_are_legal_and_seven_are_not() {
    let nights = |first: i64, count: i64| {
        let mut case = Case::new();
        case.programme.rotations[SHORT].night = hours((19, 0), (7, 0));
        for day in first..first + count {
            case.night(day, SHORT);
        }
        case
    };
    nights(1, 6).legal();
    nights(1, 7).breaks("night-float");
}

#[test]
fn nights_before_the_block_continue_the_row() {
    let nights = |count: i64| {
        let mut case = Case::new();
        case.programme.rotations[SHORT].night = hours((19, 0), (7, 0));
        for back in 1..=3 {
            let start = case.day(-back).to_datetime(at(19, 0));
            case.history(start, 12 * 60, DutyKind::Night);
        }
        for day in 0..count {
            case.night(day, SHORT);
        }
        case
    };
    nights(3).legal();
    nights(4).breaks("night-float");
}

#[test]
fn a_row_of_nights_that_ended_before_the_block_does_not_make_it_illegal() {
    let mut case = Case::new();
    case.programme.rotations[SHORT].night = hours((19, 0), (7, 0));
    for back in 10..=17 {
        let start = case.day(-back).to_datetime(at(19, 0));
        case.history(start, 12 * 60, DutyKind::Night);
    }
    case.night(0, SHORT).legal();
}
