//! One key's state under a quota: pure decisions at a given instant.
//!
//! The arithmetic is governor's GCRA. A quota of several rates has to take from all of them or from
//! none, and a waiter that leaves has to give its place back, so the theoretical arrival times are
//! kept here and lent to governor for the length of one decision.

use crate::quota::Rate;
use governor::RateLimiter;
use governor::clock::Clock;
use governor::middleware::{StateInformationMiddleware, StateSnapshot};
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use std::cell::Cell;
use std::num::NonZeroU32;

/// Nanoseconds since the limiter was made.
pub(crate) type At = u64;

/// A positive decision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    /// Units that could still pass at the same instant.
    pub(crate) remaining: u32,
    /// When the bucket is as good as new, if nothing else passes.
    pub(crate) rested: At,
}

/// The theoretical arrival time of each rate; zero is a rate never used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    arrivals: Box<[At]>,
}

impl Bucket {
    pub(crate) fn new(rates: usize) -> Self {
        Self { arrivals: vec![0; rates].into() }
    }

    /// From when on this bucket cannot be told from a new one.
    pub(crate) fn rested(&self) -> At {
        self.arrivals.iter().copied().max().unwrap_or(0)
    }

    /// Takes `cost` units at `at` from every rate, or nothing from any and says when it could.
    ///
    /// `cost` must not exceed any rate's burst.
    pub(crate) fn take(&mut self, rates: &[Rate], cost: NonZeroU32, at: At) -> Result<Pass, At> {
        let mut refused_until = None;
        for (rate, arrival) in rates.iter().zip(&self.arrivals) {
            let mut trial = *arrival;
            refused_until = refused_until.max(decide(rate, &mut trial, cost, at).err());
        }
        if let Some(until) = refused_until {
            return Err(until);
        }
        let mut pass = Pass { remaining: u32::MAX, rested: at };
        for (rate, arrival) in rates.iter().zip(&mut self.arrivals) {
            pass.remaining = pass.remaining.min(decide(rate, arrival, cost, at).unwrap_or(0));
        }
        pass.rested = self.rested();
        Ok(pass)
    }

    /// Takes `cost` units at `at`, or as soon after as every rate allows; says when that is.
    pub(crate) fn reserve(&mut self, rates: &[Rate], cost: NonZeroU32, at: At) -> At {
        let mut due = at;
        // One repetition is enough: the latest of the instants named satisfies every rate.
        while let Err(until) = self.take(rates, cost, due) {
            due = until.max(due.saturating_add(1));
        }
        due
    }
}

/// One rate's answer; its arrival time moves only when it says yes.
fn decide(rate: &Rate, arrival: &mut At, cost: NonZeroU32, at: At) -> Result<u32, At> {
    let lent = Cell::new(*arrival);
    let limiter: RateLimiter<NotKeyed, Lent<'_>, Hand, StateInformationMiddleware> =
        RateLimiter::new(quota(rate), Lent(&lent), Hand(Cell::new(0)));
    limiter.clock().0.set(at);
    let answer = limiter.check_n(cost);
    *arrival = lent.get();
    match answer {
        Ok(Ok(snapshot)) => Ok(StateSnapshot::remaining_burst_capacity(&snapshot)),
        Ok(Err(not_until)) => Err(not_until.earliest_possible().as_u64()),
        // The caller has compared the cost with every burst before.
        Err(_insufficient) => Err(At::MAX),
    }
}

fn quota(rate: &Rate) -> governor::Quota {
    // An interval is never zero (`Rate::new` refuses it), so the default is never taken.
    governor::Quota::with_period(rate.interval())
        .unwrap_or_else(|| governor::Quota::per_second(rate.count()))
        .allow_burst(rate.burst_size())
}

/// A clock that stands where it was put. Governor reads it once when made, which gives the zero.
#[derive(Debug)]
struct Hand(Cell<At>);

impl Clock for Hand {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(self.0.get())
    }
}

/// State on loan from a [`Bucket`].
#[derive(Debug)]
struct Lent<'a>(&'a Cell<At>);

impl StateStore for Lent<'_> {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _key: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // Zero stands for "never used" and behaves alike: it lies before every instant.
        let (answer, next) = decide(Some(Nanos::new(self.0.get())))?;
        self.0.set(next.as_u64());
        Ok(answer)
    }
}
