//! What happens to a cache on Redis, in real time, when the server or the line to it does what
//! servers and lines do.
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod coherence;
mod forgetting;
mod large;
mod outages;
mod relay;
mod support;
