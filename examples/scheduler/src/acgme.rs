//! The duty-hour rules of the ACGME Common Program Requirements, section VI.F, and the rules of staffing beside them.
//!
//! One rule a file. Each file holds its citation and both of its readings:
//!
//! * `constrain` states the rule to the solver, as a rule of `sched-optimizer`;
//! * `audit` judges a finished schedule by its local clock times.
//!
//! The two share the words of [`crate::domain`] and the calendar, and no judgement: a slip in one is
//! found by the other. Every schedule passes the audit before it is published, whoever made it.
//!
//! Sections are numbered as in the Common Program Requirements (Residency) in force from 2017 to 2022.

use crate::audit::{Case, Findings};
use crate::model::Draft;

mod availability;
mod call;
mod capacity;
mod cells;
mod continuous;
mod coverage;
mod eligibility;
mod free_day;
mod hours;
mod nights;
mod rest;
mod rotation;
mod supervision;

/// A rule with its source and its two readings.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Short id, used in reports.
    pub id: &'static str,
    /// Where the rule is written.
    pub citation: &'static str,
    /// What it demands, in a sentence.
    pub demands: &'static str,
    /// States the rule to the solver.
    pub constrain: fn(&mut Draft<'_>),
    /// Judges a finished schedule.
    pub audit: fn(&Case<'_>, &mut Findings<'_>),
}

/// Every rule, in the order of the report.
pub const RULES: [Rule; 13] = [
    hours::RULE,
    free_day::RULE,
    continuous::RULE,
    rest::RULE,
    call::RULE,
    nights::RULE,
    supervision::RULE,
    eligibility::RULE,
    availability::RULE,
    rotation::RULE,
    cells::RULE,
    capacity::RULE,
    coverage::RULE,
];

/// Days over which one average is taken for a rotation of two weeks.
pub const SEGMENT_DAYS: usize = 14;
