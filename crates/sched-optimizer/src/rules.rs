//! Rules ready for use. All times are minutes; none knows of any profession's regulations.
//!
//! | rule | says |
//! |---|---|
//! | [`Rest`] | the pause between duty periods, longer after a long one |
//! | [`Stretch`] | how long one duty period may last |
//! | [`Hours`] | minutes of duty inside windows |
//! | [`FreeTime`] | free intervals of a length inside windows |
//! | [`Count`] | cells on some activities: limits, and a target |
//! | [`Run`] | cells in a row |
//! | [`Stay`] | one group of activities in each segment |

mod count;
mod free_time;
mod hours;
mod rest;
mod run;
mod stay;
mod stretch;
mod timeline;

pub use count::{Count, CountWindow, Target};
pub use free_time::{FreeTime, FreeWindow};
pub use hours::{Hours, HoursWindow};
pub use rest::Rest;
pub use run::Run;
pub use stay::{Group, Segment, Stay};
pub use stretch::Stretch;
