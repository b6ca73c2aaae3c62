//! Rows into a SQLite file, in one durable transaction, beside a prepared statement without any
//! asynchronous layer: the fastest way the library behind both has.

use std::path::PathBuf;

use batch_ops::{Batch, BatchConfig, Column, Record, Row, Table};
use criterion::{Criterion, criterion_group, criterion_main};
use rounds_benches::pair_on;
use rusqlite::params;
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const ROWS: usize = 100_000;

/// The table of the scheduler, which is read by person and by rotation.
const SCHEMA: &str = "CREATE TABLE assignments (
    block TEXT NOT NULL, person TEXT NOT NULL, day TEXT NOT NULL, slot TEXT NOT NULL,
    activity TEXT NOT NULL, rotation TEXT, starts TEXT NOT NULL, ends TEXT NOT NULL,
    handover BIGINT NOT NULL, minutes BIGINT NOT NULL,
    PRIMARY KEY (block, person, day, slot));
    CREATE INDEX assignments_by_rotation ON assignments (block, rotation, day, slot);";

/// Checked on both sides after the insert: how many rows, and sums over what they hold.
const SUMMARY: &str = "SELECT count(*), sum(minutes * 3 + handover), sum(length(block) \
                       + length(person) + length(day) + length(slot) + length(activity) \
                       + coalesce(length(rotation), 100) + length(starts) + length(ends)) \
                       FROM assignments";

struct Assignment {
    block: String,
    person: String,
    day: String,
    slot: &'static str,
    activity: &'static str,
    rotation: Option<&'static str>,
    starts: String,
    ends: String,
    handover: i64,
    minutes: i64,
}

impl Record for Assignment {
    const TABLE: Table = Table::new(
        "assignments",
        &[
            Column::text("block").key(),
            Column::text("person").key(),
            Column::text("day").key(),
            Column::text("slot").key(),
            Column::text("activity"),
            Column::text("rotation"),
            Column::text("starts"),
            Column::text("ends"),
            Column::i64("handover"),
            Column::i64("minutes"),
        ],
    );

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        row.push(&self.block).push(&self.person).push(&self.day).push(self.slot);
        row.push(self.activity).push(self.rotation).push(&self.starts).push(&self.ends);
        row.push(self.handover).push(self.minutes);
    }
}

/// Blocks of 28 days for 48 people, in the order in which a schedule is written.
fn rows() -> Vec<Assignment> {
    let mut random = fastrand::Rng::with_seed(7);
    (0..ROWS).map(|number| row(number, &mut random)).collect()
}

fn row(number: usize, random: &mut fastrand::Rng) -> Assignment {
    let rotations = ["wards", "clinic", "night-float", "icu", "elective"];
    let (slot, of_day) = (number % 3, number / 3);
    let (day, of_person) = (of_day % 28, of_day / 28);
    let (person, block) = (of_person % 48, of_person / 48);
    let works = random.u32(..4) > 0;
    let rotation = works.then(|| rotations[random.usize(..rotations.len())]);
    Assignment {
        block: format!("2027-{block:02}"),
        person: format!("resident-{person:03}"),
        day: format!("2027-07-{:02}", day + 1),
        slot: ["am", "pm", "night"][slot],
        activity: if works { "duty" } else { "off" },
        rotation,
        starts: format!("2027-07-{:02}T07:00-05:00", day + 1),
        ends: format!("2027-07-{:02}T12:00-05:00", day + 1),
        handover: random.i64(0..30),
        minutes: if works { 300 } else { 0 },
    }
}

/// A new file with the table, and a connection of either kind, open before the clock starts.
struct Files {
    pool: SqlitePool,
    peer: rusqlite::Connection,
    _folder: TempDir,
}

impl Files {
    fn new(runtime: &Runtime) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let pool = runtime.block_on(open(folder.path().join("ours.db")));
        let peer = rusqlite::Connection::open(folder.path().join("peer.db")).expect("a file");
        let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";
        peer.execute_batch(&format!("{settings}{SCHEMA}")).expect("an empty file");
        Self { pool, peer, _folder: folder }
    }
}

async fn open(path: PathBuf) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
    let pool = pool.expect("a file");
    sqlx::raw_sql(SCHEMA).execute(&pool).await.expect("an empty file");
    pool
}

async fn ours(pool: &SqlitePool, rows: &[Assignment]) {
    let config = BatchConfig::default();
    Batch::new(config).insert(pool, rows).await.expect("rows of different keys");
}

fn peer(connection: &mut rusqlite::Connection, rows: &[Assignment]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let text = "INSERT INTO assignments VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    {
        let mut insert = transaction.prepare(text)?;
        for row in rows {
            insert.execute(params![
                row.block,
                row.person,
                row.day,
                row.slot,
                row.activity,
                row.rotation,
                row.starts,
                row.ends,
                row.handover,
                row.minutes,
            ])?;
        }
    }
    transaction.commit()
}

fn inserts(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let rows = rows();
    agree(&runtime, &rows);
    pair_on(
        criterion,
        "insert-sqlite",
        || Files::new(&runtime),
        ("ours", |files: &mut Files| runtime.block_on(ours(&files.pool, &rows))),
        ("rusqlite", |files: &mut Files| {
            peer(&mut files.peer, &rows).expect("rows of different keys")
        }),
    );
}

fn agree(runtime: &Runtime, rows: &[Assignment]) {
    let mut files = Files::new(runtime);
    runtime.block_on(ours(&files.pool, rows));
    peer(&mut files.peer, rows).expect("rows of different keys");
    let summary = sqlx::query_as::<_, (i64, i64, i64)>(SUMMARY).fetch_one(&files.pool);
    let ours = runtime.block_on(summary).expect("a table");
    let peers =
        files.peer.query_row(SUMMARY, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    assert_eq!(ours, peers.expect("a table"), "the two files differ");
}

criterion_group!(benches, inserts);
criterion_main!(benches);
