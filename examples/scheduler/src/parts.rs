//! The parts that a run is made of. The only place that picks backends.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use async_utils::{Limiter, PriorityQueue, QueueConfig, Quota};
use batch_ops::BatchConfig;
use dist_lock::{AcquireError, AnyLeaseStore, FencingToken, Guard, Lock};
use query_cache::postgres::Listening;
use query_cache::{AnyStore, Cache};

use crate::db::{self, Database, Edition, Published};
use crate::domain::{Block, Programme};
use crate::glue;
use crate::glue::statements::Statements;
use crate::glue::writes::Writes;
use crate::readings::Readings;
use crate::settings::Settings;

/// How many files one process writes.
const EXPORTS: &str = "60/minute";

/// Everything a run works with.
#[derive(Debug)]
pub struct Parts {
    /// Rows to read.
    pub database: Database,
    /// Whatever is written.
    pub writes: Writes,
    /// Read models and remembered solutions.
    pub cache: Cache<AnyStore>,
    /// The read models.
    pub readings: Readings,
    /// Hears of what others write to PostgreSQL, until this is dropped.
    pub listening: Option<Listening>,
    /// Every statement of the read models.
    pub statements: Arc<Statements>,
    /// Background jobs.
    pub jobs: PriorityQueue,
    /// Exports are dear: one process makes no more than these.
    pub exports: Limiter,
    /// One generation a block.
    pub lock: Lock<AnyLeaseStore>,
    /// What the fence of a publication is checked under. Tokens of two lease stores cannot be compared,
    /// so each has a name of its own.
    pub fenced: String,
    /// Who this process is, for whoever waits for it.
    pub holder: String,
}

/// The block's lease, and how long it was waited for.
#[derive(Debug)]
pub struct Held {
    /// The lease.
    pub guard: Guard,
    /// Time until it was granted.
    pub waited: Duration,
}

impl Held {
    /// Runs `work` while the lease is held and gives the lease back however it ends, by Ctrl-C too: the
    /// next one need not wait for it to run out.
    ///
    /// # Errors
    /// Those of `work`; a lease that was lost, or Ctrl-C, drops it where it stands.
    pub async fn run<T>(self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let stop = async {
            tokio::signal::ctrl_c().await?;
            bail!("stopped by Ctrl-C; what was published before is whole")
        };
        let done = tokio::select! {
            done = self.guard.run(work) => done.context("the lease of the block was lost"),
            stopped = stop => Ok(stopped),
        };
        if let Err(error) = self.guard.release().await {
            tracing::warn!(%error, "the lease was not given back; it runs out by itself");
        }
        done?
    }
}

impl Parts {
    /// Connects to everything that the settings name.
    ///
    /// # Errors
    /// Names the server or file that cannot be used.
    pub async fn connect(settings: &Settings, block: &str) -> Result<Self> {
        let (database, writer) = db::open(settings).await?;
        let leases = glue::leases::open(settings, &writer).await?;
        let caches = glue::cache::open(settings, &leases)?;
        let listening = glue::hear::others(&writer, &caches).await?;
        let statements = Arc::new(Statements::new(settings.slow_query, settings.echo));
        let readings =
            Readings::new(settings, database.clone(), caches.clone(), Arc::clone(&statements))?;
        let holder = format!("process {} on {}", std::process::id(), host());
        let lock = Lock::new(leases, format!("rounds/block/{block}"), settings.lock_ttl)?;
        let fenced = format!("{} by {}", lock.name(), glue::leases::kind(settings));
        let rows = NonZeroUsize::try_from(settings.chunk_rows).context("BULK_INSERT_CHUNK_SIZE")?;
        let batch = BatchConfig::default().max_rows(rows);
        Ok(Self {
            database,
            cache: caches.cache.clone(),
            writes: Writes::open(writer, batch, caches).await?,
            readings,
            listening,
            statements,
            jobs: PriorityQueue::new(QueueConfig::default()),
            exports: Limiter::new(Quota::parse(EXPORTS)?),
            lock: lock.holder_label(&holder),
            fenced,
            holder,
        })
    }

    /// The last publication of a programme's block.
    ///
    /// # Errors
    /// The database cannot be read, or the block is another programme's.
    pub async fn published(&self, programme: &Programme) -> Result<Option<Published>> {
        let Block { id, programme: name, .. } = &programme.block;
        let published = self.database.published(id).await?;
        if let Some(other) = published.as_ref().filter(|p| p.programme != *name) {
            let owner = &other.programme;
            bail!("block {id} in this database belongs to {owner}: choose another id or database");
        }
        Ok(published)
    }

    /// After a crash between a publication and the telling of the caches: tells them to forget all.
    ///
    /// # Errors
    /// The cache or the database failed.
    pub async fn recover(&self, programme: &Programme, last: Option<&Published>) -> Result<()> {
        let Some(last) = last.filter(|last| last.told < last.version) else { return Ok(()) };
        self.writes.recover(&programme.block.id, last.version).await
    }

    /// What this process publishes under a lease.
    #[must_use]
    pub fn edition<'a>(
        &'a self,
        programme: &'a Programme,
        fence: FencingToken,
        follows: i64,
    ) -> Edition<'a> {
        let Block { id, programme: name, .. } = &programme.block;
        let (fenced, holder) = (&self.fenced, &self.holder);
        Edition { block: id, programme: name, follows, learnt: None, fenced, fence, holder }
    }

    /// Takes the block's lease, telling who holds it while waiting; `None` after `wait`.
    ///
    /// # Errors
    /// The lease store does not answer.
    pub async fn hold(&self, wait: Duration) -> Result<Option<Held>> {
        let started = Instant::now();
        let held = |guard| Some(Held { guard, waited: started.elapsed() });
        if let Some(guard) = self.lock.try_acquire().await? {
            return Ok(held(guard));
        }
        if let Some(holder) = self.lock.holder().await? {
            let left = holder.expires_in.as_secs_f64();
            eprintln!("The block is held by {}; its lease runs {left:.1} s more.", holder.label);
        }
        if wait.is_zero() {
            return Ok(None);
        }
        eprintln!("Waiting up to {:.0} s.", wait.as_secs_f64());
        match self.lock.acquire_within(wait).await {
            Ok(guard) => Ok(held(guard)),
            Err(AcquireError::TimedOut { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The machine's name, for messages only.
fn host() -> String {
    let named = std::fs::read_to_string("/etc/hostname").ok();
    named.map_or_else(|| "this machine".to_owned(), |name| name.trim().to_owned())
}
