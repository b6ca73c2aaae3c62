//! What can be wrong with a folder, a file, or a line, whatever the file is about.

use crate::copy::{Copy, FILES};
use scheduler::import::{MAX_FILE_BYTES, Source, load};
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::Arc;

#[test]
fn the_bundled_programme_has_no_fault() {
    let programme = load(&Source::Bundled).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(programme.residents().count(), 48);
    assert_eq!(programme.faculty().count(), 20);
    assert_eq!(programme.rotations.len(), 13);
    assert_eq!(programme.block.days, 28);
    Copy::new().expect_good();
}

#[test]
fn a_folder_that_is_no_programme_gets_one_clear_answer() {
    let holds = "expected the folder of a programme: settings.csv, people.csv, rotations.csv, \
                 demand.csv, and perhaps absences.csv, requests.csv, holidays.csv, history.csv, \
                 outside.csv";
    let told = |path: &Path| load(&Source::Folder(path.to_owned())).unwrap_err().to_string();
    let empty = tempfile::tempdir().unwrap();
    let path = empty.path();
    let shown = path.display();
    assert_eq!(told(path), format!("{shown}: found a folder without settings.csv, {holds}"));
    let nowhere = path.join("nowhere");
    let message = told(&nowhere);
    assert!(message.starts_with(&format!("{}: found No such file", nowhere.display())));
    assert!(message.ends_with(holds));
    let file = path.join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(told(&file), format!("{}: found a file, {holds}", file.display()));
}

#[test]
fn a_missing_file_is_told_once_and_its_ids_are_not_missed_everywhere() {
    let copy = Copy::new();
    fs::remove_file(copy.path("people.csv")).unwrap();
    copy.expect(&["people.csv: found no such file, expected a CSV file with the columns \
                   id,name,role,pgy,specialties,credentials"]);
}

#[test]
fn optional_files_may_be_missing() {
    let copy = Copy::new();
    for file in &FILES[4..] {
        fs::remove_file(copy.path(file)).unwrap();
    }
    copy.expect_good();
}

#[test]
fn an_optional_file_that_is_missing_is_warned_of() {
    let copy = Copy::new();
    fs::remove_file(copy.path("history.csv")).unwrap();
    let mut log = tempfile::tempfile().unwrap();
    let writer = Arc::new(log.try_clone().unwrap());
    let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(writer).finish();
    tracing::subscriber::with_default(lines, || copy.expect_good());
    let mut told = String::new();
    log.rewind().unwrap();
    log.read_to_string(&mut told).unwrap();
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("WARN") && told.contains("history.csv"), "{told}");
}

#[test]
fn optional_files_may_hold_a_header_only_and_required_ones_may_not() {
    let copy = Copy::new();
    for file in FILES {
        let header = copy.text(file).lines().next().unwrap().to_owned();
        copy.write(file, header);
    }
    let rows = "found a header and nothing else, expected at least one row";
    copy.expect(&[
        &format!("settings.csv: {rows}"),
        "settings.csv: column key: found no programme, expected a row programme",
        "settings.csv: column key: found no block, expected a row block",
        "settings.csv: column key: found no first_day, expected a row first_day",
        "settings.csv: column key: found no days, expected a row days",
        "settings.csv: column key: found no zone, expected a row zone",
        &format!("people.csv: {rows}"),
        &format!("rotations.csv: {rows}"),
        &format!("demand.csv: {rows}"),
    ]);
}

#[test]
fn an_empty_file_is_told() {
    let copy = Copy::new();
    copy.write("holidays.csv", "")
        .expect(&["holidays.csv: found an empty file, expected the header date,name"]);
    copy.write("holidays.csv", "\n\r\n\n")
        .expect(&["holidays.csv: found an empty file, expected the header date,name"]);
}

#[test]
fn a_wrong_header_is_one_fault() {
    let copy = Copy::new();
    let told = |header: &str, found: &str| {
        let fault = format!("holidays.csv:1: found {found}, expected the header date,name");
        copy.line("holidays.csv", 1, header).expect(&[&fault]);
    };
    told("date,title,date", "a header without name and with \"title,date\" besides");
    told("date", "a header without name");
    told("name,date,note", "a header with \"note\" besides");
    told("date,name,name", "a header with \"name\" besides");
    told("2026-11-11;Veterans Day", "the header \"2026-11-11;Veterans Day\"");
}

#[test]
fn a_header_of_a_million_columns_is_one_fault() {
    let copy = Copy::new();
    copy.write("holidays.csv", ",".repeat(1_000_000))
        .expect(&["holidays.csv:1: found 1000001 columns, expected the header date,name"]);
}

#[test]
fn columns_stand_in_any_order() {
    let copy = Copy::new();
    copy.write("holidays.csv", "name,date\nVeterans Day,2026-11-11\n").expect_good();
}

#[test]
fn a_row_of_the_wrong_width_is_told() {
    let copy = Copy::new();
    copy.line("holidays.csv", 2, "2026-11-11,Veterans Day,closed").line("outside.csv", 2, "r304");
    copy.expect(&[
        "holidays.csv:2: column 3: found 3 fields, expected 2 fields",
        "outside.csv:2: column 2: found 1 field, expected 5 fields",
    ]);
}

