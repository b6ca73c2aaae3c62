//! Brings a view up to date.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use tokio::time::{sleep, timeout};

use super::catalog::{Found, ViewName};
use super::definition::View;
use super::error::ViewError;
use super::groups::Groups;
use super::manager::{Views, warn_unsent};
use super::session::Session;
use crate::postgres::identifier;
use crate::store::Backend;

/// How a call to refresh a view ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Refresh {
    /// It was refreshed by this call.
    Done(Refreshed),
    /// It is younger than its [`max_age`](View::max_age).
    NotDue,
    /// Another process, or another call of this one, is at it. [`Views::settled`] waits for that.
    Elsewhere,
}

/// What a refresh did.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Refreshed {
    /// How long the database took.
    pub took: Duration,
    /// How many rows the view has.
    pub rows: u64,
    /// How many groups were computed again; `None` if it was all of them.
    pub groups: Option<u64>,
}

impl<S: Backend> Views<S> {
    /// Refreshes `view`, which was [ensured](Self::ensure) by some process, unless somebody is at it.
    ///
    /// One with a key is refreshed concurrently, one by groups by its changed groups, so that readers do
    /// not wait. One that was never filled (after a restore of a schema alone) is filled plainly: it
    /// cannot be read before. Then what the cache kept of it is outdated.
    ///
    /// Costs a connection, and what the database does. May be dropped at any point: the refresh is whole
    /// or did not happen, and what the cache kept is outdated because it may have.
    ///
    /// # Errors
    ///
    /// [`ViewError`]. The view is as it was, and its [`Status`](super::Status) has the error.
    pub async fn refresh(&self, view: &View) -> Result<Refresh, ViewError> {
        self.refresh_if(view, |_| true).await
    }

    /// The same if the view is as old as its [`max_age`](View::max_age). However many processes call
    /// this at once, one of them refreshes. Costs one round trip if it is not due.
    ///
    /// # Errors
    ///
    /// Those of [`refresh`](Self::refresh).
    pub async fn refresh_due(&self, view: &View) -> Result<Refresh, ViewError> {
        let is_due = |found: &Found| found.age >= view.max_age.as_secs_f64();
        let name = self.resolve(view).await?;
        let found = name.find(&self.pool).await;
        let found = found.map_err(ViewError::doing("looking for", &view.name))?;
        if found.is_ours() && !is_due(&found) {
            return Ok(Refresh::NotDue);
        }
        self.refresh_if(view, is_due).await
    }

