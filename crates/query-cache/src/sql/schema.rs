//! What the text of a statement does not show, declared once.

use std::collections::BTreeSet;

use super::error::SqlError;
use super::scan::parse_name;
use super::table::{Dialect, Table};

/// A database as far as the text of its statements does not show it: views, triggers, cascades,
/// functions.
///
/// **What is not declared here is not seen, and what depends on it stays stale until its time to
/// live ends.** Only an unknown function is noticed: a read that calls one is refused, a write that
/// calls one outdates all tables. Names are written as in SQL: `shifts`, `ward.shifts`, `"Shifts"`.
///
/// ```
/// use query_cache::sql::{Dialect, Schema, SqlError};
///
/// # fn main() -> Result<(), SqlError> {
/// let schema = Schema::new(Dialect::Postgres)
///     .view("on_call", &["shifts", "people"])?
///     .also("people", &["shifts"])? // ON DELETE CASCADE
///     .also("shifts", &["audit_log"])? // a trigger
///     .function("hours_of", &["shifts"], &[])?
///     .function("similarity", &[], &[])?;
/// # let _ = schema;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Schema {
    dialect: Dialect,
    views: Vec<(Table, Vec<Table>)>,
    also: Vec<(Table, Vec<Table>)>,
    functions: Vec<Function>,
}

#[derive(Clone, Debug)]
struct Function {
    name: Table,
    reads: Vec<Table>,
    writes: Vec<Table>,
}

impl Schema {
    /// A database of tables alone.
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, views: Vec::new(), also: Vec::new(), functions: Vec::new() }
    }

    /// `view` is made of `tables`, which may be views themselves. Who reads it reads them, who
    /// writes it writes them. Likewise for a partitioned table and its partitions, a parent and the
    /// tables that inherit from it, a foreign name for a table. Not for a materialized view, which
    /// only changes when it is refreshed.
    ///
    /// # Errors
    ///
    /// [`SqlError::BadName`].
    pub fn view(mut self, view: &str, tables: &[&str]) -> Result<Self, SqlError> {
        self.views.push((self.table(view)?, self.tables(tables)?));
        Ok(self)
    }

    /// Who writes `table` writes `others` too: by a trigger, a rule, or a foreign key that cascades
    /// or sets NULL.
    ///
    /// # Errors
    ///
    /// [`SqlError::BadName`].
    pub fn also(mut self, table: &str, others: &[&str]) -> Result<Self, SqlError> {
        self.also.push((self.table(table)?, self.tables(others)?));
        Ok(self)
    }

    /// What a function reads and writes. Without either its answer depends on its arguments alone.
    /// Functions of the database's own need no declaration.
    ///
    /// # Errors
    ///
    /// [`SqlError::BadName`].
    pub fn function(
        mut self,
        name: &str,
        reads: &[&str],
        writes: &[&str],
    ) -> Result<Self, SqlError> {
        let (name, reads) = (self.table(name)?, self.tables(reads)?);
        self.functions.push(Function { name, reads, writes: self.tables(writes)? });
        Ok(self)
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) fn table(&self, name: &str) -> Result<Table, SqlError> {
        parse_name(self.dialect, name).ok_or_else(|| SqlError::BadName { name: name.to_owned() })
    }

    fn tables(&self, names: &[&str]) -> Result<Vec<Table>, SqlError> {
        names.iter().map(|name| self.table(name)).collect()
    }

    /// `tables` with all that a read of them reads.
    pub(crate) fn all_read(&self, tables: BTreeSet<Table>) -> BTreeSet<Table> {
        close(tables, &[&self.views])
    }

    /// `tables` with all that a write of them writes.
    pub(crate) fn all_written(&self, tables: BTreeSet<Table>) -> BTreeSet<Table> {
        close(tables, &[&self.views, &self.also])
    }

    /// What a call reads and writes, of all functions that may be meant, if any was declared.
    pub(crate) fn called(&self, name: &Table) -> Option<(Vec<&Table>, Vec<&Table>)> {
        let meant: Vec<_> = self.functions.iter().filter(|known| known.name.may_be(name)).collect();
        let reads = meant.iter().flat_map(|function| &function.reads).collect();
        let writes = meant.iter().flat_map(|function| &function.writes).collect();
        (!meant.is_empty()).then_some((reads, writes))
    }
}

/// Follows the declarations until nothing is added.
fn close(mut tables: BTreeSet<Table>, declared: &[&Vec<(Table, Vec<Table>)>]) -> BTreeSet<Table> {
    loop {
        let of = |name: &Table| tables.iter().any(|table| table.may_be(name));
        let named = declared.iter().copied().flatten().filter(|(name, _)| of(name));
        let added: Vec<Table> = named.flat_map(|(_, others)| others).cloned().collect();
        let before = tables.len();
        tables.extend(added);
        if tables.len() == before {
            return tables;
        }
    }
}
