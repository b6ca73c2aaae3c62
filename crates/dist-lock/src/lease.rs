//! What is granted: who owns a name, with which fence, and for how long that may be relied on.
//!
//! Nothing here reads a clock; every question about time is asked for a given instant.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A number that grows with every acquisition of a name, also after the lease of a dead owner ran out.
///
/// Hand it to whatever the lock protects, and let that refuse a number smaller than one it has already
/// seen: it is the only thing that stops a writer that was paused, lost its lease and does not know yet.
/// Gaps are normal; only the order means something, and only between tokens of one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FencingToken(u64);

impl FencingToken {
    /// The token with this number, for stores and for resources that read it back.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number itself. The bundled stores stay below 2⁶³, so that it fits a signed SQL column.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifies one acquisition: 128 random bits, never used twice.
///
/// Not the process and not the [`Lock`](crate::Lock): two tasks that share a lock are strangers to each
/// other, so one cannot renew or release what the other holds. It is an identity, not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OwnerToken(u128);

impl OwnerToken {
    /// A new identity.
    ///
    /// The bits come from the keys the standard library draws for its hash maps: those are seeded by the
    /// operating system. A generator seeded by time and thread could repeat itself on machines that
    /// started alike.
    #[must_use]
    pub fn random() -> Self {
        let keys = RandomState::new();
        let half = |which: u8| u128::from(keys.hash_one(which));
        Self(half(0) << 64 | half(1))
    }
}

/// 32 lower-case hexadecimal digits: the form in which stores keep it.
impl fmt::Display for OwnerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The part of a lease its holder does not rely on: 1 % of the TTL and 2 ms.
///
/// It covers clocks that run at slightly different rates, stores that count in whole milliseconds, and
/// timers that fire a millisecond late. What is left of it at the deadline is the holder's time to stop.
#[must_use]
pub fn margin(ttl: Duration) -> Duration {
    ttl / 100 + Duration::from_millis(2)
}

/// An exclusive claim to a name until a deadline on the holder's own monotonic clock.
#[derive(Clone, Debug)]
pub struct Lease {
    name: Arc<str>,
    owner: OwnerToken,
    fence: FencingToken,
    deadline: Instant,
}

impl Lease {
    /// A lease that was asked for at `sent` and granted for `ttl`.
    ///
    /// `sent` is the instant *before* the request left, not the one of the answer: the store cannot have
    /// started to count earlier, so the deadline here never lies behind the one over there.
    #[must_use]
    pub fn granted(
        name: Arc<str>,
        owner: OwnerToken,
        fence: FencingToken,
        sent: Instant,
        ttl: Duration,
    ) -> Self {
        Self { name, owner, fence, deadline: deadline(sent, ttl) }
    }

    /// What is held.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which acquisition holds it.
    #[must_use]
    pub fn owner(&self) -> OwnerToken {
        self.owner
    }

    /// The token to hand to the protected resource.
    #[must_use]
    pub fn fence(&self) -> FencingToken {
        self.fence
    }

    /// The instant from which on nothing may rely on this lease any more.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How long after `now` the lease may still be relied on; zero once it may not.
    #[must_use]
    pub fn safe_left(&self, now: Instant) -> Duration {
        self.deadline.saturating_duration_since(now)
    }

    /// Moves the deadline after a confirmed renewal that was asked for at `sent`. Never moves it back:
    /// answers may overtake each other.
    pub fn renewed(&mut self, sent: Instant, ttl: Duration) {
        self.deadline = self.deadline.max(deadline(sent, ttl));
    }
}

/// When a lease of `ttl`, asked for at `sent`, has to be given up.
pub(crate) fn deadline(sent: Instant, ttl: Duration) -> Instant {
    sent + ttl.saturating_sub(margin(ttl))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn lease(sent: Instant, ttl: Duration) -> Lease {
        Lease::granted("a".into(), OwnerToken::random(), FencingToken::new(1), sent, ttl)
    }

    #[test]
    fn safe_time_is_counted_from_the_request_and_leaves_the_margin() {
        let sent = Instant::now();
        let lease = lease(sent, Duration::from_secs(10));
        assert_eq!(lease.safe_left(sent), Duration::from_millis(9_898));
        assert_eq!(lease.safe_left(sent + Duration::from_secs(4)), Duration::from_millis(5_898));
        assert_eq!(lease.safe_left(sent + Duration::from_secs(11)), Duration::ZERO);
    }

    #[test]
    fn a_ttl_shorter_than_the_margin_leaves_nothing() {
        let sent = Instant::now();
        assert_eq!(lease(sent, Duration::from_millis(1)).safe_left(sent), Duration::ZERO);
    }

    #[test]
    fn a_late_answer_to_an_early_renewal_does_not_shorten_the_lease() {
        let sent = Instant::now();
        let mut lease = lease(sent, Duration::from_secs(10));
        lease.renewed(sent + Duration::from_secs(6), Duration::from_secs(10));
        let extended = lease.deadline();
        lease.renewed(sent + Duration::from_secs(3), Duration::from_secs(10));
        assert_eq!(lease.deadline(), extended);
    }

    #[test]
    fn owners_are_unique_and_print_as_32_digits() {
        let owners: HashSet<String> =
            (0..10_000).map(|_| OwnerToken::random().to_string()).collect();
        assert_eq!(owners.len(), 10_000);
        assert!(owners.iter().all(|owner| owner.len() == 32));
    }
}
