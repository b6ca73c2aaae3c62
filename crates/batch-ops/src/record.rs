//! How a type says which table it belongs to and what its columns hold.

use crate::value::{Kind, Value};

/// A type whose values are rows of one table.
///
/// The table is fixed by the type, so rows of one call can never name different columns: no value
/// is dropped because the first row lacked its column, and no column is overwritten with null
/// because another row named it. To write some columns only, write a second record type.
///
/// ```
/// use batch_ops::{Column, Record, Row, Table};
///
/// struct Person {
///     id: String,
///     name: Option<String>,
///     age: u8,
/// }
///
/// impl Record for Person {
///     const TABLE: Table = Table::new(
///         "people",
///         &[Column::text("id").key(), Column::text("name"), Column::i64("age")],
///     );
///
///     fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
///         row.push(&self.id).push(&self.name).push(self.age);
///     }
/// }
/// ```
pub trait Record {
    /// The table and its columns, in the order in which [`values`](Self::values) pushes them.
    const TABLE: Table;

    /// Pushes one value for each column, in the order of the columns.
    ///
    /// It may be called more than once for a row and has to push the same values each time. A
    /// wrong number or kind of values is found before anything is sent.
    fn values<'a>(&'a self, row: &mut Row<'a, '_>);
}

impl<R: Record + ?Sized> Record for &R {
    const TABLE: Table = R::TABLE;

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        R::values(self, row);
    }
}

/// A table and those of its columns that a [`Record`] fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    pub(crate) schema: Option<&'static str>,
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [Column],
}

impl Table {
    /// A table found through the search path. Names are quoted when they are written into SQL,
    /// so they keep their case and may be reserved words.
    #[must_use]
    pub const fn new(name: &'static str, columns: &'static [Column]) -> Self {
        Self { schema: None, name, columns }
    }

    /// The same table in a named schema (on SQLite: an attached database).
    #[must_use]
    pub const fn in_schema(mut self, schema: &'static str) -> Self {
        self.schema = Some(schema);
        self
    }

    /// The schema, where one was named.
    #[must_use]
    pub const fn schema(&self) -> Option<&'static str> {
        self.schema
    }

    /// The name without the schema.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The columns that a record fills.
    #[must_use]
    pub const fn columns(&self) -> &'static [Column] {
        self.columns
    }
}

/// A column of a [`Table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) key: bool,
    pub(crate) sql_type: Option<&'static str>,
}

impl Column {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, key: false, sql_type: None }
    }

    /// A column of truth values.
    #[must_use]
    pub const fn bool(name: &'static str) -> Self {
        Self::new(name, Kind::Bool)
    }

    /// A column of integers.
    #[must_use]
    pub const fn i64(name: &'static str) -> Self {
        Self::new(name, Kind::I64)
    }

    /// A column of floating-point numbers. It cannot be part of a key.
    #[must_use]
    pub const fn f64(name: &'static str) -> Self {
        Self::new(name, Kind::F64)
    }

    /// A column of text.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, Kind::Text)
    }

    /// A column of bytes.
    #[must_use]
    pub const fn bytes(name: &'static str) -> Self {
        Self::new(name, Kind::Bytes)
    }

    /// Makes the column part of the key: what upsert, update and delete find a row by. An upsert
    /// needs a unique index over exactly the key columns.
    #[must_use]
    pub const fn key(mut self) -> Self {
        self.key = true;
        self
    }

    /// Names the column's type in PostgreSQL, to which each value is cast there. SQLite ignores it.
    ///
    /// Needed where PostgreSQL has no assignment cast from the family: `uuid`, `date`,
    /// `timestamptz`, `jsonb`, an enum from [`Kind::Text`]. Needed for `float4`, too: without it a
    /// value is compared before it is rounded and so never counts as unchanged. The name is the
    /// catalogue's (`int4`, not `integer`); a schema may stand before it, after a dot. It is
    /// quoted like any other identifier.
    #[must_use]
    pub const fn of_type(mut self, sql_type: &'static str) -> Self {
        self.sql_type = Some(sql_type);
        self
    }

    /// The name, not quoted.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The family of the values.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the column is part of the key.
    #[must_use]
    pub const fn is_key(&self) -> bool {
        self.key
    }

    /// The type named with [`of_type`](Self::of_type).
    #[must_use]
    pub const fn sql_type(&self) -> Option<&'static str> {
        self.sql_type
    }
}

/// Receives the values of one record.
#[derive(Debug)]
pub struct Row<'a, 'r> {
    into: &'r mut Vec<Value<'a>>,
}

impl<'a, 'r> Row<'a, 'r> {
    pub(crate) fn new(into: &'r mut Vec<Value<'a>>) -> Self {
        Self { into }
    }

    /// Adds the value of the next column.
    pub fn push(&mut self, value: impl Into<Value<'a>>) -> &mut Self {
        self.into.push(value.into());
        self
    }
}
