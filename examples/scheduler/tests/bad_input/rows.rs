//! What can be wrong with the rows of each file.

use crate::copy::{Copy, FILES};
use std::fs;

#[test]
fn settings_are_checked_one_by_one() {
    let copy = Copy::new();
    let settings = "key,value\nprogramme,\nblock,a b\nfirst_day,2026-10-20\ndays,30\n\
                    zone,Chicago\nrest_minutes,60\nbreak_minutes,-5\nmax_consecutive_nights,0\n\
                    rolling_hours,maybe\nfaculty_half_days,many\ncolour,red\ndays,28\n";
    copy.write("settings.csv", settings).expect(&[
        "settings.csv:2: column value: found \"\", expected a text of 1 to 120 characters",
        "settings.csv:3: column value: found \"a b\", expected an id of 1 to 40 letters, digits, \
         '-', '_' or '.', the first a letter or digit",
        "settings.csv:4: column value: found \"2026-10-20\", expected a Monday such as 2026-10-19",
        "settings.csv:5: column value: found \"30\", expected 28, the days of an academic block",
        "settings.csv:6: column value: found \"Chicago\", expected an IANA time zone such as \
         America/Chicago",
        "settings.csv:7: column value: found \"60\", expected a whole number from 480 to 1440",
        "settings.csv:8: column value: found \"-5\", expected a whole number from 0 to 240",
        "settings.csv:9: column value: found \"0\", expected a whole number from 1 to 28",
        "settings.csv:10: column value: found \"maybe\", expected yes or no",
        "settings.csv:11: column value: found \"many\", expected a whole number from 1 to 14",
        "settings.csv:12: column key: found \"colour\", expected one of programme, block, \
         first_day, days, zone, rest_minutes, break_minutes, max_consecutive_nights, \
         rolling_hours, faculty_half_days",
        "settings.csv:13: column key: found \"days\", expected each key once; line 5 has this one",
    ]);
}

#[test]
fn a_setting_that_is_missing_is_told_unless_it_has_a_default() {
    let copy = Copy::new();
    copy.write(
        "settings.csv",
        "key,value\nprogramme,P\nblock,b\nfirst_day,2026-10-19\ndays,28\nzone,America/Chicago\n",
    );
    copy.expect_good();
    copy.write("settings.csv", "key,value\nprogramme,P\nblock,b\nfirst_day,2026-10-19\ndays,28\n");
    copy.expect(&["settings.csv: column key: found no zone, expected a row zone"]);
}

#[test]
fn people_are_checked() {
    let copy = Copy::new();
    copy.line("people.csv", 2, "r101,Amara Okafor,resident,4,,ACLS")
        .line("people.csv", 3, "r103,,resident,1,,ACLS")
        .line("people.csv", 5, "r101,Twice,resident,1,,ACLS")
        .line("people.csv", 6, "r105,Elif,visitor,1,,ACLS")
        .line("people.csv", 69, "f20,Dr. Victor Lund,faculty,3,pediatrics,ACLS");
    let told = copy.faults().to_string();
    let people: Vec<&str> = told.lines().filter(|line| line.starts_with("people.csv")).collect();
    assert_eq!(
        people,
        [
            "people.csv:2: column pgy: found \"4\", expected 1, 2 or 3",
            "people.csv:3: column name: found \"\", expected a text of 1 to 120 characters",
            "people.csv:4: column id: found \"r103\", expected an id of its own; line 3 has this one",
            "people.csv:5: column id: found \"r101\", expected an id of its own; line 2 has this one",
            "people.csv:6: column role: found \"visitor\", expected resident or faculty",
            "people.csv:69: column pgy: found \"3\", expected nothing for faculty",
        ]
    );
}

#[test]
fn a_person_with_a_fault_is_not_unknown_elsewhere() {
    let copy = Copy::new();
    copy.line("people.csv", 5, "r104,Daniel Kim,resident,x,,ACLS");
    copy.expect(&["people.csv:5: column pgy: found \"x\", expected 1, 2 or 3"]);
}

