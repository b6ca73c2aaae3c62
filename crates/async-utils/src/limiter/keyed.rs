//! A limit for each key, with a bound on the keys that are held.

use super::bucket::At;
use super::turnstile::Turnstile;
use super::{Admission, Rules, between};
use crate::error::LimitError;
use crate::lock::locked;
use crate::quota::Quota;
use crate::stats::LimiterStats;
use std::borrow::Borrow;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex};

/// The same quota for each key (a client, a route), each on its own account.
///
/// Keys are forgotten only when that changes nothing: once all they spent has flowed back. So a
/// flood of new keys cannot wash out one that is over its limit; when every key held is still in
/// use, a new one is refused. Memory is bounded by the number of keys.
///
/// A decision costs one map lookup under a lock shared by all keys, and the decision itself;
/// forgetting is amortised over the decisions, logarithmic in the keys held.
///
/// ```
/// use async_utils::{KeyedLimiter, Quota};
/// use std::num::NonZeroUsize;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let most = NonZeroUsize::new(10_000).unwrap();
/// let limiter = KeyedLimiter::<String>::new(Quota::parse("1/minute")?, most);
/// assert!(limiter.check("ann").is_ok());
/// assert!(limiter.check("ann").is_err());
/// assert!(limiter.check("bob").is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct KeyedLimiter<K> {
    rules: Rules,
    max_keys: usize,
    keys: Mutex<Keys<K>>,
}

#[derive(Debug)]
struct Keys<K> {
    held: HashMap<K, Arc<Turnstile>>,
    /// One entry a key: a lower bound of when it rests. Corrected when it comes to the front.
    by_rest: BinaryHeap<Rest<K>>,
}

impl<K: Hash + Eq> KeyedLimiter<K> {
    /// A limiter that holds at most `max_keys` keys.
    #[must_use]
    pub fn new(quota: impl Into<Quota>, max_keys: NonZeroUsize) -> Self {
        let keys = Keys { held: HashMap::new(), by_rest: BinaryHeap::new() };
        Self { rules: Rules::new(quota.into()), max_keys: max_keys.get(), keys: Mutex::new(keys) }
    }

    /// Lets one unit of `key` pass now, or refuses and consumes nothing.
    ///
    /// # Errors
    /// [`LimitError::Limited`] with the exact time to come back, or [`LimitError::TooManyKeys`].
    pub fn check<Q>(&self, key: &Q) -> Result<Admission, LimitError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.check_n(key, NonZeroU32::MIN)
    }

    /// As [`check`](Self::check) for `cost` units at once: all or none.
    ///
    /// # Errors
    /// Also [`LimitError::TooLarge`].
    pub fn check_n<Q>(&self, key: &Q, cost: NonZeroU32) -> Result<Admission, LimitError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.rules.quota.admits(cost)?;
        let turnstile = self.turnstile(key)?;
        self.rules.check(&turnstile, cost)
    }

    /// Waits until one unit of `key` may pass, in order of arrival among the waiters of that key.
    ///
    /// Cancel safety: dropping it while it waits gives its place to the next, and consumes nothing.
    ///
    /// # Errors
    /// [`LimitError::TooManyKeys`], at once.
    pub async fn until_ready<Q>(&self, key: &Q) -> Result<(), LimitError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let turnstile = self.turnstile(key)?;
        self.rules.until_ready(&turnstile, NonZeroU32::MIN).await
    }

    /// Keys held now.
    #[must_use]
    pub fn len(&self) -> usize {
        locked(&self.keys).held.len()
    }

    /// Whether no key is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was admitted and refused so far, over all keys.
    #[must_use]
    pub fn stats(&self) -> LimiterStats {
        self.rules.counts.snapshot()
    }

    /// The key's turnstile. While the answer is held the key is not forgotten.
    fn turnstile<Q>(&self, key: &Q) -> Result<Arc<Turnstile>, LimitError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let mut keys = locked(&self.keys);
        if let Some(held) = keys.held.get(key) {
            return Ok(Arc::clone(held));
        }
        let now = self.rules.now();
        if keys.held.len() >= self.max_keys {
            keys.forget_one(now).inspect_err(|_| self.rules.counts.decided(false))?;
        }
        let made = Arc::new(Turnstile::new(self.rules.quota.rates().len()));
        // Cloned first: a key whose `to_owned` panics must not be in one collection and not the other.
        let (held, rest) = (key.to_owned(), Rest { at: Reverse(now), key: key.to_owned() });
        keys.held.insert(held, Arc::clone(&made));
        keys.by_rest.push(rest);
        Ok(made)
    }
}

impl<K: Hash + Eq> Keys<K> {
    /// Each turn but the last moves an entry to a later instant, which a decision has paid for.
    fn forget_one(&mut self, now: At) -> Result<(), LimitError> {
        let keys = self.held.len();
        while let Some(mut front) = self.by_rest.peek_mut() {
            let Reverse(at) = front.at;
            if at > now {
                return Err(LimitError::TooManyKeys { keys, retry_after: between(now, at) });
            }
            match self.held.get(&front.key) {
                // Somebody decides or waits on it at this moment: not to be forgotten.
                Some(held) if Arc::strong_count(held) > 1 || held.rested() > now => {
                    front.at = Reverse(held.rested().max(now + 1));
                }
                _ => {
                    let gone = std::collections::binary_heap::PeekMut::pop(front);
                    self.held.remove(&gone.key);
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Ordered by instant alone, the earliest on top.
#[derive(Debug)]
struct Rest<K> {
    at: Reverse<At>,
    key: K,
}

impl<K> PartialEq for Rest<K> {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl<K> Eq for Rest<K> {}

impl<K> PartialOrd for Rest<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Rest<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}
