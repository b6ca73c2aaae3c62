//! The read models, through the cache: schedules, workloads, coverage, people.
//!
//! A model over days carries the tags of its days, so it falls with exactly the publications that
//! change one of them. What others write, and the programme as it is imported, is told by tables.

use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::civil::Date;
use query_cache::sql::{SqlError, Statement};
use query_cache::{Cacheable, Error, Key, Policy, Tag};

use crate::db::Database;
use crate::db::models::{
    COVERAGE, COVERAGE_VIEW, DayMinutes, HOURS, PERSON, PersonCard, PersonCell, Presence, Read,
    SCHEDULE, WISHES, WishRow,
};
use crate::domain::Block;
use crate::glue::cache::Caches;
use crate::glue::statements::Statements;
use crate::settings::Settings;

pub mod duty;
pub mod touched;

use duty::DutyHours;
use touched::Line;

/// Days from one to another, both included.
pub type Days = RangeInclusive<Date>;

/// Reads published schedules: who works when, who is where, how long.
#[derive(Clone, Debug)]
pub struct Readings {
    database: Database,
    kept: Option<Kept>,
    statements: Arc<Statements>,
}

/// Where answers are kept, and the tags of the tables that models over days are read from.
#[derive(Clone, Debug)]
struct Kept {
    caches: Caches,
    policy: Policy,
    cells: Arc<[Tag]>,
    places: Arc<[Tag]>,
    workload: Arc<[Tag]>,
}

impl Readings {
    /// Read models on `database`, kept in `caches` unless the settings turn it off.
    ///
    /// # Errors
    /// None: the names of the tables are ours.
    pub fn new(
        settings: &Settings,
        database: Database,
        caches: Caches,
        statements: Arc<Statements>,
    ) -> Result<Self, SqlError> {
        // The days say exactly what of these falls, unless it is not known which were changed.
        let exactly = ["assignments", "absences_added"];
        let mut workload = caches.sql.gap_tags(&exactly)?;
        workload.extend(caches.sql.table_tags(&["absences", "duty_records"])?);
        let cells = caches.sql.gap_tags(&["assignments"])?;
        // A view tells of each refresh as a table does.
        let places = [cells.clone(), caches.sql.table_tags(&["coverage"])?].concat();
        let kept = Kept {
            policy: Policy::ttl(settings.cache_ttl).jitter(0.1),
            cells: cells.into(),
            places: places.into(),
            workload: workload.into(),
            caches,
        };
        Ok(Self { database, kept: settings.cache.then_some(kept), statements })
    }

    /// The same without a cache and views: each call asks the tables.
    #[must_use]
    pub fn uncached(&self) -> Self {
        Self { kept: None, ..self.clone() }
    }

    /// The cells of one person on some days.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn schedule(
        &self,
        block: &Block,
        person: &str,
        days: &Days,
    ) -> Result<Arc<Vec<PersonCell>>, SqlError> {
        self.rows("schedule", SCHEDULE, (block, person, days), Line::cells, |kept| &kept.cells)
            .await
    }

    /// Residents present on one rotation on some days, by slot.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn coverage(
        &self,
        block: &Block,
        rotation: &str,
        days: &Days,
    ) -> Result<Arc<Vec<Presence>>, SqlError> {
        let sql = match (&self.kept, &self.database) {
            (Some(_), Database::Postgres(_)) => COVERAGE_VIEW,
            _ => COVERAGE,
        };
        self.rows("coverage", sql, (block, rotation, days), Line::places, |kept| &kept.places).await
    }

    /// Minutes of planned duty of one person, by day.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn hours(
        &self,
        block: &Block,
        person: &str,
        days: &Days,
    ) -> Result<Arc<Vec<DayMinutes>>, SqlError> {
        self.rows("hours", HOURS, (block, person, days), Line::cells, |kept| &kept.cells).await
    }

    /// Duty of one person in the 28 days that end on `last`, history and leave considered.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn workload(
        &self,
        block: &Block,
        person: &str,
        last: Date,
    ) -> Result<Arc<DutyHours>, SqlError> {
        let days = duty::window(last);
        let (database, statements) = (self.database.clone(), Arc::clone(&self.statements));
        let (of, in_block, within) = (person.to_owned(), block.clone(), days.clone());
        let load = move || async move {
            duty::load(&database, &statements, &in_block, &of, &within).await
        };
        let line = Line::duty(&block.id, person);
        self.model("workload", (block, person, &days), &line, |kept| &kept.workload, load).await
    }

    /// Who somebody is; nobody of that id is an answer too.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn person(
        &self,
        block: &Block,
        person: &str,
    ) -> Result<Arc<Vec<PersonCard>>, SqlError> {
        self.by_tables(PERSON, block, person).await
    }

    /// What one person wishes for.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn wishes(&self, block: &Block, person: &str) -> Result<Arc<Vec<WishRow>>, SqlError> {
        self.by_tables(WISHES, block, person).await
    }

    /// Rows that fall when the tables of their statement are written.
    async fn by_tables<T: Read + Cacheable>(
        &self,
        sql: &'static str,
        block: &Block,
        id: &str,
    ) -> Result<Arc<Vec<T>>, SqlError>
    where
        Vec<T>: Cacheable,
    {
        let (database, statements) = (self.database.clone(), Arc::clone(&self.statements));
        let (in_block, of) = (block.id.clone(), id.to_owned());
        let load = async move { database.read(&statements, sql, &[&in_block, &of]).await };
        let Some(kept) = &self.kept else { return uncached(load).await };
        let statement = Statement::new(sql).bind(block.id.as_str()).bind(id);
        kept.caches.sql.read(statement, &kept.policy, |_| load).await
    }

    /// Rows of `assignments` that fall when a day of theirs is changed.
    async fn rows<T: Read>(
        &self,
        model: &str,
        sql: &'static str,
        (block, id, days): (&Block, &str, &Days),
        line: fn(&str, &str) -> Line,
        tables: fn(&Kept) -> &[Tag],
    ) -> Result<Arc<Vec<T>>, SqlError>
    where
        Vec<T>: Cacheable,
    {
        let (database, statements) = (self.database.clone(), Arc::clone(&self.statements));
        let values = [&block.id, id, &days.start().to_string(), &days.end().to_string()];
        let values = values.map(str::to_owned);
        let load = move || async move {
            database.read(&statements, sql, &values.each_ref().map(String::as_str)).await
        };
        let line = line(&block.id, id);
        self.model(model, (block, id, days), &line, tables, load).await
    }

    async fn model<T, E, Fut>(
        &self,
        model: &str,
        (block, id, days): (&Block, &str, &Days),
        line: &Line,
        tables: fn(&Kept) -> &[Tag],
        load: impl FnOnce() -> Fut + Send + 'static,
    ) -> Result<Arc<T>, SqlError>
    where
        T: Cacheable,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        let Some(kept) = &self.kept else { return uncached(load()).await };
        let (first, last) = (touched::number(*days.start()), touched::number(*days.end()));
        let policy = kept.policy.clone().tag(touched::whole(&block.id));
        let policy = policy.tags(line.covering(first..=last));
        let policy = policy.tags(tables(kept).iter().cloned());
        let key = Key::new(model).part(&block.id).part(id).part(first).part(last);
        Ok(kept.caches.cache.get_or_load(&key, &policy, load).await?)
    }
}

async fn uncached<T, E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    load: impl Future<Output = Result<T, E>>,
) -> Result<Arc<T>, SqlError> {
    load.await.map(Arc::new).map_err(|error| Error::Load(error.into().into()).into())
}