#[test]
fn rotations_are_checked() {
    let copy = Copy::new();
    let line = |n, text| _ = copy.line("rotations.csv", n, text);
    line(2, "wards-a,A,3,0,3,1,x;y,ACLS,21,7-12,12:00-17:00,17:00-08:00,calls,-1");
    line(3, "wards-a,B,4,7,1,3,,,4,07:00-12:00,11:00-17:00,17:00-08:00,none,60");
    line(4, "micu,C,4,6,1,3,,,3,12:00-07:00,,,call,0");
    line(5, "obstetrics,D,4,4,1,3,,,3,,,,none,60");
    line(6, "emergency,E,2,4,1,3,,,3,,,,,0");
    let told = copy.faults().to_string();
    let told: Vec<&str> = told.lines().filter(|line| line.starts_with("rotations.csv")).collect();
    let hours = "nothing, or hours such as 07:00-12:00 that end later on the same day";
    let expected = [
        "2: column weeks: found \"3\", expected 2 or 4",
        "2: column capacity: found \"0\", expected a whole number from 1 to 1000",
        "2: column pgy_max: found \"1\", expected 3 or more, as pgy_min is",
        "2: column specialty: found \"x;y\", expected nothing, or one word of up to 40 characters",
        "2: column supervision: found \"21\", expected a whole number from 0 to 20",
        &format!("2: column am: found \"7-12\", expected {hours}"),
        "2: column night_kind: found \"calls\", expected call, shift, or none where there is no night",
        "2: column handover_minutes: found \"-1\", expected a whole number from 0 to 240",
        "3: column id: found \"wards-a\", expected an id of its own; line 2 has this one",
        "3: column pm: found \"11:00-17:00\", expected a start at 12:00 or later, as the morning ends then",
        "3: column night_kind: found \"none\", expected call or shift, as there is a night",
        &format!("4: column am: found \"12:00-07:00\", expected {hours}"),
        "4: column night_kind: found \"call\", expected none, as there is no night",
        "5: column handover_minutes: found \"60\", expected 0, as there is no night",
        "6: column am: found \"\", expected hours of a morning, an afternoon or a night",
    ];
    assert_eq!(told, expected.map(|line| format!("rotations.csv:{line}")));
}

#[test]
fn demand_is_checked() {
    let copy = Copy::new();
    copy.line("demand.csv", 2, "wards-z,weekday,AM,1,1")
        .line("demand.csv", 3, "wards-a,monday,NOON,4,x")
        .line("demand.csv", 4, "wards-a,2026-12-01,NIGHT,2,1")
        .line("demand.csv", 5, "wards-a,weekend,AM,1,8")
        .line("demand.csv", 6, "wards-a,weekend,AM,2,2")
        .line("demand.csv", 7, "night-float,weekday,AM,1,1");
    copy.expect(&[
        "demand.csv:2: column rotation: found \"wards-z\", expected an id of rotations.csv",
        "demand.csv:3: column days: found \"monday\", expected weekday, weekend or a date from \
         2026-10-19 to 2026-11-15",
        "demand.csv:3: column slot: found \"NOON\", expected AM, PM or NIGHT",
        "demand.csv:3: column wanted: found \"x\", expected a whole number from 0 to 1000",
        "demand.csv:4: column days: found \"2026-12-01\", expected weekday, weekend or a date from \
         2026-10-19 to 2026-11-15",
        "demand.csv:4: column wanted: found \"1\", expected 2 or more, as min is",
        "demand.csv:5: column wanted: found \"8\", expected at most 7, the capacity of wards-a",
        "demand.csv:6: column rotation: found \"wards-a\", expected one row for these days and \
         slot; line 5 is another",
        "demand.csv:7: column slot: found \"AM\", expected a slot for which night-float has hours",
    ]);
}

#[test]
fn a_demand_that_nobody_can_meet_is_told() {
    let copy = Copy::new();
    let rotations = copy
        .text("rotations.csv")
        .replace(
            "procedures,Procedure Service,2,2,1,3,,ULTRASOUND",
            "procedures,Procedure Service,2,2,1,3,,LASER",
        )
        .replace("pediatrics,PALS", "neonatology,PALS");
    copy.write("rotations.csv", rotations);
    let told = copy.faults();
    let first = &told.list()[0].to_string();
    assert_eq!(
        first.split_once(": ").unwrap().1,
        "column rotation: found no faculty who may supervise there, expected somebody with the \
         specialty that pediatrics asks for"
    );
    let last = told.list().last().unwrap().to_string();
    assert_eq!(
        last.split_once(": ").unwrap().1,
        "column rotation: found 0 residents who may work there, expected at least 1 with the year \
         and credential that procedures asks for"
    );
}

#[test]
fn absences_are_checked() {
    let copy = Copy::new();
    copy.write(
        "absences.csv",
        "person,first,last,kind,blocking\n\
         r999,2026-10-19,2026-10-20,leave,yes\n\
         r101,2026-10-19,2026-10-25,leave,yes\n\
         r101,2026-10-25,2026-10-26,sick,yes\n\
         r101,2026-10-27,2026-10-28,sick,yes\n\
         r102,2026-09-20,2026-11-16,holiday,perhaps\n\
         r103,2026-10-22,2026-10-21,leave,no\n",
    );
    let inside = "expected a date from 2026-09-21 to 2026-11-15";
    copy.expect(&[
        "absences.csv:2: column person: found \"r999\", expected an id of people.csv",
        "absences.csv:4: column first: found \"2026-10-25\", expected 2026-10-26 or later, \
         when line 3 has ended",
        &format!("absences.csv:6: column first: found \"2026-09-20\", {inside}"),
        &format!("absences.csv:6: column last: found \"2026-11-16\", {inside}"),
        "absences.csv:6: column kind: found \"holiday\", expected leave, sick or conference",
        "absences.csv:6: column blocking: found \"perhaps\", expected yes or no",
        "absences.csv:7: column last: found \"2026-10-21\", expected 2026-10-22 or later, as first is",
    ]);
}

