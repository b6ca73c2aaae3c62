//! SQL text (pure). Values are always bound, identifiers always quoted.

#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

use crate::record::Column;

/// Columns with their places.
fn placed(columns: &[Column], key: bool) -> impl Iterator<Item = (usize, &Column)> {
    columns.iter().enumerate().filter(move |(_, column)| column.key == key)
}
