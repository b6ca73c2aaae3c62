//! Columns as arrays.

use sqlx::Arguments as _;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgBindIterExt as _};

use crate::cause::Cause;
use crate::executor::Chunk;
use crate::value::{Kind, Value};

/// One array for each column, of the rows at the given places. Values are encoded from where they
/// are; nothing is copied before.
pub(super) fn bind(
    chunk: &Chunk<'_>,
    places: &(impl Iterator<Item = usize> + Clone),
) -> Result<PgArguments, Cause> {
    let width = chunk.columns().len();
    let mut arguments = PgArguments::default();
    arguments.reserve(width, chunk.values.iter().map(|value| value.size() + 4).sum());
    for (number, column) in chunk.columns().iter().enumerate() {
        let values = places.clone().map(|place| &chunk.values[place * width + number]);
        let bound = bind_column(&mut arguments, column.kind(), values);
        bound.map_err(|error| super::cause::of(sqlx::Error::Encode(error)))?;
    }
    Ok(arguments)
}

/// Every value is of the column's kind or null: the plan has seen to it.
fn bind_column<'v>(
    arguments: &mut PgArguments,
    kind: Kind,
    values: impl Iterator<Item = &'v Value<'v>>,
) -> Result<(), BoxDynError> {
    match kind {
        Kind::Bool => arguments.add(values.map(as_bool).bind_iter()),
        Kind::I64 => arguments.add(values.map(as_i64).bind_iter()),
        Kind::F64 => arguments.add(values.map(as_f64).bind_iter()),
        Kind::Text => arguments.add(values.map(as_text).bind_iter()),
        Kind::Bytes => arguments.add(values.map(as_bytes).bind_iter()),
    }
}

fn as_bool(value: &Value<'_>) -> Option<bool> {
    if let Value::Bool(value) = value { Some(*value) } else { None }
}

fn as_i64(value: &Value<'_>) -> Option<i64> {
    if let Value::I64(value) = value { Some(*value) } else { None }
}

fn as_f64(value: &Value<'_>) -> Option<f64> {
    if let Value::F64(value) = value { Some(*value) } else { None }
}

fn as_text<'v>(value: &'v Value<'v>) -> Option<&'v str> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

fn as_bytes<'v>(value: &'v Value<'v>) -> Option<&'v [u8]> {
    if let Value::Bytes(bytes) = value { Some(bytes) } else { None }
}
