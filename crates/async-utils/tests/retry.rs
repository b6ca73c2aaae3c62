//! What backoff and retry promise, on a paused clock.

use async_utils::{Backoff, GaveUp, Jitter, Retry, RetryBudget, RetryError, Verdict};
use proptest::prelude::*;
use std::cell::Cell;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("attempt {0} failed")]
struct Failed(u32);

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn attempts(n: u32) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(n - 1)
}

/// Fails every time, and counts.
async fn always_failing(retry: &Retry) -> RetryError<Failed> {
    let calls = Cell::new(0);
    let operation = || {
        calls.set(calls.get() + 1);
        let failed: Result<(), _> = Err(Failed(calls.get()));
        async move { failed }
    };
    let error = retry.run(operation).await;
    let Err(error) = error else { panic!("it cannot succeed") };
    assert_eq!(error.attempts, calls.get());
    assert_eq!(error.last, Failed(calls.get()));
    error
}

#[tokio::test(start_paused = true)]
async fn attempts_are_bounded_and_paced() {
    let started = Instant::now();
    let backoff = Backoff::exponential(secs(1)).jitter(Jitter::None);
    let error = always_failing(&Retry::new(backoff)).await;
    assert_eq!((error.attempts, error.reason), (4, GaveUp::Attempts));
    assert_eq!(started.elapsed(), secs(1 + 2 + 4));
}

#[tokio::test(start_paused = true)]
async fn no_attempt_starts_after_the_total_deadline() {
    let started = Instant::now();
    let retry = Retry::new(Backoff::constant(secs(4))).max_attempts(attempts(100)).total(secs(10));
    let error = always_failing(&retry).await;
    assert_eq!((error.attempts, error.reason), (3, GaveUp::Deadline));
    assert_eq!(started.elapsed(), secs(8), "it does not sleep for an attempt it will not make");
}

#[tokio::test(start_paused = true)]
async fn a_told_time_is_a_floor_with_the_usual_pause_on_top() {
    let started = Instant::now();
    let mut calls = 0;
    let retry = Retry::new(Backoff::constant(secs(1)));
    let operation = || {
        calls += 1;
        let answer = if calls == 2 { Ok(()) } else { Err(Failed(calls)) };
        async move { answer }
    };
    retry.run_when(operation, |_| Verdict::AgainAfter(secs(30))).await.unwrap();
    assert_eq!(started.elapsed(), secs(31));
}

#[tokio::test(start_paused = true)]
async fn a_permanent_error_stops_at_once() {
    let retry = Retry::default();
    let error = retry.run_when(|| async { Err::<(), _>(Failed(1)) }, |_| Verdict::Stop).await;
    let error = error.unwrap_err();
    assert_eq!((error.attempts, error.reason), (1, GaveUp::Permanent));
    assert_eq!(error.to_string(), "gave up after 1 attempt(s): the error is permanent");
}

#[tokio::test(start_paused = true)]
async fn in_an_outage_a_budget_keeps_retries_to_their_share() {
    let budget = Arc::new(RetryBudget::new(20, 10));
    let retry = Retry::new(Backoff::constant(secs(1))).budget(Arc::clone(&budget));
    let mut attempts = 0;
    for _ in 0..1_000 {
        attempts += always_failing(&retry).await.attempts;
    }
    // Of the fifth, the first payment is lost: the reserve was full.
    assert_eq!(attempts, 1_000 + 199 + 10, "a fifth, and the reserve");
}

proptest! {
    /// No pause is above its ceiling, no ceiling above the cap, and ceilings do not shrink.
    #[test]
    fn pauses_keep_to_their_bounds(base in 0..10_000_u64, factor in 0..10_u32, cap in 0..100_000_u64,
                                   seed: u64, equal: bool) {
        let jitter = if equal { Jitter::Equal } else { Jitter::Full };
        let backoff = Backoff::exponential(Duration::from_millis(base))
            .factor(factor).cap(Duration::from_millis(cap)).jitter(jitter).seed(seed);
        let mut before = Duration::ZERO;
        for (attempt, pause) in (1..200).zip(backoff.delays()) {
            let ceiling = backoff.ceiling(attempt);
            prop_assert!(pause <= ceiling && ceiling <= Duration::from_millis(cap));
            prop_assert!(before <= ceiling);
            prop_assert!(!equal || pause >= ceiling / 2);
            before = ceiling;
        }
        let (once, again): (Vec<_>, Vec<_>) = backoff.delays().zip(backoff.delays()).take(50).unzip();
        prop_assert_eq!(once, again);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_need_not_be_an_error_type() {
    let failed = Retry::default().run(|| async { Err::<(), _>("told so") }).await.unwrap_err();
    assert_eq!((failed.attempts, failed.last), (4, "told so"));
}
