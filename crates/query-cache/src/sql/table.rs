//! Names of tables as a database compares them.

use std::fmt;

use sqlparser::ast::{Ident, ObjectName};
use sqlparser::dialect::{Dialect as Grammar, MySqlDialect, PostgreSqlDialect, SQLiteDialect};

use crate::tags::Tag;

/// Whose SQL it is: how it is parsed, and which names of tables are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// Names without quotes are folded to lower case and all are cut to 63 bytes.
    Postgres,
    /// Case never counts, quoted or not.
    Sqlite,
    /// Case is taken not to count. Where the server sees two tables, both fall together.
    MySql,
}

impl Dialect {
    pub(crate) fn grammar(self) -> &'static dyn Grammar {
        match self {
            Self::Postgres => &PostgreSqlDialect {},
            Self::Sqlite => &SQLiteDialect {},
            Self::MySql => &MySqlDialect {},
        }
    }

    /// `ident` in the one spelling that all its spellings share.
    pub(crate) fn fold(self, ident: &Ident) -> String {
        match self {
            Self::Postgres if ident.quote_style.is_some() => cut(&ident.value).to_owned(),
            Self::Postgres => cut(&ident.value).to_ascii_lowercase(),
            Self::Sqlite => ident.value.to_ascii_lowercase(),
            Self::MySql => ident.value.to_lowercase(),
        }
    }
}

/// What PostgreSQL keeps of a name: two long names that begin alike are one table.
fn cut(name: &str) -> &str {
    const KEPT: usize = 63;
    let end = (0..=KEPT.min(name.len())).rev().find(|&at| name.is_char_boundary(at));
    &name[..end.unwrap_or(0)]
}

/// A folded name with as many qualifiers as the text gave: `shifts`, `ward.shifts`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Table(Vec<String>);

impl Table {
    /// None if part of the name is computed.
    pub(crate) fn from_name(dialect: Dialect, name: &ObjectName) -> Option<Self> {
        let part = |part: &sqlparser::ast::ObjectNamePart| Some(dialect.fold(part.as_ident()?));
        let parts: Vec<_> = name.0.iter().map(part).collect::<Option<_>>()?;
        (!parts.is_empty()).then_some(Self(parts))
    }

    /// An unqualified name, folded already.
    pub(crate) fn single(name: String) -> Self {
        Self(vec![name])
    }

    /// A table of a schema, both as the catalog has them.
    #[cfg(feature = "postgres")]
    pub(crate) fn in_schema(schema: &str, name: &str) -> Self {
        Self(vec![schema.to_owned(), name.to_owned()])
    }

    pub(crate) fn parts(&self) -> &[String] {
        &self.0
    }

    /// Whether the two may be one table: a qualifier that is missing may be any.
    pub(crate) fn may_be(&self, other: &Self) -> bool {
        self.0.ends_with(&other.0) || other.0.ends_with(&self.0)
    }

    /// What a value read from this table carries. It meets [`write_tags`](Self::write_tags) of
    /// another name exactly if the two [may be](Self::may_be) one table, although tags are only
    /// compared for equality: a longer name that is written reaches down to this one, a shorter one
    /// that is written is met by what this one has above it.
    pub(crate) fn read_tags(&self, database: &str) -> Vec<Tag> {
        let shorter = self.suffixes().skip(1).map(|name| tag(database, kind::EXACT, name));
        shorter.chain([tag(database, kind::REACHED, &self.0)]).collect()
    }

    /// What is outdated when this table was written.
    pub(crate) fn write_tags(&self, database: &str) -> Vec<Tag> {
        let reached = self.suffixes().map(|name| tag(database, kind::REACHED, name));
        reached.chain([tag(database, kind::EXACT, &self.0)]).collect()
    }

    /// The whole name, then without its first qualifier, and so on.
    fn suffixes(&self) -> impl Iterator<Item = &[String]> {
        (0..self.0.len()).map(|from| &self.0[from..])
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({self})")
    }
}

/// What every value read by SQL from `database` carries.
pub(crate) fn any_table(database: &str) -> Tag {
    tag(database, kind::ANY, &[])
}

/// The first byte is that of tables, apart from tags made from text. Part of the stored names.
fn tag(database: &str, kind: u8, name: &[String]) -> Tag {
    const TABLE: u8 = 2;
    let mut bytes = vec![TABLE, kind];
    for part in std::iter::once(database).chain(name.iter().map(String::as_str)) {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Tag::from_bytes(bytes)
}

mod kind {
    pub(super) const ANY: u8 = 0;
    pub(super) const EXACT: u8 = 1;
    pub(super) const REACHED: u8 = 2;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table() -> impl Strategy<Value = Table> {
        prop::collection::vec("[ab]", 1..4).prop_map(Table)
    }

    proptest! {
        #[test]
        fn a_write_meets_exactly_the_reads_that_may_be_of_its_table(
            read in table(), written in table(), other_database: bool,
        ) {
            let outdated = written.write_tags(if other_database { "y" } else { "x" });
            let meets = read.read_tags("x").iter().any(|tag| outdated.contains(tag));
            prop_assert_eq!(meets, !other_database && read.may_be(&written), "{:?} {:?}", read, written);
        }
    }

    #[test]
    fn names_are_folded_as_the_database_does() {
        let plain = Ident::new("Shifts");
        let quoted = Ident::with_quote('"', "Shifts");
        let folded = |dialect: Dialect| (dialect.fold(&plain), dialect.fold(&quoted));
        assert_eq!(folded(Dialect::Postgres), ("shifts".into(), "Shifts".into()));
        assert_eq!(folded(Dialect::Sqlite), ("shifts".into(), "shifts".into()));
        assert_eq!(folded(Dialect::MySql), ("shifts".into(), "shifts".into()));
    }

    #[test]
    fn postgres_knows_63_bytes_of_a_name() {
        let long = |end: &str| Ident::new(format!("{}{end}", "a".repeat(62)));
        assert_eq!(Dialect::Postgres.fold(&long("bc")), Dialect::Postgres.fold(&long("bd")));
        assert_ne!(Dialect::Sqlite.fold(&long("bc")), Dialect::Sqlite.fold(&long("bd")));
        assert_eq!(Dialect::Postgres.fold(&long("éx")).len(), 62);
    }
}
