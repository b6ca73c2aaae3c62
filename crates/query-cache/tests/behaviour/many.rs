//! Many keys at once: one look into the store, one load for what is missing, one write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use query_cache::{Backend, Cache, Error, Key, Policy};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{advance, sleep};

use crate::support::{Down, Mode, TestStore, minute, ms, relaxed, strict, until};

/// Rows that can change, and which of them each load asked for.
#[derive(Clone, Debug)]
struct Rows(Arc<State>);

#[derive(Debug)]
struct State {
    rows: Mutex<BTreeMap<u32, u64>>,
    loads: Mutex<Vec<Vec<u32>>>,
    gate: Semaphore,
}

impl Rows {
    /// Rows 0 to 99, each with ten times its id.
    fn new() -> Self {
        let rows = Self::gated();
        rows.open();
        rows
    }

    fn gated() -> Self {
        let rows = (0..100).map(|id| (id, u64::from(id) * 10)).collect();
        let gate = Semaphore::new(0);
        Self(Arc::new(State { rows: Mutex::new(rows), loads: Mutex::default(), gate }))
    }

    fn open(&self) {
        self.0.gate.add_permits(1000);
    }

    fn write(&self, id: u32, value: u64) {
        self.0.rows.lock().unwrap().insert(id, value);
    }

    fn fail(&self) {
        self.0.rows.lock().unwrap().clear();
    }

    fn loads(&self) -> Vec<Vec<u32>> {
        self.0.loads.lock().unwrap().clone()
    }

    async fn load(self, ids: Vec<u32>) -> Result<Vec<(u32, u64)>, Down> {
        let rows = self.0.rows.lock().unwrap().clone();
        self.0.loads.lock().unwrap().push(ids.clone());
        self.0.gate.acquire().await.unwrap().forget();
        if rows.is_empty() {
            return Err(Down);
        }
        // In another order than they were asked for, as a database gives them.
        Ok(ids.iter().rev().filter_map(|id| Some((*id, *rows.get(id)?))).collect())
    }
}

fn row(id: &u32) -> Key {
    Key::new("row").part(*id)
}

fn tagged(id: &u32) -> Policy {
    minute().tag(format!("row:{id}"))
}

async fn ask_by<S: Backend>(
    cache: &Cache<S>,
    rows: &Rows,
    ids: &[u32],
    policy: impl Fn(&u32) -> Policy,
) -> Result<Vec<Option<u64>>, Error> {
    let rows = rows.clone();
    let values = cache.get_or_load_many(ids, row, policy, |ids| rows.load(ids)).await?;
    Ok(values.iter().map(|value| **value).collect())
}

async fn ask<S: Backend>(cache: &Cache<S>, rows: &Rows, ids: &[u32]) -> Vec<Option<u64>> {
    ask_by(cache, rows, ids, tagged).await.unwrap()
}

fn ask_aside(
    cache: &Cache<Arc<TestStore>>,
    rows: &Rows,
    ids: &'static [u32],
) -> JoinHandle<Vec<Option<u64>>> {
    let (cache, rows) = (cache.clone(), rows.clone());
    tokio::spawn(async move { ask(&cache, &rows, ids).await })
}

#[tokio::test(start_paused = true)]
async fn exactly_the_missing_ones_are_loaded_at_once_in_any_order() {
    let (cache, rows) = (Cache::builder().build(), Rows::new());
    assert_eq!(ask(&cache, &rows, &[7, 3]).await, [Some(70), Some(30)]);
    let found = ask(&cache, &rows, &[9, 7, 1, 3, 5]).await;
    assert_eq!(found, [Some(90), Some(70), Some(10), Some(30), Some(50)]);
    assert_eq!(rows.loads(), [vec![7, 3], vec![9, 1, 5]]);
    assert_eq!(ask(&cache, &rows, &[]).await, []);
    assert_eq!(ask(&cache, &rows, &[5, 9]).await, [Some(50), Some(90)]);
    assert_eq!(rows.loads().len(), 2);
    let stats = cache.stats();
    assert_eq!((stats.misses, stats.local_hits, stats.loads), (5, 4, 2));
}

