//! The intents of the suite this crate answers to, one test each.
//!
//! Two are met in another form: patterns are tags and namespaces (nothing is searched), and there
//! is no singleton (one cache is cloned, two are apart). A decorator is a function given to
//! [`Cache::wrap`].
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use query_cache::{Cache, Key, Policy, template};
use tokio::time::{advance, sleep};

fn minute() -> Policy {
    Policy::ttl(Duration::from_secs(60))
}

/// A source that says how often it was asked.
#[derive(Clone, Default)]
struct Source(Arc<AtomicUsize>);

impl Source {
    async fn fetch(self, value: &'static str) -> Result<String, Infallible> {
        self.0.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(5)).await;
        Ok(value.to_owned())
    }

    fn fetches(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

async fn get(cache: &Cache, source: &Source, key: &Key, policy: &Policy) -> Arc<String> {
    let source = source.clone();
    cache.get_or_load(key, policy, || source.fetch("value")).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn get_or_fetch_miss() {
    let (cache, source) = (Cache::builder().build(), Source::default());
    let value = get(&cache, &source, &Key::new("q").part(1), &minute()).await;
    assert_eq!((value.as_str(), source.fetches()), ("value", 1));
    assert_eq!(cache.stats().misses, 1);
}

#[tokio::test(start_paused = true)]
async fn get_or_fetch_hit() {
    let (cache, source) = (Cache::builder().build(), Source::default());
    let key = Key::new("q").part(1);
    let first = get(&cache, &source, &key, &minute()).await;
    let second = get(&cache, &source, &key, &minute()).await;
    assert!(Arc::ptr_eq(&first, &second), "a hit is the very value, not a copy");
    assert_eq!(source.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn invalidate_pattern() {
    let (cache, source) = (Cache::builder().build(), Source::default());
    let of = |namespace: &str, person: u32| Key::new(namespace).part(person);
    let tagged = |person: u32| minute().tag(format!("person:{person}"));
    for person in [1, 2] {
        get(&cache, &source, &of("schedule", person), &tagged(person)).await;
        get(&cache, &source, &of("hours", person), &tagged(person)).await;
    }
    cache.invalidate_tag("person:1").await.unwrap();
    let found = async |namespace, person| {
        cache.get::<String>(&of(namespace, person)).await.unwrap().is_some()
    };
    assert!(!found("schedule", 1).await && !found("hours", 1).await);
    assert!(found("schedule", 2).await && found("hours", 2).await);
    cache.clear("schedule").await.unwrap();
    assert!(!found("schedule", 2).await);
    assert!(found("hours", 2).await);
}

#[tokio::test(start_paused = true)]
async fn metrics() {
    let (cache, source) = (Cache::builder().build(), Source::default());
    for part in [1, 1, 1, 2] {
        get(&cache, &source, &Key::new("q").part(part), &minute()).await;
    }
    cache.invalidate(&Key::new("q").part(1)).await.unwrap();
    let stats = cache.stats();
    assert_eq!((stats.local_hits, stats.misses, stats.loads), (2, 2, 2));
    assert_eq!((stats.total_queries(), stats.hit_rate()), (4, 0.5));
    assert_eq!((stats.invalidations, stats.entries), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn cached_query_decorator() {
    let (cache, source) = (Cache::builder().build(), Source::default());
    let asked = source.clone();
    let query = move |_person: u32| asked.clone().fetch("value");
    let cached = cache.wrap(template!("query/{person}", person: u32), minute(), query);
    for person in [1, 1, 2, 2] {
        assert_eq!(*cached.get(person).await.unwrap(), "value");
    }
    assert_eq!(source.fetches(), 2, "one for each argument");
}

#[tokio::test(start_paused = true)]
async fn ttl_expiration() {
    let (cache, source) = (Cache::builder().build(), Source::default());
    let (key, policy) = (Key::new("q"), Policy::ttl(Duration::from_millis(100)));
    get(&cache, &source, &key, &policy).await;
    advance(Duration::from_millis(99)).await;
    get(&cache, &source, &key, &policy).await;
    assert_eq!(source.fetches(), 1);
    advance(Duration::from_millis(1)).await;
    get(&cache, &source, &key, &policy).await;
    assert_eq!(source.fetches(), 2, "a time to live below a second is kept to");
}

#[test]
fn generate_key() {
    let key = || Key::new("query").part("SELECT 1").part(7u32);
    assert_eq!(key().name(), key().name());
    assert_eq!(key().name().to_string().len(), 64);
    assert_ne!(key().name(), Key::new("query").part("SELECT 1").part("7").name());
    assert_ne!(key().name(), Key::new("query").part("SELECT 17").name());
}

async fn concurrent(calls: usize) {
    let (cache, source) = (Cache::builder().build(), Source::default());
    let calls = (0..calls).map(|_| {
        let (cache, source) = (cache.clone(), source.clone());
        tokio::spawn(async move { get(&cache, &source, &Key::new("q"), &minute()).await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().as_str(), "value");
    }
    assert_eq!(source.fetches(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_access() {
    concurrent(5).await;
    concurrent(1000).await;
}

#[tokio::test(start_paused = true)]
async fn singleton() {
    let (cache, source) = (Cache::builder().build(), Source::default());
    let key = Key::new("q");
    get(&cache, &source, &key, &minute()).await;
    get(&cache.clone(), &source, &key, &minute()).await;
    assert_eq!(source.fetches(), 1, "clones are one cache");
    get(&Cache::builder().build(), &source, &key, &minute()).await;
    assert_eq!(source.fetches(), 2, "two caches are apart");
}
