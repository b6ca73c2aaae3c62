//! Hours that do not fit the parts into which the day is cut.

use crate::copy::Copy;
use scheduler::import::load;
use scheduler::model::Model;

const ELECTIVE: usize = 14;
const NIGHT_FLOAT: usize = 7;

fn elective(am: &str, pm: &str) -> String {
    format!("elective,Elective,2,12,1,3,,,0,{am},{pm},,none,0")
}

fn night_float(night: &str) -> String {
    format!("night-float,Night Float,2,4,1,3,,ACLS,0,,,{night},shift,60")
}

/// One rotation, and no file that could miss another.
fn alone(am: &str, pm: &str) -> Copy {
    let copy = Copy::new();
    let header = copy.text("rotations.csv").lines().next().unwrap().to_owned();
    let solo = format!("{header}\nsolo,Solo,4,48,1,3,,,0,{am},{pm},,none,0\n");
    copy.write("rotations.csv", solo)
        .write("demand.csv", "rotation,days,slot,min,wanted\nsolo,weekday,AM,0,1\n")
        .write("requests.csv", "person,date,slot,wish,rotation,rank\n");
    copy
}

/// The programme is accepted, and the solver's model can state it.
#[track_caller]
fn fits(copy: &Copy) {
    let programme = load(&copy.source()).unwrap_or_else(|faults| panic!("{faults}"));
    Model::new(&programme).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_morning_begins_before_the_first_afternoon() {
    let copy = Copy::new();
    fits(copy.line("rotations.csv", ELECTIVE, &elective("11:59-12:30", "13:00-17:00")));
    copy.line("rotations.csv", ELECTIVE, &elective("12:00-12:30", "13:00-17:00"));
    copy.expect(&[
        "rotations.csv:14: column am: found \"12:00-12:30\", expected a start before 12:00, when \
         the afternoon of wards-a in line 2 begins",
    ]);
}

#[test]
fn an_afternoon_begins_before_the_first_night() {
    let copy = Copy::new();
    fits(copy.line("rotations.csv", ELECTIVE, &elective("08:00-12:00", "16:59-20:00")));
    copy.line("rotations.csv", ELECTIVE, &elective("08:00-12:00", "17:00-20:00"));
    copy.expect(&[
        "rotations.csv:14: column pm: found \"17:00-20:00\", expected a start before 17:00, when \
         the night of wards-a in line 2 begins",
    ]);
}

#[test]
fn the_morning_of_a_conference_begins_before_the_first_afternoon() {
    let copy = Copy::new();
    copy.line("rotations.csv", ELECTIVE, &elective("07:00-08:00", "08:00-12:00"));
    copy.expect(&[
        "rotations.csv:14: column pm: found \"08:00-12:00\", expected a start after 08:00 and by \
         13:00, when the halves of a conference begin",
    ]);
    // A minute later only a morning that begins after it is in the way.
    copy.line("rotations.csv", ELECTIVE, &elective("07:00-08:00", "08:01-12:00"));
    copy.expect(&[
        "rotations.csv:6: column am: found \"09:00-14:00\", expected a start before 08:01, when \
         the afternoon of elective in line 14 begins",
    ]);
}

#[test]
fn the_afternoon_of_a_conference_begins_before_the_first_night() {
    let copy = Copy::new();
    copy.line("rotations.csv", NIGHT_FLOAT, &night_float("13:00-07:00"));
    copy.expect(&[
        "rotations.csv:7: column night: found \"13:00-07:00\", expected a start after 13:00, when \
         conferences go on",
    ]);
    copy.line("rotations.csv", NIGHT_FLOAT, &night_float("13:01-07:00"));
    copy.expect(&[
        "rotations.csv:6: column pm: found \"14:00-19:00\", expected a start before 13:01, when \
         the night of night-float in line 7 begins",
    ]);
}

#[test]
fn a_night_that_begins_after_midnight_is_told() {
    let copy = Copy::new();
    copy.line("rotations.csv", NIGHT_FLOAT, &night_float("00:00-07:00"));
    copy.expect(&[
        "rotations.csv:7: column night: found \"00:00-07:00\", expected a start after 13:00, when \
         conferences go on",
    ]);
}

#[test]
fn the_afternoon_of_a_conference_begins_after_some_afternoon_has() {
    fits(&alone("08:00-12:00", "13:00-17:00"));
    alone("08:00-12:00", "13:01-17:00").expect(&[
        "rotations.csv:2: column pm: found \"13:01-17:00\", expected a start after 08:00 and by \
         13:00, when the halves of a conference begin",
    ]);
}

#[test]
fn the_borders_have_a_default() {
    fits(&alone("11:59-17:00", ""));
    alone("12:00-17:00", "").expect(&[
        "rotations.csv:2: column am: found \"12:00-17:00\", expected a start before 12:00, the end \
         of the morning where no rotation has hours of the afternoon",
    ]);
    let copy = alone("08:00-12:00", "12:30-16:00");
    let text = copy.text("rotations.csv");
    let late = format!("{text}late,Late,4,48,1,3,,,0,,17:00-20:00,,none,0\n");
    copy.write("rotations.csv", late).expect(&[
        "rotations.csv:3: column pm: found \"17:00-20:00\", expected a start before 17:00, the end \
         of the afternoon where no rotation has hours of the night",
    ]);
}

#[test]
fn a_rotation_that_cannot_be_read_makes_nobody_else_wrong() {
    let told = "rotations.csv:3: column pgy_max: found \"9\", expected 1, 2 or 3";
    // The afternoon of the unread line may refute the default, and an earliest afternoon too late.
    for (am, pm) in [("12:00-12:30", ""), ("08:00-12:00", "13:01-17:00")] {
        let copy = alone(am, pm);
        let text = copy.text("rotations.csv");
        copy.write("rotations.csv", format!("{text}duo,Duo,4,48,1,9,,,0,,12:45-17:00,,none,0\n"));
        copy.expect(&[told]);
    }
}
