//! The grid of people by half-days.

use super::Mark;
use crate::domain::{
    AbsenceKind, Activity, Assignment, Person, PersonIx, Programme, Role, RotationIx, Schedule,
    Slot,
};
use jiff::civil::{Date, Weekday};
use maud::{Markup, html};
use std::collections::HashMap;

type Place = (PersonIx, Date, Slot);

/// A schedule laid out for drawing.
pub(super) struct Grid<'a> {
    programme: &'a Programme,
    codes: Vec<String>,
    cells: HashMap<Place, &'a Assignment>,
    away: HashMap<(PersonIx, Date), AbsenceKind>,
    marks: HashMap<Place, Vec<&'a str>>,
}

/// A day as the page writes it.
pub(super) fn day(date: Date) -> String {
    date.strftime("%a %-d %b").to_string()
}

impl<'a> Grid<'a> {
    pub(super) fn new(programme: &'a Programme, schedule: &'a Schedule, marks: &'a [Mark]) -> Self {
        let place = |cell: &'a Assignment| ((cell.person, cell.date, cell.slot), cell);
        Self {
            programme,
            codes: codes(programme),
            cells: schedule.assignments.iter().map(place).collect(),
            away: away(programme),
            marks: places(marks),
        }
    }

    /// The letters of a rotation.
    pub(super) fn code(&self, rotation: RotationIx) -> &str {
        self.codes.get(rotation).map_or("", String::as_str)
    }

