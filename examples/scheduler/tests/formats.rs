//! The files that are written: a spreadsheet that reads back to the same schedule, a calendar that
//! another parser understands, with the right instants over the change of the clock.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use calcard::icalendar::{
    ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarValue,
};
use calcard::{Entry, Parser};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use scheduler::domain::{Activity, Assignment, Programme, Role, Schedule, Slot};
use scheduler::export::{read_schedule, schedule_ics, write_schedule};
use scheduler::import::{Source, load};

fn programme() -> Programme {
    load(&Source::Bundled).unwrap()
}

fn rotation(programme: &Programme, id: &str) -> usize {
    programme.rotations.iter().position(|rotation| rotation.id == id).unwrap()
}

/// The cell that a rotation's own hours make.
fn cell(
    programme: &Programme,
    person: usize,
    date: Date,
    slot: Slot,
    duty: Activity,
) -> Assignment {
    let rotation = duty.rotation().map(|rotation| &programme.rotations[rotation]);
    let (start, end) = match rotation.and_then(|rotation| rotation.hours(slot)) {
        Some(hours) => hours.on(date),
        None => (date.at(8, 0, 0, 0), date.at(12, 0, 0, 0)),
    };
    let handover_minutes =
        if slot == Slot::Night { rotation.map_or(0, |r| r.handover_minutes) } else { 0 };
    Assignment { person, date, slot, duty, start, end, handover_minutes }
}

fn csv(programme: &Programme, schedule: &Schedule) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_schedule(programme, schedule, &mut bytes).unwrap();
    bytes
}

/// Any schedule that the format can hold: a set of cells with any duty that has hours there.
fn schedules(programme: &Programme) -> impl Strategy<Value = Schedule> + use<> {
    let programme = programme.clone();
    let place = (0..programme.people.len(), 0..programme.block.days, 0..3usize);
    prop::collection::btree_map(place, (0..13usize, 0..6usize), 0..200).prop_map(move |cells| {
        let assignment = |((person, day, slot), (rotation, kind)): ((usize, usize, usize), _)| {
            let (date, slot) = (programme.block.date(day), Slot::ALL[slot]);
            let duty = match kind {
                0 => Activity::Work(rotation),
                1 => Activity::Call(rotation),
                2 => Activity::Night(rotation),
                3 => Activity::Attend(rotation),
                4 => Activity::Conference,
                _ => Activity::Leave,
            };
            let mut cell = cell(&programme, person, date, slot, duty);
            if duty == Activity::Leave {
                cell.end = cell.start;
            }
            cell
        };
        Schedule { assignments: cells.into_iter().map(assignment).collect() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is written is what is read, whatever the schedule holds.
    #[test]
    fn a_schedule_survives_the_spreadsheet(schedule in schedules(&programme())) {
        let programme = programme();
        let read = read_schedule(&programme, &csv(&programme, &schedule));
        prop_assert_eq!(read.unwrap(), schedule);
    }
}

#[test]
fn lines_in_any_order_and_with_windows_endings_read_alike() {
    let programme = programme();
    let wards = rotation(&programme, "wards-a");
    let day = |n| programme.block.date(n);
    let schedule = Schedule {
        assignments: vec![
            cell(&programme, 0, day(0), Slot::Am, Activity::Work(wards)),
            cell(&programme, 0, day(0), Slot::Night, Activity::Call(wards)),
            cell(&programme, 3, day(2), Slot::Pm, Activity::Conference),
        ],
    };
    let text = String::from_utf8(csv(&programme, &schedule)).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1..].reverse();
    let shuffled = format!("\u{feff}{}\r\n", lines.join("\r\n"));
    assert_eq!(read_schedule(&programme, shuffled.as_bytes()).unwrap(), schedule);
}

#[test]
fn every_fault_of_a_schedule_is_told_at_once() {
    let programme = programme();
    let text = "person,date,slot,activity,rotation,start,end,handover_minutes\n\
        r101,2026-10-19,AM,work,wards-a,2026-10-19 07:00,2026-10-19 12:00,0\n\
        r101,2026-10-19,AM,work,wards-b,2026-10-19 07:00,2026-10-19 12:00,0\n\
        nobody,2026-10-19,AM,work,nowhere,2026-10-19 07:00,2026-10-19 12:00,0\n\
        r102,2026-12-19,EVENING,rest,,2026-12-19 07:00,2026-12-19 12:00,-1\n\
        r103,2026-10-19,PM,leave,wards-a,2026-10-19 12:00,2026-10-19 12:00,0\n\
        r104,2026-10-19,PM,work,wards-a,2026-10-19 12:00,2026-10-19 12:00,0\n";
    let faults = read_schedule(&programme, text.as_bytes()).unwrap_err().to_string();
    let expected = "\
schedule.csv:3: column slot: found \"AM\", expected one line for a cell; line 2 is another
schedule.csv:4: column person: found \"nobody\", expected an id of people.csv
schedule.csv:4: column rotation: found \"nowhere\", expected an id of rotations.csv
schedule.csv:5: column date: found \"2026-12-19\", expected a date from 2026-10-19 to 2026-11-15
schedule.csv:5: column slot: found \"EVENING\", expected AM, PM or NIGHT
schedule.csv:5: column activity: found \"rest\", expected work, call, night, attend, conference or leave
schedule.csv:5: column handover_minutes: found \"-1\", expected a whole number from 0 to 240
schedule.csv:6: column rotation: found \"wards-a\", expected nothing, as the activity is leave
schedule.csv:7: column end: found \"2026-10-19 12:00\", expected a time after 2026-10-19 12:00, at most 48 hours later";
    assert_eq!(faults, expected);
}

#[test]
fn no_cell_starts_a_formula() {
    let mut programme = programme();
    programme.people[0].id = "=HYPERLINK(\"http://x\",\"y\")".to_owned();
    programme.rotations[0].id = "@SUM(A1)".to_owned();
    let date = programme.block.first;
    let schedule =
        Schedule { assignments: vec![cell(&programme, 0, date, Slot::Am, Activity::Work(0))] };
    let bytes = csv(&programme, &schedule);
    let mut reader = csv::Reader::from_reader(&*bytes);
    for record in reader.records() {
        let record = record.unwrap();
        assert!(record.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])));
        assert_eq!(&record[0], "'=HYPERLINK(\"http://x\",\"y\")");
        assert_eq!(&record[4], "'@SUM(A1)");
    }
    assert_eq!(read_schedule(&programme, &bytes).unwrap(), schedule);
}

