//! Puts the triggers of a [`Watch`] in place, and takes them away.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, Postgres, Row};

use super::error::InstallError;
use super::quote::{identifier, literal, qualified};
use super::watch::{Trigger, Watch, Watched};

const TELL: &str = include_str!("tell.sql");
const MEMBERS: &str = include_str!("members.sql");

/// To be raised when `tell.sql` changes.
const VERSION: u32 = 1;

/// `CREATE … IF NOT EXISTS` fails when two sessions run it at once.
pub(crate) const ONE_AT_A_TIME: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended('query_cache install', 0))";

/// A watched table, or one that inherits from it or is part of it.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Which of the watched tables it belongs to.
    pub(super) of: usize,
    /// None if there is no such table.
    pub(super) found: Option<Found>,
}

#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) kind: String,
    /// Those that are there and not disabled.
    pub(super) triggers: BTreeSet<String>,
}

impl Found {
    pub(super) fn name(&self) -> String {
        qualified(&self.schema, &self.table)
    }

    fn lacks<'a>(&'a self, wanted: &'a [Trigger]) -> impl Iterator<Item = &'a Trigger> {
        wanted.iter().filter(|trigger| !self.triggers.contains(&trigger.name))
    }
}

impl Member {
    /// Whether its changes are told as `watch` says.
    pub(super) fn is_told(&self, watch: &Watch) -> bool {
        let Some(found) = &self.found else { return false };
        let wanted = watch.tables[self.of].triggers(&watch.schema, &found.kind);
        found.lacks(&wanted).next().is_none()
    }
}

/// All tables that `watch` means, with the triggers they have.
pub(super) async fn members<'c>(
    watch: &Watch,
    connection: impl Executor<'c, Database = Postgres>,
) -> Result<Vec<Member>, sqlx::Error> {
    let query = sqlx::query(MEMBERS).bind(watch.names()).bind(&watch.schema);
    let rows = query.fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let place: i64 = row.try_get(0)?;
            let found = match row.try_get::<Option<String>, _>(1)? {
                Some(schema) => Some(Found {
                    schema,
                    table: row.try_get(2)?,
                    kind: row.try_get(3)?,
                    triggers: row.try_get::<Vec<String>, _>(4)?.into_iter().collect(),
                }),
                None => None,
            };
            Ok(Member { of: usize::try_from(place - 1).unwrap_or_default(), found })
        })
        .collect()
}

impl Watch {
    /// Puts the triggers in place, on partitions and inheriting tables too. Does nothing to a table
    /// that has them; tells of a table as changed where it did something. To be run after each
    /// migration, by as many processes at once as like.
    ///
    /// Needs the right to create a schema in the database (the first time), and to own the tables:
    /// for a table that never had these triggers the privilege `TRIGGER` on it is enough. Those who
    /// write the tables and those who listen need no right to anything that is installed.
    ///
    /// Each table is locked against writers for a moment (`SHARE ROW EXCLUSIVE`), and not before its
    /// writers under way have ended; while that is waited for, new ones wait too. After five seconds it
    /// is given up with an error.
    ///
    /// May be dropped at any point: each table has all of its triggers or none.
    ///
    /// # Errors
    ///
    /// [`InstallError`], which names the table.
    pub async fn install(&self, pool: &PgPool) -> Result<(), InstallError> {
        let connect = pool.acquire().await;
        let mut connection = connect.map_err(InstallError::doing("connecting"))?;
        self.check(&mut connection).await?;
        self.install_function(&mut connection)
            .await
            .map_err(InstallError::doing("installing the trigger function"))?;
        for watched in &self.tables {
            self.install_table(&mut connection, watched)
                .await
                .map_err(InstallError::doing(format!("watching {}", watched.name)))?;
        }
        Ok(())
    }

    /// Takes away everything that [`install`](Self::install) has put into place, for all tables and
    /// all applications that share the [`schema`](Self::schema). The schema goes too if nothing else
    /// is in it.
    ///
    /// Needs to own the schema and what is in it. Locks all watched tables for a moment, against
    /// readers too; given up after five seconds. All or nothing.
    ///
    /// # Errors
    ///
    /// [`InstallError::Database`].
    pub async fn remove(&self, pool: &PgPool) -> Result<(), InstallError> {
        self.try_remove(pool).await.map_err(InstallError::doing("removing the trigger function"))
    }

    async fn try_remove(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let schema = identifier(&self.schema);
        let mut transaction = pool.begin().await?;
        sqlx::raw_sql(ONE_AT_A_TIME).execute(&mut *transaction).await?;
        let known = "SELECT FROM pg_namespace WHERE nspname = $1";
        let known = sqlx::query(known).bind(&self.schema).fetch_optional(&mut *transaction).await?;
        if known.is_none() {
            return Ok(());
        }
        run(&mut transaction, "SET LOCAL lock_timeout = '5s'").await?;
        run(&mut transaction, format!("DROP FUNCTION IF EXISTS {schema}.tell() CASCADE")).await?;
        let used = "SELECT FROM pg_depend d JOIN pg_namespace n ON n.oid = d.refobjid
            WHERE d.refclassid = 'pg_namespace'::regclass AND n.nspname = $1 LIMIT 1";
        let used = sqlx::query(used).bind(&self.schema).fetch_optional(&mut *transaction).await?;
        if used.is_none() {
            run(&mut transaction, format!("DROP SCHEMA {schema}")).await?;
        }
        transaction.commit().await
    }

