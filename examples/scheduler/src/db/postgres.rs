//! PostgreSQL: several machines, one server.

use std::str::FromStr;

use anyhow::{Context, Result};
use batch_ops::{Batch, BatchConfig};
use dist_lock::store::postgres::check_fence;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgPool};

use super::rows::AssignmentRow;
use super::writer::{Edition, Publication, publish_in};
use crate::settings::Settings;

/// Up to `connections` of them; those that are `read_only` are refused what writes.
pub(super) async fn open(
    url: &str,
    settings: &Settings,
    connections: u32,
    read_only: bool,
) -> Result<PgPool> {
    let options = PgConnectOptions::from_str(url).context("DATABASE_URL is no PostgreSQL URL")?;
    let read_only = [("default_transaction_read_only", "on")].into_iter().filter(|_| read_only);
    let options = options.options(read_only);
    let place = format!("{}:{}", options.get_host(), options.get_port());
    // A pool would try again until its timeout and then hide why.
    let unreachable = || format!("the PostgreSQL server at {place} could not be reached");
    options.connect().await.with_context(unreachable)?.close().await?;
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(settings.pool_timeout)
        .max_lifetime(settings.pool_recycle)
        .test_before_acquire(settings.pool_ping)
        .connect_with(options)
        .await
        .with_context(unreachable)
}

pub(super) async fn publish(
    pool: &PgPool,
    edition: Edition<'_>,
    rows: &[AssignmentRow],
    config: &BatchConfig,
) -> Result<Publication> {
    let mut tx = pool.begin().await?;
    check_fence(&mut tx, edition.fenced, edition.fence).await?;
    let publication = publish_in!(tx, edition, rows, config);
    tx.commit().await?;
    Ok(publication)
}
