//! PostgreSQL as the source of changes, in real time.
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod gaps;
mod groups;
mod installing;
mod listening;
mod relay;
mod replacing;
mod support;
mod views;
