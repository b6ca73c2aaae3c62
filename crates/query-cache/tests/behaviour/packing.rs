//! How values lie in the store, as far as a user sees it.

use std::cell::Cell;
use std::sync::Arc;

use query_cache::{Cache, CacheBuilder, Compression, Format};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::support::*;

fn sharing(store: &Arc<TestStore>) -> CacheBuilder<Arc<TestStore>> {
    Cache::builder().store(Arc::clone(store))
}

async fn load<T: query_cache::Cacheable>(cache: &Cache<Arc<TestStore>>, value: T) {
    let load = move || async move { Ok::<_, Down>(value) };
    cache.get_or_load(&key(), &minute(), load).await.unwrap();
    until("the value was not written", async || {
        let stats = cache.stats();
        stats.stored_bytes > 0 || stats.unstorable > 0
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_saving_counts_the_bytes_really_stored() {
    let text = "night ".repeat(2_000);
    let mut stored = Vec::new();
    for compression in [Compression::None, Compression::default()] {
        let store = TestStore::new();
        let cache = sharing(&store).compression(compression).build();
        load(&cache, text.clone()).await;
        let stats = cache.stats();
        assert_eq!(stats.encoded_bytes, text.len() as u64 + 2);
        let there = store.bytes_written();
        assert_eq!(stats.stored_bytes, there as u64);
        stored.push(there);
    }
    assert!(stored[0] > text.len());
    assert_eq!(stored[1] < text.len() / 10, cfg!(feature = "gzip"));
}

#[tokio::test(start_paused = true)]
async fn a_value_that_would_come_back_as_another_is_not_stored() {
    let store = TestStore::new();
    let cache = sharing(&store).build();
    load(&cache, vec![Some(None::<u8>)]).await;
    assert_eq!(cache.stats().unstorable, 1);
    let other = sharing(&store).build();
    assert!(other.get::<Vec<Option<Option<u8>>>>(&key()).await.unwrap().is_none());
}

#[cfg(feature = "msgpack")]
#[tokio::test(start_paused = true)]
async fn another_format_is_a_miss_that_is_counted() {
    let store = TestStore::new();
    load(&sharing(&store).format(Format::MessagePack).build(), "night".to_owned()).await;
    let same = sharing(&store).format(Format::MessagePack).build();
    assert!(same.get::<String>(&key()).await.unwrap().is_some());
    let other = sharing(&store).format(Format::Json).build();
    assert!(other.get::<String>(&key()).await.unwrap().is_none());
    assert_eq!((same.stats().unreadable, other.stats().unreadable), (0, 1));
}

#[cfg(not(feature = "msgpack"))]
#[test]
fn json_is_the_default() {
    assert_eq!(Format::default(), Format::Json);
}

#[tokio::test(start_paused = true)]
async fn another_compression_is_read() {
    let text = "night ".repeat(2_000);
    let store = TestStore::new();
    load(&sharing(&store).build(), text.clone()).await;
    let other = sharing(&store).compression(Compression::None).build();
    assert_eq!(other.get::<String>(&key()).await.unwrap().as_deref(), Some(&text));
}

thread_local! {
    static WORKED_ON: Cell<usize> = const { Cell::new(0) };
}

/// A part of a value that notes on which thread it is worked on.
#[derive(Clone)]
struct Part;

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        WORKED_ON.set(WORKED_ON.get() + 1);
        "0123456789abcdef".serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        WORKED_ON.set(WORKED_ON.get() + 1);
        String::deserialize(deserializer).map(|_| Self)
    }
}

/// How many parts of a value of so many were worked on by the thread that runs the tasks: first to
/// write it, then to read it.
async fn held_up(parts: usize) -> (usize, usize) {
    let store = TestStore::new();
    WORKED_ON.set(0);
    let (cache, other) = (sharing(&store).build(), sharing(&store).build());
    load(&cache, vec![Part; parts]).await;
    assert_eq!(cache.stats().unstorable, 0);
    let written = WORKED_ON.take();
    let read = other.get::<Vec<Part>>(&key()).await.unwrap();
    assert_eq!(read.map(|parts| parts.len()), Some(parts));
    (written, WORKED_ON.take())
}

#[tokio::test(start_paused = true)]
async fn large_values_are_packed_and_unpacked_where_they_hold_up_no_task() {
    let small = held_up(100).await;
    assert!(small.0 >= 100 && small.1 == 100, "{small:?}: small ones are not worth a thread");
    let large = held_up(50_000).await;
    // The worker writes 64 KiB until it sees how large the value is.
    assert!(large.0 < 4_000, "{large:?}");
    assert_eq!(large.1, 0);
}
