//! What rate limits promise, on a paused clock.

use async_utils::{KeyedLimiter, LimitError, Limiter, Quota, Rate};
use proptest::prelude::*;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, advance, sleep};

fn limiter(quota: &str) -> Arc<Limiter> {
    Arc::new(Limiter::new(Quota::parse(quota).unwrap_or_else(|error| panic!("{error}"))))
}

fn units(n: u32) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(n - 1)
}

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_exact_to_the_nanosecond() {
    let limiter = limiter("7/second;20/minute");
    while limiter.check().is_ok() {}
    for _ in 0..50 {
        let wait = limiter.check().unwrap_err().retry_after().unwrap();
        advance(wait - Duration::from_nanos(1)).await;
        let early = limiter.check().unwrap_err();
        assert_eq!(early.retry_after(), Some(Duration::from_nanos(1)));
        advance(Duration::from_nanos(1)).await;
        limiter.check().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_denial_consumes_nothing_in_any_window() {
    let limiter = limiter("2/second;3/minute");
    limiter.check().unwrap();
    limiter.check().unwrap();
    for _ in 0..100 {
        limiter.check().unwrap_err(); // by the second; the minute has one left
    }
    sleep(ms(500)).await;
    let last = limiter.check().unwrap();
    assert_eq!(last.remaining, 0);
    let refused = limiter.check().unwrap_err();
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(20) - ms(500)));
    assert_eq!(limiter.stats().admitted, 3);
}

#[tokio::test(start_paused = true)]
async fn there_is_no_window_edge_to_pass_twice_the_rate() {
    let limiter = limiter("100/second");
    sleep(ms(970)).await;
    let mut admitted = 0;
    for _ in 0..60 {
        while limiter.check().is_ok() {
            admitted += 1;
        }
        advance(ms(1)).await;
    }
    assert_eq!(admitted, 105, "a burst, and what flows back in 59 ms");
}

