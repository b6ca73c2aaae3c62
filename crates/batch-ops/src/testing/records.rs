//! The records of the suite.

use crate::record::{Column, Record, Row, Table};

/// A row of `batch_people`, with a column of every kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// The key.
    pub id: String,
    /// May be absent.
    pub name: Option<String>,
    /// The table refuses negative ones.
    pub age: i64,
    /// May be absent.
    pub score: Option<f64>,
    /// A truth value.
    pub active: bool,
    /// May be absent.
    pub photo: Option<Vec<u8>>,
}

impl Person {
    /// A person with a name and no score and photo.
    #[must_use]
    pub fn new(id: &str, name: &str, age: i64) -> Self {
        let name = Some(name.to_owned());
        Self { id: id.to_owned(), name, age, score: None, active: true, photo: None }
    }
}

impl Record for Person {
    const TABLE: Table = Table::new(
        "batch_people",
        &[
            Column::text("id").key(),
            Column::text("name"),
            Column::i64("age"),
            Column::f64("score"),
            Column::bool("active"),
            Column::bytes("photo"),
        ],
    );

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        row.push(&self.id).push(&self.name).push(self.age).push(self.score);
        row.push(self.active).push(self.photo.as_ref());
    }
}

/// The age of a person and nothing else: an update by it must leave the other columns alone.
#[derive(Debug)]
pub(super) struct Age(pub(super) &'static str, pub(super) i64);

impl Record for Age {
    const TABLE: Table =
        Table::new("batch_people", &[Column::text("id").key(), Column::i64("age")]);

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        row.push(self.0).push(self.1);
    }
}

/// The key of a person.
#[derive(Debug)]
pub(super) struct Id(pub(super) &'static str);

impl Record for Id {
    const TABLE: Table = Table::new("batch_people", &[Column::text("id").key()]);

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        row.push(self.0);
    }
}

/// Names that have to be quoted and a key of two parts, not in front.
#[derive(Debug)]
pub(super) struct Odd(pub(super) &'static str, pub(super) i64, pub(super) &'static str);

impl Record for Odd {
    const TABLE: Table = Table::new(
        "batch \"odd\"",
        &[Column::text("Value"), Column::i64("select").key(), Column::text("a\"b").key()],
    );

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        row.push(self.0).push(self.1).push(self.2);
    }
}

/// Gives as many values as it is told, all of them text.
#[derive(Debug)]
pub(super) struct Faulty(pub(super) Vec<Option<&'static str>>);

impl Record for Faulty {
    const TABLE: Table =
        Table::new("batch_people", &[Column::text("id").key(), Column::i64("age")]);

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        for value in &self.0 {
            row.push(*value);
        }
    }
}

/// A table that is not there.
#[derive(Debug)]
pub(super) struct Nowhere;

impl Record for Nowhere {
    const TABLE: Table = Table::new("batch_nowhere", &[Column::text("id").key()]);

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        row.push("x");
    }
}
