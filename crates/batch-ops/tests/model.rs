//! Property: batches equal their rows applied one by one, on SQLite. `tests/postgres.rs` runs the
//! same on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "shared/sqlite.rs"]
mod fixture;
#[path = "shared/model.rs"]
mod model;

use fixture::Database;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn batches_equal_rows_one_by_one(calls in model::calls()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            model::batches_equal_rows_one_by_one(&Database::new().await, &calls).await;
        });
    }
}
