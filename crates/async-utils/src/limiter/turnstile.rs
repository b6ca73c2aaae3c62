//! Passing one by one, in order of arrival.

use super::Rules;
use super::bucket::{At, Bucket, Pass};
use crate::lock::locked;
use crate::quota::Rate;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

/// By how much the schedule may lag behind the clock. A waiter woken late by its timer lets the
/// next ones follow on the schedule; this bounds what a stalled runtime could let through at once.
const LATENESS: At = 5_000_000;

/// A bucket and the queue before it.
///
/// Only the first waiter holds a reservation, so giving it back is always exact: nothing was
/// reserved on top of it. The others wait for `turn`, which tokio's mutex grants in order.
#[derive(Debug)]
pub(super) struct Turnstile {
    bucket: Mutex<Versioned>,
    turn: tokio::sync::Mutex<()>,
}

/// The version moves with each take, so that an outdated reservation is not undone over a newer one.
#[derive(Debug)]
struct Versioned {
    bucket: Bucket,
    version: u64,
}

impl Turnstile {
    pub(super) fn new(rates: usize) -> Self {
        let bucket = Mutex::new(Versioned { bucket: Bucket::new(rates), version: 0 });
        Self { bucket, turn: tokio::sync::Mutex::new(()) }
    }

    pub(super) fn rested(&self) -> At {
        locked(&self.bucket).bucket.rested()
    }

    pub(super) fn take(&self, rates: &[Rate], cost: NonZeroU32, at: At) -> Result<Pass, At> {
        let mut state = locked(&self.bucket);
        let pass = state.bucket.take(rates, cost, at)?;
        state.version += 1;
        Ok(pass)
    }

    /// Waits for the turn, then for the instant. Dropped on the way, it leaves no trace.
    pub(super) async fn pass(&self, rules: &Rules, cost: NonZeroU32) {
        let arrived = rules.now();
        let _turn = self.turn.lock().await;
        let earliest = arrived.max(rules.now().saturating_sub(LATENESS));
        let mut place = self.reserve(rules.quota.rates(), cost, earliest);
        let now = rules.now();
        if place.due > now {
            tokio::time::sleep_until(rules.origin + Duration::from_nanos(place.due)).await;
        }
        place.kept = true;
    }

    fn reserve(&self, rates: &[Rate], cost: NonZeroU32, at: At) -> Place<'_> {
        let mut state = locked(&self.bucket);
        let before = state.bucket.clone();
        let due = state.bucket.reserve(rates, cost, at);
        state.version += 1;
        Place { turnstile: self, before, version: state.version, due, kept: false }
    }
}

/// A reserved place; dropped before it is kept, the bucket is as if it had never been.
///
/// Until `due` nothing else can pass, so the version still fits. After it, another may have passed
/// already; then the unit stays spent, which errs on the side of the limit.
#[derive(Debug)]
struct Place<'a> {
    turnstile: &'a Turnstile,
    before: Bucket,
    version: u64,
    due: At,
    kept: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let mut state = locked(&self.turnstile.bucket);
        if state.version == self.version {
            state.bucket = self.before.clone();
        }
    }
}
