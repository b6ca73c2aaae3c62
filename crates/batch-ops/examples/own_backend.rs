//! A backend of one's own: a rehearsal that writes nothing and tells what would be sent.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use batch_ops::{
    Batch, Cause, Chunk, Column, End, Executor, Limits, Outcome, Record, Row, Savepoint, Table,
    Target, Terms, Written,
};

struct Rehearsal;

impl Target for Rehearsal {
    type Executor<'s> = Self;

    fn terms(&self) -> Terms {
        Terms { limits: Limits::SQLITE, joined: false }
    }

    async fn begin(&mut self) -> Result<Self, Cause> {
        println!("begin");
        Ok(Self)
    }
}

impl Executor for Rehearsal {
    async fn write(&mut self, chunk: &Chunk<'_>) -> Result<Written, Cause> {
        println!("{} of {} rows of {}", chunk.operation(), chunk.len(), chunk.table().name());
        Ok(Written { outcomes: vec![Outcome::Inserted; chunk.len()], statements: 0 })
    }

    async fn savepoint(&mut self, step: Savepoint) -> Result<(), Cause> {
        println!("savepoint: {step:?}");
        Ok(())
    }

    async fn finish(self, end: End) -> Result<(), Cause> {
        println!("{end:?}");
        Ok(())
    }
}

struct Day(i64);

impl Record for Day {
    const TABLE: Table = Table::new("days", &[Column::i64("day").key()]);

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        row.push(self.0);
    }
}

#[tokio::main]
async fn main() -> Result<(), batch_ops::Error> {
    let days: Vec<Day> = (0..2_400).map(Day).collect();
    let report = Batch::default().insert(Rehearsal, &days).await?;
    println!("{} rows in {} chunks", report.rows(), report.stats().chunks);
    Ok(())
}