#[tokio::test(start_paused = true)]
async fn waiters_pass_in_order_of_arrival_and_on_schedule() {
    let rate = Rate::new(units(1000), Duration::from_secs(1)).unwrap().burst(units(1)).unwrap();
    let limiter = Arc::new(Limiter::new(rate));
    let passed = Arc::new(Mutex::new(Vec::new()));
    let started = Instant::now();
    let tasks: Vec<_> = (0..4_000)
        .map(|n| {
            let (limiter, passed) = (Arc::clone(&limiter), Arc::clone(&passed));
            tokio::spawn(async move {
                limiter.until_ready().await.unwrap();
                passed.lock().unwrap().push(n);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*passed.lock().unwrap(), (0..4_000).collect::<Vec<_>>());
    assert_eq!(started.elapsed(), ms(3_999));
}

#[tokio::test(start_paused = true)]
async fn timers_that_wake_late_do_not_slow_the_rate() {
    let rate = Rate::new(units(3000), Duration::from_secs(1)).unwrap().burst(units(1)).unwrap();
    let limiter = Arc::new(Limiter::new(rate));
    let started = Instant::now();
    let tasks: Vec<_> = (0..3_000)
        .map(|_| {
            let limiter = Arc::clone(&limiter);
            tokio::spawn(async move { limiter.until_ready().await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    // Tokio's timers count milliseconds, of which three units share one.
    assert!(started.elapsed() <= ms(1_001), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_waiter_gives_its_place_to_the_next() {
    let rate = Rate::new(units(1000), Duration::from_secs(1)).unwrap().burst(units(1)).unwrap();
    let limiter = Arc::new(Limiter::new(rate));
    let started = Instant::now();
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let limiter = Arc::clone(&limiter);
            tokio::spawn(async move { limiter.until_ready().await })
        })
        .collect();
    sleep(Duration::from_micros(1)).await;
    tasks.iter().step_by(2).skip(1).for_each(tokio::task::JoinHandle::abort);
    for task in tasks {
        let _aborted_or_passed = task.await;
    }
    assert_eq!(limiter.stats().admitted, 501);
    assert!(started.elapsed() <= ms(502), "{:?}", started.elapsed());
    assert_eq!(limiter.stats().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn five_an_hour_for_two_days_takes_no_time() {
    let (limiter, started) = (limiter("5/hour"), Instant::now());
    for _ in 0..5 * 48 + 5 {
        limiter.until_ready().await.unwrap();
    }
    assert_eq!(started.elapsed(), Duration::from_secs(48 * 3600));
}

#[tokio::test(start_paused = true)]
async fn a_check_does_not_overtake_those_who_wait() {
    let limiter = limiter("1/second");
    limiter.check().unwrap();
    let waiting = Arc::clone(&limiter);
    let waiting = tokio::spawn(async move { waiting.until_ready().await });
    sleep(ms(999)).await;
    assert_eq!(limiter.stats().waiting, 1);
    let refused = limiter.check().unwrap_err();
    assert_eq!(refused.retry_after(), Some(ms(1_001)), "after the one who waits");
    waiting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_can_never_pass_is_refused_at_once() {
    let limiter = limiter("100/minute;3/second");
    let error = LimitError::TooLarge { cost: 4, burst: 3 };
    assert_eq!(limiter.check_n(units(4)), Err(error));
    assert_eq!(limiter.until_ready_n(units(4)).await, Err(error));
    assert!(limiter.check_n(units(3)).is_ok());
}

fn keyed(quota: &str, keys: usize) -> KeyedLimiter<u32> {
    let quota = Quota::parse(quota).unwrap_or_else(|error| panic!("{error}"));
    KeyedLimiter::new(quota, NonZeroUsize::MIN.saturating_add(keys - 1))
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_keys_cannot_wash_out_one_in_debt() {
    let limiter = keyed("1/minute", 100);
    limiter.check(&0).unwrap();
    let mut refused = 0;
    for key in 1..10_000 {
        refused += u32::from(limiter.check(&key).is_err());
        assert!(limiter.len() <= 100);
    }
    assert_eq!(refused, 9_999 - 99);
    assert!(matches!(limiter.check(&0), Err(LimitError::Limited { .. })));

    let refused = limiter.check(&10_000).unwrap_err();
    assert!(matches!(refused, LimitError::TooManyKeys { keys: 100, .. }));
    advance(refused.retry_after().unwrap()).await;
    limiter.check(&10_000).unwrap();
}

#[tokio::test(start_paused = true)]
async fn rested_keys_make_room_for_new_ones() {
    let limiter = keyed("10/second", 50);
    for key in 0..5_000 {
        limiter.check(&key).unwrap();
        advance(ms(5)).await;
    }
    assert!(limiter.len() <= 50);
    assert_eq!(limiter.stats().admitted, 5_000);
}

#[tokio::test(start_paused = true)]
async fn a_key_somebody_waits_on_is_not_forgotten() {
    let limiter = Arc::new(keyed("1/second", 1));
    limiter.check(&1).unwrap();
    let (first, second) = (Arc::clone(&limiter), Arc::clone(&limiter));
    let first = tokio::spawn(async move { first.until_ready(&1).await });
    let second = tokio::spawn(async move { second.until_ready(&1).await });
    sleep(ms(1_500)).await;
    assert!(limiter.check(&2).is_err());
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    sleep(ms(1_000)).await;
    limiter.check(&2).unwrap();
}

#[tokio::test(start_paused = true)]
async fn nor_is_one_whose_waiter_is_slow_to_go() {
    let limiter = keyed("1/second", 1);
    limiter.check(&1).unwrap();
    let mut waiting = std::pin::pin!(limiter.until_ready(&1));
    assert!(futures::poll!(&mut waiting).is_pending());
    advance(ms(10_000)).await;
    assert!(limiter.check(&2).is_err(), "all it spent has flowed back, but it is in use");
    waiting.await.unwrap();
    advance(ms(1)).await;
    limiter.check(&2).unwrap();
}

#[test]
fn threads_together_get_no_more_than_the_burst() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _inside = runtime.enter();
    let (direct, by_key) = (limiter("100/day;70/hour"), keyed("3/day", 50));
    let attempts = || {
        let admitted = (0..200).filter(|_| direct.check().is_ok()).count();
        let keys = (0..200).map(|n| n % 40);
        (admitted, keys.filter(|key| by_key.check(key).is_ok()).count())
    };
    let each: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(attempts)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(each.iter().map(|(direct, _)| direct).sum::<usize>(), 70);
    assert_eq!(each.iter().map(|(_, by_key)| by_key).sum::<usize>(), 3 * 40);
}

/// What one step of a trace does.
#[derive(Clone, Debug)]
enum Step {
    Check(u32),
    /// Wait for so many units, and leave after so many milliseconds if not served.
    Wait(u32, u64),
    Sleep(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1..4_u32).prop_map(Step::Check),
        (1..4_u32, 0..300_u64).prop_map(|(n, patience)| Step::Wait(n, patience)),
        (0..200_u64).prop_map(Step::Sleep),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// In every span of time at most `burst + rate × span` pass, whoever waits, leaves or checks;
    /// and who leaves costs nothing: what is left at the end is what the grants alone leave.
    #[test]
    fn no_span_admits_more_than_burst_and_rate(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().unwrap();
        let (grants, replayed, seen) = runtime.block_on(async {
            let limiter = limiter("20/second;30/15s");
            let started = Instant::now();
            let mut grants = Vec::new();
            for step in steps {
                let (cost, granted) = match step {
                    Step::Check(n) => (n, limiter.check_n(units(n)).is_ok()),
                    Step::Wait(n, patience) => {
                        let ready = limiter.until_ready_n(units(n));
                        (n, tokio::time::timeout(ms(patience), ready).await.is_ok())
                    }
                    Step::Sleep(wait) => { sleep(ms(wait)).await; (0, false) }
                };
                if granted { grants.push((started.elapsed(), cost)); }
            }
            let end = started.elapsed();
            let seen = limiter.check().ok();
            (grants.clone(), replay(&grants, end).await, seen)
        });
        for (rate, burst) in [(20.0, 20), (2.0, 30)] {
            for (i, (from, _)) in grants.iter().enumerate() {
                let mut passed = 0;
                for (to, cost) in &grants[i..] {
                    passed += cost;
                    let allowed = f64::from(burst) + rate * (*to - *from).as_secs_f64();
                    prop_assert!(f64::from(passed) <= allowed + 1e-6);
                }
            }
        }
        prop_assert_eq!(replayed, seen);
    }
}

/// The same grants on a new limiter, without anybody who waited in vain.
async fn replay(grants: &[(Duration, u32)], end: Duration) -> Option<async_utils::Admission> {
    let limiter = limiter("20/second;30/15s");
    let started = Instant::now();
    for (at, cost) in grants {
        advance(*at - started.elapsed()).await;
        assert!(limiter.check_n(units(*cost)).is_ok(), "granted before, refused in the replay");
    }
    advance(end - started.elapsed()).await;
    limiter.check().ok()
}
