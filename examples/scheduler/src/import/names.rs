//! Ids of people and rotations, and what refers to them.

use super::field;
use super::table::Row;
use std::collections::HashMap;

/// The ids of one file. Ids are known even when another cell of their row is bad, so that one
/// mistake is not reported again wherever the id is used.
#[derive(Debug)]
pub(crate) struct Names {
    file: &'static str,
    ids: HashMap<String, (usize, u64)>,
    unread: bool,
}

impl Names {
    /// The ids of a file that is about to be read.
    pub(crate) fn of(file: &'static str) -> Self {
        Self { file, ids: HashMap::new(), unread: false }
    }

    /// The file could not be read: whether an id exists is unknown, and nobody is blamed for it.
    pub(crate) fn unread(file: &'static str) -> Self {
        Self { unread: true, ..Self::of(file) }
    }

    /// The ids of a programme that has been read.
    pub(crate) fn known<'a>(file: &'static str, ids: impl Iterator<Item = &'a str>) -> Self {
        let ids = ids.enumerate().map(|(index, id)| (id.to_owned(), (index, 0))).collect();
        Self { ids, ..Self::of(file) }
    }

    /// Takes the id of a row.
    pub(crate) fn add(&mut self, row: &mut Row<'_>) -> Option<String> {
        let id = row.read("id", field::ID, field::id)?;
        if let Some((_, line)) = self.ids.get(&id) {
            let expected = format!("an id of its own; line {line} has this one");
            row.fault("id", expected);
            return None;
        }
        self.ids.insert(id.clone(), (self.ids.len(), row.line));
        Some(id)
    }

    /// The index of the id in a column.
    pub(crate) fn find(&self, row: &mut Row<'_>, column: &'static str) -> Option<usize> {
        if self.unread {
            return None;
        }
        let expected = format_args!("an id of {}", self.file);
        let index = |id: &str| self.ids.get(field::unescaped(id)).map(|(index, _)| *index);
        row.read(column, expected, index)
    }
}
