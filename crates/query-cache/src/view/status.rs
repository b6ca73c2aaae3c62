//! How a view is.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Row};

use super::definition::View;
use super::error::ViewError;
use super::manager::Views;
use super::refresh::HOLDERS;

/// How a view is, in the words of the database: the same for all processes. A snapshot.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// What is going on.
    pub phase: Phase,
    /// Its rows are those of so long ago, by the clock of the database. `None` if it has none. A view by
    /// groups without [`pending`](Self::pending) changes would be no other if it were refreshed.
    pub age: Option<Duration>,
    /// How long the last refresh took: what the next one may take.
    pub took: Option<Duration>,
    /// How many rows it has, as of the last refresh.
    pub rows: Option<u64>,
    /// How often it was built or refreshed.
    pub refreshes: u64,
    /// How long the refresh that is under way has taken.
    pub refreshing_for: Option<Duration>,
    /// What the last refresh failed with, if it did.
    pub error: Option<String>,
    /// What makes its answer depend on more than tables, if that was
    /// [accepted](View::accept_volatile): it moves only when it is refreshed.
    pub volatile: Option<String>,
    /// For a view by groups, whether something was changed since.
    pub pending: Option<bool>,
}

/// What is going on with a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// It can be read.
    Ready,
    /// It is built or refreshed by some process at this moment, and can be read as it was.
    Refreshing,
    /// The process that refreshed it is gone. It is as it was, and waits for the next refresh.
    Interrupted,
    /// The last refresh has failed. It is as it was.
    Failed,
    /// It was never filled, and cannot be read: [refresh](Views::refresh) it.
    Empty,
    /// It is not there: [ensure](Views::ensure) it.
    Missing,
}

impl Status {
    /// Whether it is as old as `view` says that a refresh is due.
    pub fn is_due(&self, view: &View) -> bool {
        self.age.is_none_or(|age| age >= view.max_age)
    }
}

impl<S> Views<S> {
    /// How `view` is. Costs one round trip, two for a view by groups.
    ///
    /// # Errors
    ///
    /// [`ViewError::Database`]; if no view was ever ensured in this database, too.
    pub async fn status(&self, view: &View) -> Result<Status, ViewError> {
        self.try_status(view).await.map_err(ViewError::doing("looking for", &view.name))
    }

    async fn try_status(&self, view: &View) -> Result<Status, sqlx::Error> {
        let name = super::catalog::ViewName::resolve(&self.home, &view.name, &self.pool).await?;
        let found = name.find(&self.pool).await?;
        let query = format!(
            "SELECT EXISTS ({HOLDERS}) AS held, v.error, v.volatile, v.row_count,
                coalesce(v.refreshes, 0) AS refreshes, extract(epoch FROM v.took)::float8 AS took,
                extract(epoch FROM clock_timestamp() - v.refreshing_since)::float8 AS refreshing
             FROM (SELECT) one LEFT JOIN {} v ON view_schema = $2 AND view_name = $3",
            name.at_home("views")
        );
        let query = sqlx::query(AssertSqlSafe(query));
        let query = query.bind(name.lock).bind(&name.schema).bind(&name.name);
        let row = query.fetch_one(&self.pool).await?;
        let (is_held, error): (bool, Option<String>) =
            (row.try_get("held")?, row.try_get("error")?);
        let refreshing = seconds(row.try_get("refreshing")?);
        let phase = match () {
            () if is_held => Phase::Refreshing,
            () if !found.is_ours() => Phase::Missing,
            () if !found.is_filled => Phase::Empty,
            () if refreshing.is_some() => Phase::Interrupted,
            () if error.is_some() => Phase::Failed,
            () => Phase::Ready,
        };
        let is_readable = found.is_ours() && found.is_filled;
        let rows: Option<i64> = row.try_get("row_count")?;
        let refreshes: i64 = row.try_get("refreshes")?;
        let mut pending = None;
        if found.is_ours() && found.kind.as_deref() == Some("groups") {
            let log = name.at_home(&name.log(found.definition.as_deref().unwrap_or_default()));
            let query = format!("SELECT EXISTS (SELECT FROM {log})");
            pending = Some(sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&self.pool).await?);
        }
        Ok(Status {
            phase,
            age: seconds(Some(found.age)).filter(|_| is_readable),
            took: seconds(row.try_get("took")?),
            rows: rows.and_then(|rows| u64::try_from(rows).ok()),
            refreshes: u64::try_from(refreshes).unwrap_or_default(),
            refreshing_for: refreshing.filter(|_| phase == Phase::Refreshing),
            error,
            volatile: row.try_get("volatile")?,
            pending,
        })
    }
}

/// None for what is no time: infinity, as the age of what never was.
fn seconds(number: Option<f64>) -> Option<Duration> {
    Duration::try_from_secs_f64(number?.max(0.0)).ok()
}
