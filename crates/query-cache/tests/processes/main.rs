//! Real processes on one Redis: this test binary started again, once for each.
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod asking;
mod child;
mod hammering;
mod lock;
mod parent;
