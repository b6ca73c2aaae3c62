//! Which part of a run is over, and how much work the next epoch may do.

use crate::budget::{Budget, Clock};
use crate::portfolio::Epoch;

/// Work of the first epoch, and of the longest one.
const FIRST_EPOCH: u64 = 50_000;
const LONGEST_EPOCH: u64 = 1_000_000;
/// A run has at least about this many epochs.
const EPOCHS: u64 = 64;
/// The first run, in work and in seconds. It is short, so that something good is there early.
const FIRST_WORK: f64 = 1e7;
const FIRST_SECONDS: f64 = 0.5;
/// Each run is this many times as long as the one before; the last one takes what is left.
const GROWTH: f64 = 8.0;

/// Divides a budget into runs and these into epochs. A run is one climb of the prices with the search
/// that follows; its heat depends on how long it is to be, so its length is known beforehand.
pub(crate) struct Pace {
    budget: Budget,
    /// By time or by work: what was used before the present run, its length, and the whole budget.
    begun: f64,
    run: f64,
    whole: f64,
    epoch: u64,
    /// Share of the run that was over when the last epoch began.
    last: f64,
    runs: u32,
}

impl Pace {
    /// The first run begins now.
    pub(crate) fn new(budget: Budget, clock: &Clock) -> Self {
        let work = budget.work.map(as_f64);
        let (first, whole, used) = match (budget.time, work) {
            (Some(time), None) => {
                (FIRST_SECONDS, time.as_secs_f64(), clock.started.elapsed().as_secs_f64())
            }
            (_, work) => (FIRST_WORK, work.unwrap_or(f64::INFINITY), 0.0),
        };
        let mut pace = Self {
            budget,
            begun: 0.0,
            run: first / GROWTH,
            whole,
            epoch: FIRST_EPOCH,
            last: 0.0,
            runs: 0,
        };
        pace.begin(used);
        pace
    }

    /// The next run begins after `used`.
    fn begin(&mut self, used: f64) {
        let left = self.whole - used;
        let next = self.run * GROWTH;
        // A run as long as this one would not fit after it.
        self.run = if left < next * 2.0 { left.max(0.0) } else { next };
        self.begun = used;
        self.last = 0.0;
        self.runs += 1;
    }

    /// The next epoch after `work` units.
    pub(crate) fn next(&mut self, work: u64, threads: usize, clock: &Clock) -> Epoch {
        let by_time = self.budget.work.is_none() && self.budget.time.is_some();
        let used = if by_time { clock.started.elapsed().as_secs_f64() } else { as_f64(work) };
        if used >= self.begun + self.run && used < self.whole {
            self.begin(used);
        }
        let share = |used: f64| (used - self.begun) / self.run.max(1e-9);
        let mut size = self.epoch;
        self.epoch = (self.epoch * 3 / 2).min(LONGEST_EPOCH);
        let from = share(used);
        let to = if by_time {
            // The epoch takes about as long as the last one.
            from + (from - self.last).min(1.0 / as_f64(EPOCHS))
        } else {
            let least = self.budget.work.map_or(u64::MAX, |whole| whole.saturating_sub(work) + 1);
            size = size.min(as_u64(self.run) / EPOCHS + 1).min(least);
            share(used + as_f64(size))
        };
        self.last = from;
        Epoch {
            work: size,
            done: (from, to),
            threads,
            run: self.runs,
            growth: self.run / self.begun.max(1e-9),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "shares")]
const fn as_f64(value: u64) -> f64 {
    value as f64
}

#[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
#[expect(clippy::cast_sign_loss, reason = "lengths are not negative")]
const fn as_u64(value: f64) -> u64 {
    value as u64
}
