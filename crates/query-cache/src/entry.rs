//! A value with its times.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::coherence::Stripe;
use crate::name::{Name, Version};
use crate::remote::Held;
use crate::sync::{AtomicBool, AtomicU64};
use crate::tags::{Change, Snapshot};

/// A cached value of any type.
pub(crate) type AnyValue = Arc<dyn Any + Send + Sync>;

/// What an entry is at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    Fresh,
    /// Fresh, and soon not any more: time to refresh it.
    Due,
    Stale,
    Dead,
}

/// How long a value may be served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    /// How long it is fresh.
    pub(crate) fresh: Duration,
    /// How long it may be served after that.
    pub(crate) stale: Duration,
    /// How long before the end of its freshness it is refreshed.
    pub(crate) ahead: Duration,
    /// How old it is already.
    pub(crate) age: Duration,
}

/// From when to when a value may be served.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    pub(crate) made_at: Instant,
    pub(crate) due_at: Instant,
    pub(crate) fresh_until: Instant,
    pub(crate) dead_at: Instant,
}

impl Life {
    pub(crate) fn starting(now: Instant, times: Times) -> Self {
        let fresh_until = now + times.fresh;
        let due_at = now + times.fresh.saturating_sub(times.ahead);
        let made_at = now.checked_sub(times.age).unwrap_or(now);
        Self { made_at, due_at, fresh_until, dead_at: fresh_until + times.stale }
    }

    /// What a value is that was fresh and has been expired: stale, where it may ever be.
    fn expired(&self) -> Freshness {
        if self.fresh_until < self.dead_at { Freshness::Stale } else { Freshness::Dead }
    }

    pub(crate) fn at(&self, now: Instant) -> Freshness {
        if now < self.due_at {
            Freshness::Fresh
        } else if now < self.fresh_until {
            Freshness::Due
        } else if now < self.dead_at {
            Freshness::Stale
        } else {
            Freshness::Dead
        }
    }
}

/// One value in the in-process tier. Opaque to a [`LocalTier`](crate::LocalTier) except for its
/// weight.
pub struct Entry {
    pub(crate) value: AnyValue,
    pub(crate) life: Life,
    pub(crate) tags: Snapshot,
    pub(crate) weight: u64,
    /// What ties the value to the store; `None` in a cache without one.
    pub(crate) proof: Option<Box<Proof>>,
    /// Not before this moment is a failed refresh tried again.
    pub(crate) retry_at: Moment,
    /// Its key was expired, or a tag elsewhere.
    pub(crate) expired: AtomicBool,
}

impl Entry {
    /// Its share of the tier's budget: 1, or bytes where the tier has a byte budget.
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// Bytes of the heap that an entry takes beside its value.
    pub(crate) fn bookkeeping(tags: &Snapshot, proof: Option<&Proof>) -> u64 {
        /// The two counts in front of what is in an `Arc`.
        const COUNTS: usize = 16;
        let proof = proof.map_or(0, |proof| {
            let versions = proof.versions.as_deref().unwrap_or_default();
            size_of::<Proof>() + size_of_val(versions)
        });
        (COUNTS + size_of::<Self>() + tags.owned_bytes() + proof) as u64
    }

    /// What this entry is now, its tags considered. The versions in the store are not.
    pub(crate) fn at(&self, now: Instant) -> Freshness {
        let expired = match self.tags.change() {
            Some(Change::Outdated) => return Freshness::Dead,
            Some(Change::Expired) => true,
            None => self.expired.load(Ordering::Acquire),
        };
        match self.life.at(now) {
            Freshness::Fresh | Freshness::Due if expired => self.life.expired(),
            freshness => freshness,
        }
    }

    /// What happened to it in the store until `held` was read there.
    pub(crate) fn change(&self, held: &Held) -> Option<Change> {
        match &self.proof.as_deref()?.versions {
            Some(versions) => held.change(versions),
            // Loaded while the store was away: nothing can be proved once it is back.
            None => Some(Change::Outdated),
        }
    }

    /// Makes it stale before its time.
    pub(crate) fn expire(&self) {
        self.expired.store(true, Ordering::Release);
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { life, weight, proof, .. } = self;
        f.debug_struct("Entry")
            .field("life", life)
            .field("weight", weight)
            .field("proof", proof)
            .finish_non_exhaustive()
    }
}

/// The versions an entry was made under, and when they were last seen to hold.
#[derive(Debug)]
pub(crate) struct Proof {
    /// `None` when the store could not be asked before the load: served only while it cannot be
    /// asked.
    pub(crate) versions: Option<Box<[(Name, Version)]>>,
    pub(crate) checked: Moment,
    /// Which news are of its key.
    pub(crate) stripe: Stripe,
    /// How much news there was when the versions were about to be read.
    pub(crate) position: AtomicU64,
    /// One check at a time.
    pub(crate) gate: tokio::sync::Mutex<()>,
}

impl Proof {
    pub(crate) fn new(
        versions: Option<Box<[(Name, Version)]>>,
        checked: Moment,
        (stripe, position): (Stripe, u64),
    ) -> Self {
        let (position, gate) = (AtomicU64::new(position), tokio::sync::Mutex::default());
        Self { versions, checked, stripe, position, gate }
    }
}

/// An instant that can be moved without a lock: nanoseconds after a common origin.
#[derive(Debug)]
pub(crate) struct Moment(AtomicU64);

impl Moment {
    pub(crate) fn new(origin: Instant, at: Instant) -> Self {
        Self(AtomicU64::new(nanos(origin, at)))
    }

    pub(crate) fn set(&self, origin: Instant, at: Instant) {
        self.0.store(nanos(origin, at), Ordering::Relaxed);
    }

    pub(crate) fn get(&self, origin: Instant) -> Instant {
        origin + Duration::from_nanos(self.nanos())
    }

    /// After the origin.
    pub(crate) fn nanos(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

pub(crate) fn nanos(origin: Instant, at: Instant) -> u64 {
    u64::try_from(at.saturating_duration_since(origin).as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_is_fresh_then_stale_then_dead(
            fresh in 0u64..1000, stale in 0u64..1000, ahead in 0u64..1500, at in 0u64..3000,
        ) {
            let start = Instant::now();
            let ms = Duration::from_millis;
            let expected = match at {
                at if at + ahead < fresh => Freshness::Fresh,
                at if at < fresh => Freshness::Due,
                at if at < fresh + stale => Freshness::Stale,
                _ => Freshness::Dead,
            };
            let times = Times { fresh: ms(fresh), stale: ms(stale), ahead: ms(ahead), ..Times::default() };
            let life = Life::starting(start, times);
            prop_assert_eq!(life.at(start + ms(at)), expected);
        }
    }
}
