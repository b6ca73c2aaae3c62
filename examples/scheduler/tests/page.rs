//! The page shows what the schedule holds and what is wrong with it, and needs nothing from elsewhere.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use scheduler::domain::{Activity, Assignment, Programme, Schedule, Slot};
use scheduler::import::{Source, load};
use scheduler::page::{Mark, render};

fn programme() -> Programme {
    load(&Source::Bundled).unwrap()
}

/// Everybody whom a slot needs, on duty there; people are taken in turn, legal or not.
fn filled(programme: &Programme) -> Schedule {
    let mut assignments = Vec::new();
    for day in 0..programme.block.days {
        let date = programme.block.date(day);
        for slot in Slot::ALL {
            let mut person = 0;
            for (ix, rotation) in programme.rotations.iter().enumerate() {
                let min = programme.demand_at(ix, date, slot).map_or(0, |demand| demand.min);
                for _ in 0..min {
                    let (start, end) = rotation.hours(slot).unwrap().on(date);
                    let duty = Activity::Work(ix);
                    let handover_minutes = 0;
                    assignments.push(Assignment {
                        person,
                        date,
                        slot,
                        duty,
                        start,
                        end,
                        handover_minutes,
                    });
                    person += 1;
                }
            }
        }
    }
    Schedule { assignments }
}

/// The rows of the grid, one a person, by id.
fn row<'a>(page: &'a str, id: &str) -> &'a str {
    let row = page.split_once(&format!("<tr id=\"p-{id}\">")).unwrap().1;
    row.split_once("</tr>").unwrap().0
}

#[test]
fn a_row_holds_a_cell_for_each_half_day_and_night() {
    let programme = programme();
    let page = render(&programme, &Schedule::default(), &[], "");
    for person in &programme.people {
        assert_eq!(row(&page, &person.id).matches("<td").count(), 28 * 3, "{}", person.name);
    }
}

#[test]
fn unfilled_slots_are_listed_and_a_filled_schedule_has_none() {
    let programme = programme();
    let mut schedule = filled(&programme);
    let page = render(&programme, &schedule, &[], "");
    assert!(page.contains("Every required slot is filled.") && page.contains("No violations."));
    let first = schedule.assignments.remove(0);
    assert_eq!((first.date, first.slot), (programme.block.first, Slot::Am));
    let page = render(&programme, &schedule, &[], "");
    assert!(page.contains("1 unfilled slot<"));
    assert!(page.contains("<li>Mon 19 Oct AM, Medicine Wards A: 3 of 4</li>"));
}

#[test]
fn a_violation_stands_in_the_list_and_in_the_cell() {
    let programme = programme();
    let mark = |person, day, slot, text: &str| Mark {
        person,
        date: programme.block.date(day),
        slot,
        text: text.to_owned(),
    };
    let marks = [
        mark(Some(0), 1, Some(Slot::Pm), "only 9 h of rest"),
        mark(Some(1), 2, None, "81 h a week"),
        mark(None, 3, Some(Slot::Night), "nobody supervises"),
    ];
    let page = render(&programme, &Schedule::default(), &marks, "");
    assert!(page.contains("3 violations"));
    assert!(page.contains("<a href=\"#p-r101\">Amara Okafor</a>: only 9 h of rest"));
    assert!(page.contains("Thu 22 Oct NIGHT: nobody supervises"));
    let first = row(&page, "r101");
    assert_eq!(first.matches("wrong").count(), 1);
    assert!(first.contains("title=\"⚠ only 9 h of rest\""));
    assert_eq!(row(&page, "r102").matches("wrong").count(), 3);
    assert_eq!(row(&page, "r103").matches("wrong").count(), 0);
}

#[test]
fn facts_of_absence_are_hatched_and_wishes_are_not() {
    let programme = programme();
    let page = render(&programme, &Schedule::default(), &[], "");
    assert_eq!(row(&page, "r104").matches("leave").count(), 7 * 3);
    assert_eq!(row(&page, "r311").matches("leave").count(), 0);
}

#[test]
fn text_from_outside_is_escaped() {
    let mut programme = programme();
    programme.people[0].name = "<script>alert('x')</script>".to_owned();
    programme.rotations[0].name = "\"><img src=x>".to_owned();
    programme.block.programme = "</title><b>".to_owned();
    let date = programme.block.first;
    let text = "<i>worse</i>".to_owned();
    let marks = [Mark { person: Some(0), date, slot: Some(Slot::Am), text }];
    let page = render(&programme, &filled(&programme), &marks, "<u>now</u>");
    for tag in ["<script", "<img", "<b>", "<i>", "<u>"] {
        assert!(!page.contains(tag), "{tag}");
    }
}

#[test]
fn the_page_fetches_nothing() {
    let page = render(&programme(), &filled(&programme()), &[], "");
    for word in ["http://", "https://", "<link", "<script", "src=", "url(", "@import"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("name=\"viewport\""));
}

#[test]
fn no_two_rotations_share_their_letters() {
    let mut programme = programme();
    let ids = ["ward", "war", "wa", "w", "w-a", "w.a", "am", "a-m", "p-m", "pm", "..", "x", "xx"];
    for (rotation, id) in programme.rotations.iter_mut().zip(ids) {
        id.clone_into(&mut rotation.id);
    }
    let page = render(&programme, &Schedule::default(), &[], "");
    let chips = page.split("<span class=\"chip r").skip(1).take(13);
    let mut codes: Vec<&str> = chips.map(|chip| chip.split(['>', '<']).nth(1).unwrap()).collect();
    assert!(!codes.contains(&"AM") && !codes.contains(&"PM"), "{codes:?}");
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), 13, "{codes:?}");
}
