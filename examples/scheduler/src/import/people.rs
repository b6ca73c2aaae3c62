//! `people.csv`: residents and faculty.

use super::field::{LIST, TEXT, list, text};
use super::names::Names;
use super::table::{Row, Shape};
use super::{Desk, Found};
use crate::domain::{Person, Role};

pub(crate) const SHAPE: Shape = Shape {
    file: "people.csv",
    columns: &["id", "name", "role", "pgy", "specialties", "credentials"],
    required: true,
    max_rows: 2_000,
};

pub(crate) fn read(desk: &mut Desk<'_>) -> (Names, Found<Person>) {
    let mut names = Names::of(SHAPE.file);
    match desk.rows(&SHAPE, |row| person(row, &mut names)) {
        Some(people) => (names, people),
        None => (Names::unread(SHAPE.file), Vec::new()),
    }
}

fn person(row: &mut Row<'_>, names: &mut Names) -> Option<Person> {
    let id = names.add(row);
    let name = row.read("name", TEXT, text);
    let role = role(row);
    let specialties = row.read("specialties", LIST, list);
    let credentials = row.read("credentials", LIST, list);
    let (specialties, credentials) = (specialties?, credentials?);
    Some(Person { id: id?, name: name?, role: role?, specialties, credentials })
}

fn role(row: &mut Row<'_>) -> Option<Role> {
    match row.cell("role") {
        "resident" => row.read("pgy", "1, 2 or 3", year).map(Role::Resident),
        "faculty" => {
            row.read("pgy", "nothing for faculty", |cell| cell.is_empty().then_some(Role::Faculty))
        }
        _ => {
            row.fault("role", "resident or faculty");
            None
        }
    }
}

/// A postgraduate year.
pub(crate) fn year(cell: &str) -> Option<u8> {
    super::field::number(1..=3)(cell)
}
