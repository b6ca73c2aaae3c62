//! What a view is made of.

use std::time::Duration;

use crate::clock::LONGEST;
use crate::name::Name;

/// A query whose answer the database keeps under a name.
///
/// Names of tables and views are written as in SQL, names of columns as the catalog has them. The
/// definition is a hash of all that is set here but [`max_age`](Self::max_age).
#[derive(Clone, Debug)]
pub struct View {
    pub(super) name: String,
    pub(super) query: String,
    pub(super) key: Vec<String>,
    pub(super) indexes: Vec<Vec<String>>,
    pub(super) sources: Vec<Source>,
    pub(super) max_age: Duration,
    pub(super) is_vouched: bool,
    pub(super) one_by_one: Option<u32>,
}

/// A table that tells which groups change.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) table: String,
    /// In the order of the view's key. Empty: all groups change.
    pub(super) columns: Vec<String>,
}

impl View {
    /// A materialized view `name` of `query`. A name without a schema goes to the first one of the
    /// `search_path`. Name the columns: what `*` stands for is decided when the view is built, and one by
    /// groups that would have other columns by now is not refreshed.
    pub fn new(name: &str, query: &str) -> Self {
        Self {
            name: name.to_owned(),
            query: query.trim().trim_end_matches(';').to_owned(),
            key: Vec::new(),
            indexes: Vec::new(),
            sources: Vec::new(),
            max_age: Duration::from_secs(300),
            is_vouched: false,
            one_by_one: None,
        }
    }

    /// Sets the columns that tell rows apart, or groups where there is a [`source`](Self::source). A
    /// materialized view gets a unique index of them, which refreshing without making readers wait
    /// needs; without a key readers wait for the whole refresh.
    #[must_use]
    pub fn key(mut self, columns: &[&str]) -> Self {
        self.key = owned(columns);
        self
    }

    /// Adds an index.
    #[must_use]
    pub fn index(mut self, columns: &[&str]) -> Self {
        self.indexes.push(owned(columns));
        self
    }

    /// Makes it a table of which only changed groups are computed again: a changed row of `table`
    /// changes the groups whose key is in `columns`, given in the order of the [`key`](Self::key).
    #[must_use]
    pub fn source(mut self, table: &str, columns: &[&str]) -> Self {
        self.sources.push(Source { table: table.to_owned(), columns: owned(columns) });
        self
    }

    /// The same for a table whose changes may change any group: the whole is computed again then.
    #[must_use]
    pub fn rebuilt_by(self, table: &str) -> Self {
        self.source(table, &[])
    }

    /// Sets the age from which on a refresh is due. Default 5 minutes.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age.min(LONGEST);
        self
    }

    /// Takes a query that depends on the clock, on chance or on the session, or that cannot be
    /// checked for it. Its answer changes only when the view is refreshed; the [`Status`](super::Status)
    /// says so. Not for views with a [`source`](Self::source).
    #[must_use]
    pub fn accept_volatile(mut self) -> Self {
        self.is_vouched = true;
        self
    }

    /// Up to so many changed groups are looked up one by one; when there are more, the whole is computed
    /// again. Default: a fifth of the rows, and at least 1,000.
    #[must_use]
    pub fn one_by_one(mut self, groups: u32) -> Self {
        self.one_by_one = Some(groups);
        self
    }

    pub(super) fn is_grouped(&self) -> bool {
        !self.sources.is_empty()
    }

    pub(super) fn kind(&self) -> &'static str {
        if self.is_grouped() { "groups" } else { "materialized" }
    }

    /// Equal for equal definitions. Part of what is stored.
    pub(super) fn hash(&self) -> String {
        let mut text = Vec::new();
        let mut list = |words: &[String]| {
            text.extend_from_slice(&(words.len() as u64).to_be_bytes());
            for word in words {
                text.extend_from_slice(&(word.len() as u64).to_be_bytes());
                text.extend_from_slice(word.as_bytes());
            }
        };
        list(std::slice::from_ref(&self.query));
        list(&self.key);
        list(&self.indexes.concat());
        self.indexes.iter().for_each(|index| list(index));
        for source in &self.sources {
            list(std::slice::from_ref(&source.table));
            list(&source.columns);
        }
        Name::digest(b"view", &text).to_string()
    }
}

fn owned(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|&column| column.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_tells_definitions_apart_and_not_their_age() {
        let view = || View::new("v", "SELECT 1");
        let different = [
            view(),
            View::new("v", "SELECT 2"),
            view().key(&["a"]),
            view().index(&["a"]),
            view().index(&["a", "b"]),
            view().index(&["a"]).index(&["b"]),
            view().source("a", &["b"]),
            view().rebuilt_by("a").rebuilt_by("b"),
        ];
        let mut hashes: Vec<_> = different.iter().map(View::hash).collect();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), different.len());
        assert_eq!(view().max_age(Duration::ZERO).hash(), View::new("w", " SELECT 1; ").hash());
    }
}
