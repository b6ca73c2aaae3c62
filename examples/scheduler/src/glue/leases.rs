//! The lock's store, chosen by the settings: Redis when there is one, else the database itself.

use anyhow::{Context, Result};
use dist_lock::AnyLeaseStore;
use dist_lock::store::postgres::PgLeases;
use dist_lock::store::redis::RedisLeases;
use dist_lock::store::sqlite::SqliteLeases;

use crate::db::Writer;
use crate::settings::Settings;

/// Names of leases in Redis begin with this.
const PREFIX: &str = "rounds:lease:";

/// Opens the store. The tables of the fence checks are created in the database in any case.
///
/// # Errors
/// Says which server cannot be reached.
pub async fn open(settings: &Settings, writer: &Writer) -> Result<AnyLeaseStore> {
    let in_database = match writer {
        Writer::Sqlite(pool) => {
            let leases = SqliteLeases::new(pool.clone());
            leases.migrate().await?;
            AnyLeaseStore::new(leases)
        }
        Writer::Postgres(pool) => {
            let leases = PgLeases::new(pool.clone());
            leases.migrate().await?;
            AnyLeaseStore::new(leases)
        }
    };
    let Some(url) = &settings.redis else { return Ok(in_database) };
    let leases = RedisLeases::connect(url, PREFIX).await;
    leases.map(AnyLeaseStore::new).context("the Redis server of REDIS_URL could not be reached")
}

/// The word for the store that the settings choose.
#[must_use]
pub fn kind(settings: &Settings) -> &'static str {
    if settings.redis.is_some() { "redis" } else { "database" }
}
