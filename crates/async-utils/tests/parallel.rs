//! What the bounded maps and the combinators promise, on a paused clock.

use async_utils::{Panicked, Parallel, TimedOut, TryMapError, first_ok, race, with_timeout};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const fn at_most(n: usize) -> Parallel {
    Parallel::new(NonZeroUsize::MIN.saturating_add(n - 1))
}

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("bad {0}")]
struct Bad(u32);

/// Counts those alive, however they end.
#[derive(Debug, Default)]
struct Alive(AtomicUsize);

struct Life<'a>(&'a Alive);

impl Alive {
    fn enter(&self) -> Life<'_> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Life(self)
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Life<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn as_completed_gives_the_quick_ones_first() {
    let results = at_most(3)
        .map_as_completed([30, 10, 20], |wait| async move {
            sleep(ms(wait)).await;
            wait
        })
        .collect()
        .await;
    assert_eq!(results, [Ok(10), Ok(20), Ok(30)]);
}

#[tokio::test(start_paused = true)]
async fn an_endless_iterator_is_drawn_from_only_as_far_as_needed() {
    let drawn = AtomicUsize::new(0);
    let items = std::iter::repeat_with(|| drawn.fetch_add(1, Ordering::SeqCst));
    let mut results = at_most(4).map(items, |n| async move {
        sleep(ms(1)).await;
        n
    });
    for expected in 0..10 {
        assert_eq!(results.next().await, Some(Ok(expected)));
        assert!(drawn.load(Ordering::SeqCst) <= expected + 1 + 4);
    }
}

#[tokio::test(start_paused = true)]
async fn one_panic_of_a_hundred_leaves_ninety_nine_results() {
    let work = |n: u32| async move {
        sleep(ms(1)).await;
        assert!(n != 42, "forty-two");
        n
    };
    let mut kinds = [
        at_most(8).map(0..100, work),
        at_most(8).map_as_completed(0..100, work),
        at_most(8).spawn_map(0..100, work),
        at_most(8).spawn_map_as_completed(0..100, work),
    ];
    for results in &mut kinds {
        let (mut fine, mut panics) = (0, Vec::new());
        while let Some(result) = results.next().await {
            match result {
                Ok(_) => fine += 1,
                Err(Panicked { message, .. }) => panics.push(message),
            }
        }
        assert_eq!((fine, panics), (99, vec!["forty-two".to_owned()]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_there_is_a_future_is_the_items_too() {
    let results = at_most(2)
        .map(0..3, |n: u32| {
            assert!(n != 1, "one");
            async move { n }
        })
        .collect()
        .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 2);
    assert!(results[1].is_err());
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_drops_all_siblings_before_it_is_told() {
    let (alive, begun) = (Alive::default(), AtomicUsize::new(0));
    let started = Instant::now();
    let failed = at_most(4)
        .try_map(0..100_u32, |n| {
            let (alive, begun) = (&alive, &begun);
            async move {
                let _life = alive.enter();
                begun.fetch_add(1, Ordering::SeqCst);
                sleep(ms(10 + u64::from(n))).await;
                if n == 2 { Err(Bad(n)) } else { Ok(n) }
            }
        })
        .await;
    assert!(matches!(failed, Err(TryMapError::Failed { index: 2, cause: Bad(2) })));
    assert_eq!(started.elapsed(), ms(12));
    assert_eq!(alive.count(), 0);
    assert_eq!(begun.load(Ordering::SeqCst), 6, "four, and one for each of the two that ended");
}

#[tokio::test(start_paused = true)]
async fn dropping_spawned_results_stops_their_tasks() {
    let alive = Arc::new(Alive::default());
    let work = |_| {
        let alive = Arc::clone(&alive);
        async move {
            let _life = alive.enter();
            std::future::pending::<()>().await;
        }
    };
    let mut results = at_most(5).spawn_map(0..10, work);
    assert!(with_timeout(ms(10), results.next()).await.is_err());
    assert_eq!(alive.count(), 5);
    drop(results);
    sleep(ms(1)).await;
    assert_eq!(alive.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn spawned_items_go_on_while_the_consumer_is_busy() {
    let started = Instant::now();
    let work = move |_| async move {
        let begun = started.elapsed();
        sleep(ms(10)).await;
        started.elapsed() - begun
    };
    let mut results = at_most(8).spawn_map_as_completed(0..32, work);
    while let Some(took) = results.next().await {
        assert!(took.unwrap() <= ms(11));
        sleep(ms(50)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_nested_map_at_limit_one_does_not_deadlock() {
    let one = at_most(1);
    let sums = one
        .map(1..=3_u32, |n| async move {
            let inner = one.map(0..n, |m| async move { m }).collect().await;
            inner.into_iter().map(Result::unwrap).sum::<u32>()
        })
        .collect()
        .await;
    assert_eq!(sums, [Ok(0), Ok(1), Ok(3)]);
}

#[tokio::test(start_paused = true)]
async fn race_drops_the_losers_before_it_tells_the_winner() {
    let alive = Alive::default();
    let candidate = |wait| {
        let life = alive.enter();
        async move {
            sleep(ms(wait)).await;
            drop(life);
            wait
        }
    };
    assert_eq!(race([30, 10, 20].map(candidate)).await, Some(10));
    assert_eq!(alive.count(), 0);
    assert_eq!(race(Vec::<std::future::Ready<u32>>::new()).await, None);
}

#[tokio::test(start_paused = true)]
async fn first_ok_passes_over_errors_and_tells_all_of_them_if_need_be() {
    let candidate = |(wait, ok): (u32, bool)| async move {
        sleep(ms(wait.into())).await;
        if ok { Ok(wait) } else { Err(Bad(wait)) }
    };
    let first = first_ok([(10, false), (20, true), (30, true)].map(candidate)).await;
    assert_eq!(first.unwrap(), 20);
    let none = first_ok([(20, false), (10, false)].map(candidate)).await.unwrap_err();
    assert_eq!(none.errors, [Bad(10), Bad(20)]);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_cannot_be_mistaken_for_a_value() {
    assert_eq!(with_timeout(ms(5), async { None::<u8> }).await, Ok(None));
    let late = with_timeout(ms(5), sleep(ms(6))).await;
    assert!(matches!(late, Err(TimedOut { after, .. }) if after == ms(5)));
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_before_the_first_result_is_asked_for() {
    let begun = AtomicUsize::new(0);
    let results = at_most(2).map(0..5, |_| async { begun.fetch_add(1, Ordering::SeqCst) });
    assert_eq!(begun.load(Ordering::SeqCst), 0);
    let mut results = pin!(results);
    results.next().await.unwrap().unwrap();
    assert!(begun.load(Ordering::SeqCst) > 0);
}
