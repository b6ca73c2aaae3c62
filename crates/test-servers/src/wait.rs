//! Waiting for a condition, up to a deadline.

use std::{
    thread,
    time::{Duration, Instant},
};

/// The pause between two looks: short beside a server's start, long beside a look.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks until `condition` holds or `limit` has passed; says whether it held.
pub(crate) fn until(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::park_timeout(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_holds_at_once_is_not_waited_for() {
        assert!(until(Duration::ZERO, || true));
    }

    #[test]
    fn a_condition_that_never_holds_ends_at_the_deadline() {
        assert!(!until(Duration::from_millis(1), || false));
    }
}
