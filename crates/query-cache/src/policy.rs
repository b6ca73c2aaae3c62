//! How long a value is kept, and what may be served when it is old.

use std::time::Duration;

use crate::clock::LONGEST;
use crate::name::random_u64;
use crate::tags::Tag;

/// How long a value is kept, what it depends on, and how its load is bounded.
///
/// There is no policy without a time to live. A time to live of zero keeps nothing: every call
/// loads (calls at the same moment still share one load). Durations above ten years mean ten years.
///
/// ```
/// use query_cache::Policy;
/// use std::time::Duration;
///
/// let policy = Policy::ttl(Duration::from_secs(300))
///     .jitter(0.1)
///     .stale_for(Duration::from_secs(60))
///     .tags(["person:7", "block:3"]);
/// # let _ = policy;
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    ttl: Duration,
    jitter: f64,
    stale_for: Duration,
    negative_ttl: Option<Duration>,
    refresh_ahead: Duration,
    wait_for_fresh: Duration,
    answer_within: Option<Duration>,
    tags: Vec<Tag>,
    load_timeout: Duration,
    retry_after: Duration,
}

impl Policy {
    /// Values are fresh for `ttl` after their load.
    pub fn ttl(ttl: Duration) -> Self {
        Self {
            ttl: ttl.min(LONGEST),
            jitter: 0.0,
            stale_for: Duration::ZERO,
            negative_ttl: None,
            refresh_ahead: Duration::ZERO,
            wait_for_fresh: Duration::ZERO,
            answer_within: None,
            tags: Vec::new(),
            load_timeout: Duration::from_secs(30),
            retry_after: Duration::from_secs(1),
        }
    }

    /// Shortens each time to live by a random share of up to `fraction`, so that values loaded
    /// together do not die together. Never lengthens it. Outside 0..=1 the nearer end counts; not a
    /// number is 0.
    #[must_use]
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = if fraction.is_nan() { 0.0 } else { fraction.clamp(0.0, 1.0) };
        self
    }

    /// For so long after its time to live a value may still be served, while it is being refreshed
    /// or when its load fails. Default: not at all. An invalidated value is never served.
    #[must_use]
    pub fn stale_for(mut self, window: Duration) -> Self {
        self.stale_for = window.min(LONGEST);
        self
    }

    /// The time to live of an absent value, `None` from
    /// [`get_or_load_optional`](crate::Cache::get_or_load_optional). Default: that of any value.
    #[must_use]
    pub fn negative_ttl(mut self, ttl: Duration) -> Self {
        self.negative_ttl = Some(ttl.min(LONGEST));
        self
    }

    /// A call in the last `window` of a value's time to live gets the value and starts a refresh, so
    /// that nobody waits for what is asked for often. Default: no window.
    ///
    /// The window should be longer than a load takes. It should be shorter than the time to live less
    /// its [`jitter`](Self::jitter): otherwise each new value is refreshed at once. A value that
    /// [`get`](crate::Cache::get) took from the store has no window.
    #[must_use]
    pub fn refresh_ahead(mut self, window: Duration) -> Self {
        self.refresh_ahead = window.min(LONGEST);
        self
    }

    /// A call that finds a stale value waits so long for the refresh before it takes that value.
    /// Default: not at all.
    #[must_use]
    pub fn wait_for_fresh(mut self, limit: Duration) -> Self {
        self.wait_for_fresh = limit.min(LONGEST);
        self
    }

    /// A call waits no longer than this for a load: then it gets
    /// [`Error::TimedOut`](crate::Error::TimedOut), while the load goes on and its value is kept.
    /// Default: as long as the load may take.
    #[must_use]
    pub fn answer_within(mut self, limit: Duration) -> Self {
        self.answer_within = Some(limit.min(LONGEST));
        self
    }

    /// Adds what the value depends on. One key should always be loaded with the same tags: an entry
    /// dies with the tags of the call that loaded it.
    #[must_use]
    pub fn tags<T: Into<Tag>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Adds one tag. See [`tags`](Self::tags).
    #[must_use]
    pub fn tag(self, tag: impl Into<Tag>) -> Self {
        self.tags([tag])
    }

    /// A load that takes longer is dropped and all who wait for it get an error. Default 30 s.
    #[must_use]
    pub fn load_timeout(mut self, timeout: Duration) -> Self {
        self.load_timeout = timeout.min(LONGEST);
        self
    }

    /// After a failed refresh a stale value is served for so long before the load is tried again.
    /// Default 1 s.
    #[must_use]
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.retry_after = pause.min(LONGEST);
        self
    }

    /// The time to live of the next value.
    pub(crate) fn lifetime(&self, negative: bool) -> Duration {
        let ttl = if negative { self.negative_ttl.unwrap_or(self.ttl) } else { self.ttl };
        shorten(ttl, self.jitter, random_u64())
    }

    /// The longest a value may be found anywhere.
    pub(crate) fn longest_life(&self) -> Duration {
        self.ttl.max(self.negative_ttl.unwrap_or_default()) + self.stale_for
    }

    pub(crate) fn stale_window(&self) -> Duration {
        self.stale_for
    }

    pub(crate) fn early_window(&self) -> Duration {
        self.refresh_ahead
    }

    pub(crate) fn patience_with_stale(&self) -> Duration {
        self.wait_for_fresh
    }

    pub(crate) fn answer_limit(&self) -> Option<Duration> {
        self.answer_within
    }

    pub(crate) fn tag_list(&self) -> &[Tag] {
        &self.tags
    }

    pub(crate) fn load_limit(&self) -> Duration {
        self.load_timeout
    }

    pub(crate) fn retry_pause(&self) -> Duration {
        self.retry_after
    }
}

/// `ttl` less a share of up to `jitter`, chosen by `random`.
fn shorten(ttl: Duration, jitter: f64, random: u64) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
    let share = (random >> 11) as f64 / (1u64 << 53) as f64;
    ttl.mul_f64(1.0 - jitter * share).min(ttl)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn jitter_never_lengthens_and_never_takes_more_than_its_share(
            millis in 0u64..10_000_000, jitter in 0.0f64..=1.0, random: u64,
        ) {
            let ttl = Duration::from_millis(millis);
            let life = shorten(ttl, jitter, random);
            prop_assert!(life <= ttl);
            prop_assert!(life + Duration::from_micros(1) >= ttl.mul_f64(1.0 - jitter));
        }

        #[test]
        fn any_jitter_is_taken_as_a_share(fraction: f64) {
            let policy = Policy::ttl(Duration::from_secs(9)).jitter(fraction);
            prop_assert!(policy.lifetime(false) <= Duration::from_secs(9));
        }
    }

    #[test]
    fn absent_values_have_their_own_time_to_live() {
        let policy = Policy::ttl(Duration::from_secs(60)).negative_ttl(Duration::from_secs(5));
        assert_eq!(policy.lifetime(true), Duration::from_secs(5));
        assert_eq!(policy.lifetime(false), Duration::from_secs(60));
    }
}
