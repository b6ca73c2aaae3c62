//! Every duty-hour rule at its boundary, asked of both of its readings.
//!
//! The audit judges the schedule by the clock; the solver's rules judge the same schedule as a roster.
//! They share no code, and have to agree on which side of the boundary it lies.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod availability;
mod case;
mod free_time;
mod hours;
mod nights;
mod staffing;
