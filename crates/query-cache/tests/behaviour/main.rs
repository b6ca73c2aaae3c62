//! What the cache promises, one file a subject. All in memory, with the clock paused.
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod answers;
mod caches;
mod cancellation;
mod coherence;
mod durations;
mod end;
mod expiry;
mod failing_store;
mod freshness;
mod local_tier;
mod many;
mod model;
mod observe;
mod packing;
mod races;
mod single_flight;
mod support;
mod tally;
mod two_processes;
mod warm;
mod wrap;
