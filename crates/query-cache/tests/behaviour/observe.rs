//! What an observer is told, and that it can do no harm.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use query_cache::{Cache, Error, Invalidated, Key, Observer, Origin, StoreError, Subject, Tenant};
use tokio::time::sleep;

use crate::support::{Line, Mode, Source, TestStore, ask, key, minute, ms};

/// Writes down what it is told, in words.
#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Observer for Log {
    fn answered(&self, key: &Key, origin: Origin) {
        self.add(format!("{} {origin:?}", key.namespace_label()));
    }

    fn missed(&self, key: &Key, error: Option<&Error>) {
        self.add(format!("{} missed, error: {}", key.namespace_label(), error.is_some()));
    }

    fn load_began(&self, _: &Key, keys: usize) {
        self.add(format!("began {keys}"));
    }

    fn load_ended(&self, _: &Key, keys: usize, took: Duration, error: Option<&Error>) {
        self.add(format!("ended {keys} after {took:?}, error: {}", error.is_some()));
    }

    fn invalidated(&self, Invalidated { what, expired, .. }: Invalidated<'_>) {
        let what = match what {
            Subject::Key(key) => format!("key in {}", key.namespace_label()),
            Subject::Tags(tags) => format!("{} tags", tags.len()),
            Subject::Namespace(namespace) => format!("all of {}", namespace.name()),
            _ => "everything".to_owned(),
        };
        self.add(format!("{} {what}", if expired { "expired" } else { "dead" }));
    }

    fn store_failed(&self, _: &StoreError) {
        self.add("store failed".to_owned());
    }

    fn store_suspended(&self) {
        self.add("store suspended".to_owned());
    }

    fn store_resumed(&self) {
        self.add("store resumed".to_owned());
    }

    fn gap(&self) {
        self.add("gap".to_owned());
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_of_reads_loads_and_invalidations() {
    let log = Arc::new(Log::default());
    let (cache, source) = (Cache::builder().observer(Arc::clone(&log)).build(), Source::new(1));
    let policy = minute().stale_for(ms(60_000));
    ask(&cache, &policy, &source).await.unwrap();
    ask(&cache, &policy, &source).await.unwrap();
    assert_eq!(log.take(), ["began 1", "ended 1 after 0ns, error: false", "q Loaded", "q Local"]);
    cache.expire(&key()).await.unwrap();
    source.fail(true);
    ask(&cache, &policy, &source).await.unwrap();
    sleep(ms(1)).await;
    let failed = ["began 1", "ended 1 after 0ns, error: true"];
    assert_eq!(log.take(), [&["expired key in q", "q Stale"], &failed[..]].concat());
    cache.invalidate(&key()).await.unwrap();
    ask(&cache, &policy, &source).await.unwrap_err();
    let told = [&["dead key in q"], &failed[..], &["q missed, error: true"]].concat();
    assert_eq!(log.take(), told);
    assert_eq!(cache.get::<u64>(&key()).await.unwrap(), None);
    cache.invalidate_tags(["a", "b"]).await.unwrap();
    cache.clear(Tenant::new("north").namespace("hours")).await.unwrap();
    cache.expire_all().await.unwrap();
    let told = ["q missed, error: false", "dead 2 tags", "dead all of hours", "expired everything"];
    assert_eq!(log.take(), told);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_panics_or_takes_too_long_is_told_with_its_time() {
    let log = Arc::new(Log::default());
    let cache = Cache::builder().observer(Arc::clone(&log)).build();
    let policy = minute().load_timeout(ms(200));
    let load = || async {
        sleep(ms(70)).await;
        panic!("on purpose");
        #[expect(unreachable_code, reason = "tells the type")]
        Ok::<u64, std::io::Error>(1)
    };
    cache.get_or_load(&key(), &policy, load).await.unwrap_err();
    let forever = || std::future::pending::<Result<u64, std::io::Error>>();
    cache.get_or_load(&key(), &policy, forever).await.unwrap_err();
    let ended = |millis| format!("ended 1 after {:?}, error: true", ms(millis));
    let told = log.take();
    assert_eq!([&told[1], &told[4]], [&ended(70), &ended(200)]);
    assert_eq!(cache.stats().load_errors, 2);
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_when_the_store_is_given_up_and_when_it_is_back() {
    let (log, store, source) = (Arc::new(Log::default()), TestStore::new(), Source::new(1));
    let cache = Cache::builder().store(Arc::clone(&store)).observer(Arc::clone(&log)).build();
    store.set_mode(Mode::Fails);
    ask(&cache, &minute(), &source).await.unwrap();
    cache.invalidate(&key()).await.unwrap_err();
    cache.invalidate(&key()).await.unwrap_err();
    let of = |told: &[String], line| told.iter().filter(|told| told.as_str() == line).count();
    let told = log.take();
    assert_eq!((of(&told, "store failed"), of(&told, "store suspended")), (3, 1), "{told:?}");
    store.set_mode(Mode::Works);
    sleep(ms(2500)).await;
    ask(&cache, &minute(), &source).await.unwrap();
    let told = log.take();
    assert_eq!((of(&told, "store failed"), of(&told, "store resumed")), (0, 1), "{told:?}");
}

/// Panics at everything, and asks the cache in turn first.
struct Nuisance(Mutex<Option<Cache>>);

impl Observer for Nuisance {
    fn answered(&self, _: &Key, _: Origin) {
        let cache = self.0.lock().unwrap().clone();
        let Some(cache) = cache else { return };
        _ = cache.stats();
        _ = cache.expire(&key()).now_or_never();
        panic!("on purpose");
    }

    fn load_ended(&self, _: &Key, _: usize, _: Duration, _: Option<&Error>) {
        panic!("on purpose");
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_panics_or_asks_the_cache_does_no_harm() {
    let (nuisance, log) = (Arc::new(Nuisance(Mutex::default())), Arc::new(Log::default()));
    let pair = (Arc::clone(&nuisance), Arc::clone(&log));
    let (cache, source) = (Cache::builder().observer(pair).build(), Source::new(1));
    *nuisance.0.lock().unwrap() = Some(cache.clone());
    for _ in 0..3 {
        assert_eq!(ask(&cache, &minute(), &source).await.unwrap(), 1);
    }
    assert_eq!(cache.stats().total_queries(), 3);
    *nuisance.0.lock().unwrap() = None;
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_of_a_gap_in_the_news() {
    let (log, store, source) = (Arc::new(Log::default()), TestStore::new(), Source::new(1));
    store.set_line(Line::Works);
    let cache = Cache::builder().store(Arc::clone(&store)).observer(Arc::clone(&log)).build();
    ask(&cache, &minute(), &source).await.unwrap();
    sleep(ms(100)).await;
    log.take();
    store.set_line(Line::Cut);
    sleep(ms(100)).await;
    assert_eq!(log.take(), ["gap"]);
}
