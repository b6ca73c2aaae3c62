//! Imports rows into a SQLite file and tells how fast: `cargo run --release --features sqlite
//! --example import -- 100000`. Run it again on the same file to see an upsert that changes nothing.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::time::Instant;

use batch_ops::{Batch, BatchConfig, Column, Record, Report, Row, Table};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};

struct Assignment {
    id: String,
    person: String,
    rotation: String,
    day: i64,
    shift: &'static str,
    hours: i64,
    note: Option<String>,
}

impl Record for Assignment {
    const TABLE: Table = Table::new(
        "assignments",
        &[
            Column::text("id").key(),
            Column::text("person"),
            Column::text("rotation"),
            Column::i64("day"),
            Column::text("shift"),
            Column::i64("hours"),
            Column::text("note"),
        ],
    );

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        row.push(&self.id).push(&self.person).push(&self.rotation).push(self.day);
        row.push(self.shift).push(self.hours).push(&self.note);
    }
}

/// Rows as an import finds them: ids in no order.
fn assignments(count: u64) -> Vec<Assignment> {
    (0..count)
        .map(|number| Assignment {
            id: format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            person: format!("person-{:05}", number % 4_000),
            rotation: format!("rotation-{:02}", number % 13),
            day: i64::try_from(number / 4_000).unwrap_or(i64::MAX),
            shift: if number % 2 == 0 { "day" } else { "night" },
            hours: 12,
            note: (number % 10 == 0).then(|| "swap asked for".to_owned()),
        })
        .collect()
}

async fn open(path: &str) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePool::connect_with(options).await?;
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS assignments (id TEXT PRIMARY KEY, person TEXT NOT NULL, \
         rotation TEXT NOT NULL, day INTEGER NOT NULL, shift TEXT NOT NULL, \
         hours INTEGER NOT NULL, note TEXT)",
    )
    .execute(&pool)
    .await?;
    Ok(pool)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let count = arguments.next().map_or(Ok(100_000), |count| count.parse())?;
    let path = arguments.next().unwrap_or_else(|| "assignments.db".to_owned());
    let pool = open(&path).await?;
    let rows = assignments(count);

    let started = Instant::now();
    let mut batch = Batch::new(BatchConfig::default()).on_progress(|progress| {
        if progress.rows % 20_000 == 0 {
            println!("{} of {} rows", progress.rows, progress.total_rows);
        }
    });
    let report = batch.upsert(&pool, &rows).await?;
    told(&report, started);
    Ok(())
}

fn told(report: &Report, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{} new, {} changed, {} as before in {seconds:.2} s, {} statements",
        report.inserted(),
        report.updated(),
        report.unchanged(),
        report.stats().statements,
    );
}
