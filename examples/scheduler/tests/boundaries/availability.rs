//! Absences, duty outside of the plan, and two duties at once.

use crate::case::{Case, FACULTY, LONG, RESIDENT, SHORT, at, hours};
use scheduler::domain::{Activity, Slot};

#[test]
fn nobody_works_on_leave_or_into_it() {
    let mut case = Case::new();
    case.leave(3, 4).work(2, LONG);
    case.legal();
    case.night(2, LONG);
    case.breaks("availability");
}

#[test]
fn a_conference_forbids_other_duty() {
    let mut case = Case::new();
    case.work(2, LONG).conference(3).work(4, LONG);
    case.legal();
    let mut instead = Case::new();
    instead.conference(3).schedule.assignments.pop();
    instead.cell(RESIDENT, 3, Slot::Pm, Activity::Work(LONG));
    instead.breaks("availability");
    let mut night = Case::new();
    night.conference(3).night(3, SHORT);
    night.breaks("availability");
}

#[test]
fn nobody_has_two_duties_at_once() {
    let supervising = |end: (i8, i8)| {
        let mut case = Case::new();
        case.programme.rotations[LONG].am = hours((7, 0), end);
        for rotation in [LONG, SHORT] {
            case.programme.rotations[rotation].supervision = 1;
        }
        case.cell(FACULTY, 0, Slot::Am, Activity::Attend(LONG));
        case.cell(FACULTY, 0, Slot::Pm, Activity::Attend(SHORT));
        case
    };
    supervising((12, 0)).legal();
    supervising((12, 1)).breaks("availability");
    let working = |end: (i8, i8)| {
        let mut case = Case::new();
        case.programme.rotations[LONG].pm = hours((12, 0), end);
        case.work(0, LONG).night(0, LONG);
        case
    };
    working((17, 0)).legal();
    working((17, 1)).breaks("availability");
}

#[test]
fn duty_outside_of_the_plan_forbids_cells_at_the_same_time() {
    let morning = |start: (i8, i8)| {
        let mut case = Case::new();
        let start = case.day(0).to_datetime(at(start.0, start.1));
        case.moonlighting(start, 180).cell(RESIDENT, 0, Slot::Am, Activity::Work(LONG));
        case
    };
    morning((12, 0)).legal();
    morning((11, 59)).breaks("availability");
    morning((4, 0)).legal();
    morning((4, 1)).breaks("availability");
    let after_a_call = |start: (i8, i8)| {
        let mut case = Case::new();
        let start = case.day(1).to_datetime(at(start.0, start.1));
        case.moonlighting(start, 180).night(0, LONG);
        case
    };
    after_a_call((7, 0)).legal();
    after_a_call((6, 59)).breaks("availability");
}

#[test]
fn a_conference_cannot_be_left_out() {
    let mut case = Case::new();
    case.conference(3);
    case.legal();
    case.schedule.assignments.pop();
    case.breaks("availability");
}
