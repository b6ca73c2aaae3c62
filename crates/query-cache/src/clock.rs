//! The only place that reads a clock: tokio's, which tests can pause.

use std::time::{Duration, Instant};

/// Ten years. Longer durations are cut to it where they are set, which keeps instants from
/// overflowing.
pub(crate) const LONGEST: Duration = Duration::from_secs(3650 * 24 * 3600);

pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
