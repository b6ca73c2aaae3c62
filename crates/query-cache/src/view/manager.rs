//! Makes views, replaces them, removes them.

use std::fmt;

use sqlx::{AssertSqlSafe, PgPool};

use super::build::Build;
use super::catalog::{Found, ViewName};
use super::definition::View;
use super::error::ViewError;
use super::groups::Groups;
use super::session::Session;
use crate::error::Error;
use crate::sql::{Change, SqlCache, SqlError, Statement};
use crate::store::{Backend, NoStore};

/// The views of a database. Cheap to clone; all processes that have one share the state, which is in the
/// database. See the [module](super).
pub struct Views<S = NoStore> {
    pub(super) pool: PgPool,
    pub(super) sql: SqlCache<S>,
    pub(super) home: String,
}

/// What [`Views::ensure`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ensured {
    /// It is there by this definition.
    Unchanged,
    /// It is there by this definition, and had lost an index or a trigger, which it has again.
    Repaired,
    /// It was not there.
    Created,
    /// It had another definition, and has taken its place.
    Replaced,
}

impl<S> Views<S> {
    /// Views in the database of `pool`, whose answers `sql` keeps. What takes long is done on connections
    /// of its own, made by the options of `pool` (not by its `after_connect`) and without a
    /// `statement_timeout`.
    pub fn new(pool: &PgPool, sql: &SqlCache<S>) -> Self {
        Self { pool: pool.clone(), sql: sql.clone(), home: "query_cache".to_owned() }
    }

    /// Sets the schema of the state and the change logs, and the channel on which a refresh is told.
    /// Default `query_cache`, as that of [`Watch`](crate::postgres::Watch::schema).
    #[must_use]
    pub fn schema(mut self, name: &str) -> Self {
        name.clone_into(&mut self.home);
        self
    }

    pub(super) async fn resolve(&self, view: &View) -> Result<ViewName, ViewError> {
        let name = ViewName::resolve(&self.home, &view.name, &self.pool).await;
        name.map_err(ViewError::doing("looking for", &view.name))
    }

    pub(super) async fn session(&self, view: &View) -> Result<Session, ViewError> {
        Session::open(&self.pool).await.map_err(ViewError::doing("connecting for", &view.name))
    }

    /// What makes the definition depend on more than its tables, if that is accepted.
    fn volatile(&self, view: &View) -> Result<Option<String>, ViewError> {
        let Err(cause) = self.sql.tables_read(&Statement::new(view.query.clone())) else {
            return Ok(None);
        };
        if !view.is_vouched || view.is_grouped() && matches!(cause, SqlError::Volatile { .. }) {
            return Err(ViewError::Volatile { view: view.name.clone(), cause });
        }
        Ok(Some(match cause {
            SqlError::Volatile { what } => what,
            other => other.to_string(),
        }))
    }
}

impl<S: Backend> Views<S> {
    /// Makes `view` unless it is there by this definition; builds it anew beside the old one if it is
    /// there by another. Takes as long as the query if there is something to build, and a few round trips
    /// if not. Waits for whoever is building or refreshing it.
    ///
    /// A changed definition takes the place of the old one in one transaction that waits at most 50 ms at a
    /// time for readers to end, and tries for half a minute: readers never find nothing and wait no
    /// longer than that. Owner, grants, comment and indexes made by others go with it; an index
    /// that the new one cannot have is given up with a warning. If other views depend on it, it is
    /// not replaced.
    ///
    /// Processes of two definitions that start in turn replace it in turn: do not let them.
    ///
    /// May be dropped at any point: the old view stays as it is.
    ///
    /// # Errors
    ///
    /// [`ViewError`]; nothing is changed then, but that the change log of a new definition by groups may
    /// be left, to be used or removed by the next call.
    pub async fn ensure(&self, view: &View) -> Result<Ensured, ViewError> {
        let volatile = self.volatile(view)?;
        check_key(view)?;
        let doing = || ViewError::doing("building", &view.name);
        ViewName::install(&self.home, &self.pool).await.map_err(doing())?;
        let name = self.resolve(view).await?;
        let mut session = self.session(view).await?;
        let build = Build { view, name: &name, volatile, definition: view.hash() };
        // Without the lock, so that a start does not wait for a refresh.
        let found = name.find(&mut session.connection).await.map_err(doing())?;
        if build.is_whole(&found, &mut session).await.map_err(doing())? {
            session.close().await;
            return Ok(Ensured::Unchanged);
        }
        session.lock(&name).await.map_err(doing())?;
        let found = name.find(&mut session.connection).await.map_err(doing())?;
        if found.relation.is_some() && !found.is_ours() {
            return Err(ViewError::Taken { view: view.name.clone() });
        }
        let ensured = if !found.is_ours() {
            Ensured::Created
        } else if found.definition.as_ref() != Some(&build.definition) {
            Ensured::Replaced
        } else if build.is_whole(&found, &mut session).await.map_err(doing())? {
            Ensured::Unchanged
        } else {
            Ensured::Repaired
        };
        match ensured {
            Ensured::Unchanged => {}
            Ensured::Repaired => build.repair(&mut session).await?,
            Ensured::Created | Ensured::Replaced => {
                let change = self.change_of(&name);
                build.run(&found, &mut session).await?;
                warn_unsent(change.committed().await);
            }
        }
        session.close().await;
        Ok(ensured)
    }

