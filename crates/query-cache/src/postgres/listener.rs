//! Hears of changes and outdates what depends on them.

use std::collections::{BTreeSet, HashSet};
use std::convert::Infallible;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{Either, select};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgListener, PgNotification, PgPoolOptions};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::exact::Outdater;
use super::handle::{Listening, State};
use super::install::{Member, members};
use super::payload::{Rows, Told};
use super::row::ChangedRow;
use super::watch::Watch;
use crate::clock::{LONGEST, now};
use crate::sql::{SqlCache, SqlError, Table};
use crate::store::Backend;
use crate::tags::Tag;

type Exact = dyn Fn(ChangedRow<'_>) -> Option<Vec<Tag>> + Send + Sync;

/// Settings of a task that hears of changes in watched tables. See the [module](super).
#[derive(Clone)]
pub struct Listener {
    options: PgConnectOptions,
    watch: Watch,
    heartbeat: Duration,
    exact: Vec<(String, Arc<Exact>)>,
    is_expiring: bool,
}

impl Listener {
    /// Listens on a connection of its own, made by the options of `pool` (not by its `after_connect`). The
    /// server must not be a standby, nor a pooler in transaction mode. `watch` should be the one that was
    /// [installed](Watch::install); tables that lack triggers show in the [`State`].
    pub fn new(pool: &PgPool, watch: &Watch) -> Self {
        Self {
            options: pool.connect_options().as_ref().clone(),
            watch: watch.clone(),
            heartbeat: Duration::from_secs(2),
            exact: Vec::new(),
            is_expiring: false,
        }
    }

    /// Sets how often it is checked that the connection answers and the triggers are there, in one
    /// query of the catalog, and how long an answer may take. A connection that does not answer is
    /// lost. At least 10 ms. Default 2 s.
    #[must_use]
    pub fn heartbeat(mut self, pause: Duration) -> Self {
        self.heartbeat = pause.clamp(Duration::from_millis(10), LONGEST);
        self
    }

    /// Tells what falls with a changed row of a [keyed](Watch::keyed) table, beside the values that
    /// depend on the table as a whole. `None` if it cannot be told from this row: then all that carries
    /// [`gap_tags`](SqlCache::gap_tags) of the table falls.
    ///
    /// Called for each changed key, in the listener's task: should only compute. A panic counts as
    /// `None`.
    #[must_use]
    pub fn exact(
        mut self,
        table: &str,
        tags: impl Fn(ChangedRow<'_>) -> Option<Vec<Tag>> + Send + Sync + 'static,
    ) -> Self {
        self.exact.push((table.to_owned(), Arc::new(tags)));
        self
    }

    /// After a gap, makes values stale instead of dead: where a policy has
    /// [`stale_for`](crate::Policy::stale_for) they are served on while the database is away, and once
    /// more while they are loaded again. Changes that are told still make values dead.
    #[must_use]
    pub fn expire_on_gaps(mut self) -> Self {
        self.is_expiring = true;
        self
    }

    /// Begins to listen, in a task. Does not wait for a connection; see [`Listening::live`]. When it
    /// first has one, all that depends on watched tables is outdated, in the store too: it may have
    /// been changed while nobody listened.
    ///
    /// # Errors
    ///
    /// [`SqlError::BadName`] for a table of the watch or of [`exact`](Self::exact).
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn start<S: Backend>(&self, sql: &SqlCache<S>) -> Result<Listening, SqlError> {
        let cache = Outdater::new(sql.clone());
        let mut all = Vec::new();
        for name in self.watch.names() {
            all.extend(cache.all_of(&name)?);
        }
        let exact =
            self.exact.iter().map(|(name, tags)| Ok((cache.table(name)?, Arc::clone(tags))));
        let exact = exact.collect::<Result<_, SqlError>>()?;
        let (state, seen) = watch::channel(State::default());
        let (stop, stopped) = watch::channel(false);
        let (settings, parts) = (self.clone(), BTreeSet::new());
        let task = Task { settings, exact, cache, all, parts, state, pool: None };
        Ok(Listening::new(seen, stop, tokio::spawn(task.run_until(stopped))))
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("watch", &self.watch).finish_non_exhaustive()
    }
}

struct Task<S> {
    settings: Listener,
    exact: Vec<(Table, Arc<Exact>)>,
    cache: Outdater<S>,
    /// What depends on the tables of the watch.
    all: Vec<Tag>,
    /// Their partitions and heirs, as far as they were seen.
    parts: BTreeSet<(String, String)>,
    state: watch::Sender<State>,
    /// Of the present connection.
    pool: Option<PgPool>,
}

/// More than can be heard in one go are outdated in several.
const AT_ONCE: u64 = 1000;

impl<S: Backend> Task<S> {
    async fn run_until(mut self, mut stopped: watch::Receiver<bool>) {
        {
            let run = std::pin::pin!(self.run());
            // Ends by an error too: when the handle is gone.
            let stop = std::pin::pin!(stopped.wait_for(|stop| *stop));
            if let Either::Left((never, _)) = select(run, stop).await {
                match never {}
            }
        }
        self.state.send_modify(|state| state.live_since = None);
        // A server that hangs must not hang this task.
        if let Some(pool) = self.pool.take() {
            _ = timeout(Duration::from_secs(1), pool.close()).await;
        }
    }

    async fn run(&mut self) -> Infallible {
        let shortest = self.settings.heartbeat.min(Duration::from_millis(50));
        let mut pause = shortest;
        loop {
            let error = match self.connect().await {
                Ok(listener) => {
                    pause = shortest;
                    self.follow(listener).await
                }
                Err(error) => error,
            };
            tracing::warn!(%error, "changes made by others are not told");
            let mut was_live = false;
            self.state.send_modify(|state| {
                was_live = state.live_since.take().is_some();
                state.last_error = Some(error.to_string());
            });
            self.outdate_all().await;
            // Counted when it is dealt with.
            self.state.send_modify(|state| state.gaps += u64::from(was_live));
            sleep(pause).await;
            pause = (2 * pause).min(self.settings.heartbeat);
        }
    }

    async fn connect(&mut self) -> Result<PgListener, Lost> {
        let channel = self.settings.watch.schema.clone();
        // A listener is only made from a pool. One for each connection: that of a connection that
        // hangs stays full until the system gives the connection up.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(self.settings.heartbeat)
            .connect_lazy_with(self.settings.options.clone());
        self.pool = Some(pool.clone());
        let connecting = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            // Reconnecting is done here, where all is outdated after it.
            listener.eager_reconnect(false);
            listener.listen(&channel).await?;
            Ok(listener)
        };
        let mut listener = self.in_time(connecting).await?;
        self.check(&mut listener).await?;
        // From here on nothing is missed; what was before, was.
        self.outdate_all().await;
        self.state.send_modify(|state| state.live_since = Some(now()));
        Ok(listener)
    }

    /// Hears until the connection is lost, and says why.
    async fn follow(&mut self, mut listener: PgListener) -> Lost {
        let mut next_check = Instant::now() + self.settings.heartbeat;
        loop {
            // Not only where nothing is heard: a busy channel says nothing of missing triggers.
            let quiet = Instant::now() >= next_check;
            let heard = if quiet { None } else { next(&mut listener, next_check).await };
            let Some(heard) = heard else {
                if let Err(lost) = self.check(&mut listener).await {
                    return lost;
                }
                next_check = Instant::now() + self.settings.heartbeat;
                continue;
            };
            if let Err(lost) = self.take(heard, &mut listener).await {
                return lost;
            }
        }
    }

    /// Outdates what was told by `heard` and by all that has arrived behind it, in one call.
    async fn take(&mut self, heard: Heard, listener: &mut PgListener) -> Result<(), Lost> {
        let mut tags = HashSet::new();
        let mut next = Some(heard);
        let mut count = 0;
        let mut outcome = Ok(());
        while let Some(heard) = next.take() {
            match heard {
                Ok(Some(told)) => self.add_tags(&told, &mut tags),
                Ok(None) => outcome = Err(Lost::Closed),
                Err(error) => outcome = Err(Lost::Failed(error)),
            }
            count += u64::from(outcome.is_ok());
            if outcome.is_ok() && count < AT_ONCE {
                next = listener.try_recv().now_or_never();
            }
        }
        self.outdate(tags.into_iter().collect(), false).await;
        self.state.send_modify(|state| state.heard += count);
        outcome
    }

    fn add_tags(&self, told: &PgNotification, tags: &mut HashSet<Tag>) {
        let told = Told::parse(told.payload());
        let Some(tables) = told.tables else {
            tags.extend(self.everything());
            return;
        };
        let exactly = told.rows.and_then(|rows| self.exactly(&tables, &rows));
        for table in &tables {
            tags.extend(self.cache.changed(table));
            if exactly.is_none() {
                tags.extend(self.cache.inexactly(table));
            }
        }
        tags.extend(exactly.into_iter().flatten());
    }

    /// What falls with `rows`; `None` if that is not known.
    fn exactly(&self, tables: &[(String, String)], rows: &Rows) -> Option<Vec<Tag>> {
        let told = |name: &Table| {
            tables.iter().any(|(schema, table)| name.may_be(&Table::in_schema(schema, table)))
        };
        let mut meant = self.exact.iter().filter(|(name, _)| told(name)).peekable();
        meant.peek()?;
        let mut tags = Vec::new();
        for (_, exact) in meant {
            for key in &rows.keys {
                let row = ChangedRow::new(&rows.columns, key);
                // A panic must not end the listener: nobody would be told.
                let told = catch_unwind(AssertUnwindSafe(|| exact(row)));
                tags.extend(told.ok().flatten()?);
            }
        }
        Some(tags)
    }

    /// Whether the connection answers, and which tables are not told of.
    async fn check(&mut self, listener: &mut PgListener) -> Result<(), Lost> {
        let watch = self.settings.watch.clone();
        let found = self.in_time(members(&watch, &mut *listener)).await?;
        let untold: BTreeSet<usize> =
            found.iter().filter(|member| !member.is_told(&watch)).map(|member| member.of).collect();
        let parts = found.into_iter().filter_map(|Member { found, .. }| found);
        self.parts.extend(parts.map(|found| (found.schema, found.table)));
        let missing: Vec<_> = untold.iter().map(|&of| watch.tables[of].name.clone()).collect();
        let mut tags: Vec<_> =
            missing.iter().flat_map(|name| self.cache.all_of(name).unwrap_or_default()).collect();
        if !missing.is_empty() {
            // Which of the parts lack a trigger, and belong where, is not worth telling apart.
            tags.extend(self.of_parts());
        }
        self.outdate(tags, true).await;
        self.state.send_if_modified(|state| {
            let differs = state.missing != missing;
            state.missing = missing;
            differs
        });
        Ok(())
    }

    fn of_parts(&self) -> impl Iterator<Item = Tag> {
        let of = |table| [self.cache.changed(table), self.cache.inexactly(table)];
        self.parts.iter().flat_map(of).flatten()
    }

    fn everything(&self) -> HashSet<Tag> {
        self.all.iter().cloned().chain(self.of_parts()).collect()
    }

    async fn outdate_all(&self) {
        self.outdate(self.everything().into_iter().collect(), true).await;
    }

    async fn outdate(&self, tags: Vec<Tag>, is_gap: bool) {
        if tags.is_empty() {
            return;
        }
        let outdated = if is_gap && self.settings.is_expiring {
            self.cache.expire(&tags).await
        } else {
            self.cache.invalidate(&tags).await
        };
        // It holds in this process, and the cache goes on trying.
        if let Err(error) = outdated {
            tracing::warn!(%error, "other processes may still serve what others have changed");
        }
    }

    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, Lost> {
        let limit = self.settings.heartbeat;
        let answer = timeout(limit, answer).await.map_err(|_| Lost::Silent { limit })?;
        answer.map_err(Lost::Failed)
    }
}

/// As `try_recv` tells it.
type Heard = Result<Option<PgNotification>, sqlx::Error>;

/// What is heard before the `deadline`.
async fn next(listener: &mut PgListener, deadline: Instant) -> Option<Heard> {
    timeout_at(deadline, listener.try_recv()).await.ok()
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("the connection was closed")]
    Closed,
    #[error("the server did not answer within {limit:?}")]
    Silent { limit: Duration },
    #[error(transparent)]
    Failed(sqlx::Error),
}