    /// Waits until nobody builds or refreshes `view`, however long that is. May be dropped at any point.
    ///
    /// # Errors
    ///
    /// [`ViewError::Database`].
    pub async fn settled(&self, view: &View) -> Result<(), ViewError> {
        let name = self.resolve(view).await?;
        // Not by waiting for the lock: whoever gets it that way keeps others from refreshing.
        let query = format!("SELECT EXISTS ({HOLDERS})");
        loop {
            let query = sqlx::query_scalar(AssertSqlSafe(query.clone())).bind(name.lock);
            let is_held = query.fetch_one(&self.pool).await;
            if !is_held.map_err(ViewError::doing("waiting for", &view.name))? {
                return Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops whoever builds or refreshes `view`, in whatever process: its call fails with
    /// [`ViewError::Stopped`]. Whether there was somebody. Needs the right to signal that session, which
    /// the same role has.
    ///
    /// # Errors
    ///
    /// [`ViewError::Database`].
    pub async fn stop(&self, view: &View) -> Result<bool, ViewError> {
        let name = self.resolve(view).await?;
        let query = format!(
            "SELECT coalesce(bool_or(pg_cancel_backend(pid)), false) FROM ({HOLDERS}) holders"
        );
        let query = sqlx::query_scalar(AssertSqlSafe(query)).bind(name.lock);
        let stopped = query.fetch_one(&self.pool).await;
        stopped.map_err(ViewError::doing("stopping the refresh of", &view.name))
    }

    async fn refresh_if(
        &self,
        view: &View,
        is_due: impl FnOnce(&Found) -> bool,
    ) -> Result<Refresh, ViewError> {
        let doing = || ViewError::doing("refreshing", &view.name);
        let name = self.resolve(view).await?;
        let mut session = self.session(view).await?;
        if !session.try_lock(&name).await.map_err(doing())? {
            return Ok(Refresh::Elsewhere);
        }
        let found = name.find(&mut session.connection).await.map_err(doing())?;
        if !found.is_ours() {
            return Err(ViewError::Unknown { view: view.name.clone() });
        }
        if found.definition != Some(view.hash()) {
            return Err(ViewError::Changed { view: view.name.clone() });
        }
        // Another process may have done it since we looked.
        if !is_due(&found) {
            session.close().await;
            return Ok(Refresh::NotDue);
        }
        let change = self.change_of(&name);
        let refreshed = match (Work { view, name: &name, found }).run(&mut session).await {
            Ok(refreshed) => refreshed,
            Err(error) => {
                self.remember_failure(&name, &error).await;
                session.abandon().await;
                return Err(error);
            }
        };
        match refreshed.groups {
            Some(0) => change.rolled_back(),
            _ => warn_unsent(change.committed().await),
        }
        session.close().await;
        Ok(Refresh::Done(refreshed))
    }

    async fn remember_failure(&self, name: &ViewName, error: &ViewError) {
        let views = name.at_home("views");
        let statement = format!(
            "UPDATE {views} SET refreshing_since = NULL, error = $3
             WHERE view_schema = $1 AND view_name = $2"
        );
        let text = match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        let query = sqlx::query(AssertSqlSafe(statement)).bind(&name.schema).bind(&name.name);
        // Where the database is gone, the state will say that the refresh was interrupted.
        let limit = Duration::from_secs(2);
        let said = timeout(limit, query.bind(&text).execute(&self.pool)).await;
        if !matches!(said, Ok(Ok(_))) {
            tracing::warn!(view = %name.name, %text, "a failed refresh is not in its state");
        }
    }
}

/// Sessions that hold the lock `$1`. Of a 64-bit lock the view shows the halves.
pub(super) const HOLDERS: &str = "SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32 | objid::bigint) = $1";

struct Work<'a> {
    view: &'a View,
    name: &'a ViewName,
    found: Found,
}

impl Work<'_> {
    async fn run(&self, session: &mut Session) -> Result<Refreshed, ViewError> {
        let doing = || ViewError::doing("refreshing", &self.view.name);
        let views = self.name.at_home("views");
        let begin = format!(
            "UPDATE {views} SET refreshing_since = clock_timestamp()
             WHERE view_schema = $1 AND view_name = $2"
        );
        let begin = sqlx::query(AssertSqlSafe(begin)).bind(&self.name.schema).bind(&self.name.name);
        begin.execute(&mut session.connection).await.map_err(doing())?;
        if self.found.relation.as_deref() == Some("m") {
            self.refresh_whole(session).await
        } else {
            self.refresh_groups(session).await.map_err(doing())
        }
    }

    async fn refresh_whole(&self, session: &mut Session) -> Result<Refreshed, ViewError> {
        let doing = || ViewError::doing("refreshing", &self.view.name);
        let view = self.name.quoted();
        let concurrently = if self.found.is_filled && !self.view.key.is_empty() {
            self.check_index(session).await?;
            "CONCURRENTLY "
        } else {
            ""
        };
        let refresh = async {
            session.run("BEGIN").await?;
            session.run(format!("REFRESH MATERIALIZED VIEW {concurrently}{view}")).await?;
            let (took, rows) =
                self.remember(&format!("(SELECT count(*) FROM {view})"), session).await?;
            self.name.tell(session).await?;
            session.run("COMMIT").await?;
            Ok(Refreshed { took, rows, groups: None })
        };
        refresh.await.map_err(doing())
    }

    /// The server's own words do not say which index it wants.
    async fn check_index(&self, session: &mut Session) -> Result<(), ViewError> {
        let view = self.name.quoted();
        let query =
            "SELECT EXISTS (SELECT FROM pg_index WHERE indrelid = to_regclass($1) AND indisunique
            AND indisvalid AND indimmediate AND indpred IS NULL AND 0 <> ALL (indkey::int2[]))";
        let query = sqlx::query_scalar(query).bind(&view).fetch_one(&mut session.connection);
        if query.await.map_err(ViewError::doing("looking for the index of", &self.view.name))? {
            return Ok(());
        }
        let columns: Vec<_> = self.view.key.iter().map(|column| identifier(column)).collect();
        let statement = format!("CREATE UNIQUE INDEX ON {view} ({})", columns.join(", "));
        Err(ViewError::NoUniqueIndex { view: self.view.name.clone(), statement })
    }

    async fn refresh_groups(&self, session: &mut Session) -> Result<Refreshed, sqlx::Error> {
        let definition = self.found.definition.as_deref().unwrap_or_default();
        let groups = Groups::new(self.view, self.name, definition);
        // One snapshot, taken under the lock. Compiling costs more than these statements do.
        session.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL jit = off").await?;
        let applied = groups.apply(session).await?;
        let rows = format!("row_count - {} + {}", applied.removed, applied.added);
        let (took, rows) = self.remember(&rows, session).await?;
        if applied.groups != Some(0) {
            self.name.tell(session).await?;
        }
        session.run("COMMIT").await?;
        Ok(Refreshed { took, rows, groups: applied.groups })
    }

    /// Says in the state that it is done, in the transaction that does it.
    async fn remember(
        &self,
        rows: &str,
        session: &mut Session,
    ) -> Result<(Duration, u64), sqlx::Error> {
        let views = self.name.at_home("views");
        let statement = format!(
            "UPDATE {views} SET refreshing_since = NULL, as_of = now(), error = NULL,
                took = clock_timestamp() - now(), row_count = {rows}, refreshes = refreshes + 1
             WHERE view_schema = $1 AND view_name = $2
             RETURNING extract(epoch FROM took)::float8, row_count"
        );
        let query = sqlx::query_as(AssertSqlSafe(statement));
        let query = query.bind(&self.name.schema).bind(&self.name.name);
        let (took, rows): (f64, i64) = query.fetch_one(&mut session.connection).await?;
        let took = Duration::try_from_secs_f64(took).unwrap_or_default();
        Ok((took, u64::try_from(rows).unwrap_or_default()))
    }
}
