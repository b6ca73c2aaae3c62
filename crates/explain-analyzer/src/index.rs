//! An index that would help, and whether one that exists serves as well (pure).

use crate::catalog::{Index, Table};

/// An index as conditions ask for it.
///
/// Equality columns come first and may stand in any order among themselves; after them the order is
/// fixed, because a B-tree serves a range or a sort only on the column that follows the ones fixed
/// by equality.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexAsk {
    /// The schema of the table, where known.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// Columns compared for equality.
    pub equality: Vec<String>,
    /// One column compared by range, or the columns sorted by.
    pub tail: Vec<IndexKey>,
    /// Whether the first column of the tail is compared by range, and not only sorted by.
    pub range: bool,
}

/// One column of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexKey {
    /// The column.
    pub column: String,
    /// Whether it is kept from high to low.
    pub descending: bool,
}

impl IndexKey {
    /// A column kept from low to high.
    pub fn ascending(column: impl Into<String>) -> Self {
        Self { column: column.into(), descending: false }
    }

    /// A column kept from high to low.
    pub fn descending(column: impl Into<String>) -> Self {
        Self { column: column.into(), descending: true }
    }
}

impl IndexAsk {
    /// An index on `table`, its columns still to be given.
    pub fn on(table: &Table) -> Self {
        Self {
            schema: table.schema.clone(),
            table: table.name.clone(),
            equality: Vec::new(),
            tail: Vec::new(),
            range: false,
        }
    }

    /// Adds a column compared for equality.
    #[must_use]
    pub fn equal(mut self, column: impl Into<String>) -> Self {
        self.equality.push(column.into());
        self
    }

    /// Adds a column sorted by.
    #[must_use]
    pub fn sorted(mut self, key: IndexKey) -> Self {
        self.tail.push(key);
        self
    }

    /// Sets the column compared by range. It takes the place of columns sorted by, unless they
    /// begin with it.
    #[must_use]
    pub fn range(mut self, column: impl Into<String>) -> Self {
        let key = IndexKey::ascending(column);
        if self.tail.first().is_none_or(|first| first.column != key.column) {
            self.tail = vec![key];
        }
        self.range = true;
        self
    }

    /// Whether it finds rows, and does not only give them in order.
    #[must_use]
    pub fn narrows(&self) -> bool {
        self.range || !self.equality.is_empty()
    }

    /// All columns in the order of the index.
    pub fn keys(&self) -> impl Iterator<Item = IndexKey> {
        self.equality.iter().map(IndexKey::ascending).chain(self.tail.iter().cloned())
    }

    /// Whether an index that exists serves the same conditions.
    pub(crate) fn is_served_by(&self, index: &Index) -> bool {
        if index.partial || !index.ordered || index.columns.is_empty() {
            return false;
        }
        let equality = |column: &String| self.equality.contains(column);
        // A unique index fixed by equality yields one row; nothing is gained after that.
        if index.unique && index.columns.iter().all(equality) {
            return true;
        }
        let (head, rest) = index.columns.split_at(self.equality.len().min(index.columns.len()));
        head.len() == self.equality.len()
            && self.equality.iter().all(|column| head.contains(column))
            && rest.len() >= self.tail.len()
            && rest.iter().zip(&self.tail).all(|(column, key)| *column == key.column)
    }
}