    /// Finds what cannot be installed before anything is.
    async fn check(&self, connection: &mut PgConnection) -> Result<(), InstallError> {
        let looking = || InstallError::doing("looking for the tables");
        let mut seen = BTreeMap::new();
        for member in members(self, &mut *connection).await.map_err(looking())? {
            let watched = &self.tables[member.of];
            let name = watched.name.clone();
            let Some(found) = member.found else { return Err(InstallError::NoTable { name }) };
            if !["r", "p", "f"].contains(&&*found.kind) {
                return Err(InstallError::NotATable { name });
            }
            if let Some(other) = seen.insert(found.name(), name.clone()) {
                return Err(InstallError::Twice { name, other, table: found.name() });
            }
            let columns = "SELECT column_name::text FROM unnest($1::text[]) AS wanted (column_name)
                WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass($2)
                    AND attname = column_name AND attnum > 0 AND NOT attisdropped)";
            let query = sqlx::query_scalar(columns).bind(&watched.columns).bind(found.name());
            let lacking = query.fetch_optional(&mut *connection).await.map_err(looking())?;
            if let Some(column) = lacking {
                return Err(InstallError::NoColumn { name, column });
            }
        }
        Ok(())
    }

    async fn install_function(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.installed_version(&mut *connection).await? >= VERSION {
            return Ok(());
        }
        let schema = identifier(&self.schema);
        let mut transaction = connection.begin().await?;
        sqlx::raw_sql(ONE_AT_A_TIME).execute(&mut *transaction).await?;
        create_schema(&self.schema, &mut transaction).await?;
        let tell = TELL.replace("{schema}", &schema).replace("{channel}", &literal(&self.schema));
        run(&mut transaction, tell).await?;
        let comment = format!("COMMENT ON FUNCTION {schema}.tell() IS '{COMMENT}{VERSION}'");
        run(&mut transaction, comment).await?;
        transaction.commit().await
    }

    /// 0 if there is none. A newer one than ours is left alone: our listeners take what they cannot
    /// read for a change of everything.
    async fn installed_version(&self, connection: &mut PgConnection) -> Result<u32, sqlx::Error> {
        let query = "SELECT obj_description(p.oid, 'pg_proc')
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname = $1 AND p.proname = 'tell'";
        let query = sqlx::query_scalar(query).bind(&self.schema);
        let comment: Option<Option<String>> = query.fetch_optional(connection).await?;
        let version = |text: String| text.strip_prefix(COMMENT)?.parse().ok();
        Ok(comment.flatten().and_then(version).unwrap_or_default())
    }

    async fn install_table(
        &self,
        connection: &mut PgConnection,
        watched: &Watched,
    ) -> Result<(), sqlx::Error> {
        let alone = Self { schema: self.schema.clone(), tables: vec![watched.clone()] };
        let found = members(&alone, &mut *connection).await?;
        if found.iter().all(|member| member.is_told(&alone)) {
            return Ok(());
        }
        let mut transaction = connection.begin().await?;
        sqlx::raw_sql(ONE_AT_A_TIME).execute(&mut *transaction).await?;
        run(&mut transaction, "SET LOCAL lock_timeout = '5s'").await?;
        // Somebody else may have done it while this one waited for the lock.
        for found in members(&alone, &mut *transaction).await?.into_iter().filter_map(|m| m.found) {
            let wanted = watched.triggers(&self.schema, &found.kind);
            if found.lacks(&wanted).next().is_some() {
                self.replace_triggers(&mut transaction, watched, &found, &wanted).await?;
            }
        }
        transaction.commit().await
    }

    async fn replace_triggers(
        &self,
        connection: &mut PgConnection,
        watched: &Watched,
        found: &Found,
        wanted: &[Trigger],
    ) -> Result<(), sqlx::Error> {
        let (schema, table) = (identifier(&self.schema), found.name());
        // Disabled ones too, and those of other columns or of an earlier shape.
        let query = "SELECT t.tgname::text FROM pg_trigger t
            JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE t.tgrelid = to_regclass($1) AND n.nspname = $2 AND p.proname = 'tell'";
        let query = sqlx::query_scalar(query).bind(&table).bind(&self.schema);
        let old: Vec<String> = query.fetch_all(&mut *connection).await?;
        for name in old {
            run(connection, format!("DROP TRIGGER {} ON {table}", identifier(&name))).await?;
        }
        for Trigger { name, events, rows } in wanted {
            let columns = if rows.is_empty() { &[][..] } else { &watched.columns };
            let columns: Vec<_> = columns.iter().map(|column| literal(column)).collect();
            let create = format!(
                "CREATE TRIGGER {} AFTER {events} ON {table} {rows} FOR EACH STATEMENT
                 EXECUTE FUNCTION {schema}.tell({})",
                identifier(name),
                columns.join(", ")
            );
            run(connection, create).await?;
        }
        // What was changed before was told to nobody.
        let told = serde_json::json!({ "v": 1, "t": [[found.schema, found.table]] });
        let tell = sqlx::query("SELECT pg_notify($1, $2)");
        tell.bind(&self.schema).bind(told.to_string()).execute(connection).await?;
        Ok(())
    }
}

/// `IF NOT EXISTS` would ask for the right to create schemas where there is one already.
pub(crate) async fn create_schema(
    name: &str,
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    let known = sqlx::query("SELECT FROM pg_namespace WHERE nspname = $1").bind(name);
    if known.fetch_optional(&mut *connection).await?.is_none() {
        run(connection, format!("CREATE SCHEMA {}", identifier(name))).await?;
    }
    Ok(())
}

/// Before the number, in the comment of the function.
const COMMENT: &str = "query-cache version ";

/// Runs a statement made here, of quoted names and texts.
async fn run(
    connection: &mut PgConnection,
    statement: impl Into<String>,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(statement.into())).execute(connection).await?;
    Ok(())
}
