//! Each public future is dropped after each number of polls. The cache stays usable, an
//! invalidation that was begun takes effect, and no half-made state is left.

use std::pin::pin;
use std::sync::Arc;

use futures::poll;
use query_cache::{Cache, Error, Key};
use tokio::time::{advance, sleep, timeout};

use crate::support::{Source, TestStore, ask, key, minute, ms, relaxed, until};

type TestCache = Cache<Arc<TestStore>>;

/// Polls `future` so often, with time for its store calls in between. Whether it ended.
async fn poll_times<T>(future: impl Future<Output = T>, polls: usize) -> bool {
    let mut future = pin!(future);
    for _ in 0..polls {
        if poll!(future.as_mut()).is_ready() {
            return true;
        }
        sleep(ms(1)).await;
    }
    false
}

/// Drops what `act` gives after 0, 1, 2 ... polls until it ends by itself, and then `check`s.
async fn dropped_everywhere(
    act: impl AsyncFn(TestCache),
    check: impl AsyncFn(&TestCache, &Source, usize),
) {
    for polls in 0.. {
        let (store, source) = (TestStore::slow(1), Source::new(1));
        let cache = relaxed(&store);
        ask(&cache, &minute().tag("tag"), &source).await.unwrap();
        sleep(ms(20)).await;
        source.write(2);
        let ended = poll_times(act(cache.clone()), polls).await;
        let checked = timeout(ms(60_000), check(&cache, &source, polls));
        checked.await.unwrap_or_else(|_| panic!("stuck after {polls} polls"));
        if ended {
            assert!(polls > 1, "the future was never dropped half-way");
            return;
        }
    }
}

async fn value(cache: &TestCache, source: &Source) -> Result<u64, Error> {
    ask(cache, &minute().tag("tag"), source).await
}

async fn is_invalidated(cache: &TestCache, source: &Source, polls: usize) {
    let expected = if polls == 0 { 1 } else { 2 };
    assert_eq!(value(cache, source).await.unwrap(), expected, "after {polls} polls");
    until("the store was never told", async || cache.stats().unsent == 0).await;
}

#[tokio::test(start_paused = true)]
async fn invalidate() {
    let act = async |cache: TestCache| cache.invalidate(&key()).await.unwrap();
    dropped_everywhere(act, is_invalidated).await;
}

#[tokio::test(start_paused = true)]
async fn invalidate_tags() {
    let act = async |cache: TestCache| cache.invalidate_tags(["tag"]).await.unwrap();
    dropped_everywhere(act, is_invalidated).await;
}

#[tokio::test(start_paused = true)]
async fn clear() {
    let act = async |cache: TestCache| cache.clear("q").await.unwrap();
    dropped_everywhere(act, is_invalidated).await;
}

#[tokio::test(start_paused = true)]
async fn clear_all() {
    let act = async |cache: TestCache| cache.clear_all().await.unwrap();
    dropped_everywhere(act, is_invalidated).await;
}

#[tokio::test(start_paused = true)]
async fn expire() {
    let act = async |cache: TestCache| cache.expire(&key()).await.unwrap();
    dropped_everywhere(act, is_invalidated).await;
}

#[tokio::test(start_paused = true)]
async fn expire_tags() {
    let act = async |cache: TestCache| cache.expire_tags(["tag"]).await.unwrap();
    dropped_everywhere(act, is_invalidated).await;
}

#[tokio::test(start_paused = true)]
async fn set() {
    let act = async |cache: TestCache| {
        cache.set(&key(), 2u64, &minute().tag("tag")).await.unwrap();
    };
    dropped_everywhere(act, is_invalidated).await;
}

#[tokio::test(start_paused = true)]
async fn get() {
    let act = async |cache: TestCache| {
        // Past the bound, so that the hit has to ask the store.
        advance(ms(2000)).await;
        cache.get::<u64>(&key()).await.unwrap();
    };
    dropped_everywhere(act, async |cache, source, _| {
        assert_eq!(value(cache, source).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn get_or_load() {
    let act = async |cache: TestCache| {
        cache.invalidate(&key()).await.unwrap();
        ask(&cache, &minute().tag("tag"), &Source::new(3)).await.unwrap();
    };
    dropped_everywhere(act, async |cache, source, polls| {
        let got = value(cache, source).await.unwrap();
        assert!(matches!((polls, got), (0, 1) | (1.., 2 | 3)), "{got} after {polls} polls");
        assert_eq!(value(cache, source).await.unwrap(), got, "and it stays");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn get_or_load_many() {
    let act = async |cache: TestCache| {
        cache.invalidate(&key()).await.unwrap();
        let load =
            |ids: Vec<u32>| async move { Ok::<_, Error>(ids.into_iter().map(|id| (id, 3u64))) };
        let each = |id: &u32| Key::new("q").part(*id);
        let policy = |_: &u32| minute().tag("tag");
        cache.get_or_load_many(&[1, 2, 3], each, policy, load).await.unwrap();
    };
    let optional = async |cache: &TestCache, id: u32| {
        let load = || async { Ok::<_, Error>(Some(2u64)) };
        let policy = minute().tag("tag");
        cache.get_or_load_optional(&Key::new("q").part(id), &policy, load).await.map(|value| *value)
    };
    dropped_everywhere(act, async |cache, _, polls| {
        if polls > 0 {
            for id in 1..4 {
                let got = optional(cache, id).await.unwrap();
                assert!(matches!(got, Some(2 | 3)), "{got:?} after {polls} polls");
                assert_eq!(optional(cache, id).await.unwrap(), got, "and it stays");
            }
        }
    })
    .await;
}
