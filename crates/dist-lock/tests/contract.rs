//! Every store that needs no server passes the suite, wrapped or not.
#![cfg(feature = "testing")]

use dist_lock::testing::contract;
use dist_lock::{AnyLeaseStore, MemoryLeases, Prefixed};
use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn memory() {
    let store = MemoryLeases::new();
    contract(&store).await;
    assert!(store.is_empty(), "nothing is kept for free names: {store:?}");
}

#[tokio::test(start_paused = true)]
async fn memory_behind_pointers() {
    contract(&Arc::new(MemoryLeases::new())).await;
    contract(&&MemoryLeases::new()).await;
}

#[tokio::test(start_paused = true)]
async fn memory_erased() {
    contract(&AnyLeaseStore::new(MemoryLeases::new())).await;
}

#[tokio::test(start_paused = true)]
async fn memory_under_a_prefix() {
    let store = MemoryLeases::new();
    contract(&Prefixed::new(store.clone(), "tenant/")).await;
    contract(&Prefixed::new(AnyLeaseStore::new(store), "other/")).await;
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::{Prefixed, contract};
    use dist_lock::store::sqlite::SqliteLeases;
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

    async fn open(directory: &tempfile::TempDir, journal: SqliteJournalMode) -> SqliteLeases {
        let options = SqliteConnectOptions::new()
            .filename(directory.path().join("locks.db"))
            .create_if_missing(true)
            .journal_mode(journal);
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await
            .expect("a new file");
        let store = SqliteLeases::new(pool);
        store.migrate().await.expect("a new schema");
        store.migrate().await.expect("a new schema");
        store
    }

    #[tokio::test]
    async fn with_a_write_ahead_log() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory, SqliteJournalMode::Wal).await;
        contract(&store).await;
        contract(&Prefixed::new(store, "tenant/")).await;
    }

    #[tokio::test]
    async fn with_a_rollback_journal() {
        let directory = tempfile::tempdir().unwrap();
        contract(&open(&directory, SqliteJournalMode::Delete).await).await;
    }
}
