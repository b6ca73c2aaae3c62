//! Rules ready for use. All times are minutes; none knows of any profession's regulations.
//!
//! | rule | says |
//! |---|---|
//! | [`Rest`] | the pause between duty periods, longer after a long one |
//! | [`Stretch`] | how long one duty period may last |
//! | [`Hours`] | minutes of duty inside windows |
//! | [`FreeTime`] | free intervals of a length inside windows |
//! | [`Count`] | cells on some activities: limits, and a target |
//! | [`Total`] | amounts of cells, added up: limits, and a target |
//! | [`BusyGroups`] | groups of periods with work in them: worked weekends |
//! | [`Run`] | cells in a row |
//! | [`Succession`] | what may not follow what |
//! | [`Stay`] | one group of activities in each segment |
//!
//! Each of them is hard: no legal line breaks it. [`Soft`] makes it cost instead.

mod busy_groups;
mod cell_sum;
mod count;
mod form;
mod free_time;
mod hours;
mod rest;
mod run;
mod soft;
mod stay;
mod stretch;
mod succession;
mod timeline;
mod total;

pub use busy_groups::BusyGroups;
pub use count::{Count, CountWindow, Target};
pub use free_time::{FreeTime, FreeWindow};
pub use hours::{Hours, HoursWindow};
pub use rest::Rest;
pub use run::{Run, RunHistory};
pub use soft::{Soft, Soften};
pub use stay::{Group, Segment, Stay};
pub use stretch::Stretch;
pub use succession::Succession;
pub use total::Total;