#[tokio::test(start_paused = true)]
async fn each_tier_is_asked_and_told_once_for_all() {
    let (store, rows) = (TestStore::new(), Rows::new());
    let ids: Vec<u32> = (0..100).collect();
    ask(&relaxed(&store), &rows, &ids).await;
    until("not written", async || store.calls() == 4).await;
    // Another process: values and versions, and nothing else.
    let other = relaxed(&store);
    let found = ask(&other, &rows, &ids).await;
    assert_eq!(found[42], Some(420));
    assert_eq!((store.calls(), rows.loads().len(), other.stats().store_hits), (6, 1, 100));
    // Past the bound all of them are compared at once.
    advance(ms(1500)).await;
    ask(&other, &rows, &ids).await;
    assert_eq!((store.calls(), other.stats().local_hits), (7, 100));
    assert_eq!(rows.loads().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_very_large_batch_goes_in_pieces_and_is_loaded_at_once() {
    let (store, rows) = (TestStore::new(), Rows::new());
    let ids: Vec<u32> = (0..10_000).collect();
    for loads in [1, 1] {
        let calls = store.calls();
        let cache = relaxed(&store);
        let found = ask(&cache, &rows, &ids).await;
        assert!(
            found
                .iter()
                .zip(&ids)
                .all(|(row, id)| *row == (*id < 100).then(|| u64::from(*id) * 10))
        );
        assert_eq!(rows.loads().len(), loads);
        cache.close().await.unwrap();
        let calls = store.calls() - calls;
        assert!((20..100).contains(&calls), "{calls} calls");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_being_loaded_is_waited_for_and_not_loaded_again() {
    let (cache, rows) = (relaxed(&TestStore::new()), Rows::gated());
    let first = ask_aside(&cache, &rows, &[1, 2, 3]);
    until("no load", async || rows.loads().len() == 1).await;
    let single = {
        let (cache, rows) = (cache.clone(), rows.clone());
        let load =
            || async { rows.load(vec![4]).await.map(|found| found.first().map(|row| row.1)) };
        tokio::spawn(async move { cache.get_or_load_optional(&row(&4), &tagged(&4), load).await })
    };
    until("no second load", async || rows.loads().len() == 2).await;
    let second = ask_aside(&cache, &rows, &[2, 4, 5, 5]);
    until("no third load", async || rows.loads().len() == 3).await;
    rows.open();
    assert_eq!(first.await.unwrap(), [Some(10), Some(20), Some(30)]);
    assert_eq!(*single.await.unwrap().unwrap(), Some(40));
    assert_eq!(second.await.unwrap(), [Some(20), Some(40), Some(50), Some(50)]);
    assert_eq!(rows.loads(), [vec![1, 2, 3], vec![4], vec![5]]);
}

#[tokio::test(start_paused = true)]
async fn what_the_load_does_not_bring_is_absent_for_its_own_time() {
    let (cache, rows) = (Cache::builder().build(), Rows::new());
    let policy = |_: &u32| minute().negative_ttl(ms(500));
    let found = ask_by(&cache, &rows, &[1, 100, 2], policy).await.unwrap();
    assert_eq!(found, [Some(10), None, Some(20)]);
    rows.write(100, 7);
    assert_eq!(ask_by(&cache, &rows, &[100], policy).await.unwrap(), [None]);
    advance(ms(600)).await;
    assert_eq!(ask_by(&cache, &rows, &[1, 100], policy).await.unwrap(), [Some(10), Some(7)]);
    assert_eq!(rows.loads(), [vec![1, 100, 2], vec![100]]);
}

#[tokio::test(start_paused = true)]
async fn one_invalidated_while_it_is_loaded_is_not_kept_and_the_others_are() {
    let (store, rows) = (TestStore::new(), Rows::gated());
    let cache = strict(&store);
    let first = ask_aside(&cache, &rows, &[1, 2, 3]);
    until("no load", async || rows.loads().len() == 1).await;
    rows.write(2, 21);
    rows.write(3, 31);
    cache.invalidate_tag("row:2").await.unwrap();
    cache.invalidate(&row(&3)).await.unwrap();
    rows.open();
    assert_eq!(first.await.unwrap(), [Some(10), Some(20), Some(30)], "it began before");
    sleep(ms(1)).await;
    for cache in [cache, strict(&store)] {
        let found = ask(&cache, &rows, &[1, 2, 3]).await;
        assert_eq!(found, [Some(10), Some(21), Some(31)]);
    }
    assert_eq!(rows.loads(), [vec![1, 2, 3], vec![2, 3]]);
}

#[tokio::test(start_paused = true)]
async fn a_failing_load_fails_all_it_was_for_and_stale_values_are_served() {
    let (cache, rows) = (Cache::builder().build(), Rows::new());
    let policy = |_: &u32| Policy::ttl(ms(100)).stale_for(ms(10_000)).retry_after(ms(1000));
    ask_by(&cache, &rows, &[1, 2], policy).await.unwrap();
    advance(ms(200)).await;
    rows.fail();
    let error = ask_by(&cache, &rows, &[1, 3], policy).await.unwrap_err();
    assert!(error.load_error::<Down>().is_some(), "{error:?}");
    assert_eq!(rows.loads(), [vec![1, 2], vec![1, 3]], "the stale one is refreshed with the other");
    for _ in 0..3 {
        let found = ask_by(&cache, &rows, &[1, 2], policy).await.unwrap();
        assert_eq!(found, [Some(10), Some(20)]);
        sleep(ms(10)).await;
    }
    assert_eq!(
        rows.loads().len(),
        3,
        "the source is spared: only the second was asked for once more"
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_is_no_error() {
    for mode in [Mode::Fails, Mode::Hangs] {
        let (store, rows) = (TestStore::new(), Rows::new());
        let cache = relaxed(&store);
        store.set_mode(mode);
        assert_eq!(ask(&cache, &rows, &[1, 2]).await, [Some(10), Some(20)]);
        assert_eq!(ask(&cache, &rows, &[1, 2]).await, [Some(10), Some(20)]);
        assert_eq!(rows.loads().len(), 1, "{mode:?}");
        // Loaded without a version: once the store is back it proves nothing.
        store.set_mode(Mode::Works);
        advance(ms(2000)).await;
        rows.write(1, 11);
        assert_eq!(ask(&cache, &rows, &[1, 2]).await, [Some(11), Some(20)]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_due_is_refreshed_by_the_load_of_the_missing() {
    let (cache, rows) = (Cache::builder().build(), Rows::new());
    let policy = |_: &u32| Policy::ttl(ms(1000)).refresh_ahead(ms(300));
    ask_by(&cache, &rows, &[1, 2], policy).await.unwrap();
    advance(ms(800)).await;
    rows.write(1, 11);
    let found = ask_by(&cache, &rows, &[3, 1], policy).await.unwrap();
    assert_eq!(found, [Some(30), Some(10)], "nobody waits for what is fresh still");
    assert_eq!(rows.loads(), [vec![1, 2], vec![3, 1]]);
    assert_eq!(ask_by(&cache, &rows, &[1], policy).await.unwrap(), [Some(11)]);
}

#[tokio::test(start_paused = true)]
async fn all_wait_no_longer_than_one_is_let() {
    let (cache, rows) = (relaxed(&TestStore::new()), Rows::gated());
    let first = ask_aside(&cache, &rows, &[1]);
    until("no load", async || rows.loads().len() == 1).await;
    let before = tokio::time::Instant::now();
    let within = |_: &u32| minute().answer_within(ms(50));
    let error = ask_by(&cache, &rows, &[1, 2, 3], within).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { limit } if limit == ms(50)), "{error:?}");
    assert_eq!(before.elapsed(), ms(50));
    rows.open();
    first.await.unwrap();
    sleep(ms(1)).await;
    assert_eq!(ask(&cache, &rows, &[1, 2, 3]).await, [Some(10), Some(20), Some(30)]);
    assert_eq!(rows.loads(), [vec![1], vec![2, 3]]);
}
