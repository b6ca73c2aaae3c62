//! Leases in a file that several processes share, and the fence beside the data. In real time.

use dist_lock::store::sqlite::{SqliteLeases, check_fence};
use dist_lock::{FenceError, FencingToken, Lock, Loss};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const CHILD: &str = "DIST_LOCK_TEST_CHILD";
const TTL: Duration = Duration::from_millis(1_500);
const PATIENCE: Duration = Duration::from_secs(20);

async fn open(file: &Path) -> (SqlitePool, SqliteLeases) {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePoolOptions::new().max_connections(2).connect_with(options);
    let pool = pool.await.expect("a file that can be opened");
    let store = SqliteLeases::new(pool.clone());
    store.migrate().await.expect("a schema that can be made");
    (pool, store)
}

fn lock(store: &SqliteLeases) -> Lock<SqliteLeases> {
    Lock::new(store.clone(), "roster", TTL).expect("valid settings").holder_label("child")
}

/// Runs as a test, and as the process the test starts: then it holds the lock until it is killed.
#[tokio::test]
async fn a_killed_process_blocks_the_others_for_one_ttl_at_most() {
    if let Some(file) = std::env::var_os(CHILD) {
        let (_, store) = open(&PathBuf::from(file)).await;
        let _guard = lock(&store).acquire().await.unwrap();
        return std::future::pending().await;
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("locks.db");
    let (_, store) = open(&file).await;
    let lock = lock(&store);

    let mut child = Holder::start(&file);
    let fence = child.holds(&lock).await;
    let started = Instant::now();
    while started.elapsed() < TTL * 2 {
        assert!(lock.try_acquire().await.unwrap().is_none(), "the process lives and renews");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    child.kill();
    let killed = Instant::now();
    let guard = lock.acquire_within(PATIENCE).await.unwrap();
    let blocked = killed.elapsed();
    assert!(guard.fence() > fence, "{} after {fence}", guard.fence());
    // Beyond the TTL it is the pause between two looks, and what a busy machine adds.
    assert!(blocked < TTL + Duration::from_secs(2), "blocked for {blocked:?}");
    guard.release().await.unwrap();
}

/// This test binary, started again in the role of the holder.
struct Holder(Child);

impl Holder {
    fn start(file: &Path) -> Self {
        let program = std::env::current_exe().expect("the path of this test");
        let test = "a_killed_process_blocks_the_others_for_one_ttl_at_most";
        let mut command = Command::new(program);
        command.args(["--exact", test]).env(CHILD, file).stdout(Stdio::null());
        Self(command.spawn().expect("this test as a process"))
    }

    async fn holds(&self, lock: &Lock<SqliteLeases>) -> FencingToken {
        let give_up = Instant::now() + PATIENCE;
        loop {
            if let Some(holder) = lock.holder().await.expect("an answer") {
                assert_eq!(holder.label, "child");
                return holder.fence;
            }
            assert!(Instant::now() < give_up, "the process did not acquire the lock");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn kill(&mut self) {
        self.0.kill().expect("a process of ours");
        self.0.wait().expect("a process of ours");
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn tasks_with_pools_of_their_own_never_hold_it_together() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("locks.db");
    open(&file).await;
    let (inside, highest) = (std::sync::atomic::AtomicUsize::new(0), std::sync::Mutex::new(0));
    let work = async || {
        let (_, store) = open(&file).await;
        // Long, so that only a release hands the lock on, however busy the machine is.
        let lock = Lock::new(store, "roster", Duration::from_secs(60)).unwrap();
        for _ in 0..4 {
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
async fn what_dead_owners_leave_is_cleared_away_by_releases() {
    let directory = tempfile::tempdir().unwrap();
    let (pool, store) = open(&directory.path().join("locks.db")).await;
    for name in 0..20 {
        let owner = dist_lock::OwnerToken::random();
        let name = name.to_string();
        let claim = dist_lock::Claim::new(&name, owner, Duration::from_millis(1));
        dist_lock::LeaseStore::try_acquire(&store, &claim).await.unwrap();
    }
    let rows = async || -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM dist_lock_leases");
        count.fetch_one(&pool).await.unwrap()
    };
    let give_up = Instant::now() + PATIENCE;
    while rows().await > 0 {
        assert!(Instant::now() < give_up, "{} rows are left", rows().await);
        lock(&store).acquire().await.unwrap().release().await.unwrap();
    }
}

#[tokio::test]
async fn a_table_that_goes_away_is_a_loss_at_the_deadline() {
    let directory = tempfile::tempdir().unwrap();
    let (pool, store) = open(&directory.path().join("locks.db")).await;
    let guard = lock(&store).acquire().await.unwrap();
    sqlx::query("DROP TABLE dist_lock_leases").execute(&pool).await.unwrap();
    let lost = tokio::time::timeout(PATIENCE, guard.lost()).await.unwrap();
    assert_eq!(lost.reason(), Loss::Expired);
}

#[tokio::test]
async fn an_older_writer_is_fenced_off_and_the_newer_ones_stay() {
    let directory = tempfile::tempdir().unwrap();
    let (pool, _) = open(&directory.path().join("data.db")).await;
    let write = async |token: u64| {
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        check_fence(&mut transaction, "roster", FencingToken::new(token)).await?;
        transaction.commit().await.unwrap();
        Ok::<(), FenceError>(())
    };
    write(3).await.unwrap();
    write(3).await.unwrap();
    write(5).await.unwrap();
    let refused = write(4).await.unwrap_err();
    let highest = FencingToken::new(5);
    assert!(matches!(refused, FenceError::Stale { highest: h, .. } if h == highest), "{refused}");
    write(5).await.unwrap();
}

#[tokio::test]
async fn a_writer_that_rolled_back_has_fenced_off_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let (pool, _) = open(&directory.path().join("data.db")).await;
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    check_fence(&mut transaction, "roster", FencingToken::new(9)).await.unwrap();
    transaction.rollback().await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    check_fence(&mut connection, "roster", FencingToken::new(1)).await.unwrap();
}
