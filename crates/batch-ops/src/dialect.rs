//! Quoting. Every identifier that reaches SQL text passes through here.

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use crate::record::Table;

/// Appends `name` as a quoted identifier: it keeps its case, may be a reserved word, and cannot
/// end early, whatever it holds.
///
/// ```
/// let mut sql = String::new();
/// batch_ops::quote(&mut sql, "order\"s");
/// assert_eq!(sql, "\"order\"\"s\"");
/// ```
pub fn quote(sql: &mut String, name: &str) {
    sql.push('"');
    for part in name.chars() {
        if part == '"' {
            sql.push('"');
        }
        sql.push(part);
    }
    sql.push('"');
}

/// Appends the table's name, after its schema where it has one.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) fn quote_table(sql: &mut String, table: &Table) {
    if let Some(schema) = table.schema {
        quote(sql, schema);
        sql.push('.');
    }
    quote(sql, table.name);
}

/// Appends the name of a type, which may have a schema before a dot.
#[cfg(feature = "postgres")]
pub(crate) fn quote_type(sql: &mut String, name: &str) {
    join(sql, ".", name.split('.'), quote);
}

/// Appends every item, with `between` between them.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) fn join<T>(
    sql: &mut String,
    between: &str,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            sql.push_str(between);
        }
        write(sql, item);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever a name holds, it is read back whole and nothing is left of it outside.
        #[test]
        fn a_quoted_name_ends_where_it_should(name in ".*") {
            let mut sql = String::new();
            quote(&mut sql, &name);
            let inside = sql.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
            prop_assert!(inside.split("\"\"").all(|part| !part.contains('"')));
            prop_assert_eq!(inside.replace("\"\"", "\""), name);
        }
    }
}
