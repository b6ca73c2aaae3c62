//! What time it is on the server.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use redis::Value;

use crate::clock::now;

/// The server's clock as far as it is known here: never ahead of it, as long as both run at the
/// same pace since the last answer.
#[derive(Debug)]
pub(super) struct Clock {
    origin: Instant,
    /// Microseconds between the server's clock and the time since `origin`.
    ahead: AtomicI64,
}

impl Clock {
    /// A clock that was told `time` just now.
    pub(super) fn new(time: u64) -> Self {
        let clock = Self { origin: now(), ahead: AtomicI64::new(0) };
        clock.told(time);
        clock
    }

    /// The answer to a `TIME` arrived just now, so the server's clock shows at least this.
    pub(super) fn told(&self, time: u64) {
        self.ahead.store(signed(time) - self.elapsed(), Ordering::Relaxed);
    }

    /// When the server will forget what it is told to keep for `ttl`, or a little before.
    pub(super) fn end_of(&self, ttl: Duration) -> u64 {
        let time = self.elapsed() + self.ahead.load(Ordering::Relaxed);
        u64::try_from(time).unwrap_or_default().saturating_add(micros(ttl))
    }

    fn elapsed(&self) -> i64 {
        signed(micros(now().saturating_duration_since(self.origin)))
    }
}

/// Microseconds out of the answer to a `TIME`.
pub(super) fn time(answer: &Value) -> Option<u64> {
    let Value::Array(parts) = answer else { return None };
    let number = |part: &Value| match part {
        Value::BulkString(digits) => std::str::from_utf8(digits).ok()?.parse::<u64>().ok(),
        _ => None,
    };
    let [seconds, micros] = parts.as_slice() else { return None };
    number(seconds)?.checked_mul(1_000_000)?.checked_add(number(micros)?)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_lives_longer_than_asked_for() {
        let clock = Clock::new(5_000_000);
        let end = clock.end_of(Duration::from_secs(2));
        assert!((7_000_000..7_900_000).contains(&end), "{end}");
        clock.told(1_000_000);
        let end = clock.end_of(Duration::from_secs(2));
        assert!((3_000_000..3_900_000).contains(&end), "a clock that was set back: {end}");
    }

    #[test]
    fn an_answer_of_another_shape_is_no_time() {
        let text = |text: &str| Value::BulkString(text.into());
        assert_eq!(time(&Value::Array(vec![text("3"), text("14")])), Some(3_000_014));
        assert_eq!(time(&Value::Array(vec![text("3")])), None);
        assert_eq!(time(&Value::Array(vec![text("3"), text("x")])), None);
        assert_eq!(time(&Value::Nil), None);
    }
}
