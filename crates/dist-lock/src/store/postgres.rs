//! Leases in a PostgreSQL table, by the time of the database.

mod fence;

pub use fence::{check_fence, migrate_fences};

use super::{Attempt, Claim, Holder, Holders, LeaseStore, fence_from, from_millis, millis};
use crate::error::StoreError;
use crate::lease::OwnerToken;
use sqlx::{PgPool, Postgres, Transaction};
use std::time::Duration;

const SCHEMA: &str = "
    CREATE SEQUENCE IF NOT EXISTS dist_lock_fence AS bigint CACHE 1;
    CREATE TABLE IF NOT EXISTS dist_lock_leases (
        name text PRIMARY KEY,
        owner text NOT NULL,
        label text NOT NULL,
        fence bigint NOT NULL,
        expires_at timestamptz NOT NULL
    );
    CREATE INDEX IF NOT EXISTS dist_lock_leases_expiry ON dist_lock_leases (expires_at)";

/// `CREATE ... IF NOT EXISTS` fails when two sessions run it at once. Held to the end of the transaction,
/// so a pooler in transaction mode does no harm.
const ONE_MIGRATION_AT_A_TIME: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended('dist_lock migration', 0))";

/// Takes a row that is free or ours. The fence is drawn while the row is locked (a statement that had to
/// wait for the row evaluates all of this again), so the order of the fences is the order of the grants.
const ACQUIRE: &str = "
    UPDATE dist_lock_leases
    SET owner = $2, label = $3, fence = nextval('dist_lock_fence'),
        expires_at = clock_timestamp() + $4 * interval '1 millisecond'
    WHERE name = $1 AND (owner = $2 OR expires_at <= clock_timestamp())
    RETURNING fence";

