//! How a call came to its value, told and counted.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use proptest::prelude::*;
use query_cache::{Cache, Error, Key, Origin, Policy, Stats};
use tokio::time::sleep;

use crate::support::{Mode, Source, TestStore, ask, key, minute, ms, relaxed, strict, until};

type Told = (u64, Origin, Duration, Duration);

async fn told<S: query_cache::Backend>(cache: &Cache<S>, policy: &Policy, source: &Source) -> Told {
    let source = source.clone();
    let answer = cache.traced().get_or_load(&key(), policy, || source.load()).await.unwrap();
    let millis = |time: Duration| ms(time.as_millis().try_into().unwrap());
    (*answer, answer.origin, millis(answer.age), millis(answer.fresh_for))
}

#[tokio::test(start_paused = true)]
async fn an_answer_says_where_it_comes_from_and_how_old_it_is() {
    let (store, source) = (TestStore::new(), Source::new(1));
    let (cache, other) = (strict(&store), strict(&store));
    let policy = minute().stale_for(ms(60_000));
    assert_eq!(told(&cache, &policy, &source).await, (1, Origin::Loaded, ms(0), ms(60_000)));
    sleep(ms(10_000)).await;
    assert_eq!(told(&cache, &policy, &source).await, (1, Origin::Local, ms(10_000), ms(50_000)));
    sleep(ms(5_000)).await;
    let (value, origin, age, left) = told(&other, &policy, &source).await;
    assert_eq!((value, origin), (1, Origin::Store));
    assert!(age >= ms(14_990) && age <= ms(15_010), "{age:?}: the value's, not the copy's");
    assert!(left >= ms(44_990) && left <= ms(45_000), "{left:?}");
    let found = other.traced().get::<u64>(&key()).await.unwrap().unwrap();
    assert_eq!((*found, found.origin), (1, Origin::Local));
    source.fail(true);
    cache.expire(&key()).await.unwrap();
    assert_eq!(told(&cache, &policy, &source).await, (1, Origin::Stale, ms(15_000), ms(0)));
    let stats = cache.stats();
    assert_eq!((stats.misses, stats.local_hits, stats.stale_hits), (1, 1, 1));
    let other_type = || async { Ok::<_, Error>(' ') };
    let answer = cache.traced().get_or_load(&key(), &policy, other_type).await;
    assert!(matches!(answer, Err(Error::WrongType { .. })));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_another_is_told_so() {
    let (cache, source) = (Cache::builder().build(), Source::gated(1));
    let asked = join_all((0..5).map(|_| async {
        let source = source.clone();
        cache.traced().get_or_load(&key(), &minute(), || source.load()).await.unwrap().origin
    }));
    let opened = async {
        source.begun(1).await;
        source.open();
    };
    let (origins, ()) = tokio::join!(asked, opened);
    let of = |wanted| origins.iter().filter(|origin| **origin == wanted).count();
    assert_eq!((of(Origin::Loaded), of(Origin::Shared)), (1, 4));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_while_it_is_waited_for_counts_as_stale_and_once() {
    let (cache, source) = (Cache::builder().build(), Source::new(1));
    let policy = minute().stale_for(ms(60_000)).wait_for_fresh(ms(1000));
    ask(&cache, &policy, &source).await.unwrap();
    cache.expire(&key()).await.unwrap();
    source.fail(true);
    assert_eq!(told(&cache, &policy, &source).await.1, Origin::Stale);
    let stats = cache.stats();
    assert_eq!((stats.misses, stats.stale_hits, stats.total_queries()), (1, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn absent_values_and_the_times_of_loads_are_counted() {
    let cache = Cache::builder().build();
    for _ in 0..2 {
        let load = || async {
            sleep(ms(30)).await;
            Ok::<_, std::io::Error>(None::<u32>)
        };
        cache.get_or_load_optional(&key(), &minute(), load).await.unwrap();
    }
    let ids = [1u32, 2, 3];
    let load = |missing: Vec<u32>| async move {
        sleep(ms(50)).await;
        Ok::<_, std::io::Error>([(missing[0], "night".to_owned())])
    };
    let of = |id: &u32| Key::new("duty").part(*id);
    cache.get_or_load_many(&ids, of, |_| minute(), load).await.unwrap();
    let stats = cache.stats();
    assert_eq!((stats.negatives, stats.total_queries()), (4, 5));
    assert_eq!((stats.load_time, stats.longest_load, stats.loads), (ms(80), ms(50), 2));
}

/// One step of a program that asks in all ways.
#[derive(Clone, Debug)]
enum Step {
    Get(u8),
    Load(u8),
    Optional(u8),
    Traced(u8),
    Many(Vec<u8>),
    Together(u8),
    Expire(u8),
    Invalidate(u8),
    Fail(bool),
    Store(bool),
    Sleep(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0u8..6;
    prop_oneof![
        id.clone().prop_map(Step::Get),
        id.clone().prop_map(Step::Load),
        id.clone().prop_map(Step::Optional),
        id.clone().prop_map(Step::Traced),
        proptest::collection::vec(id.clone(), 0..8).prop_map(Step::Many),
        id.clone().prop_map(Step::Together),
        id.clone().prop_map(Step::Expire),
        id.prop_map(Step::Invalidate),
        any::<bool>().prop_map(Step::Fail),
        any::<bool>().prop_map(Step::Store),
        (0u64..900).prop_map(Step::Sleep),
    ]
}

/// Runs the steps; how many queries they made.
async fn run(cache: &Cache<Arc<TestStore>>, store: &TestStore, steps: Vec<Step>) -> u64 {
    let of = |space: &str, id: u8| Key::new(space).part(id);
    let source = Source::new(1);
    let policy =
        || Policy::ttl(ms(500)).stale_for(ms(300)).refresh_ahead(ms(100)).retry_after(ms(50));
    let load = |id: u8| {
        let source = source.clone();
        async move { cache.get_or_load(&of("one", id), &policy(), || source.load()).await }
    };
    let mut queries = 0;
    for step in steps {
        let source = source.clone();
        queries += match step {
            Step::Get(id) => {
                _ = cache.get::<u64>(&of("one", id)).await.unwrap();
                1
            }
            Step::Load(id) => {
                _ = load(id).await;
                1
            }
            Step::Optional(id) => {
                let load = || async move { source.load().await.map(Some) };
                let patient = policy().wait_for_fresh(ms(20));
                _ = cache.get_or_load_optional(&of("many", id), &patient, load).await;
                1
            }
            Step::Traced(id) => {
                _ = cache.traced().get_or_load(&of("one", id), &policy(), || source.load()).await;
                1
            }
            Step::Many(ids) => {
                let load = |ids: Vec<u8>| async move {
                    let value = source.load().await?;
                    Ok::<_, crate::support::Down>(ids.into_iter().map(move |id| (id, value)))
                };
                _ = cache.get_or_load_many(&ids, |id| of("many", *id), |_| policy(), load).await;
                ids.len() as u64
            }
            Step::Together(id) => {
                join_all((0..3).map(|_| load(id))).await;
                3
            }
            Step::Expire(id) => {
                _ = cache.expire(&of("many", id)).await;
                0
            }
            Step::Invalidate(id) => {
                _ = cache.invalidate(&of("one", id)).await;
                0
            }
            Step::Fail(fails) => {
                source.fail(fails);
                0
            }
            Step::Store(works) => {
                store.set_mode(if works { Mode::Works } else { Mode::Fails });
                0
            }
            Step::Sleep(millis) => {
                sleep(ms(millis)).await;
                0
            }
        };
    }
    queries
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_query_counts_once_in_exactly_one_place(
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().start_paused(true).build().unwrap();
        let (stats, queries): (Stats, u64) = runtime.block_on(async {
            let store = TestStore::new();
            let cache = relaxed(&store);
            let queries = run(&cache, &store, steps).await;
            (cache.stats(), queries)
        });
        let places = [
            stats.local_hits, stats.store_hits, stats.stale_hits, stats.coalesced, stats.misses,
        ];
        prop_assert_eq!(places.iter().sum::<u64>(), queries);
        prop_assert_eq!(stats.total_queries(), queries);
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_refreshed_counts_once() -> Result<(), Error> {
    let (cache, source) = (Cache::builder().build(), Source::new(1));
    let policy = |_: &u8| minute().refresh_ahead(ms(30_000));
    let many = async || {
        let source = source.clone();
        let load = |ids: Vec<u8>| async move {
            let value = source.load().await?;
            Ok::<_, crate::support::Down>(ids.into_iter().map(move |id| (id, value)))
        };
        cache.get_or_load_many(&[1, 2, 1], |id| Key::new("q").part(*id), policy, load).await
    };
    many().await?;
    sleep(ms(40_000)).await;
    many().await?;
    until("the refresh has not ended", async || cache.stats().loads == 2).await;
    let stats = cache.stats();
    assert_eq!(
        (stats.total_queries(), stats.local_hits, stats.misses, stats.coalesced),
        (6, 3, 2, 1)
    );
    Ok(())
}
