//! What a child process does: it is told line by line, and answers in lines.

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use query_cache::redis::RedisStore;
use query_cache::{Cache, CacheBuilder, Error, Key, Policy};
use redis::aio::MultiplexedConnection;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::hammering::hammer;
use crate::lock::RedisLock;
use crate::parent::{ANSWER, URL};

/// For so long a load waits for that of another process.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(2);

/// In this process it does what the parent says; where there is no parent there is nothing to do.
#[test]
fn child() {
    let Ok(url) = std::env::var(URL) else { return };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let redis = client(&url).await;
        let mut orders = orders();
        answer("ready");
        while let Some(order) = orders.recv().await {
            let words: Vec<u64> =
                order.split(' ').skip(1).map(|word| word.parse().unwrap()).collect();
            match order.split(' ').next().unwrap() {
                "ask" => ask(&url, &redis, words[0], words[1]).await,
                "hammer" => hammer(&url, &redis, words[0], Duration::from_millis(words[1])).await,
                order => panic!("{order}"),
            }
        }
    });
}

/// The lines from the parent. They end with it.
fn orders() -> mpsc::UnboundedReceiver<String> {
    let (orders, received) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        std::io::stdin()
            .lock()
            .lines()
            .map_while(Result::ok)
            .for_each(|line| _ = orders.send(line));
    });
    received
}

pub(crate) fn answer(line: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{ANSWER}{line}").and_then(|()| out.flush()).unwrap();
}

pub(crate) async fn client(url: &str) -> MultiplexedConnection {
    redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

pub(crate) fn on_redis(url: &str) -> CacheBuilder<RedisStore> {
    // Time enough for a busy machine.
    let builder = Cache::builder().store(RedisStore::open(url, "test:").unwrap());
    builder.store_timeout(Duration::from_secs(5))
}

/// Many calls at once for one key, whose load takes so many milliseconds. A cache of its own for each
/// order: what one has must not help the next one.
async fn ask(url: &str, redis: &MultiplexedConnection, key: u64, millis: u64) {
    let lock = RedisLock { redis: redis.clone(), prefix: "fill:".into() };
    let cache = on_redis(url).fill_lock(lock).fill_lock_wait(LOCK_WAIT).build();
    let (key, loads) = (Key::new("q").part(key), Arc::new(AtomicU64::new(0)));
    let policy = Policy::ttl(Duration::from_secs(600)).load_timeout(Duration::from_secs(600));
    let calls = (0..8).map(|_| {
        let loads = Arc::clone(&loads);
        cache.get_or_load(&key, &policy, move || async move {
            loads.fetch_add(1, Ordering::SeqCst);
            answer("loading");
            sleep(Duration::from_millis(millis)).await;
            Ok::<_, Error>(7u64)
        })
    });
    for value in futures::future::join_all(calls).await {
        assert_eq!(*value.unwrap(), 7);
    }
    answer(format_args!("asked {}", loads.load(Ordering::SeqCst)));
}
