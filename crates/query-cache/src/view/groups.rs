//! A view by groups: its change log, the triggers that write it, and a refresh from it.

use sqlx::AssertSqlSafe;

use super::catalog::ViewName;
use super::definition::{Source, View};
use super::error::ViewError;
use super::session::Session;
use crate::postgres::{identifier, literal};

/// The change log of one definition. Its name contains the definition's hash: while a new one is built,
/// both are written.
pub(super) struct Groups<'a> {
    view: &'a View,
    name: &'a ViewName,
    /// Quoted.
    pub(super) log: String,
    log_name: String,
}

/// What a refresh did.
pub(super) struct Applied {
    /// None if all groups were computed again.
    pub(super) groups: Option<u64>,
    pub(super) removed: u64,
    pub(super) added: u64,
}

impl<'a> Groups<'a> {
    pub(super) fn new(view: &'a View, name: &'a ViewName, definition: &str) -> Self {
        let log_name = name.log(definition);
        Self { view, name, log: name.at_home(&log_name), log_name }
    }

    /// Refuses a query that reads tables which tell of no changes.
    pub(super) async fn check(&self, session: &mut Session) -> Result<(), ViewError> {
        let doing = || ViewError::doing("checking the sources of", &self.view.name);
        let probe = format!("BEGIN; CREATE TEMP VIEW query_cache_probe AS {}", self.view.query);
        session.run(probe).await.map_err(doing())?;
        let tables: Vec<_> = self.view.sources.iter().map(|source| source.table.clone()).collect();
        let query = sqlx::query_scalar(include_str!("undeclared.sql")).bind(tables);
        let undeclared: Option<String> =
            query.fetch_optional(&mut session.connection).await.map_err(doing())?;
        session.run("ROLLBACK").await.map_err(doing())?;
        match undeclared {
            Some(table) => Err(ViewError::Undeclared { view: self.view.name.clone(), table }),
            None => Ok(()),
        }
    }

    /// Puts log and triggers in place where they are not. After that, all changes are in the log. What
    /// was changed before may not be, so the whole is computed at the next refresh.
    pub(super) async fn install(&self, session: &mut Session) -> Result<(), ViewError> {
        let doing = || ViewError::doing("tracking the sources of", &self.view.name);
        self.try_install(session).await.map_err(doing())
    }

    async fn try_install(&self, session: &mut Session) -> Result<(), sqlx::Error> {
        let (log, keys) = (&self.log, columns(&self.view.key));
        session.run("BEGIN; SET LOCAL lock_timeout = '5s'").await?;
        let create = format!(
            "CREATE TABLE IF NOT EXISTS {log} AS
             SELECT {keys}, NULL::boolean AS query_cache_whole FROM ({}) q WITH NO DATA",
            self.view.query
        );
        session.run(create).await?;
        for (number, source) in self.view.sources.iter().enumerate() {
            session.run(self.function(number, source)).await?;
            for table in self.untracked(number, source, session).await? {
                self.create_triggers(number, source, &table, session).await?;
            }
        }
        session.run(format!("INSERT INTO {log} (query_cache_whole) VALUES (true)")).await?;
        session.run("COMMIT").await?;
        for statement in self.unindexed(session).await? {
            let view = &self.view.name;
            tracing::warn!(%view, %statement, "a refresh computes all groups: a source lacks an index");
        }
        Ok(())
    }

    fn function_name(&self, number: usize) -> String {
        self.name.at_home(&format!("{}_{number}", self.log_name))
    }

    /// Runs with the rights of its owner, so that those who write a source need none to the log.
    fn function(&self, number: usize, source: &Source) -> String {
        let (name, log) = (self.function_name(number), &self.log);
        let whole = format!("INSERT INTO {log} (query_cache_whole) VALUES (true);");
        let body = if source.columns.is_empty() {
            whole
        } else {
            let (keys, from) = (columns(&self.view.key), columns(&source.columns));
            let insert = |rows: &str| format!("INSERT INTO {log} ({keys}) {rows};");
            format!(
                "IF TG_OP = 'TRUNCATE' THEN {whole}
                 ELSIF TG_OP = 'INSERT' THEN {}
                 ELSIF TG_OP = 'DELETE' THEN {}
                 ELSE {} END IF;",
                insert(&format!("SELECT DISTINCT {from} FROM new_rows")),
                insert(&format!("SELECT DISTINCT {from} FROM old_rows")),
                insert(&format!("SELECT {from} FROM old_rows UNION SELECT {from} FROM new_rows")),
            )
        };
        format!(
            "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
             SET search_path = pg_catalog, pg_temp AS {}",
            literal(&format!("BEGIN {body} RETURN NULL; END"))
        )
    }

