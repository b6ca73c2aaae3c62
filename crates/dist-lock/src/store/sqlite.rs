//! Leases in a SQLite file, between the processes of one machine.

mod fence;

pub use fence::{check_fence, migrate_fences};

use super::{Attempt, Claim, Holder, Holders, LeaseStore, fence_from, from_millis, millis};
use crate::error::StoreError;
use crate::lease::OwnerToken;
use sqlx::SqlitePool;
use std::time::Duration;

/// `fence` is the row id: AUTOINCREMENT never gives an id twice, those of deleted rows included, so free
/// names need no row.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS dist_lock_leases (
        fence INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        label TEXT NOT NULL,
        expires_ms INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS dist_lock_leases_expiry ON dist_lock_leases (expires_ms);";

/// The time of the database, in milliseconds of the Unix epoch. One value throughout a statement.
macro_rules! now {
    () => {
        "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
    };
}

/// Replacing the row of a dead owner, or of the claimant itself, gives a new id: the fence.
const ACQUIRE: &str = concat!(
    "INSERT OR REPLACE INTO dist_lock_leases (name, owner, label, expires_ms)
     SELECT ?1, ?2, ?3, ",
    now!(),
    " + ?4 WHERE NOT EXISTS (
         SELECT 1 FROM dist_lock_leases WHERE name = ?1 AND owner <> ?2 AND expires_ms > ",
    now!(),
    ") RETURNING fence"
);

const LEFT: &str =
    concat!("SELECT expires_ms - ", now!(), " FROM dist_lock_leases WHERE name = ?1");

const RENEW: &str = concat!(
    "UPDATE dist_lock_leases SET expires_ms = ",
    now!(),
    " + ?3 WHERE name = ?1 AND owner = ?2 AND expires_ms > ",
    now!()
);

/// Says of each row that went whether it was the live lease to be released. With it go a few leases of
/// dead owners, of any name: a few, so that one release does not pay for all of them.
const RELEASE: &str = concat!(
    "DELETE FROM dist_lock_leases WHERE name = ?1 AND owner = ?2 OR fence IN (
         SELECT fence FROM dist_lock_leases WHERE expires_ms <= ",
    now!(),
    " LIMIT 16) RETURNING name = ?1 AND owner = ?2 AND expires_ms > ",
    now!()
);

const HOLDER: &str = concat!(
    "SELECT label, fence, expires_ms - ",
    now!(),
    " FROM dist_lock_leases WHERE name = ?1 AND expires_ms > ",
    now!()
);

/// Leases in a table of a SQLite file. Clones share the pool.
///
/// Each operation is one statement, which SQLite runs alone: it is atomic, and dropping its future
/// leaves no transaction open. The pool decides how long a statement waits for other writers
/// (`busy_timeout`, 5 s by default in sqlx); keep it well below the TTL. A read-only pool cannot serve.
///
/// The time that counts is the wall clock of the machine. When it is set back, leases last longer; when
/// it is set forward, they end early, and the fence is what protects the data. Fences are as durable as
/// the file: with `synchronous = NORMAL` a power cut may undo the last of them, together with what was
/// written to the same file under them.
#[derive(Clone, Debug)]
pub struct SqliteLeases {
    pool: SqlitePool,
}

impl SqliteLeases {
    /// Leases in the database of `pool`, where [`migrate`](Self::migrate) has run once.
    ///
    /// An in-memory database serves only with a pool of one connection, as each has a database of its own.
    #[must_use]
    pub fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }

    /// Creates the tables of the leases and of [`check_fence`] unless they exist. Safe to run at each
    /// start, by several processes at once.
    ///
    /// # Errors
    /// When the database refuses; nothing is half done then that a second run would not complete.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        sqlx::raw_sql(SCHEMA).execute(&self.pool).await.map_err(StoreError::unavailable)?;
        migrate_fences(&self.pool).await
    }

    async fn held(&self, name: &str) -> Result<Attempt, StoreError> {
        let left: Option<i64> = sqlx::query_scalar(LEFT)
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(StoreError::unavailable)?;
        // Gone meanwhile: worth a try at once.
        Ok(Attempt::Held { expires_in: left.map_or(Duration::ZERO, from_millis) })
    }
}

impl LeaseStore for SqliteLeases {
    async fn try_acquire(&self, claim: &Claim<'_>) -> Result<Attempt, StoreError> {
        // All rows, though there is one at most: the commit comes after the last of them, and may fail.
        let fences: Vec<i64> = sqlx::query_scalar(ACQUIRE)
            .bind(claim.name)
            .bind(claim.owner.to_string())
            .bind(claim.label)
            .bind(millis(claim.ttl))
            .fetch_all(&self.pool)
            .await
            .map_err(StoreError::unavailable)?;
        match fences.first().copied() {
            Some(fence) => fence_from(fence).map(Attempt::Granted),
            None => self.held(claim.name).await,
        }
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
        let was_live: Vec<bool> = sqlx::query_scalar(RELEASE)
            .bind(name)
            .bind(owner.to_string())
            .fetch_all(&self.pool)
            .await
            .map_err(StoreError::unavailable)?;
        Ok(was_live.contains(&true))
    }
}

impl Holders for SqliteLeases {
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
