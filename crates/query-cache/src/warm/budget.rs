//! How much a pass may do, and how fast.

use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Limits;
use crate::sync::lock;

#[derive(Debug)]
pub(super) struct Budget {
    left: Mutex<Left>,
    until: Option<Instant>,
    pace: Pace,
}

#[derive(Debug)]
struct Left {
    keys: usize,
    weight: u64,
}

impl Budget {
    pub(super) fn new(limits: Limits, pace: Pace) -> Self {
        let keys = limits.keys.unwrap_or(usize::MAX);
        let left = Mutex::new(Left { keys, weight: limits.weight.unwrap_or(u64::MAX) });
        let until = limits.time.map(|time| Instant::now() + time);
        Self { left, until, pace }
    }

    /// Waits for its turn. Whether so many keys may be loaded now.
    pub(super) async fn take(&self, keys: usize) -> bool {
        {
            let mut left = lock(&self.left);
            if left.weight == 0 || left.keys < keys {
                return false;
            }
            left.keys -= keys;
        }
        let turn = self.pace.turn(keys);
        if self.until.is_some_and(|until| turn >= until || Instant::now() >= until) {
            return false;
        }
        if !self.pace.each.is_zero() {
            sleep_until(turn).await;
        }
        lock(&self.left).weight > 0
    }

    pub(super) fn weighed(&self, weight: u64) {
        let mut left = lock(&self.left);
        left.weight = left.weight.saturating_sub(weight);
    }
}

/// Spreads keys evenly over time.
#[derive(Debug)]
pub(super) struct Pace {
    each: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(per_second: Option<NonZeroU32>) -> Self {
        let each = per_second.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate.get());
        Self { each, next: Mutex::new(Instant::now()) }
    }

    /// When so many keys have their turn.
    fn turn(&self, keys: usize) -> Instant {
        let mut next = lock(&self.next);
        let turn = (*next).max(Instant::now());
        *next = turn + self.each * u32::try_from(keys).unwrap_or(u32::MAX);
        turn
    }
}
