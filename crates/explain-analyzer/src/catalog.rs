//! What is known about the tables behind a plan.

/// Tables, their sizes and their indexes. An empty catalog is fine: rules that need one then stay
/// silent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    tables: Vec<Table>,
}

impl Catalog {
    /// Adds a table.
    #[must_use]
    pub fn with(mut self, table: Table) -> Self {
        self.tables.push(table);
        self
    }

    /// All tables.
    #[must_use]
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The table of that name. Without a schema the name has to be unique: a guess between two
    /// tables could put an index on the wrong one. An exact match is preferred to one that differs
    /// in case.
    #[must_use]
    pub fn table(&self, schema: Option<&str>, name: &str) -> Option<&Table> {
        let in_schema = |table: &&Table| {
            schema.is_none() || table.schema.is_none() || table.schema.as_deref() == schema
        };
        let only = |same: &dyn Fn(&str) -> bool| {
            let mut found = self.tables.iter().filter(|table| same(&table.name)).filter(in_schema);
            found.next().filter(|_| found.next().is_none())
        };
        only(&|each| each == name).or_else(|| only(&|each| each.eq_ignore_ascii_case(name)))
    }
}

impl FromIterator<Table> for Catalog {
    fn from_iter<I: IntoIterator<Item = Table>>(tables: I) -> Self {
        Self { tables: tables.into_iter().collect() }
    }
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Table {
    /// Its schema, where schemas matter.
    pub schema: Option<String>,
    /// Its name, unquoted.
    pub name: String,
    /// Rows, as far as known: an estimate, or a count that stopped at a bound.
    pub rows: Option<f64>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its indexes.
    pub indexes: Vec<Index>,
}

impl Table {
    /// A table of which only the name is known.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Sets [`schema`](Self::schema).
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// Sets [`rows`](Self::rows).
    #[must_use]
    pub fn rows(mut self, rows: f64) -> Self {
        self.rows = Some(rows);
        self
    }

    /// Adds a column. `type_name` is the database's own name for its type.
    #[must_use]
    pub fn column(mut self, name: impl Into<String>, type_name: impl Into<String>) -> Self {
        self.columns.push(Column { name: name.into(), type_name: type_name.into() });
        self
    }

    /// Adds an index.
    #[must_use]
    pub fn index(mut self, index: Index) -> Self {
        self.indexes.push(index);
        self
    }

    pub(crate) fn find_column(&self, name: &str) -> Option<&Column> {
        let columns = &self.columns;
        columns
            .iter()
            .find(|column| column.name == name)
            .or_else(|| columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)))
    }
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Column {
    /// Its name, unquoted.
    pub name: String,
    /// The database's own name for its type.
    pub type_name: String,
}

/// An index that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its columns in order. Empty where it is over an expression.
    pub columns: Vec<String>,
    /// Whether it allows each value once.
    pub unique: bool,
    /// Whether it holds only some of the rows.
    pub partial: bool,
    /// Whether it keeps an order and so serves ranges and sorts: a B-tree.
    pub ordered: bool,
}

impl Index {
    /// A complete, ordered index that is not unique.
    pub fn new<C: Into<String>>(
        name: impl Into<String>,
        columns: impl IntoIterator<Item = C>,
    ) -> Self {
        let columns = columns.into_iter().map(Into::into).collect();
        Self { name: name.into(), columns, unique: false, partial: false, ordered: true }
    }

    /// Sets [`unique`](Self::unique).
    #[must_use]
    pub fn unique(mut self, unique: bool) -> Self {
        self.unique = unique;
        self
    }

    /// Sets [`partial`](Self::partial).
    #[must_use]
    pub fn partial(mut self, partial: bool) -> Self {
        self.partial = partial;
        self
    }

    /// Sets [`ordered`](Self::ordered).
    #[must_use]
    pub fn ordered(mut self, ordered: bool) -> Self {
        self.ordered = ordered;
        self
    }
}
