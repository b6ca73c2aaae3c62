//! The only place that reads a clock: tokio's, which tests can pause.

use std::time::Instant;

pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
