//! What a running solve tells.

use std::time::Duration;

/// The state of a solve after an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Time since the start.
    pub elapsed: Duration,
    /// Work done, in units of [`Budget::work`](crate::Budget::work).
    pub work: u64,
    /// Breaches of the best roster.
    pub hard: i64,
    /// Cost of the best roster when it is legal.
    pub value: Option<i64>,
    /// No legal roster costs less.
    pub bound: i64,
    /// `(value - bound) / value`, when there is a value; zero when it is proved best.
    pub gap: Option<f64>,
    /// Which strategy found the best roster.
    pub strategy: &'static str,
}

#[expect(clippy::cast_precision_loss, reason = "a share that is shown; costs are far below 2^52")]
pub(crate) fn gap(value: i64, bound: i64) -> f64 {
    if value <= bound { 0.0 } else { (value - bound) as f64 / value as f64 }
}
