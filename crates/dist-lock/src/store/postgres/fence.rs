//! The resource's side of fencing, next to the data.

use crate::error::{FenceError, StoreError};
use crate::lease::FencingToken;
use sqlx::{PgConnection, PgPool};

pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS dist_lock_fences (
        resource text PRIMARY KEY,
        highest bigint NOT NULL
    )";

const ADMIT: &str = "
    INSERT INTO dist_lock_fences (resource, highest) VALUES ($1, $2)
    ON CONFLICT (resource) DO UPDATE SET highest = excluded.highest
        WHERE dist_lock_fences.highest <= excluded.highest
    RETURNING highest";

const HIGHEST: &str = "SELECT highest FROM dist_lock_fences WHERE resource = $1";

/// Creates the table of [`check_fence`] unless it exists: for data in PostgreSQL under a lock kept elsewhere.
///
/// # Errors
/// When the database refuses.
pub async fn migrate_fences(pool: &PgPool) -> Result<(), StoreError> {
    super::migrate(pool, &[SCHEMA]).await
}

/// Admits the holder of `token` as a writer of `resource`, and refuses all older ones from now on.
///
/// Call it first in the transaction that writes, and roll back on an error: check and write then stand
/// or fall together. The row of the resource stays locked to the end of the transaction, so writers of
/// one resource wait for each other. Under `REPEATABLE READ` and above such a wait may end in a
/// serialization failure, reported as [`FenceError::Unavailable`].
///
/// # Errors
/// [`FenceError::Stale`] when a later holder was here already.
pub async fn check_fence(
    connection: &mut PgConnection,
    resource: &str,
    token: FencingToken,
) -> Result<(), FenceError> {
    let failed = |source: sqlx::Error| unavailable(resource, source);
    let number = i64::try_from(token.get()).map_err(|source| unavailable(resource, source))?;
    let admitted: Option<i64> = sqlx::query_scalar(ADMIT)
        .bind(resource)
        .bind(number)
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?;
    if admitted.is_some() {
        return Ok(());
    }
    let highest: i64 =
        sqlx::query_scalar(HIGHEST).bind(resource).fetch_one(connection).await.map_err(failed)?;
    let highest = u64::try_from(highest).map_err(|source| unavailable(resource, source))?;
    let highest = FencingToken::new(highest);
    Err(FenceError::Stale { resource: resource.to_owned(), offered: token, highest })
}

fn unavailable(
    resource: &str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> FenceError {
    FenceError::Unavailable { resource: resource.to_owned(), source: source.into() }
}
