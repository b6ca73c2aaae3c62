//! Leases in PostgreSQL, and the fence beside the data. In real time, against a real server.

use dist_lock::store::postgres::{PgLeases, check_fence, migrate_fences};
use dist_lock::testing::contract;
use dist_lock::{AnyLeaseStore, Attempt, Claim, LeaseStore, Lock, Loss, OwnerToken};
use dist_lock::{FenceError, FencingToken};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::time::{Duration, Instant};
use test_servers::OwnPostgres;

const PATIENCE: Duration = Duration::from_secs(20);

async fn pool(url: &str) -> PgPool {
    PgPoolOptions::new().max_connections(8).connect(url).await.expect("a server")
}

async fn store() -> (PgPool, PgLeases) {
    let pool = pool(&test_servers::postgres_url()).await;
    let store = PgLeases::new(pool.clone());
    store.migrate().await.expect("a new database");
    (pool, store)
}

#[tokio::test]
async fn passes_the_suite() {
    let (_, store) = store().await;
    contract(&store).await;
    contract(&AnyLeaseStore::new(store)).await;
}

/// What a pooler in transaction mode asks for: statements that are not kept in a session.
#[tokio::test]
async fn passes_the_suite_without_prepared_statements() {
    let options: PgConnectOptions = test_servers::postgres_url().parse().unwrap();
    let pool = PgPool::connect_with(options.statement_cache_capacity(0)).await.unwrap();
    let store = PgLeases::new(pool);
    store.migrate().await.unwrap();
    contract(&store).await;
}

#[tokio::test]
async fn processes_that_migrate_at_once_do_not_collide() {
    let pool = pool(&test_servers::postgres_url()).await;
    let stores = (0..8).map(|_| PgLeases::new(pool.clone()));
    let runs = stores.map(async |store| store.migrate().await);
    futures::future::try_join_all(runs).await.unwrap();
}

#[tokio::test]
async fn claims_at_once_have_one_winner_and_fences_in_order() {
    let (_, store) = store().await;
    let mut highest = 0;
    for round in 0..30 {
        // Every other name is new, which is the way with the most statements.
        let name = if round % 2 == 0 { format!("new/{round}") } else { "known".to_owned() };
        let lock = Lock::new(store.clone(), name, Duration::from_secs(60)).unwrap();
        let claims = (0..6).map(|_| lock.try_acquire());
        let claims = futures::future::try_join_all(claims).await.unwrap();
        let winners: Vec<_> = claims.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1, "one of those that claim at once wins");
        for winner in winners {
            assert!(winner.fence().get() > highest);
            highest = winner.fence().get();
            winner.release().await.unwrap();
        }
    }
}

/// A row that another claim has just made, but not yet taken, is nobody's.
#[tokio::test]
async fn a_claim_is_refused_only_for_a_lease_that_lasts() {
    const TTL: Duration = Duration::from_secs(60);
    let (_, store) = store().await;
    for round in 0..200 {
        let name = format!("new/{round}");
        let claim = async || {
            store.try_acquire(&Claim::new(&name, OwnerToken::random(), TTL)).await.unwrap()
        };
        for attempt in futures::future::join_all((0..6).map(|_| claim())).await {
            let Attempt::Held { expires_in } = attempt else { continue };
            assert!(expires_in > TTL / 2, "refused for a lease that ends in {expires_in:?}");
        }
    }
}

#[tokio::test]
async fn names_unused_for_long_are_cleared_away_as_new_ones_come() {
    let (pool, store) = store().await;
    for name in 0..40 {
        let lock = Lock::new(store.clone(), name.to_string(), Duration::from_secs(9)).unwrap();
        lock.acquire().await.unwrap().release().await.unwrap();
    }
    let aged = "UPDATE dist_lock_leases SET expires_at = expires_at - interval '2 hours'";
    sqlx::query(aged).execute(&pool).await.unwrap();
    for name in 40..44 {
        let lock = Lock::new(store.clone(), name.to_string(), Duration::from_secs(9)).unwrap();
        drop(lock.acquire().await.unwrap());
    }
    let rows: i64 =
        sqlx::query_scalar("SELECT count(*) FROM dist_lock_leases").fetch_one(&pool).await.unwrap();
    assert_eq!(rows, 4);
}

#[tokio::test]
async fn an_older_writer_waits_for_a_newer_one_and_is_fenced_off() {
    let pool = pool(&test_servers::postgres_url()).await;
    migrate_fences(&pool).await.unwrap();
    let mut first = pool.begin().await.unwrap();
    check_fence(&mut first, "roster", FencingToken::new(3)).await.unwrap();
    first.commit().await.unwrap();

    let mut newer = pool.begin().await.unwrap();
    check_fence(&mut newer, "roster", FencingToken::new(5)).await.unwrap();
    let older = async {
        let mut older = pool.begin().await.unwrap();
        check_fence(&mut older, "roster", FencingToken::new(4)).await
    };
    let (refused, committed) = tokio::join!(older, newer.commit());
    committed.unwrap();
    let highest = FencingToken::new(5);
    assert!(
        matches!(refused, Err(FenceError::Stale { highest: h, .. }) if h == highest),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_stalled_server_means_loss_before_the_lease_can_end() {
    let mut server = OwnPostgres::start();
    let store = PgLeases::new(pool(&server.url()).await);
    store.migrate().await.unwrap();
    let ttl = Duration::from_secs(1);
    let lock = Lock::new(store, "roster", ttl).unwrap();
    let guard = lock.acquire().await.unwrap();
    server.pause();
    let lost = tokio::time::timeout(PATIENCE, guard.lost()).await.unwrap();
    let told = Instant::now();
    server.resume();
    assert_eq!(lost.reason(), Loss::Expired);
    // To the millisecond this is shown with a paused clock; here the machine may be busy.
    assert!(told < guard.deadline() + ttl / 2, "told {:?} late", told - guard.deadline());
    assert!(!guard.is_valid());
}

#[tokio::test]
async fn a_server_that_crashes_keeps_leases_and_fences() {
    let mut server = OwnPostgres::start();
    let store = PgLeases::new(pool(&server.url()).await);
    store.migrate().await.unwrap();
    let ttl = Duration::from_secs(30);
    let lock = Lock::new(store, "roster", ttl).unwrap();
    let guard = lock.acquire().await.unwrap();
    server.kill();
    server.restart();
    let give_up = Instant::now() + PATIENCE;
    let second = loop {
        match lock.try_acquire().await {
            Ok(second) => break second,
            Err(error) => assert!(Instant::now() < give_up, "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(second.is_none(), "the lease outlives the crash");
    let fence = guard.fence();
    guard.release().await.unwrap();
    let next = lock.acquire_within(PATIENCE).await.unwrap();
    assert!(next.fence() > fence, "{} after {fence}", next.fence());
}
