//! Who may work where, how many of them, and under whom.

use crate::case::{COLLEAGUE, Case, FACULTY, LONG, RESIDENT, SHORT};
use scheduler::domain::{Activity, Days, Demand, Slot};

#[test]
fn one_attending_supervises_up_to_the_ratio() {
    let half_day = |attending: bool, ratio: u32| {
        let mut case = Case::new();
        case.programme.rotations[LONG].supervision = ratio;
        for resident in [RESIDENT, COLLEAGUE] {
            case.cell(resident, 0, Slot::Am, Activity::Work(LONG));
        }
        if attending {
            case.cell(FACULTY, 0, Slot::Am, Activity::Attend(LONG));
        }
        case
    };
    half_day(true, 2).legal();
    half_day(true, 1).breaks("supervision");
    half_day(false, 4).breaks("supervision");
}

#[test]
fn faculty_supervise_for_no_more_half_days_a_week_than_the_programme_sets() {
    let mut case = Case::new();
    case.programme.block.faculty_half_days = 3;
    case.programme.rotations[LONG].supervision = 1;
    let half_days =
        [(0, Slot::Am), (0, Slot::Pm), (6, Slot::Am), (7, Slot::Am), (7, Slot::Pm), (8, Slot::Am)];
    for (day, slot) in half_days {
        case.cell(FACULTY, day, slot, Activity::Attend(LONG));
    }
    case.legal();
    case.cell(FACULTY, 6, Slot::Pm, Activity::Attend(LONG));
    case.breaks("supervision");
}

#[test]
fn year_and_credential_decide_who_may_work_where() {
    let case = |pgy: (u8, u8), credential: Option<&str>| {
        let mut case = Case::new();
        case.programme.rotations[LONG].pgy = pgy;
        case.programme.rotations[LONG].credential = credential.map(str::to_owned);
        case.programme.people[RESIDENT].credentials = vec!["ACLS".to_owned()];
        case.cell(RESIDENT, 0, Slot::Am, Activity::Work(LONG));
        case
    };
    case((2, 2), Some("ACLS")).legal();
    case((1, 1), None).breaks("eligibility");
    case((3, 3), None).breaks("eligibility");
    case((1, 3), Some("NRP")).breaks("eligibility");
}

#[test]
fn faculty_supervise_in_their_specialty() {
    let case = |asked: Option<&str>| {
        let mut case = Case::new();
        case.programme.rotations[LONG].supervision = 1;
        case.programme.rotations[LONG].specialty = asked.map(str::to_owned);
        case.programme.people[FACULTY].specialties = vec!["cardiology".to_owned()];
        case.cell(RESIDENT, 0, Slot::Am, Activity::Work(LONG));
        case.cell(FACULTY, 0, Slot::Am, Activity::Attend(LONG));
        case
    };
    case(None).legal();
    case(Some("cardiology")).legal();
    case(Some("surgery")).breaks("eligibility");
}

#[test]
fn residents_work_and_faculty_supervise() {
    let case = |person: usize, duty: Activity| {
        let mut case = Case::new();
        case.programme.rotations[LONG].supervision = 9;
        case.cell(FACULTY, 0, Slot::Am, Activity::Attend(LONG));
        case.cell(person, 0, Slot::Pm, duty);
        case
    };
    case(FACULTY, Activity::Attend(LONG)).legal();
    case(RESIDENT, Activity::Attend(LONG)).breaks("eligibility");
    // Nobody supervises a member of the faculty who works as a resident.
    let mut works = case(FACULTY, Activity::Work(LONG));
    works.programme.rotations[LONG].supervision = 0;
    works.schedule.assignments.remove(0);
    works.breaks("eligibility");
}

#[test]
fn a_rotation_of_four_weeks_is_kept_and_one_of_two_may_change() {
    let mut short = Case::new();
    short.work(0, SHORT).work(20, LONG);
    short.breaks("rotation-length");
    let mut same = Case::new();
    same.work(0, LONG).work(20, LONG);
    same.legal();
    let mut within = Case::new();
    within.programme.rotations[LONG].weeks = 2;
    within.work(0, SHORT).work(20, LONG);
    within.legal();
    within.work(13, LONG);
    within.breaks("rotation-length");
}

#[test]
fn capacity_and_demand_hold_in_every_slot() {
    let full = |capacity: u32, min: u32| {
        let mut case = Case::new();
        case.programme.rotations[LONG].capacity = capacity;
        let only = Days::Only(case.day(0));
        let demand = Demand { rotation: LONG, days: only, slot: Slot::Am, min, wanted: min };
        case.programme.demand.push(demand);
        for resident in [RESIDENT, COLLEAGUE] {
            case.cell(resident, 0, Slot::Am, Activity::Work(LONG));
        }
        case
    };
    full(2, 2).legal();
    full(1, 1).breaks("capacity");
    full(3, 3).breaks("coverage");
}
