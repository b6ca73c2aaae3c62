//! Builds a view beside the one that is there, and puts it into its place.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use tokio::time::sleep;

use super::catalog::{Found, ViewName};
use super::definition::View;
use super::error::ViewError;
use super::groups::Groups;
use super::session::Session;
use crate::postgres::{identifier, literal, qualified};

/// What is to be built.
pub(super) struct Build<'a> {
    pub(super) view: &'a View,
    pub(super) name: &'a ViewName,
    pub(super) volatile: Option<String>,
    pub(super) definition: String,
}

impl Build<'_> {
    /// Whether all is there as it should be.
    pub(super) async fn is_whole(
        &self,
        found: &Found,
        session: &mut Session,
    ) -> Result<bool, sqlx::Error> {
        let is_same = found.is_ours() && found.definition.as_ref() == Some(&self.definition);
        if !is_same || !self.lacking_indexes(session).await?.is_empty() {
            return Ok(false);
        }
        match self.groups() {
            Some(groups) => groups.is_tracked(session).await,
            None => Ok(true),
        }
    }

    fn groups(&self) -> Option<Groups<'_>> {
        let groups = || Groups::new(self.view, self.name, &self.definition);
        self.view.is_grouped().then(groups)
    }

    /// Brings back indexes and triggers.
    pub(super) async fn repair(&self, session: &mut Session) -> Result<(), ViewError> {
        if let Some(groups) = self.groups() {
            groups.install(session).await?;
        }
        let doing = || ViewError::doing("indexing", &self.view.name);
        for columns in self.lacking_indexes(session).await.map_err(doing())? {
            let create = self.create_index(&columns, &self.name.quoted());
            session.run(create).await.map_err(doing())?;
        }
        Ok(())
    }

    pub(super) async fn run(&self, found: &Found, session: &mut Session) -> Result<(), ViewError> {
        let doing = || ViewError::doing("building", &self.view.name);
        if let Some(groups) = self.groups() {
            groups.check(session).await?;
            groups.install(session).await?;
        }
        self.build(found, session).await.map_err(doing())?;
        // Those of the definition before. What is left now is removed the next time.
        let current = self.view.is_grouped().then(|| self.name.log(&self.definition));
        let dropped = Groups::drop_logs(self.name, current.as_deref(), session).await;
        if let Err(error) = dropped {
            tracing::warn!(%error, view = %self.view.name, "an old change log is left");
        }
        Ok(())
    }

    async fn build(&self, found: &Found, session: &mut Session) -> Result<(), sqlx::Error> {
        let (beside, query) = (self.name.beside(), &self.view.query);
        if let Some(groups) = self.groups() {
            // One snapshot: what is in the log is in the rows, and the other way round.
            session.run("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
            session.run(format!("CREATE TABLE {beside} AS {query}")).await?;
            session.run(format!("DELETE FROM {}", groups.log)).await?;
        } else {
            session.run("BEGIN").await?;
            session.run(format!("CREATE MATERIALIZED VIEW {beside} AS {query}")).await?;
        }
        for columns in self.indexes() {
            session.run(self.create_index(columns, &beside)).await?;
        }
        let mut renames = Vec::new();
        if found.relation.is_some() {
            renames = self.take_over(&beside, session).await?;
        }
        session.run(format!("ANALYZE {beside}")).await?;
        self.remember(&beside, session).await?;
        self.take_place(&beside, found, &renames, session).await?;
        session.run("COMMIT").await.map(drop)
    }

    fn indexes(&self) -> impl Iterator<Item = &Vec<String>> {
        let key = Some(&self.view.key).filter(|key| !key.is_empty());
        key.into_iter().chain(&self.view.indexes)
    }

    fn create_index(&self, columns: &[String], on: &str) -> String {
        // Of a group there may be several rows.
        let is_key = columns == self.view.key && !self.view.is_grouped();
        let unique = if is_key { "UNIQUE " } else { "" };
        let number = self.indexes().position(|index| index == columns).unwrap_or_default();
        let index = format!("{}{}_{number}", self.name.index_prefix(), &self.definition[..8]);
        let columns: Vec<_> = columns.iter().map(|column| identifier(column)).collect();
        format!("CREATE {unique}INDEX {index} ON {on} ({})", columns.join(", "))
    }

    /// Indexes of the definition that are not there.
    async fn lacking_indexes(
        &self,
        session: &mut Session,
    ) -> Result<Vec<Vec<String>>, sqlx::Error> {
        let mut lacking = Vec::new();
        for columns in self.indexes() {
            let is_unique = columns == &self.view.key && !self.view.is_grouped();
            let query = "SELECT EXISTS (SELECT FROM pg_index WHERE indrelid = to_regclass($1)
                AND indisvalid AND indisunique >= $3 AND indpred IS NULL AND $2 = ARRAY(
                    SELECT attname::text FROM unnest(indkey) WITH ORDINALITY k (number, place)
                    JOIN pg_attribute ON attrelid = indrelid AND attnum = number ORDER BY place))";
            let query = sqlx::query_scalar(query).bind(self.name.quoted()).bind(columns);
            if !query.bind(is_unique).fetch_one(&mut session.connection).await? {
                lacking.push(columns.clone());
            }
        }
        Ok(lacking)
    }

    /// Gives `beside` what others have given to the view that it replaces: owner, grants, comment,
    /// indexes. Returns the statements that give the indexes their names when the old ones are gone.
    async fn take_over(
        &self,
        beside: &str,
        session: &mut Session,
    ) -> Result<Vec<String>, sqlx::Error> {
        let (old, new) = (literal(&self.name.quoted()), literal(beside));
        let query = include_str!("take_over.sql").replace("{old}", &old).replace("{new}", &new);
        for statement in session.texts(query).await? {
            session.run(statement).await?;
        }
        let query = include_str!("indexes.sql").replace("{old}", &old).replace("{new}", &new);
        let query = query.replace("{ours}", &literal(&self.name.index_prefix()));
        let indexes: Vec<(String, String)> =
            sqlx::query_as(AssertSqlSafe(query)).fetch_all(&mut session.connection).await?;
        let mut renames = Vec::new();
        for (number, (name, definition)) in indexes.into_iter().enumerate() {
            let made = format!("{}keep_{number}", self.name.index_prefix());
            session.run("SAVEPOINT keep").await?;
            let create = definition.replacen("{index}", &identifier(&made), 1);
            match session.run(create).await {
                Ok(_) => {
                    let made = qualified(&self.name.schema, &made);
                    renames.push(format!("ALTER INDEX {made} RENAME TO {}", identifier(&name)));
                }
                Err(error) => {
                    session.run("ROLLBACK TO keep").await?;
                    tracing::warn!(%error, index = %name, "the new definition cannot have an index of the old one");
                }
            }
        }
        Ok(renames)
    }

    async fn remember(&self, beside: &str, session: &mut Session) -> Result<(), sqlx::Error> {
        let views = self.name.at_home("views");
        let statement = format!(
            "INSERT INTO {views} AS v (view_schema, view_name, kind, definition, volatile, as_of, took,
                row_count, refreshes)
             SELECT $1, $2, $3, $4, $5, now(), clock_timestamp() - now(), count(*), 1 FROM {beside}
             ON CONFLICT (view_schema, view_name) DO UPDATE SET kind = excluded.kind,
                definition = excluded.definition, volatile = excluded.volatile, as_of = excluded.as_of,
                took = excluded.took, row_count = excluded.row_count, refreshes = v.refreshes + 1,
                refreshing_since = NULL, error = NULL"
        );
        let query = sqlx::query(AssertSqlSafe(statement)).bind(&self.name.schema);
        let query = query.bind(&self.name.name).bind(self.view.kind()).bind(&self.definition);
        query.bind(&self.volatile).execute(&mut session.connection).await?;
        self.name.tell(session).await
    }

    /// The only moment at which readers can be in the way, or the other way round.
    async fn take_place(
        &self,
        beside: &str,
        found: &Found,
        renames: &[String],
        session: &mut Session,
    ) -> Result<(), sqlx::Error> {
        const TRIES: u32 = 300;
        let new = if self.view.is_grouped() { "TABLE" } else { "MATERIALIZED VIEW" };
        let mut statements: Vec<_> = found.drop_statement(self.name).into_iter().collect();
        statements.push(format!("ALTER {new} {beside} RENAME TO {}", identifier(&self.name.name)));
        statements.extend_from_slice(renames);
        let statements = statements.join("; ");
        session.run("SET LOCAL lock_timeout = '50ms'").await?;
        for number in 1.. {
            session.run("SAVEPOINT place").await?;
            match session.run(statements.clone()).await {
                Ok(_) => return Ok(()),
                Err(error) if number == TRIES || !is_locked(&error) => return Err(error),
                Err(_) => session.run("ROLLBACK TO place").await?,
            };
            // Readers that have queued up meanwhile go first.
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

/// Whether a lock was not free in time.
fn is_locked(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "55P03")
}

impl Found {
    /// Drops what was made here.
    pub(super) fn drop_statement(&self, name: &ViewName) -> Option<String> {
        match self.relation.as_deref() {
            Some("m") => Some(format!("DROP MATERIALIZED VIEW {}", name.quoted())),
            Some(_) => Some(format!("DROP TABLE {}", name.quoted())),
            None => None,
        }
    }
}

impl ViewName {
    /// Tells listeners when the transaction commits.
    pub(super) async fn tell(&self, session: &mut Session) -> Result<(), sqlx::Error> {
        let told = serde_json::json!({ "v": 1, "t": [[self.schema, self.name]] });
        let tell = sqlx::query("SELECT pg_notify($1, $2)").bind(&self.home).bind(told.to_string());
        tell.execute(&mut session.connection).await.map(drop)
    }
}
