//! Leases in Redis. In real time, against a real server; servers that are harmed are private ones.

use dist_lock::store::redis::RedisLeases;
use dist_lock::testing::contract;
use dist_lock::{
    AcquireError, AnyLeaseStore, Claim, Guard, LeaseStore, Lock, Loss, OwnerToken, StoreError,
};
use std::time::{Duration, Instant};
use test_servers::OwnRedis;

const PATIENCE: Duration = Duration::from_secs(20);

async fn shared() -> RedisLeases {
    let (url, prefix) = (test_servers::redis_url(), test_servers::unique_prefix());
    RedisLeases::connect(&url, &prefix).await.expect("a server")
}

async fn on(server: &OwnRedis) -> RedisLeases {
    RedisLeases::connect(&server.url(), "test").await.expect("a server")
}

fn lock(store: &RedisLeases, ttl: Duration) -> Lock<RedisLeases> {
    Lock::new(store.clone(), "roster", ttl).expect("valid settings")
}

/// Acquires from a server that comes and goes.
async fn until_acquired(lock: &Lock<RedisLeases>) -> Guard {
    let give_up = Instant::now() + PATIENCE;
    loop {
        match lock.acquire_within(PATIENCE).await {
            Ok(guard) => return guard,
            Err(error) => assert!(Instant::now() < give_up, "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn passes_the_suite() {
    let store = shared().await;
    contract(&store).await;
    contract(&AnyLeaseStore::new(store)).await;
}

#[tokio::test]
async fn one_holder_at_a_time_over_connections_of_their_own() {
    let (url, prefix) = (test_servers::redis_url(), test_servers::unique_prefix());
    let (inside, highest) = (std::sync::atomic::AtomicUsize::new(0), std::sync::Mutex::new(0));
    let work = async || {
        let store = RedisLeases::connect(&url, &prefix).await.unwrap();
        let lock = lock(&store, Duration::from_secs(60));
        for _ in 0..10 {
            let guard = lock.acquire_within(PATIENCE * 3).await.unwrap();
            assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0, "two holders");
            let fence = guard.fence().get();
            let before = std::mem::replace(&mut *highest.lock().unwrap(), fence);
            assert!(before < fence, "{fence} after {before}");
            tokio::task::yield_now().await;
            inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            guard.release().await.unwrap();
        }
    };
    futures::future::join_all((0..4).map(|_| work())).await;
}

#[tokio::test]
async fn released_names_leave_one_key_in_all() {
    let server = OwnRedis::start();
    let store = on(&server).await;
    for name in 0..50 {
        let lock = Lock::new(store.clone(), name.to_string(), Duration::from_secs(9)).unwrap();
        lock.acquire().await.unwrap().release().await.unwrap();
    }
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: i64 = redis::cmd("DBSIZE").query_async(&mut connection).await.unwrap();
    assert_eq!(keys, 1);
}

#[tokio::test]
async fn an_empty_restart_tells_the_holder_and_the_fence_still_grows() {
    let mut server = OwnRedis::start();
    let store = on(&server).await;
    let ttl = Duration::from_secs(6);
    let guard = lock(&store, ttl).acquire().await.unwrap();
    server.kill();
    server.restart();
    // A client that has not seen a fence yet: nothing but the server's own time makes it grow.
    let stranger = on(&server).await;
    let next = until_acquired(&lock(&stranger, ttl)).await;
    assert!(next.fence() > guard.fence(), "{} after {}", next.fence(), guard.fence());

    let before = Instant::now();
    let lost = tokio::time::timeout(PATIENCE, guard.lost()).await.unwrap();
    assert_eq!(lost.reason(), Loss::Gone);
    assert!(before.elapsed() < ttl, "told after {:?}", before.elapsed());
    drop(guard);
    assert!(next.is_valid(), "the lost guard has not harmed the next one");
    next.release().await.unwrap();
}

#[tokio::test]
async fn a_fence_that_would_not_grow_is_refused() {
    let server = OwnRedis::start();
    let store = on(&server).await;
    let seen = lock(&store, Duration::from_secs(9)).acquire().await.unwrap().fence();
    // What is left when a server restarts empty whose clock is behind: an hour here, played by moving
    // the fence this client has seen ahead of it.
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let ahead = seen.get() + 3_600_000_000;
    let key = "{dist-lock:test}:fence";
    let set = async |connection: &mut redis::aio::MultiplexedConnection| -> () {
        redis::cmd("SET").arg(key).arg(ahead).query_async(connection).await.unwrap()
    };
    set(&mut connection).await;
    let claim = Claim::new("other", OwnerToken::random(), Duration::from_secs(9));
    store.try_acquire(&claim).await.unwrap();
    let _: () = redis::cmd("FLUSHALL").query_async(&mut connection).await.unwrap();

    let refused = lock(&store, Duration::from_secs(9)).acquire().await.unwrap_err();
    let AcquireError::Store { source: StoreError::EpochLost { offered, highest }, .. } = refused
    else {
        panic!("{refused:?}");
    };
    assert!(offered <= highest && highest.get() == ahead + 1, "{offered} {highest}");
}

#[tokio::test]
async fn a_stalled_server_means_loss_before_the_lease_can_end() {
    let mut server = OwnRedis::start();
    let store = on(&server).await;
    let ttl = Duration::from_secs(1);
    let guard = lock(&store, ttl).acquire().await.unwrap();
    server.pause();
    let lost = tokio::time::timeout(PATIENCE, guard.lost()).await.unwrap();
    let told = Instant::now();
    assert_eq!(lost.reason(), Loss::Expired);
    // To the millisecond this is shown with a paused clock; here the machine may be busy.
    assert!(told < guard.deadline() + ttl / 2, "told {:?} late", told - guard.deadline());
    assert!(!guard.is_valid());
    server.resume();
    let next = until_acquired(&lock(&store, ttl)).await;
    assert!(next.fence() > guard.fence());
    guard.release().await.unwrap_err();
    assert!(next.is_valid(), "a late release harms nobody");
}

#[tokio::test]
async fn a_claim_that_timed_out_in_a_stalled_server_does_not_block_the_name() {
    let mut server = OwnRedis::start();
    let store = on(&server).await;
    let lock = lock(&store, Duration::from_secs(60));
    server.pause();
    let refused = lock.try_acquire().await.unwrap_err();
    assert!(matches!(refused, AcquireError::Store { .. }), "{refused:?}");
    server.resume();
    let before = Instant::now();
    until_acquired(&lock).await.release().await.unwrap();
    // Far below the TTL for which the forgotten claim would have blocked it.
    assert!(before.elapsed() < PATIENCE, "blocked for {:?}", before.elapsed());
}

#[tokio::test]
async fn an_acquisition_dropped_at_any_time_does_not_block_the_name() {
    let store = shared().await;
    let lock = lock(&store, Duration::from_secs(60));
    for micros in (0..1_500).step_by(50) {
        let dropped = tokio::time::timeout(Duration::from_micros(micros), lock.acquire()).await;
        drop(dropped);
        let guard = lock.acquire_within(PATIENCE).await.unwrap();
        guard.release().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_forgot_the_scripts_is_sent_them_again() {
    let server = OwnRedis::start();
    let store = on(&server).await;
    let lock = lock(&store, Duration::from_secs(9));
    lock.acquire().await.unwrap().release().await.unwrap();
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let _: () = redis::cmd("SCRIPT").arg("FLUSH").query_async(&mut connection).await.unwrap();
    lock.acquire().await.unwrap().release().await.unwrap();
}
