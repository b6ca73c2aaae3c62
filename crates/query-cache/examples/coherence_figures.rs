//! How soon another process follows, and what an outage of Redis costs, on a server of its own. Two
//! caches stand for two processes. To be run with `--release`.

#![expect(clippy::print_stdout, reason = "an example shows what it measures")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use query_cache::redis::RedisStore;
use query_cache::{Cache, Key, Policy};
use test_servers::OwnRedis;

#[path = "../tests/redis_faults/relay.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "it is made for tests, which use all of it")]
mod relay;

use relay::Relay;

const TRIALS: u64 = 1_000;

/// Longer than a value is served without being proven, several times.
const STRETCH: Duration = Duration::from_secs(3);

type Node = Cache<RedisStore>;

fn node(url: &str) -> Node {
    Cache::builder().store(RedisStore::open(url, "figures:").expect("a URL")).build()
}

#[derive(Clone, Default)]
struct Source(Arc<AtomicU64>);

impl Source {
    async fn ask<S: query_cache::Backend>(&self, cache: &Cache<S>, key: &Key) -> u64 {
        let policy = Policy::ttl(Duration::from_secs(600)).tag("tag");
        let source = self.clone();
        let load = || async move { Ok::<_, Infallible>(source.0.load(Ordering::SeqCst)) };
        *cache.get_or_load(key, &policy, load).await.expect("the load cannot fail")
    }
}

/// The value at `share` of all, in order.
fn quantile(all: &mut [Duration], share: f64) -> Duration {
    all.sort_unstable();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the slice")]
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let at = ((all.len() - 1) as f64 * share).round() as usize;
    all[at]
}

fn line(what: &str, all: &mut [Duration]) {
    let [half, most, last] = [0.5, 0.99, 1.0].map(|share| quantile(all, share));
    println!("{what:<44} median {half:>10.1?}   p99 {most:>10.1?}   most {last:>10.1?}");
}

/// From the end of the call that invalidates until the other process serves the new value.
async fn following(url: &str) {
    let (here, there, source) = (node(url), node(url), Source::default());
    for by_tag in [false, true] {
        let key = Key::new("followed").part(by_tag);
        let mut took = Vec::new();
        for _ in 0..TRIALS {
            source.ask(&there, &key).await;
            let value = source.0.fetch_add(1, Ordering::SeqCst) + 1;
            match by_tag {
                true => here.invalidate_tag("tag").await.expect("Redis answers"),
                false => here.invalidate(&key).await.expect("Redis answers"),
            }
            let told = Instant::now();
            while source.ask(&there, &key).await < value {
                tokio::task::yield_now().await;
            }
            took.push(told.elapsed());
        }
        line(if by_tag { "followed, by tag" } else { "followed, by key" }, &mut took);
    }
}

/// Nanoseconds for one hit, over a stretch of time: all in all, and one by one.
async fn hits(what: &str, cache: &Node) -> f64 {
    let (key, source) = (Key::new("hit"), Source::default());
    source.ask(cache, &key).await;
    let (begun, mut count, mut took) = (Instant::now(), 0u32, Vec::new());
    while begun.elapsed() < STRETCH {
        for _ in 0..1_009 {
            source.ask(cache, &key).await;
        }
        let one = Instant::now();
        source.ask(cache, &key).await;
        took.push(one.elapsed());
        count += 1_010;
    }
    let each = begun.elapsed().as_secs_f64() * 1e9 / f64::from(count);
    println!("{what:<44} {each:.0} ns each");
    line("    one by one", &mut took);
    each
}

/// A look for what is nowhere, in microseconds.
async fn looks<S: query_cache::Backend>(cache: &Cache<S>) -> f64 {
    const LOOKS: u32 = 20_000;
    let keys: Vec<Key> = (0..LOOKS).map(|id| Key::new("nowhere").part(id)).collect();
    let begun = Instant::now();
    for key in &keys {
        assert!(cache.get::<u64>(key).await.expect("nothing has a type").is_none());
    }
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(LOOKS)
}

async fn outages() {
    let mut server = OwnRedis::start();
    let relay = Relay::to(&server.url()).await;
    let (cache, slow) = (node(&server.url()), node(&relay.url()));
    hits("hits, Redis works", &cache).await;
    relay.slow_down(Duration::from_millis(100));
    hits("hits, Redis takes 0.2 s", &slow).await;
    server.pause();
    hits("hits, Redis is paused", &cache).await;
    server.resume();
    server.kill();
    hits("hits, Redis is gone", &cache).await;
    let with = looks(&cache).await;
    let without = looks(&Cache::builder().build()).await;
    println!("a look while Redis is left alone: {with:.2} us, without a store {without:.2} us");
    drop(slow);
    recovery(&mut server).await;
}

/// From when Redis answers again until it was told everything and is read from.
async fn recovery(server: &mut OwnRedis) {
    let mut took = Vec::new();
    for _ in 0..5 {
        let (cache, source, key) = (node(&server.url()), Source::default(), Key::new("back"));
        source.ask(&cache, &key).await;
        server.kill();
        cache.invalidate(&key).await.expect_err("Redis is gone");
        server.restart();
        let back = Instant::now();
        while cache.stats().unsent > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        took.push(back.elapsed());
    }
    line("told again after a restart", &mut took);
}

#[tokio::main]
async fn main() {
    let server = OwnRedis::start();
    following(&server.url()).await;
    drop(server);
    outages().await;
}
