//! Answers that fall by themselves: which tables are found, and what a database then shows.
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod found;
mod generated;
mod outcomes;
mod sqlite;