    async fn create_triggers(
        &self,
        number: usize,
        source: &Source,
        table: &str,
        session: &mut Session,
    ) -> Result<(), sqlx::Error> {
        const KEYED: &[(&str, &str)] = &[
            ("INSERT", "REFERENCING NEW TABLE AS new_rows"),
            ("UPDATE", "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"),
            ("DELETE", "REFERENCING OLD TABLE AS old_rows"),
            ("TRUNCATE", ""),
        ];
        const WHOLE: &[(&str, &str)] = &[("INSERT OR UPDATE OR DELETE OR TRUNCATE", "")];
        let function = self.function_name(number);
        let triggers = if source.columns.is_empty() { WHOLE } else { KEYED };
        for (place, (events, rows)) in triggers.iter().enumerate() {
            let trigger = identifier(&format!("{}_{number}_{place}", self.log_name));
            session
                .run(format!(
                    "CREATE OR REPLACE TRIGGER {trigger} AFTER {events} ON {table} {rows}
                     FOR EACH STATEMENT EXECUTE FUNCTION {function}();
                     ALTER TABLE {table} ENABLE TRIGGER {trigger}"
                ))
                .await?;
        }
        Ok(())
    }

    /// Parts of a source without all of their triggers, quoted.
    async fn untracked(
        &self,
        number: usize,
        source: &Source,
        session: &mut Session,
    ) -> Result<Vec<String>, sqlx::Error> {
        let wanted = if source.columns.is_empty() { 1i64 } else { 4 };
        let query = sqlx::query_scalar(include_str!("untracked.sql")).bind(&source.table);
        let query = query.bind(self.function_name(number)).bind(wanted);
        query.fetch_all(&mut session.connection).await
    }