#[test]
fn text_that_is_not_utf_8_is_told_with_its_line() {
    let copy = Copy::new();
    copy.write("holidays.csv", b"date,name\n\n2026-11-11,F\xeate\n2026-11-12,Day\n")
        .expect(&["holidays.csv:3: column name: found \"F\u{fffd}te\", expected UTF-8 text"]);
}

#[test]
fn a_quote_that_never_closes_is_told_where_it_opens() {
    let copy = Copy::new();
    copy.write("holidays.csv", "date,name\n2026-11-11,\"Veterans\n2026-11-12,Day\n").expect(&[
        "holidays.csv:2: column name: found \"Veterans\\n2026-11-12,Day\\n\", expected one line of \
         text: is a quote missing?",
    ]);
}

#[test]
fn files_of_spreadsheets_are_read() {
    let copy = Copy::new();
    for file in FILES {
        let text = copy.text(file).replace('\n', "\r\n");
        copy.write(file, format!("\u{feff}{text}\r\n\r\n"));
    }
    copy.write("holidays.csv", "date,name\r\n,\r\n2026-11-11,\"Veterans, \"\"Day\"\"\"\r\n");
    let programme = load(&copy.source()).unwrap();
    assert_eq!(programme.holidays[0].name, "Veterans, \"Day\"");
}

#[test]
fn lines_are_counted_right_with_windows_endings_and_blank_lines() {
    let copy = Copy::new();
    let expected = |line| {
        format!(
            "holidays.csv:{line}: column date: found \"x\", expected a date from 2026-10-19 to \
             2026-11-15"
        )
    };
    copy.write("holidays.csv", "date,name\r\n\r\n2026-11-11,A\r\nx,B\r\n");
    copy.expect(&[&expected(4)]);
    copy.write("holidays.csv", "\n\ndate,name\n\n\n2026-11-11,A\n\nx,B");
    copy.expect(&[&expected(8)]);
    copy.write("holidays.csv", "date,name\r2026-11-11,A\rx,B\r");
    copy.expect(&[&expected(3)]);
}

#[test]
fn all_faults_of_all_files_come_in_one_pass_and_in_order() {
    let copy = Copy::new();
    let outside = copy.add("outside.csv", "r101,2026-10-20 20:00,2026-10-20 19:00,home,0");
    let history = copy.add("history.csv", "nobody,2026-10-01 07:00,2026-10-01 17:00,day,0");
    let holidays = copy.add("holidays.csv", "2027-01-01,New Year");
    let requests = copy.add("requests.csv", "r101,2026-10-20,AM,off,,9");
    let absences = copy.add("absences.csv", "r101,2026-10-20,2026-10-20,fishing,yes");
    let demand = copy.add("demand.csv", "nowhere,weekday,AM,1,1");
    let rotations = copy.add("rotations.csv", "spa,Spa,2,4,1,9,,,0,08:00-12:00,,,none,0");
    let people = copy.add("people.csv", "r9,Nine,resident,9,,");
    let settings = copy.add("settings.csv", "colour,red");
    let faults = copy.faults();
    let lines =
        [settings, people, rotations, demand, absences, requests, holidays, history, outside];
    let told: Vec<_> = faults.list().iter().map(|f| (f.file.to_string(), f.line)).collect();
    let expected =
        FILES.iter().zip(lines).map(|(file, line)| (file.to_string(), Some(line as u64)));
    assert_eq!(told, expected.collect::<Vec<_>>());
    assert_eq!(faults.total(), 9);
}

#[test]
fn a_hundred_faults_of_a_file_are_told_and_the_others_counted() {
    let copy = Copy::new();
    let rows = "x,y\n".repeat(250);
    let faults = copy.write("holidays.csv", format!("date,name\n{rows}")).faults();
    assert_eq!((faults.list().len(), faults.total()), (100, 250));
    assert!(faults.to_string().ends_with("\nholidays.csv: and 150 more"));
    let rows = "nobody,x\n".repeat(100_000);
    let faults = copy
        .write("outside.csv", format!("person,start,end,kind,handover_minutes\n{rows}"))
        .faults();
    let ending = "\noutside.csv: and 900 more; reading stopped there";
    assert!(faults.to_string().ends_with(ending), "{faults}");
}

#[test]
fn more_rows_than_a_programme_can_have_are_refused() {
    let copy = Copy::new();
    let rows: String = (0..2_100).map(|n| format!("x{n},Name,resident,1,,\n")).collect();
    let people = copy.text("people.csv");
    let told = copy.write("people.csv", people + &rows).faults().to_string();
    assert_eq!(told, "people.csv:2002: found more rows, expected at most 2000 rows");
}

/// A sparse file of 100 MB: were it read, it would cost that much memory.
#[test]
fn a_file_of_garbage_is_refused_by_its_size() {
    let copy = Copy::new();
    File::create(copy.path("history.csv")).unwrap().set_len(100 << 20).unwrap();
    let found = format!("found 104857600 bytes, more than the {MAX_FILE_BYTES} that are read");
    copy.expect(&[&format!(
        "history.csv: {found}, expected a CSV file with the columns \
         person,start,end,kind,handover_minutes"
    )]);
}

#[test]
fn a_folder_in_the_place_of_a_file_is_told() {
    let copy = Copy::new();
    fs::remove_file(copy.path("outside.csv")).unwrap();
    fs::create_dir(copy.path("outside.csv")).unwrap();
    copy.expect(&["outside.csv: found something that is no plain file, expected a CSV file with \
                   the columns person,start,end,kind,handover_minutes"]);
}
