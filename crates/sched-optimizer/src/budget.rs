//! How long a solve may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A limit of a solve.
///
/// Work units are steps of the line programme, some tens of nanoseconds each, and questions to
/// [joint rules](crate::JointRule::delta), which take as long as the rule does, summed over all
/// threads: the same problem, seed and work limit give the same roster on any number of threads. A
/// limit in time gives whatever was reached by then; what is always done, however short the limit, is
/// to prepare the line programmes and to give every worker a line. Only a [cancel](CancelToken) ends
/// that too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Wall-clock limit.
    pub time: Option<Duration>,
    /// Work limit; exceeded by at most one epoch.
    pub work: Option<u64>,
}

impl Budget {
    /// Stops after `seconds`. Negative values and NaN are zero; what is too long to count is no limit.
    #[must_use]
    pub fn seconds(seconds: f64) -> Self {
        let too_long = if seconds > 0.0 { None } else { Some(Duration::ZERO) };
        let time = Duration::try_from_secs_f64(seconds).ok().or(too_long);
        Self { time, work: None }
    }

    /// Stops after `units` of work.
    #[must_use]
    pub const fn work(units: u64) -> Self {
        Self { time: None, work: Some(units) }
    }
}

/// When a solve may stop before its budget is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Until {
    /// At the first legal roster.
    Legal,
    /// At a legal roster within this share of the bound (`0.01`: one per cent), or proved best.
    Gap(f64),
    /// Only when the roster is proved best.
    #[default]
    Exhausted,
}

/// Stops a solve from another thread; clones share the flag.
///
/// A running solve notices within a few milliseconds, or, while line programmes are prepared, before the
/// next worker's, and returns the best roster it has. Before the first there is, that is the hint, or
/// the old roster of a re-plan, where it is still possible, and the first choice elsewhere.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks the solve to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A deadline that is running, with a cancel flag.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    pub(crate) started: Instant,
    deadline: Option<Instant>,
    cancel: CancelToken,
}

impl Clock {
    pub(crate) fn start(budget: Budget, cancel: CancelToken) -> Self {
        let started = Instant::now();
        let deadline = budget.time.and_then(|time| started.checked_add(time));
        Self { started, deadline, cancel }
    }

    /// Time until the deadline; `None` without one.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.deadline.map(|end| end.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_cancelled() || self.deadline.is_some_and(|end| Instant::now() >= end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_numbers_of_seconds_are_no_time_or_no_limit() {
        let time = |seconds| Budget::seconds(seconds).time;
        assert_eq!(time(1.5), Some(Duration::from_millis(1500)));
        for none in [-1.0, 0.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(time(none), Some(Duration::ZERO), "{none}");
        }
        for endless in [1e30, f64::INFINITY] {
            assert_eq!(time(endless), None, "{endless}");
        }
    }
}