    /// Whether the log gets all changes.
    pub(super) async fn is_tracked(&self, session: &mut Session) -> Result<bool, sqlx::Error> {
        for (number, source) in self.view.sources.iter().enumerate() {
            let untracked = self.untracked(number, source, session).await?;
            if !untracked.is_empty() {
                tracing::warn!(view = %self.view.name, ?untracked, "changes are not tracked");
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What makes the indexes that sources lack.
    async fn unindexed(&self, session: &mut Session) -> Result<Vec<String>, sqlx::Error> {
        let mut lacking = Vec::new();
        for source in self.view.sources.iter().filter(|source| !source.columns.is_empty()) {
            let query = sqlx::query_scalar(include_str!("indexed.sql"));
            let query = query.bind(&source.table).bind(&source.columns);
            if !query.fetch_one(&mut session.connection).await? {
                let columns = columns(&source.columns);
                lacking.push(format!("CREATE INDEX ON {} ({columns})", source.table));
            }
        }
        Ok(lacking)
    }

    /// Computes the changed groups again, in the transaction that is open, of one snapshot.
    pub(super) async fn apply(&self, session: &mut Session) -> Result<Applied, sqlx::Error> {
        let (target, query, log) = (self.name.quoted(), &self.view.query, &self.log);
        let patterns = self.patterns(session).await?;
        let mut applied = Applied { groups: None, removed: 0, added: 0 };
        if let Some((groups, patterns)) = patterns {
            applied.groups = Some(groups);
            for pattern in patterns {
                applied.removed += session.run(self.remove(&pattern)).await?;
                applied.added += session.run(self.add(&pattern)).await?;
            }
        } else {
            applied.removed = session.run(format!("DELETE FROM {target}")).await?;
            applied.added = session.run(format!("INSERT INTO {target} {query}")).await?;
        }
        session.run(format!("DELETE FROM {log}")).await?;
        Ok(applied)
    }

    /// How many groups have changed, and which of their columns are NULL in them: for each pattern a
    /// statement of its own, because a comparison that takes NULL for a value uses no index. `None` if
    /// the whole is to be computed.
    async fn patterns(
        &self,
        session: &mut Session,
    ) -> Result<Option<(u64, Vec<Vec<bool>>)>, sqlx::Error> {
        if !self.is_tracked(session).await? {
            return Ok(None);
        }
        let keys = columns(&self.view.key);
        let nulls = self.view.key.iter().map(|key| format!("{} IS NULL", identifier(key)));
        let nulls = nulls.collect::<Vec<_>>().join(", ");
        let query = format!(
            "SELECT coalesce(bool_or(whole), false), count(*) FILTER (WHERE NOT whole),
                greatest((SELECT reltuples::bigint FROM pg_class WHERE oid = {}::regclass) / 5, 1000)
             FROM (SELECT DISTINCT {keys}, query_cache_whole IS NOT NULL AS whole FROM {}) groups",
            literal(&self.name.quoted()),
            self.log
        );
        let query = sqlx::query_as(AssertSqlSafe(query)).fetch_one(&mut session.connection);
        let (whole, groups, limit): (bool, i64, i64) = query.await?;
        let limit = match self.view.one_by_one {
            Some(limit) => i64::from(limit),
            // Each look-up would read the whole table.
            None if !self.unindexed(session).await?.is_empty() => 1,
            None => limit,
        };
        if whole || groups > limit {
            return Ok(None);
        }
        let query = format!(
            "SELECT DISTINCT ARRAY[{nulls}] FROM {} WHERE query_cache_whole IS NULL",
            self.log
        );
        let query = sqlx::query_scalar(AssertSqlSafe(query));
        let patterns = query.fetch_all(&mut session.connection).await?;
        Ok(Some((u64::try_from(groups).unwrap_or_default(), patterns)))
    }

    /// The changed groups of a pattern, as a table `c`.
    fn changed(&self, pattern: &[bool]) -> String {
        let is_null = |(key, &null): (&String, &bool)| {
            let not = if null { "" } else { "NOT " };
            format!(" AND {} IS {not}NULL", identifier(key))
        };
        let filter: String = self.view.key.iter().zip(pattern).map(is_null).collect();
        let (keys, log) = (columns(&self.view.key), &self.log);
        format!("(SELECT DISTINCT {keys} FROM {log} WHERE query_cache_whole IS NULL{filter}) c")
    }

    /// That `of` is of the group `c`. Each comparison can use an index.
    fn same(&self, of: &str, pattern: &[bool]) -> String {
        let same = |(key, &null): (&String, &bool)| {
            let key = identifier(key);
            if null { format!("{of}.{key} IS NULL") } else { format!("{of}.{key} = c.{key}") }
        };
        self.view.key.iter().zip(pattern).map(same).collect::<Vec<_>>().join(" AND ")
    }

    /// `OFFSET 0` keeps the planner from making one join of it, for which it would read everything.
    fn remove(&self, pattern: &[bool]) -> String {
        let (target, changed) = (self.name.quoted(), self.changed(pattern));
        let same = self.same("t", pattern);
        format!(
            "DELETE FROM {target} WHERE ctid = ANY (ARRAY(
                SELECT found.id FROM {changed} CROSS JOIN LATERAL (
                    SELECT t.ctid AS id FROM {target} t WHERE {same} OFFSET 0) found))"
        )
    }

    fn add(&self, pattern: &[bool]) -> String {
        let (target, changed) = (self.name.quoted(), self.changed(pattern));
        let (query, same) = (&self.view.query, self.same("q", pattern));
        format!(
            "INSERT INTO {target} SELECT fresh.* FROM {changed} CROSS JOIN LATERAL (
                SELECT * FROM ({query}) q WHERE {same} OFFSET 0) fresh"
        )
    }

    /// Drops the logs of `name` with their triggers, but for one.
    pub(super) async fn drop_logs(
        name: &ViewName,
        but: Option<&str>,
        session: &mut Session,
    ) -> Result<(), sqlx::Error> {
        let query = include_str!("logs.sql");
        let query = sqlx::query_scalar(query).bind(&name.home).bind(name.log_prefix()).bind(but);
        let statements: Vec<String> = query.fetch_all(&mut session.connection).await?;
        if statements.is_empty() {
            return Ok(());
        }
        // Triggers are dropped under a lock that readers of the source wait for.
        let statements = statements.join("; ");
        session.run(format!("SET lock_timeout = '1s'; {statements}; RESET lock_timeout")).await?;
        Ok(())
    }
}

fn columns(names: &[String]) -> String {
    names.iter().map(|name| identifier(name)).collect::<Vec<_>>().join(", ")
}
