//! Names of views, and what the catalog knows of them.

use sqlx::{AssertSqlSafe, Executor, PgPool, Postgres};

use crate::name::Name;
use crate::postgres::{ONE_AT_A_TIME, create_schema, identifier, qualified};

/// A view by schema and name, as the catalog has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ViewName {
    /// Of the state: where log, functions and the table of views are.
    pub(super) home: String,
    pub(super) schema: String,
    pub(super) name: String,
    /// The advisory lock.
    pub(super) lock: i64,
}

impl ViewName {
    /// Resolves a name written as in SQL. A view that exists is found along the `search_path`.
    pub(super) async fn resolve(
        home: &str,
        name: &str,
        pool: &PgPool,
    ) -> Result<Self, sqlx::Error> {
        let query = "SELECT coalesce(n.nspname, CASE WHEN cardinality(parts) > 1
                THEN parts[cardinality(parts) - 1] ELSE current_schema() END)::text,
                coalesce(c.relname, parts[cardinality(parts)])::text
            FROM parse_ident($1) AS parts
            LEFT JOIN pg_class c ON c.oid = to_regclass($1)
            LEFT JOIN pg_namespace n ON n.oid = c.relnamespace";
        let (schema, name): (String, String) =
            sqlx::query_as(query).bind(name).fetch_one(pool).await?;
        let digest = Name::digest(b"view lock", format!("{home}\0{schema}\0{name}").as_bytes());
        let mut lock = [0; 8];
        lock.copy_from_slice(&digest.as_bytes()[..8]);
        Ok(Self { home: home.to_owned(), schema, name, lock: i64::from_be_bytes(lock) })
    }

    /// For statements.
    pub(super) fn quoted(&self) -> String {
        qualified(&self.schema, &self.name)
    }

    /// A name in the schema of the view, for what is built beside it.
    pub(super) fn beside(&self) -> String {
        qualified(&self.schema, &format!("query_cache_{:016x}", self.lock.cast_unsigned()))
    }

    /// The name, in the home, of the change log of a definition, not quoted.
    pub(super) fn log(&self, definition: &str) -> String {
        format!("{}{}", self.log_prefix(), &definition[..16])
    }

    pub(super) fn log_prefix(&self) -> String {
        format!("log_{:016x}_", self.lock.cast_unsigned())
    }

    /// What the names of indexes begin with that are made here: they go with their definition.
    pub(super) fn index_prefix(&self) -> String {
        format!("query_cache_{:016x}_", self.lock.cast_unsigned())
    }

    /// Something in the home, quoted.
    pub(super) fn at_home(&self, name: &str) -> String {
        qualified(&self.home, name)
    }

    /// Creates the table of views unless it is there.
    pub(super) async fn install(home: &str, pool: &PgPool) -> Result<(), sqlx::Error> {
        let known = "SELECT to_regclass($1) IS NOT NULL";
        let known = sqlx::query_scalar(known).bind(qualified(home, "views"));
        if known.fetch_one(pool).await? {
            return Ok(());
        }
        let schema = identifier(home);
        let mut transaction = pool.begin().await?;
        sqlx::raw_sql(ONE_AT_A_TIME).execute(&mut *transaction).await?;
        create_schema(home, &mut transaction).await?;
        let tables = include_str!("state.sql").replace("{schema}", &schema);
        sqlx::raw_sql(AssertSqlSafe(tables)).execute(&mut *transaction).await?;
        transaction.commit().await
    }

    /// What there is of the view.
    pub(super) async fn find<'c>(
        &self,
        connection: impl Executor<'c, Database = Postgres>,
    ) -> Result<Found, sqlx::Error> {
        let query = format!(
            "SELECT v.kind, v.definition, c.relkind::text, coalesce(c.relispopulated, false),
                coalesce(extract(epoch FROM clock_timestamp() - v.as_of)::float8, 'infinity')
             FROM (SELECT) one
             LEFT JOIN {} v ON view_schema = $1 AND view_name = $2
             LEFT JOIN pg_class c ON c.oid = to_regclass($3)",
            self.at_home("views")
        );
        let query = sqlx::query_as(AssertSqlSafe(query));
        let query = query.bind(&self.schema).bind(&self.name).bind(self.quoted());
        let (kind, definition, relation, is_filled, age) = match query.fetch_one(connection).await {
            Ok(found) => found,
            // No view was ever made in this database.
            Err(error) if is_undefined(&error) => (None, None, None, false, f64::INFINITY),
            Err(error) => return Err(error),
        };
        Ok(Found { kind, definition, relation, is_filled, age })
    }
}

fn is_undefined(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "42P01")
}

/// What there is under the name of a view.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// What the state says it is, and by which definition.
    pub(super) kind: Option<String>,
    pub(super) definition: Option<String>,
    /// `pg_class.relkind`.
    pub(super) relation: Option<String>,
    pub(super) is_filled: bool,
    /// Seconds.
    pub(super) age: f64,
}

impl Found {
    /// Whether the relation is the one that the state speaks of.
    pub(super) fn is_ours(&self) -> bool {
        matches!(
            (self.kind.as_deref(), self.relation.as_deref()),
            (Some("materialized"), Some("m")) | (Some("groups"), Some("r"))
        )
    }
}
