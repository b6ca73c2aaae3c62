//! Free days, the length of a duty, and the rest after it.

use crate::case::{Case, LONG, RESIDENT, SHORT, at, four_weeks, hours};
use jiff::civil::date;
use scheduler::domain::{Activity, DutyKind, Slot};

#[test]
fn four_free_days_in_four_weeks_are_enough_and_three_are_not() {
    four_weeks().legal();
    let mut case = four_weeks();
    case.work(13, LONG);
    case.breaks("one-day-in-seven");
}

#[test]
fn free_days_on_a_rotation_of_two_weeks_are_averaged_over_it() {
    let fortnight = |rotation: usize, free: &[i64]| {
        let mut case = Case::new();
        for day in (0..14).filter(|day| !free.contains(day)) {
            case.work(day, rotation);
        }
        case
    };
    fortnight(SHORT, &[6, 13]).legal();
    fortnight(SHORT, &[6]).breaks("one-day-in-seven");
    // On a rotation of four weeks the free days that follow make up for it.
    fortnight(LONG, &[6]).legal();
}

#[test]
fn from_a_call_to_the_next_morning_is_a_free_day_if_it_is_24_hours() {
    // The second week has no other pause than the one between the call and the next Monday's work at
    // 07:00. A free day may begin at any hour: from 07:00 it is 24 h, after an hour of handover 23 h.
    let week = |handover: bool| {
        let mut case = Case::new();
        if handover {
            case.programme.rotations[LONG].night = hours((17, 0), (8, 0));
            case.programme.rotations[LONG].handover_minutes = 60;
        }
        for day in (0..28).filter(|day| day % 7 != 6) {
            case.work(day, LONG);
        }
        case.night(12, LONG);
        case
    };
    week(false).legal();
    week(true).breaks("one-day-in-seven");
}

#[test]
fn leave_is_no_free_day() {
    // Five days present, none free: one is due.
    let mut case = Case::new();
    case.leave(5, 27);
    for day in 0..5 {
        case.work(day, LONG);
    }
    case.breaks("one-day-in-seven");
    case.schedule.assignments.retain(|a| a.date != date(2026, 2, 4) || a.duty == Activity::Leave);
    case.legal();
}

#[test]
fn twenty_four_hours_and_four_of_handover_are_legal_and_a_minute_more_is_not() {
    let call = |end: (i8, i8), handover: i32| {
        let mut case = Case::new();
        case.programme.rotations[LONG].night = hours((17, 0), end);
        case.programme.rotations[LONG].handover_minutes = handover;
        case.work(0, LONG).night(0, LONG);
        case
    };
    call((7, 0), 0).legal();
    call((11, 0), 240).legal();
    call((11, 0), 239).breaks("24+4");
    call((11, 1), 241).breaks("24+4");
}

#[test]
fn the_night_on_which_the_clock_goes_back_has_an_hour_more() {
    // 07:00 to 07:00 over the change of 2026-11-01 is 25 h.
    let mut case = Case::starting(date(2026, 10, 19));
    case.work(12, LONG).night(12, LONG);
    case.breaks("24+4");
    let mut case = Case::starting(date(2026, 10, 19));
    case.work(11, LONG).night(11, LONG);
    case.legal();
}

#[test]
fn the_night_on_which_the_clock_goes_forward_has_an_hour_less() {
    // 07:00 to 08:00 over the change of 2026-03-08 is 24 h, over any other night 25 h.
    let from = |day: i64, end: (i8, i8)| {
        let mut case = Case::starting(date(2026, 2, 16));
        case.programme.rotations[LONG].night = hours((17, 0), end);
        case.work(day, LONG).night(day, LONG);
        case
    };
    from(19, (8, 0)).legal();
    from(19, (8, 1)).breaks("24+4");
    from(18, (8, 0)).breaks("24+4");
    from(20, (8, 0)).breaks("24+4");
}

#[test]
fn fourteen_hours_after_a_call_are_legal_and_a_minute_less_is_not() {
    // The next night begins at 17:00, 14 hours after 03:00.
    let gap = |end: (i8, i8)| {
        let mut case = Case::new();
        case.programme.rotations[LONG].am = hours((3, 0), (12, 0));
        case.programme.rotations[LONG].night = hours((17, 0), end);
        case.work(0, LONG).night(0, LONG).night(1, LONG);
        case
    };
    gap((3, 0)).legal();
    let mut late = gap((3, 1));
    late.programme.rotations[LONG].handover_minutes = 1;
    late.schedule
        .assignments
        .iter_mut()
        .for_each(|a| a.handover_minutes = i32::from(a.slot == Slot::Night));
    late.breaks("rest");
}

#[test]
fn eight_hours_between_days_are_legal_and_a_minute_less_is_not() {
    let evening = |end: (i8, i8)| {
        let mut case = Case::new();
        case.programme.rotations[LONG].night = hours((17, 0), end);
        case.night(0, LONG).cell(RESIDENT, 1, Slot::Am, Activity::Work(LONG));
        case
    };
    evening((23, 0)).legal();
    evening((23, 1)).breaks("rest");
    let mut strict = evening((21, 0));
    strict.programme.block.rest_minutes = 600;
    strict.legal();
    strict.programme.block.rest_minutes = 601;
    strict.breaks("rest");
}

#[test]
fn rest_is_owed_from_history_too() {
    let after = |minutes: i64| {
        let mut case = Case::new();
        let start = case.day(-1).to_datetime(at(7, 0));
        case.history(start, minutes, DutyKind::Day);
        case.cell(RESIDENT, 0, Slot::Am, Activity::Work(LONG));
        case
    };
    after(16 * 60).legal();
    after(16 * 60 + 1).breaks("rest");
}

#[test]
fn a_duty_that_began_before_the_block_goes_on_in_it() {
    let until = |end: (i8, i8)| {
        let mut case = Case::new();
        case.programme.rotations[LONG].am = hours((7, 0), end);
        let start = case.day(-1).to_datetime(at(8, 0));
        case.history(start, 23 * 60, DutyKind::Call);
        case.cell(RESIDENT, 0, Slot::Am, Activity::Work(LONG));
        case
    };
    until((8, 0)).legal();
    until((8, 1)).breaks("24+4");
}

#[test]
fn what_was_wrong_long_before_the_block_does_not_make_it_illegal() {
    let mut long = Case::new();
    let start = long.day(-20).to_datetime(at(7, 0));
    long.history(start, 30 * 60, DutyKind::Call).work(0, LONG);
    long.legal();
    let mut tired = Case::new();
    for start in [tired.day(-20).to_datetime(at(7, 0)), tired.day(-20).to_datetime(at(19, 0))] {
        tired.history(start, 10 * 60, DutyKind::Day);
    }
    tired.work(0, LONG).legal();
}
