//! Which tables are watched, and what is told of them.

use crate::name::Name;

/// Tables whose changes are told to all [`Listener`](super::Listener)s.
///
/// Names are written as in SQL: `shifts`, `duty.shifts`, `"Shifts"`. A name without a schema is
/// looked for along the `search_path`.
#[derive(Clone, Debug)]
pub struct Watch {
    pub(super) schema: String,
    pub(super) tables: Vec<Watched>,
}

#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
}

impl Watch {
    /// No table yet.
    pub fn new() -> Self {
        Self { schema: "query_cache".to_owned(), tables: Vec::new() }
    }

    /// Sets the schema that holds the trigger function, and names the channel. Default
    /// `query_cache`. Applications that watch one table by different keys need a schema each.
    #[must_use]
    pub fn schema(mut self, name: &str) -> Self {
        name.clone_into(&mut self.schema);
        self
    }

    /// Adds a table, with its partitions and the tables that inherit from it.
    #[must_use]
    pub fn table(self, name: &str) -> Self {
        self.keyed(name, &[])
    }

    /// Adds a table of which is told in which rows it was changed: the values of `columns` (written as
    /// the catalog has them, without quotes) in all rows that were inserted, updated (before and
    /// after) or deleted. Where that is more than fits into a notification of 8,000 bytes, or the table
    /// was truncated, it is told without them. See [`Listener::exact`](super::Listener::exact).
    #[must_use]
    pub fn keyed(mut self, name: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        self.tables.retain(|known| known.name != name);
        self.tables.push(Watched { name: name.to_owned(), columns });
        self
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.tables.iter().map(|watched| watched.name.clone()).collect()
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

/// A trigger as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trigger {
    /// Tells apart all that makes two triggers differ, so that a name found is a trigger in place.
    pub(super) name: String,
    /// After `AFTER`.
    pub(super) events: &'static str,
    /// What it is given of the rows.
    pub(super) rows: &'static str,
}

/// Part of the names of triggers: to be raised when their shape changes.
const SHAPE: &str = "1";

impl Watched {
    /// The triggers of a table of `kind`, as in `pg_class.relkind`.
    pub(super) fn triggers(&self, schema: &str, kind: &str) -> Vec<Trigger> {
        // The server hands no rows to triggers of foreign tables.
        let is_foreign = kind == "f";
        let columns: &[String] = if is_foreign { &[] } else { &self.columns };
        let mark = mark(schema, columns);
        let trigger = |suffix: &str, events, rows| Trigger {
            name: format!("query_cache_{mark}_{suffix}"),
            events,
            rows,
        };
        if is_foreign {
            return vec![trigger("write", "INSERT OR UPDATE OR DELETE", "")];
        }
        if columns.is_empty() {
            return vec![trigger("write", "INSERT OR UPDATE OR DELETE OR TRUNCATE", "")];
        }
        vec![
            trigger("insert", "INSERT", "REFERENCING NEW TABLE AS new_rows"),
            trigger("update", "UPDATE", "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"),
            trigger("delete", "DELETE", "REFERENCING OLD TABLE AS old_rows"),
            trigger("truncate", "TRUNCATE", ""),
        ]
    }
}

fn mark(schema: &str, columns: &[String]) -> String {
    let parts = [SHAPE, schema].into_iter().chain(columns.iter().map(String::as_str));
    let parts: Vec<u8> = parts.flat_map(|part| [part.as_bytes(), &[0]].concat()).collect();
    Name::digest(b"trigger", &parts).to_string()[..12].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(columns: &[&str], schema: &str, kind: &str) -> Vec<String> {
        let watch = Watch::new().keyed("t", columns);
        let triggers = watch.tables[0].triggers(schema, kind);
        triggers.into_iter().map(|trigger| trigger.name).collect()
    }

    #[test]
    fn whatever_differs_has_another_name() {
        let all = [
            names(&[], "s", "r"),
            names(&["a", "b"], "s", "r"),
            names(&["ab"], "s", "r"),
            names(&["b", "a"], "s", "r"),
            names(&[], "t", "r"),
        ];
        let mut all: Vec<_> = all.concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 1 + 4 + 4 + 4 + 1);
        assert!(all.iter().all(|name| name.len() < 63), "the server would cut it");
        assert_eq!(names(&["a"], "s", "f"), names(&[], "s", "f"));
    }

    #[test]
    fn a_table_given_twice_is_watched_as_the_last_call_says() {
        let watch = Watch::new().table("t").keyed("t", &["a"]);
        assert_eq!(watch.tables.len(), 1);
        assert_eq!(watch.tables[0].columns, ["a"]);
    }
}