    pub(super) fn table(&self) -> Markup {
        html! {
            div.scroll tabindex="0" {
                table {
                    (self.head())
                    @for (name, role) in GROUPS {
                        @let people: Vec<_> = self.group(role).collect();
                        @if !people.is_empty() {
                            tbody {
                                tr.group { th scope="rowgroup" { (name) } td colspan=(self.programme.block.days * 3) {} }
                                @for (ix, person) in people { (self.row(ix, person)) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn group(&self, role: Role) -> impl Iterator<Item = (PersonIx, &'a Person)> {
        self.programme.people.iter().enumerate().filter(move |(_, person)| person.role == role)
    }

    fn days(&self) -> impl Iterator<Item = Date> {
        let block = &self.programme.block;
        (0..block.days).map(|day| block.date(day))
    }

    fn head(&self) -> Markup {
        html! {
            thead {
                tr {
                    th.corner rowspan="2" scope="col" { "Name" }
                    @for date in self.days() {
                        th colspan="3" scope="colgroup" class=[self.edge(date, Slot::Am)] title=[self.holiday(date)] {
                            (self.label(date))
                        }
                    }
                }
                tr {
                    @for date in self.days() {
                        @for slot in Slot::ALL {
                            th.slot scope="col" class=[self.edge(date, slot)] { (slot.word().chars().take(1).collect::<String>()) }
                        }
                    }
                }
            }
        }
    }

    fn row(&self, ix: PersonIx, person: &Person) -> Markup {
        html! {
            tr id={ "p-" (person.id) } {
                th scope="row" title={ (person.name) " (" (person.id) ")" } { (person.name) }
                @for date in self.days() {
                    @for slot in Slot::ALL { (self.cell((ix, date, slot))) }
                }
            }
        }
    }

    fn cell(&self, place: Place) -> Markup {
        let class = self.class(place);
        let title = self.title(place);
        let wrong = self.marks.contains_key(&place);
        let text = match self.cells.get(&place).map(|cell| cell.duty) {
            Some(Activity::Conference) => "C",
            Some(duty) => duty.rotation().map_or("", |rotation| self.code(rotation)),
            None => "",
        };
        let text = if wrong && text.is_empty() { "!" } else { text };
        html! { td class=[(!class.is_empty()).then_some(class)] title=[title] { (text) } }
    }

    fn class(&self, place: Place) -> String {
        let (person, date, slot) = place;
        let leave = || match self.away.get(&(person, date)) {
            Some(AbsenceKind::Leave | AbsenceKind::Sick) => "leave".to_owned(),
            Some(AbsenceKind::Conference) | None => String::new(),
        };
        let duty = match self.cells.get(&place).map(|cell| cell.duty) {
            None => leave(),
            Some(Activity::Leave) => "leave".to_owned(),
            Some(Activity::Conference) => "conference".to_owned(),
            Some(Activity::Work(rotation) | Activity::Attend(rotation)) => format!("r{rotation}"),
            Some(Activity::Call(r) | Activity::Night(r)) => format!("r{r} night"),
        };
        let wrong = if self.marks.contains_key(&place) { "wrong" } else { "" };
        let edge = self.edge(date, slot).unwrap_or_default();
        let classes = [&duty, wrong, edge].into_iter().filter(|class| !class.is_empty());
        classes.collect::<Vec<_>>().join(" ")
    }

    /// What a pointer that rests on the cell is told.
    fn title(&self, place: Place) -> Option<String> {
        let duty = self.cells.get(&place).map(|cell| {
            let name = cell.duty.rotation().map(|r| &*self.programme.rotations[r].name);
            let span = if cell.duty.is_duty() {
                format!(", {}–{}", cell.start.strftime("%H:%M"), cell.end.strftime("%H:%M"))
            } else {
                String::new()
            };
            let (who, when) = (&self.programme.people[place.0].name, day(place.1));
            let what = name.map(|name| format!("{name}, ")).unwrap_or_default();
            format!("{who}, {when}: {what}{}{span}", cell.duty.word())
        });
        let wrong = self.marks.get(&place).into_iter().flatten().map(|text| format!("⚠ {text}"));
        let lines: Vec<String> = duty.into_iter().chain(wrong).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// How the days are ruled: a line before each, a thick one before a week, shade on a weekend.
    fn edge(&self, date: Date, slot: Slot) -> Option<&'static str> {
        let first = slot == Slot::Am;
        match (first, date.weekday() == Weekday::Monday, self.programme.is_weekend(date)) {
            (true, true, true) => Some("w m"),
            (true, true, false) => Some("m"),
            (true, false, true) => Some("w d"),
            (true, false, false) => Some("d"),
            (false, _, true) => Some("w"),
            (false, _, false) => None,
        }
    }

    /// What fits over three narrow columns: weekday and day, the month where it begins, a star on
    /// holidays.
    fn label(&self, date: Date) -> String {
        let month = date.day() == 1 || date == self.programme.block.first;
        let format = if month { "%a %-d %b" } else { "%a %-d" };
        let star = if self.holiday(date).is_some() { " ★" } else { "" };
        format!("{}{star}", date.strftime(format))
    }

    fn holiday(&self, date: Date) -> Option<&str> {
        let holidays = &self.programme.holidays;
        holidays.iter().find(|holiday| holiday.date == date).map(|holiday| &*holiday.name)
    }
}

const GROUPS: [(&str, Role); 4] = [
    ("PGY 1", Role::Resident(1)),
    ("PGY 2", Role::Resident(2)),
    ("PGY 3", Role::Resident(3)),
    ("Faculty", Role::Faculty),
];

/// Days of facts; a wish to be away shows only when it was granted, as cells without duty.
fn away(programme: &Programme) -> HashMap<(PersonIx, Date), AbsenceKind> {
    let absences = programme.absences.iter().filter(|absence| absence.blocking);
    let days = absences.flat_map(|absence| {
        let days = absence.first.series(jiff::Span::new().days(1));
        let days = days.take_while(|date| *date <= absence.last);
        days.map(|date| ((absence.person, date), absence.kind))
    });
    days.collect()
}

/// The cells that marks lie on.
fn places(marks: &[Mark]) -> HashMap<Place, Vec<&str>> {
    let mut places: HashMap<Place, Vec<&str>> = HashMap::new();
    for mark in marks {
        let Some(person) = mark.person else { continue };
        let slots = Slot::ALL.into_iter().filter(|slot| mark.slot.is_none_or(|s| s == *slot));
        for slot in slots {
            places.entry((person, mark.date, slot)).or_default().push(&mark.text);
        }
    }
    places
}

/// Two letters a rotation: its initials or its beginning, else other letters or a number, so that no
/// two are alike and none is the word of a slot.
fn codes(programme: &Programme) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    for rotation in &programme.rotations {
        let free = |code: &String| code != "AM" && code != "PM" && !codes.contains(code);
        codes.extend(candidates(&rotation.id).find(free));
    }
    codes
}

/// Endless, so that one is always free.
fn candidates(id: &str) -> impl Iterator<Item = String> {
    let words: Vec<&str> = id.split(['-', '_', '.']).filter(|word| !word.is_empty()).collect();
    let initials = words.iter().filter_map(|word| word.chars().next()).take(2).collect();
    let letters: Vec<char> = words.concat().chars().collect();
    let first = letters.first().copied().unwrap_or('R');
    let pairs: Vec<String> = letters.iter().skip(1).map(|next| format!("{first}{next}")).collect();
    let numbers = (2..).map(move |number| format!("{first}{number}"));
    let initials: Option<String> = (words.len() > 1).then_some(initials);
    initials.into_iter().chain(pairs).chain(numbers).map(|code: String| code.to_uppercase())
}
