//! The cache of the read models: in process, with Redis behind it when there is one.

use anyhow::{Context, Result};
use dist_lock::AnyLeaseStore;
use query_cache::redis::RedisStore;
use query_cache::sql::{Dialect, Schema, SqlCache};
use query_cache::{AnyStore, Cache, Key};

use super::fill_lock::LeasedFills;
use crate::settings::{DatabaseUrl, Settings};

/// Names of cached values in Redis begin with this and the database that they were read from.
const PREFIX: &str = "rounds:cache:";

/// Room for every read model of a large programme, in values.
const ENTRIES: usize = 10_000;

/// The cache, and the same cache as it knows statements and tables.
#[derive(Clone, Debug)]
pub struct Caches {
    /// For values under keys of their own.
    pub cache: Cache<AnyStore>,
    /// For answers of statements.
    pub sql: SqlCache<AnyStore>,
}

/// Opens the cache.
///
/// # Errors
/// `REDIS_URL` cannot be read. A Redis that does not answer is no error: the cache works without.
pub fn open(settings: &Settings, leases: &AnyLeaseStore) -> Result<Caches> {
    let (url, dialect) = match &settings.database {
        DatabaseUrl::Sqlite(url) => (url, Dialect::Sqlite),
        DatabaseUrl::Postgres(url) => (url, Dialect::Postgres),
    };
    let prefix = format!("{PREFIX}{}:", Key::new("database").part(url.as_str()).name());
    let store = settings.redis.as_deref().map(|redis| RedisStore::open(redis, prefix)).transpose();
    let store = store.context("REDIS_URL cannot be read")?.map(AnyStore::new);
    let cache = Cache::builder()
        .local(ENTRIES)
        .maybe_store(store)
        .fill_lock(LeasedFills::new(leases.clone()))
        .build();
    let sql = SqlCache::new(cache.clone(), Schema::new(dialect));
    Ok(Caches { cache, sql })
}
