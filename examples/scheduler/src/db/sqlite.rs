//! SQLite: one file, one writer at a time, nothing to install.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result};
use batch_ops::{Batch, BatchConfig};
use dist_lock::store::sqlite::check_fence;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::rows::AssignmentRow;
use super::writer::{Edition, Publication, publish_in};
use crate::bad_input::BadInput;
use crate::settings::{DEFAULT_DATABASE, Settings};

/// How long a writer waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(10);

/// Up to `connections` of them; those that are `read_only` are refused what writes.
pub(super) async fn open(
    url: &str,
    settings: &Settings,
    connections: u32,
    read_only: bool,
) -> Result<SqlitePool> {
    let options = read(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY);
    let options = if read_only { options.pragma("query_only", "on") } else { options };
    let file = options.get_filename().to_owned();
    if let Some(folder) = file.parent().filter(|f| !f.as_os_str().is_empty()) {
        provide(folder, url)?;
    }
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(settings.pool_timeout)
        .max_lifetime(settings.pool_recycle)
        .test_before_acquire(settings.pool_ping)
        .connect_with(options)
        .await
        .with_context(|| format!("the SQLite file {} could not be opened", file.display()))
}

pub(super) fn exists(url: &str) -> Result<bool> {
    Ok(read(url)?.get_filename().exists())
}

fn read(url: &str) -> Result<SqliteConnectOptions> {
    SqliteConnectOptions::from_str(url).with_context(|| format!("{url} is no SQLite URL"))
}

/// Makes the folder of the default; one that somebody named and that is not there is a mistake.
fn provide(folder: &Path, url: &str) -> Result<()> {
    let shown = folder.display();
    if url == DEFAULT_DATABASE {
        return std::fs::create_dir_all(folder)
            .with_context(|| format!("the folder {shown} could not be made"));
    }
    let text =
        || format!("DATABASE_URL: there is no folder {shown}; make it, or name another file");
    if folder.is_dir() { Ok(()) } else { Err(BadInput(text()).into()) }
}

pub(super) async fn publish(
    pool: &SqlitePool,
    edition: Edition<'_>,
    rows: &[AssignmentRow],
    config: &BatchConfig,
) -> Result<Publication> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    check_fence(&mut tx, edition.fenced, edition.fence).await?;
    let publication = publish_in!(tx, edition, rows, config);
    tx.commit().await?;
    Ok(publication)
}