    /// Drops the view, its state and its change log. Waits for whoever is refreshing it; a view that is not
    /// there is no error.
    ///
    /// # Errors
    ///
    /// [`ViewError::Taken`] for what was not made here; [`ViewError::Database`], if something depends on
    /// it for one. Nothing is changed then.
    pub async fn remove(&self, view: &View) -> Result<(), ViewError> {
        let doing = || ViewError::doing("removing", &view.name);
        ViewName::install(&self.home, &self.pool).await.map_err(doing())?;
        let name = self.resolve(view).await?;
        let mut session = self.session(view).await?;
        session.lock(&name).await.map_err(doing())?;
        let found = name.find(&mut session.connection).await.map_err(doing())?;
        if found.relation.is_some() && !found.is_ours() {
            return Err(ViewError::Taken { view: view.name.clone() });
        }
        let change = self.change_of(&name);
        self.try_remove(&name, &found, &mut session).await.map_err(doing())?;
        warn_unsent(change.committed().await);
        session.close().await;
        Ok(())
    }

    async fn try_remove(
        &self,
        name: &ViewName,
        found: &Found,
        session: &mut Session,
    ) -> Result<(), sqlx::Error> {
        session.run("BEGIN; SET LOCAL lock_timeout = '5s'").await?;
        if let Some(drop) = found.drop_statement(name) {
            session.run(drop).await?;
        }
        Groups::drop_logs(name, None, session).await?;
        let forget = format!(
            "DELETE FROM {} WHERE view_schema = $1 AND view_name = $2",
            name.at_home("views")
        );
        let forget = sqlx::query(AssertSqlSafe(forget)).bind(&name.schema).bind(&name.name);
        forget.execute(&mut session.connection).await?;
        session.run("COMMIT").await.map(drop)
    }

    /// What the cache forgets when the view has changed, and if it is not known whether it has.
    pub(super) fn change_of(&self, name: &ViewName) -> Change<S> {
        let mut change = self.sql.change();
        change.tags(self.sql.outdating(&[&name.quoted()]).unwrap_or_default());
        change
    }
}

fn check_key(view: &View) -> Result<(), ViewError> {
    let key = view.key.len();
    let fits = |columns: usize| columns == 0 || columns == key;
    match view.sources.iter().find(|source| key == 0 || !fits(source.columns.len())) {
        None => Ok(()),
        Some(source) => Err(ViewError::Key {
            view: view.name.clone(),
            key,
            table: source.table.clone(),
            columns: source.columns.len(),
        }),
    }
}

/// It holds in this process, and the cache goes on trying.
pub(super) fn warn_unsent(told: Result<(), Error>) {
    if let Err(error) = told {
        tracing::warn!(%error, "other processes may still serve what a view was before");
    }
}

impl<S> Clone for Views<S> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), sql: self.sql.clone(), home: self.home.clone() }
    }
}

impl<S> fmt::Debug for Views<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Views").field("schema", &self.home).finish_non_exhaustive()
    }
}
