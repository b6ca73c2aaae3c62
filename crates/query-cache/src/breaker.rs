//! A store that fails is left alone for a while.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::sync::lock;

/// Decides whether the store may be asked. Pure: the caller brings the time.
#[derive(Debug)]
pub(crate) struct Breaker {
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// While open it lets nobody through.
    open_until: Option<Instant>,
}

impl Breaker {
    /// So many errors in a row suspend the store. A time-out does at once: each costs its caller
    /// the whole limit, an error usually nothing.
    const TOLERATED: u32 = 3;

    pub(crate) fn new(pause: Duration) -> Self {
        Self { pause, state: Mutex::default() }
    }

    /// Whether to ask now. After a pause one caller is let through; if nothing is heard of it (it
    /// may have been dropped), the next one a pause later.
    pub(crate) fn allows(&self, now: Instant) -> bool {
        let mut state = lock(&self.state);
        match state.open_until {
            Some(until) if now < until => false,
            Some(_) => {
                state.open_until = Some(now + self.pause);
                true
            }
            None => true,
        }
    }

    /// Whether the store is suspended.
    pub(crate) fn is_open(&self) -> bool {
        lock(&self.state).open_until.is_some()
    }

    /// Whether the store was suspended.
    pub(crate) fn succeeded(&self) -> bool {
        std::mem::take(&mut *lock(&self.state)).open_until.is_some()
    }

    /// Whether the store was not suspended, and is now.
    pub(crate) fn failed(&self, now: Instant, timed_out: bool) -> bool {
        let mut state = lock(&self.state);
        state.failures = if timed_out { Self::TOLERATED } else { state.failures.saturating_add(1) };
        if state.failures >= Self::TOLERATED {
            return state.open_until.replace(now + self.pause).is_none();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(1);

    #[test]
    fn three_errors_in_a_row_suspend_and_one_success_forgives() {
        let (breaker, now) = (Breaker::new(PAUSE), Instant::now());
        breaker.failed(now, false);
        breaker.failed(now, false);
        breaker.succeeded();
        breaker.failed(now, false);
        breaker.failed(now, false);
        assert!(breaker.allows(now));
        breaker.failed(now, false);
        assert!(!breaker.allows(now));
    }

    #[test]
    fn a_time_out_suspends_at_once_and_one_caller_a_pause_is_let_through() {
        let (breaker, now) = (Breaker::new(PAUSE), Instant::now());
        breaker.failed(now, true);
        assert!(!breaker.allows(now + PAUSE / 2));
        assert!(breaker.allows(now + PAUSE));
        assert!(!breaker.allows(now + PAUSE), "the first one is still under way");
        assert!(breaker.allows(now + 2 * PAUSE), "nothing was heard of the first one");
        breaker.succeeded();
        assert!(breaker.allows(now + 2 * PAUSE));
    }
}
