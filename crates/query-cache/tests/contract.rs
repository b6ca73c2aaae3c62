//! The reference store and its wrappers pass the suite, with the clock paused.

use std::sync::Arc;

use query_cache::{AnyStore, MemoryStore, testing};

#[tokio::test(start_paused = true)]
async fn the_memory_store_passes() {
    testing::contract(MemoryStore::default()).await;
}

#[tokio::test(start_paused = true)]
async fn the_memory_store_counts() {
    testing::tally_contract(MemoryStore::default()).await;
    testing::tally_contract(Arc::new(MemoryStore::default())).await;
}

#[tokio::test(start_paused = true)]
async fn a_shared_store_passes() {
    testing::contract(Arc::new(MemoryStore::default())).await;
}

#[tokio::test(start_paused = true)]
async fn an_erased_store_passes() {
    testing::contract(AnyStore::new(MemoryStore::default())).await;
    testing::tally_contract(AnyStore::new(MemoryStore::default())).await;
}
