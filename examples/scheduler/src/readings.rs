//! The three read models, through the cache.

use std::sync::Arc;

use query_cache::{AnyStore, Cache, Error, Key, Policy, Tag};

use crate::db::{
    Database, DayMinutes, PERSON_HOURS, PERSON_SCHEDULE, PersonCell, Presence, Publication,
    ROTATION_COVERAGE,
};
use crate::glue::statements::Statements;
use crate::settings::Settings;

/// Reads published schedules: who works when, who is where, how long.
#[derive(Clone, Debug)]
pub struct Readings {
    database: Database,
    cache: Option<Cache<AnyStore>>,
    policy: Policy,
    statements: Arc<Statements>,
}

impl Readings {
    /// Read models on `database`, kept in `cache` unless the settings turn it off.
    #[must_use]
    pub fn new(
        settings: &Settings,
        database: Database,
        cache: Cache<AnyStore>,
        statements: Arc<Statements>,
    ) -> Self {
        let cache = settings.cache.then_some(cache);
        Self { database, cache, policy: Policy::ttl(settings.cache_ttl).jitter(0.1), statements }
    }

    /// The cells of one person.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn schedule(&self, block: &str, person: &str) -> Result<Arc<Vec<PersonCell>>, Error> {
        self.read(PERSON_SCHEDULE, "schedule", block, ("person", person)).await
    }

    /// Minutes of duty of one person, by day.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn hours(&self, block: &str, person: &str) -> Result<Arc<Vec<DayMinutes>>, Error> {
        self.read(PERSON_HOURS, "hours", block, ("person", person)).await
    }

    /// Residents present on one rotation, by day and slot.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn coverage(&self, block: &str, rotation: &str) -> Result<Arc<Vec<Presence>>, Error> {
        self.read(ROTATION_COVERAGE, "coverage", block, ("rotation", rotation)).await
    }

    /// Drops exactly what a publication touched. Other processes that cannot be told now are told when
    /// the store is back.
    ///
    /// # Errors
    /// The cache failed in another way.
    pub async fn published(&self, block: &str, publication: &Publication) -> Result<(), Error> {
        let Some(cache) = &self.cache else { return Ok(()) };
        let people = publication.people.iter().map(|id| tag(block, "person", id));
        let rotations = publication.rotations.iter().map(|id| tag(block, "rotation", id));
        tell(cache.invalidate_tags(people.chain(rotations).collect::<Vec<_>>()).await)
    }

    /// Drops everything of a block: what a publication touched is not known any more.
    ///
    /// # Errors
    /// The cache failed.
    pub async fn forgotten(&self, block: &str) -> Result<(), Error> {
        let Some(cache) = &self.cache else { return Ok(()) };
        tell(cache.invalidate_tag(whole(block)).await)
    }

    async fn read<T>(
        &self,
        sql: &'static str,
        model: &str,
        block: &str,
        (kind, id): (&str, &str),
    ) -> Result<Arc<Vec<T>>, Error>
    where
        T: query_cache::Cacheable
            + for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
            + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
            + Unpin,
    {
        let (database, statements) = (self.database.clone(), Arc::clone(&self.statements));
        let (in_block, of) = (block.to_owned(), id.to_owned());
        let load = move || async move { database.read(&statements, sql, &in_block, &of).await };
        let Some(cache) = &self.cache else {
            return load().await.map(Arc::new).map_err(|e| Error::Load(Arc::new(e)));
        };
        let policy = self.policy.clone().tag(tag(block, kind, id)).tag(whole(block));
        cache.get_or_load(&Key::new(model).part(block).part(id), &policy, load).await
    }
}

/// What could not be sent is sent by the cache when the store is back.
fn tell(sent: Result<(), Error>) -> Result<(), Error> {
    match sent {
        Err(error @ Error::Unsent { .. }) => {
            tracing::warn!(%error, "published, but other processes are told later");
            Ok(())
        }
        other => other,
    }
}

fn whole(block: &str) -> Tag {
    Tag::new(block)
}

fn tag(block: &str, kind: &str, id: &str) -> Tag {
    Tag::new(&format!("{block}/{kind}/{id}"))
}
