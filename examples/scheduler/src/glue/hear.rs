//! Hears what others write to PostgreSQL: `psql`, a migration, another program.

use std::time::Duration;

use anyhow::Result;
use query_cache::Tag;
use query_cache::postgres::{ChangedRow, Listener, Listening, Watch};

use super::cache::Caches;
use crate::db::Writer;
use crate::readings::touched;

/// A change is seen at most twice as long after its commit, and usually in milliseconds.
pub const HEARTBEAT: Duration = Duration::from_millis(500);

/// Longest wait for the first connection; until there is one, answers are kept no longer than that.
const PATIENCE: Duration = Duration::from_secs(2);

/// Begins to listen; nobody can write to the embedded SQLite unheard but who opens its file.
///
/// # Errors
/// The triggers cannot be put in place.
pub async fn others(writer: &Writer, caches: &Caches) -> Result<Option<Listening>> {
    let Writer::Postgres(pool) = writer else { return Ok(None) };
    let watch = Watch::new()
        .keyed("assignments", &["block", "person", "rotation", "day", "ends"])
        .keyed("absences_added", &["block", "person", "first_day", "last_day"])
        .table("absences")
        .table("duty_records")
        .table("people")
        .table("requests");
    watch.install(pool).await?;
    let listening = Listener::new(pool, &watch)
        .heartbeat(HEARTBEAT)
        .exact("assignments", cell)
        .exact("absences_added", absence)
        .start(&caches.sql)?;
    if tokio::time::timeout(PATIENCE, listening.live()).await.is_err() {
        tracing::warn!("nothing is heard yet of what others write to the database");
    }
    Ok(Some(listening))
}

fn cell(row: ChangedRow<'_>) -> Option<Vec<Tag>> {
    let day = row.day("day")?;
    // To the day that it ends on: one more than it has hours on if that is at midnight.
    let duty = day..=row.day("ends")?.max(day);
    let of = |name| row.text(name);
    Some(touched::by_cell(of("block")?, of("person")?, of("rotation"), day, duty))
}

fn absence(row: ChangedRow<'_>) -> Option<Vec<Tag>> {
    let away = row.day("first_day")?..=row.day("last_day")?;
    Some(touched::by_absence(row.text("block")?, row.text("person")?, away))
}
