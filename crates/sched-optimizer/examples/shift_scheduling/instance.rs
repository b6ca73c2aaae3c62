//! A shift-scheduling instance: what the text format says, by index.

/// One instance. Day 0 is a Monday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instance {
    pub(crate) days: usize,
    pub(crate) shifts: Vec<ShiftType>,
    pub(crate) staff: Vec<Employee>,
    pub(crate) requests: Vec<Request>,
    pub(crate) cover: Vec<Cover>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShiftType {
    pub(crate) id: String,
    pub(crate) minutes: u32,
    /// Shifts that may not be worked on the day after this one.
    pub(crate) not_before: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Employee {
    pub(crate) id: String,
    /// By shift: how often it may be worked. `None`: as often as there are days.
    pub(crate) caps: Vec<Option<u32>>,
    pub(crate) max_minutes: u32,
    pub(crate) min_minutes: u32,
    pub(crate) max_run: u32,
    pub(crate) min_run: u32,
    pub(crate) min_days_off: u32,
    pub(crate) max_weekends: u32,
    pub(crate) days_off: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) employee: usize,
    pub(crate) day: usize,
    pub(crate) shift: usize,
    pub(crate) weight: u32,
    /// Whether the shift is asked for, or asked not to be given.
    pub(crate) on: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cover {
    pub(crate) day: usize,
    pub(crate) shift: usize,
    pub(crate) wanted: u32,
    pub(crate) under_weight: u32,
    pub(crate) over_weight: u32,
}
