//! What a statement does to the cache: the tags its answer carries, the tags it outdates.

use std::collections::BTreeSet;

use super::error::SqlError;
use super::functions::is_clock_word;
use super::scan::{Found, Unread};
use super::schema::Schema;
use super::statement::{Statement, Value};
use super::table::{Dialect, Table, any_table};
use crate::tags::Tag;

/// What is known of one text.
#[derive(Debug)]
pub(crate) struct Effects {
    /// The tables read, or why the text is refused.
    reads: Result<BTreeSet<Table>, SqlError>,
    read_tags: Vec<Tag>,
    volatile: Option<String>,
    takes_times: bool,
    /// None if it may be any.
    writes: Option<BTreeSet<Table>>,
    write_tags: Vec<Tag>,
}

impl Effects {
    /// From what was found in the text.
    pub(crate) fn of_text(schema: &Schema, database: &str, scan: Result<Found, Unread>) -> Self {
        match scan {
            Ok(found) => Self::of_found(schema, database, found),
            Err(Unread::Refused(reason)) => Self::unknown(database, SqlError::NotParsed { reason }),
            Err(Unread::NoThread(reason)) => Self::unknown(database, SqlError::NoThread { reason }),
        }
    }

    /// Whether the same text will always have them.
    pub(crate) fn are_lasting(&self) -> bool {
        !matches!(self.reads, Err(SqlError::NoThread { .. }))
    }

    /// From tables that the caller names.
    pub(crate) fn of_tables<'a>(
        schema: &Schema,
        database: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, SqlError> {
        let tables = names.into_iter().map(|name| schema.table(name));
        let tables: BTreeSet<_> = tables.collect::<Result<_, _>>()?;
        let reads = schema.all_read(tables.clone());
        Ok(Self::new(database, Ok(reads), Some(schema.all_written(tables))))
    }

    /// From nothing: refused as a read, anything as a write.
    pub(crate) fn unknown(database: &str, why: SqlError) -> Self {
        Self::new(database, Err(why), None)
    }

    fn of_found(schema: &Schema, database: &str, mut found: Found) -> Self {
        let mut unknown = None;
        for call in &found.calls {
            let Some((reads, writes)) = schema.called(call) else {
                unknown = Some(SqlError::UnknownFunction { name: call.to_string() });
                continue;
            };
            if !writes.is_empty() {
                found.not_a_query.get_or_insert_with(|| format!("{call} writes"));
            }
            found.reads.extend(reads.into_iter().cloned());
            found.writes.extend(writes.into_iter().cloned());
        }
        let is_clear = unknown.is_none() && found.unclear.is_none();
        let refused = (found.not_a_query.map(|reason| SqlError::NotAQuery { reason }))
            .or(found.unclear.map(|reason| SqlError::NotParsed { reason }))
            .or(unknown);
        let reads = refused.map_or_else(|| Ok(schema.all_read(found.reads)), Err);
        let writes = is_clear.then(|| schema.all_written(found.writes));
        let effects = Self::new(database, reads, writes);
        Self { volatile: found.volatile, takes_times: found.takes_times, ..effects }
    }

    fn new(
        database: &str,
        reads: Result<BTreeSet<Table>, SqlError>,
        writes: Option<BTreeSet<Table>>,
    ) -> Self {
        let all = any_table(database);
        let read = reads.iter().flatten().flat_map(|table| table.read_tags(database));
        let read_tags = read.chain([all.clone()]).collect();
        let write_tags = match &writes {
            Some(tables) => tables.iter().flat_map(|table| table.write_tags(database)).collect(),
            None => vec![all],
        };
        Self { reads, read_tags, volatile: None, takes_times: false, writes, write_tags }
    }

    /// The tags of the answer, unless `statement` cannot be cached.
    pub(crate) fn read_tags(
        &self,
        dialect: Dialect,
        statement: &Statement,
    ) -> Result<&[Tag], SqlError> {
        self.reads()?;
        if !statement.is_volatile_accepted() {
            self.refuse_volatile(dialect, statement)?;
        }
        Ok(&self.read_tags)
    }

    fn refuse_volatile(&self, dialect: Dialect, statement: &Statement) -> Result<(), SqlError> {
        let bound = |value: &Value| match value {
            Value::Text(text) | Value::Other { text, .. } if is_clock_word(dialect, text) => {
                Some(format!("the bound '{text}'"))
            }
            _ => None,
        };
        let bound = || statement.values().iter().find_map(bound).filter(|_| self.takes_times);
        match self.volatile.clone().or_else(bound) {
            Some(what) => Err(SqlError::Volatile { what }),
            None => Ok(()),
        }
    }

    pub(crate) fn reads(&self) -> Result<&BTreeSet<Table>, SqlError> {
        self.reads.as_ref().map_err(Clone::clone)
    }

    pub(crate) fn write_tags(&self) -> &[Tag] {
        &self.write_tags
    }

    pub(crate) fn writes(&self) -> Option<&BTreeSet<Table>> {
        self.writes.as_ref()
    }
}
