//! The only way to write: what a write changes is outdated in the caches once it has committed.

use anyhow::Result;
use batch_ops::BatchConfig;
use query_cache::sql::{Change, Statement};
use query_cache::{AnyStore, Error, Tag};

use super::cache::Caches;
use super::coverage::Coverage;
use super::retry;
use crate::db::rows::AssignmentRow;
use crate::db::writer::CLEAR_PROGRAMME;
use crate::db::{Edition, Publication, Writer, Written};
use crate::domain::Programme;
use crate::readings::touched;

/// Says that somebody tells the caches of a write. Only [`Writes`] has one, so nobody else can write:
///
/// ```compile_fail
/// let witness = scheduler::glue::writes::Witness(());
/// ```
#[derive(Debug)]
pub struct Witness(());

/// Writes, and tells the caches.
#[derive(Debug)]
pub struct Writes {
    writer: Writer,
    batch: BatchConfig,
    caches: Caches,
    coverage: Option<Coverage>,
    witness: Witness,
}

impl Writes {
    /// Writes rows by `writer` as `batch` says, and tells `caches` of them.
    ///
    /// # Errors
    /// The view of the coverage cannot be made.
    pub async fn open(writer: Writer, batch: BatchConfig, caches: Caches) -> Result<Self> {
        let coverage = Coverage::open(&writer, &caches).await?;
        Ok(Self { writer, batch, caches, coverage, witness: Witness(()) })
    }

    /// Stores a programme in place of what was stored of its block.
    ///
    /// # Errors
    /// Nothing is stored then; the error names the table and the row.
    pub async fn import(&self, programme: &Programme) -> Result<Written> {
        let mut change = self.caches.sql.change();
        for clear in CLEAR_PROGRAMME {
            change.statement(&Statement::new(clear));
        }
        let written = self.writer.import(&self.witness, programme, &self.batch).await?;
        // The coverage is counted from cells alone.
        self.told(change, Vec::new()).await?;
        Ok(written)
    }

    /// Publishes a schedule, and drops exactly what that touched.
    ///
    /// # Errors
    /// Nothing was published, or the cache failed.
    pub async fn publish(
        &self,
        edition: Edition<'_>,
        rows: &[AssignmentRow],
    ) -> Result<Publication> {
        // Dropped half way it may be committed or not, and touch anything of the block.
        let doubt = self.change_of(edition.block);
        let attempt = || self.writer.publish(&self.witness, edition, rows, &self.batch);
        let publication = retry::on_conflict(attempt).await?;
        let touched = touched::by(&edition, &publication);
        let mut change = self.caches.sql.change();
        change.tags(touched.people);
        doubt.rolled_back();
        if self.told(change, touched.places).await? {
            self.writer.told(&self.witness, edition.block, publication.version).await?;
        }
        Ok(publication)
    }

    /// Drops everything of a block, of whose version nobody is known to have told the caches.
    ///
    /// # Errors
    /// The cache or the database failed.
    pub async fn recover(&self, block: &str, version: i64) -> Result<()> {
        if self.told(self.change_of(block), vec![touched::whole(block)]).await? {
            self.writer.told(&self.witness, block, version).await?;
        }
        Ok(())
    }

    /// Removes a block's published cells.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn forget(&self, block: &str) -> Result<()> {
        let change = self.change_of(block);
        self.writer.forget(&self.witness, block).await?;
        self.told(change, vec![touched::whole(block)]).await?;
        Ok(())
    }

    fn change_of(&self, block: &str) -> Change<AnyStore> {
        let mut change = self.caches.sql.change();
        change.tags([touched::whole(block)]);
        change
    }

    /// Whether all know of it by now: what could not be told is told when the store is back, and what
    /// is behind in the view comes with its next refresh.
    ///
    /// `places` are the tags of coverage. All is told at once, and they once more when the view is
    /// refreshed: what was read from it in between is old.
    async fn told(&self, mut change: Change<AnyStore>, places: Vec<Tag>) -> Result<bool> {
        change.tags(places.iter().cloned());
        let told = sent(change.committed().await)?;
        let Some(coverage) = &self.coverage else { return Ok(told) };
        let mut change = self.caches.sql.change();
        change.tags(places);
        let refreshed = coverage.refresh().await;
        if let Err(error) = &refreshed {
            tracing::warn!(%error, "written, but the coverage follows later");
        }
        let retold = sent(change.committed().await)?;
        Ok(told && retold && refreshed.is_ok())
    }
}

/// Whether other processes were told.
fn sent(told: Result<(), Error>) -> Result<bool> {
    match told {
        Err(error @ Error::Unsent { .. }) => {
            tracing::warn!(%error, "written, but other processes are told later");
            Ok(false)
        }
        other => Ok(other.map(|()| true)?),
    }
}