/// The events that the other parser finds. It forgives, so every line is counted: one that it did not
/// understand as a property or as the edge of a component fails the test.
fn events(text: &str) -> Vec<ICalendarComponent> {
    let calendar = match Parser::new(text).entry() {
        Entry::ICalendar(calendar) => calendar,
        other => panic!("the other parser stumbles: {other:?}"),
    };
    let understood: usize = calendar.components.iter().map(|c| c.entries.len() + 2).sum();
    let lines = text.replace("\r\n ", "").lines().count();
    assert_eq!(understood, lines, "{text}");
    let event = |c: &ICalendarComponent| c.component_type == ICalendarComponentType::VEvent;
    calendar.components.into_iter().filter(event).collect()
}

fn property<'a>(event: &'a ICalendarComponent, name: &ICalendarProperty) -> &'a ICalendarValue {
    let entry = event.entries.iter().find(|entry| entry.name == *name).unwrap();
    &entry.values[0]
}

fn text_of(event: &ICalendarComponent, name: &ICalendarProperty) -> String {
    property(event, name).as_text().unwrap().to_owned()
}

fn seconds(event: &ICalendarComponent, name: &ICalendarProperty) -> i64 {
    let ICalendarValue::PartialDateTime(at) = property(event, name) else {
        panic!("no time: {:?}", property(event, name));
    };
    at.to_timestamp().unwrap()
}

fn stamp() -> Timestamp {
    "2026-10-01T12:00:00Z".parse().unwrap()
}

#[test]
fn the_night_of_the_clock_change_lasts_an_hour_longer() {
    let programme = programme();
    let wards = rotation(&programme, "wards-a");
    let call = |day| cell(&programme, 0, day, Slot::Night, Activity::Call(wards));
    let schedule =
        Schedule { assignments: vec![call(date(2026, 10, 30)), call(date(2026, 10, 31))] };
    let text = schedule_ics(&programme, &schedule, stamp()).unwrap();
    let events = events(&text);
    let hours = |event| {
        (seconds(event, &ICalendarProperty::Dtend) - seconds(event, &ICalendarProperty::Dtstart))
            / 3_600
    };
    assert_eq!(events.iter().map(hours).collect::<Vec<_>>(), [15, 16]);
    // 17:00 in Chicago is 22:00 UTC before the change, 08:00 is 14:00 UTC after it.
    let at = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
    assert_eq!(seconds(&events[1], &ICalendarProperty::Dtstart), at("2026-10-31T22:00:00Z"));
    assert_eq!(seconds(&events[1], &ICalendarProperty::Dtend), at("2026-11-01T14:00:00Z"));
}

#[test]
fn the_calendar_has_one_event_for_each_duty_and_none_for_leave() {
    let programme = programme();
    let residents = programme.people.iter().enumerate().filter(|(_, p)| p.role != Role::Faculty);
    let mut assignments = Vec::new();
    for (person, _) in residents {
        let date = programme.block.date(person % programme.block.days);
        assignments.push(cell(&programme, person, date, Slot::Am, Activity::Work(person % 5)));
        let mut leave = cell(&programme, person, date, Slot::Pm, Activity::Leave);
        leave.end = leave.start;
        assignments.push(leave);
    }
    let schedule = Schedule { assignments };
    let text = schedule_ics(&programme, &schedule, stamp()).unwrap();
    assert_eq!(events(&text).len(), 48);
    assert_eq!(text, schedule_ics(&programme, &schedule, stamp()).unwrap());
    assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')));
}

#[test]
fn an_event_keeps_its_id_when_its_content_changes() {
    let programme = programme();
    let date = programme.block.first;
    let uid = |rotation| {
        let duty = Activity::Work(rotation);
        let schedule = Schedule { assignments: vec![cell(&programme, 0, date, Slot::Am, duty)] };
        let text = schedule_ics(&programme, &schedule, stamp()).unwrap();
        text_of(&events(&text)[0], &ICalendarProperty::Uid)
    };
    assert_eq!(uid(0), uid(1));
    assert_eq!(uid(0), "2026-05/r101/2026-10-19/AM@rounds");
}

#[test]
fn punctuation_in_names_survives_the_calendar() {
    let mut programme = programme();
    let name = "O'Brien, Jr.; \"Bo\" \\ Søren ".repeat(4);
    programme.people[0].name = name.clone();
    programme.rotations[0].name = "A, B; C".to_owned();
    let date = programme.block.first;
    let schedule =
        Schedule { assignments: vec![cell(&programme, 0, date, Slot::Am, Activity::Work(0))] };
    let text = schedule_ics(&programme, &schedule, stamp()).unwrap();
    let events = events(&text);
    let summary = text_of(&events[0], &ICalendarProperty::Summary);
    assert_eq!(summary, format!("{name}: A, B; C, work"));
}