/// Milliseconds, because that is what the caller counts in.
const LEFT: &str = "
    SELECT (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::bigint
    FROM dist_lock_leases WHERE name = $1 AND expires_at > clock_timestamp()";

/// A row for a name without one: free, to be taken by `ACQUIRE` like any other. Were it granted here, its
/// fence would be drawn before the row is ours, and a slow session could end up with an old one.
///
/// Growing is when the table is swept of names nobody has used for an hour: each new row pays for the
/// removal of up to 16, so the table stays as small as what is in use.
const INSERT_FREE: &str = "
    WITH swept AS (
        DELETE FROM dist_lock_leases WHERE name IN (
            SELECT name FROM dist_lock_leases
            WHERE expires_at < clock_timestamp() - interval '1 hour' AND name <> $1
            ORDER BY expires_at LIMIT 16 FOR UPDATE SKIP LOCKED)
    )
    INSERT INTO dist_lock_leases (name, owner, label, fence, expires_at)
    VALUES ($1, '', '', 0, clock_timestamp()) ON CONFLICT (name) DO NOTHING";

const RENEW: &str = "
    UPDATE dist_lock_leases SET expires_at = clock_timestamp() + $3 * interval '1 millisecond'
    WHERE name = $1 AND owner = $2 AND expires_at > clock_timestamp()";

/// The row stays, without an owner, for the next claim to find.
const RELEASE: &str = "
    UPDATE dist_lock_leases SET owner = '', expires_at = clock_timestamp()
    WHERE name = $1 AND owner = $2 AND expires_at > clock_timestamp()";

const HOLDER: &str = "
    SELECT label, fence, (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::bigint
    FROM dist_lock_leases WHERE name = $1 AND expires_at > clock_timestamp()";

/// How often a name is claimed that was taken when claimed, and free when asked about: its lease just
/// ended, or its row is new or just swept.
const TRIES: usize = 3;

/// Leases in a table of a PostgreSQL database. Clones share the pool.
///
/// Each operation is one statement in a transaction of its own; no session state is used, so a pooler in
/// transaction mode is fine (with the prepared statements of the pool turned off, as always there). A
/// known free name costs one round trip and one commit.
///
/// The time that counts is `clock_timestamp()` of the server. Leases and fences are as durable as its
/// commits: `synchronous_commit = off` may forget a grant in a crash, and a fail-over to a replica that is
/// not synchronous may as well; both can give a second owner an old token.
#[derive(Clone, Debug)]
pub struct PgLeases {
    pool: PgPool,
}

impl PgLeases {
    /// Leases in the database of `pool`, where [`migrate`](Self::migrate) has run once.
    ///
    /// The pool should not be one that the guarded work can exhaust: a renewal that finds no connection
    /// in time loses the lease.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Creates the sequence and the tables of the leases and of [`check_fence`] unless they exist. Safe
    /// to run at each start, by several processes at once.
    ///
    /// # Errors
    /// When the database refuses; nothing is half done then.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        migrate(&self.pool, &[SCHEMA, fence::SCHEMA]).await
    }

    async fn take(&self, claim: &Claim<'_>) -> Result<Option<Attempt>, StoreError> {
        let fence: Option<i64> = sqlx::query_scalar(ACQUIRE)
            .bind(claim.name)
            .bind(claim.owner.to_string())
            .bind(claim.label)
            .bind(millis(claim.ttl))
            .fetch_optional(&self.pool)
            .await
            .map_err(StoreError::unavailable)?;
        fence.map(|fence| fence_from(fence).map(Attempt::Granted)).transpose()
    }

    /// What stands in the way of a claim; `None` if nothing does by now.
    async fn held(&self, name: &str) -> Result<Option<Attempt>, StoreError> {
        let left: Option<i64> = sqlx::query_scalar(LEFT)
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(StoreError::unavailable)?;
        Ok(left.map(|left| Attempt::Held { expires_in: from_millis(left) }))
    }
}

impl LeaseStore for PgLeases {
    async fn try_acquire(&self, claim: &Claim<'_>) -> Result<Attempt, StoreError> {
        for _ in 0..TRIES {
            if let Some(granted) = self.take(claim).await? {
                return Ok(granted);
            }
            if let Some(held) = self.held(claim.name).await? {
                return Ok(held);
            }
            sqlx::query(INSERT_FREE)
                .bind(claim.name)
                .execute(&self.pool)
                .await
                .map_err(StoreError::unavailable)?;
        }
        Ok(Attempt::Held { expires_in: Duration::ZERO })
    }

    async fn renew(&self, claim: &Claim<'_>) -> Result<bool, StoreError> {
        let renewed = sqlx::query(RENEW)
            .bind(claim.name)
            .bind(claim.owner.to_string())
            .bind(millis(claim.ttl))
            .execute(&self.pool)
            .await
            .map_err(StoreError::unavailable)?;
        Ok(renewed.rows_affected() == 1)
    }

    async fn release(&self, name: &str, owner: OwnerToken) -> Result<bool, StoreError> {
        let released = sqlx::query(RELEASE)
            .bind(name)
            .bind(owner.to_string())
            .execute(&self.pool)
            .await
            .map_err(StoreError::unavailable)?;
        Ok(released.rows_affected() == 1)
    }
}

impl Holders for PgLeases {
    async fn holder(&self, name: &str) -> Result<Option<Holder>, StoreError> {
        let row: Option<(String, i64, i64)> = sqlx::query_as(HOLDER)
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(StoreError::unavailable)?;
        row.map(|(label, fence, left)| {
            Ok(Holder::new(label, fence_from(fence)?, from_millis(left)))
        })
        .transpose()
    }
}

async fn migrate(pool: &PgPool, schema: &[&'static str]) -> Result<(), StoreError> {
    let mut transaction: Transaction<'_, Postgres> =
        pool.begin().await.map_err(StoreError::unavailable)?;
    for part in [ONE_MIGRATION_AT_A_TIME].iter().chain(schema) {
        sqlx::raw_sql(*part).execute(&mut *transaction).await.map_err(StoreError::unavailable)?;
    }
    transaction.commit().await.map_err(StoreError::unavailable)
}
