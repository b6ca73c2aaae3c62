//! The six intents of the original suite of batch operations, on SQLite. `tests/postgres.rs` runs
//! the same on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "shared/sqlite.rs"]
mod fixture;
#[path = "shared/original.rs"]
mod original;

use fixture::Database;

#[tokio::test]
async fn bulk_insert() {
    original::bulk_insert_of_250_in_batches_of_100(&Database::new().await).await;
}

#[tokio::test]
async fn bulk_upsert() {
    original::bulk_upsert_of_100_then_150(&Database::new().await).await;
}

#[tokio::test]
async fn bulk_update() {
    original::bulk_update_counts_rows_that_matched(&Database::new().await).await;
}

#[tokio::test]
async fn bulk_delete() {
    original::bulk_delete_counts_rows_that_matched(&Database::new().await).await;
}

#[tokio::test]
async fn batch_size_handling() {
    original::batch_size_is_an_upper_bound(&Database::new().await).await;
}

#[tokio::test]
async fn empty_batch_operations() {
    original::empty_batches_are_no_error(&Database::new().await).await;
}
