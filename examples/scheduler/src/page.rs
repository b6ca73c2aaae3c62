//! `schedule.html`: the whole block on one page, a file that needs nothing beside it.
//!
//! No script, no font, no picture: style is inline, and the page forbids itself everything else. The
//! grid scrolls by itself with names and days held in place, on a telephone as on a wall screen.

mod grid;
mod lists;

use crate::domain::{PersonIx, Programme, Schedule, Slot};
use grid::Grid;
use jiff::civil::Date;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("page/style.css");

/// Something wrong, shown in the grid where it lies and in a list above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Who; `None` when a place is meant, which is then listed only.
    pub person: Option<PersonIx>,
    /// The day.
    pub date: Date,
    /// The part of the day; `None` marks the whole day.
    pub slot: Option<Slot>,
    /// What is wrong.
    pub text: String,
}

/// Renders a schedule as one self-contained page.
///
/// `subtitle` stands under the title, for instance when and how the schedule was made. Every text is
/// escaped. Costs one pass over people by slots; some hundred bytes a cell.
#[must_use]
pub fn render(
    programme: &Programme,
    schedule: &Schedule,
    marks: &[Mark],
    subtitle: &str,
) -> String {
    let block = &programme.block;
    let title = format!("{}, block {}", block.programme, block.id);
    let grid = Grid::new(programme, schedule, marks);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(hues(programme.rotations.len()))) }
            }
            body {
                header {
                    h1 { (block.programme) }
                    p { "Block " (block.id) ", " (grid::day(block.first)) " to "
                        (grid::day(block.last())) " " (block.last().year()) ", times in "
                        (block.zone.iana_name().unwrap_or("local time")) }
                    p.quiet { (subtitle) }
                }
                (lists::violations(programme, marks))
                (lists::unfilled(programme, schedule))
                (legend(programme, &grid))
                (grid.table())
            }
        }
    };
    page.into_string()
}

/// One hue a rotation, far from those of its neighbours; the codes tell apart what colours do not.
fn hues(rotations: usize) -> String {
    let hue = |n: usize| n * 275 % 720 / 2;
    (0..rotations).map(|n| format!(".r{n}{{--h:{}}}", hue(n))).collect()
}

fn legend(programme: &Programme, grid: &Grid<'_>) -> Markup {
    html! {
        ul.legend aria-label="Legend" {
            @for (ix, rotation) in programme.rotations.iter().enumerate() {
                li { span class={ "chip r" (ix) } { (grid.code(ix)) } " " (rotation.name) }
            }
            li { span.chip.r0.night { (grid.code(0)) } " night or call" }
            li { span.chip.conference { "C" } " conference" }
            li { span.chip.leave {} " leave or sick" }
            li { span.chip.wrong { "!" } " violation" }
        }
    }
}
