//! One person in two places at once, told by two files.

use crate::copy::Copy;

const ABSENCES: &str = "person,first,last,kind,blocking\n";
const DUTY: &str = "person,start,end,kind,handover_minutes\n";

/// The bundled programme with nothing but these absences and duties.
fn told(absences: &str, history: &str, outside: &str) -> Copy {
    let copy = Copy::new();
    copy.write("absences.csv", format!("{ABSENCES}{absences}"))
        .write("history.csv", format!("{DUTY}{history}"))
        .write("outside.csv", format!("{DUTY}{outside}"));
    copy
}

#[test]
fn duty_outside_of_the_plan_during_a_conference_is_told() {
    let conferences = "r103,2026-10-26,2026-10-26,leave,yes\n\
                       r101,2026-10-20,2026-10-22,conference,yes\n";
    let outside = "r101,2026-10-20 13:30,2026-10-20 14:30,home,0\n\
                   r101,2026-10-21 07:00,2026-10-21 08:01,home,0\n\
                   r101,2026-10-21 16:59,2026-10-21 18:00,moonlighting,0\n\
                   r101,2026-10-22 07:00,2026-10-22 19:00,moonlighting,0\n";
    told(conferences, "", outside).expect(&[
        "outside.csv:2: column start: found \"2026-10-20 13:30\", expected 2026-10-20 17:00 or \
         later, when line 3 of absences.csv has ended",
        "outside.csv:3: column end: found \"2026-10-21 08:01\", expected 2026-10-21 08:00 or \
         earlier, when line 3 of absences.csv begins",
        "outside.csv:4: column start: found \"2026-10-21 16:59\", expected 2026-10-21 17:00 or \
         later, when line 3 of absences.csv has ended",
        "outside.csv:5: column end: found \"2026-10-22 19:00\", expected 2026-10-22 08:00 or \
         earlier, when line 3 of absences.csv begins",
    ]);
}

#[test]
fn history_that_lasts_into_a_conference_is_told() {
    let history = "r101,2026-10-18 17:00,2026-10-19 08:01,call,60\n\
                   r102,2026-10-18 17:00,2026-10-19 08:00,call,60\n\
                   r104,2026-10-15 09:00,2026-10-15 10:00,day,0\n";
    let conferences = "r101,2026-10-19,2026-10-19,conference,yes\n\
                       r102,2026-10-19,2026-10-19,conference,yes\n\
                       r104,2026-10-14,2026-10-16,conference,yes\n";
    told(conferences, history, "").expect(&[
        "history.csv:2: column end: found \"2026-10-19 08:01\", expected 2026-10-19 08:00 or \
         earlier, when line 2 of absences.csv begins",
        "history.csv:4: column start: found \"2026-10-15 09:00\", expected 2026-10-15 12:00 or \
         later, when line 4 of absences.csv has ended",
    ]);
}

#[test]
fn duty_outside_of_the_plan_before_history_has_ended_is_told() {
    let history = "r101,2026-10-18 19:00,2026-10-19 07:00,night,0\n\
                   r102,2026-10-18 19:00,2026-10-19 07:00,night,0\n\
                   r102,2026-10-18 20:00,2026-10-18 21:00,home,0\n";
    let outside = "r101,2026-10-19 07:00,2026-10-19 09:00,home,0\n\
                   r102,2026-10-19 06:59,2026-10-19 09:00,home,0\n\
                   r103,2026-10-19 06:00,2026-10-19 09:00,home,0\n";
    told("", history, outside).expect(&[
        "history.csv:4: column start: found \"2026-10-18 20:00\", expected 2026-10-19 07:00 or \
         later, when line 3 has ended",
        "outside.csv:3: column start: found \"2026-10-19 06:59\", expected 2026-10-19 07:00 or \
         later, when line 3 of history.csv has ended",
    ]);
}

#[test]
fn duty_around_a_conference_and_during_leave_or_a_mere_wish_is_accepted() {
    let absences = "r101,2026-10-20,2026-10-20,conference,yes\n\
                    r102,2026-10-20,2026-10-20,conference,no\n\
                    r103,2026-10-20,2026-10-20,leave,yes\n\
                    r104,2026-10-20,2026-10-20,sick,yes\n";
    let at = |person: &str, from: &str, to: &str| {
        format!("{person},2026-10-20 {from},2026-10-20 {to},moonlighting,0\n")
    };
    let around = [("06:00", "08:00"), ("12:00", "13:00"), ("17:00", "20:00")];
    let mut outside: String = around.iter().map(|(from, to)| at("r101", from, to)).collect();
    outside.extend(["r102", "r103", "r104"].map(|person| at(person, "09:00", "15:00")));
    told(absences, "", &outside).expect_good();
}

#[test]
fn history_may_tell_the_hours_of_a_conference_before_the_block() {
    let history = "r101,2026-10-15 08:00,2026-10-15 12:00,conference,0\n\
                   r101,2026-10-15 13:00,2026-10-15 17:00,conference,0\n";
    told("r101,2026-10-15,2026-10-15,conference,yes\n", history, "").expect_good();
}