#[test]
fn requests_are_checked() {
    let copy = Copy::new();
    copy.write(
        "requests.csv",
        "person,date,slot,wish,rotation,rank\n\
         r101,2026-12-24,AM,off,,1\n\
         r101,2026-10-24,AM,off,,1\n\
         r101,2026-10-24,AM,on,micu,2\n\
         r102,2026-10-24,PM,off,micu,4\n\
         r102,2026-10-25,PM,on,nowhere,3\n\
         r102,2026-10-26,PM,perhaps,,3\n\
         r102,2026-10-27,NIGHT,on,elective,3\n",
    );
    copy.expect(&[
        "requests.csv:2: column date: found \"2026-12-24\", expected a date from 2026-10-19 to \
         2026-11-15",
        "requests.csv:4: column slot: found \"AM\", expected one request for a slot; line 3 is \
         another",
        "requests.csv:5: column rotation: found \"micu\", expected nothing, as the wish is off",
        "requests.csv:5: column rank: found \"4\", expected 1, 2 or 3",
        "requests.csv:6: column rotation: found \"nowhere\", expected an id of rotations.csv",
        "requests.csv:7: column wish: found \"perhaps\", expected off or on",
        "requests.csv:8: column slot: found \"NIGHT\", expected a slot for which elective has hours",
    ]);
}

#[test]
fn holidays_are_checked() {
    let copy = Copy::new();
    copy.write("holidays.csv", "date,name\n11/11/2026,Veterans Day\n2026-11-12,A\n2026-11-12,B\n");
    copy.expect(&[
        "holidays.csv:2: column date: found \"11/11/2026\", expected a date from 2026-10-19 to \
         2026-11-15",
        "holidays.csv:4: column date: found \"2026-11-12\", expected each day once; line 3 has \
         this one",
    ]);
}

#[test]
fn history_is_checked() {
    let copy = Copy::new();
    copy.write(
        "history.csv",
        "person,start,end,kind,handover_minutes\n\
         r101,2026-09-20 07:00,2026-09-20 17:00,day,0\n\
         r101,2026-10-19 07:00,2026-10-19 17:00,day,0\n\
         r101,2026-10-18 17:00,2026-10-19 08:00,call,60\n\
         r101,2026-10-18 07:00,2026-10-18 17:01,day,0\n\
         r102,2026-10-01 07:00,2026-10-01 07:00,day,0\n\
         r102,2026-10-02 07:00,2026-10-04 07:01,rest,241\n\
         r102,2026-10-05,7 o'clock,day,0\n",
    );
    let when = "expected a local time such as 2026-10-19 07:00";
    copy.expect(&[
        &format!("history.csv:2: column start: found \"2026-09-20 07:00\", {when}, from 2026-09-21 to 2026-10-18"),
        &format!("history.csv:3: column start: found \"2026-10-19 07:00\", {when}, from 2026-09-21 to 2026-10-18"),
        "history.csv:4: column start: found \"2026-10-18 17:00\", expected 2026-10-18 17:01 or \
         later, when line 5 has ended",
        "history.csv:6: column end: found \"2026-10-01 07:00\", expected a time after the start, \
         at most 48 hours later",
        "history.csv:7: column end: found \"2026-10-04 07:01\", expected a time after the start, \
         at most 48 hours later",
        "history.csv:7: column kind: found \"rest\", expected day, call, night, conference, \
         moonlighting, home or attending",
        "history.csv:7: column handover_minutes: found \"241\", expected a whole number from 0 to 240",
        &format!("history.csv:8: column start: found \"2026-10-05\", {when}, from 2026-09-21 to 2026-10-18"),
        &format!("history.csv:8: column end: found \"7 o'clock\", {when}"),
    ]);
}

#[test]
fn outside_duty_is_checked() {
    let copy = Copy::new();
    copy.write(
        "outside.csv",
        "person,start,end,kind,handover_minutes\n\
         r301,2026-11-15 20:00,2026-11-16 02:00,moonlighting,0\n\
         r301,2026-11-16 20:00,2026-11-16 22:00,home,0\n\
         r302,2026-11-01 07:00,2026-11-01 17:00,day,0\n",
    );
    copy.expect(&[
        "outside.csv:3: column start: found \"2026-11-16 20:00\", expected a local time such as \
         2026-10-19 07:00, from 2026-10-19 to 2026-11-15",
        "outside.csv:4: column kind: found \"day\", expected moonlighting or home",
    ]);
}

#[test]
fn a_local_time_that_the_clock_skips_is_told() {
    let copy = Copy::new();
    let settings = copy.text("settings.csv").replace("2026-10-19", "2026-03-09");
    copy.write("settings.csv", settings);
    for file in &FILES[4..] {
        fs::remove_file(copy.path(file)).unwrap();
    }
    let demand = copy.text("demand.csv").replace("2026-10-31", "2026-03-14");
    copy.write("demand.csv", demand);
    copy.write(
        "history.csv",
        "person,start,end,kind,handover_minutes\nr101,2026-03-07 19:00,2026-03-08 02:30,night,0\n",
    );
    copy.expect(&["history.csv:2: column end: found \"2026-03-08 02:30\", expected a local time \
                   that the clock does not skip on that day"]);
}
