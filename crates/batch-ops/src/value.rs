//! What a row carries to the database: six kinds of value, borrowed where they can be.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

/// The family of types that a column takes.
///
/// The family decides how a value travels; the column's own type in the database may be narrower
/// (`int4` for [`Kind::I64`], `varchar` for [`Kind::Text`]). See [`Column::of_type`](crate::Column::of_type).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A truth value. SQLite keeps it as 0 or 1.
    Bool,
    /// A signed integer of up to 64 bits.
    I64,
    /// A floating-point number of up to 64 bits.
    F64,
    /// Text in UTF-8.
    Text,
    /// Bytes.
    Bytes,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "bool",
            Self::I64 => "i64",
            Self::F64 => "f64",
            Self::Text => "text",
            Self::Bytes => "bytes",
        })
    }
}

/// One value of one column.
///
/// `Debug` shows the kind and the size, never the content: rows may hold personal data, and a
/// debug print ends in a log.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// No value.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    I64(i64),
    /// A floating-point number.
    F64(f64),
    /// Text, borrowed from the record or owned when it had to be formatted.
    Text(Cow<'a, str>),
    /// Bytes, borrowed from the record or owned.
    Bytes(Cow<'a, [u8]>),
}

impl Value<'_> {
    /// The family of the value; `None` for null, which fits every column.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Null => None,
            Self::Bool(_) => Some(Kind::Bool),
            Self::I64(_) => Some(Kind::I64),
            Self::F64(_) => Some(Kind::F64),
            Self::Text(_) => Some(Kind::Text),
            Self::Bytes(_) => Some(Kind::Bytes),
        }
    }

    /// Bytes that the value takes in a statement, without the framing of a protocol.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::I64(_) | Self::F64(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Whether this is [`Value::Null`].
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// A total order over values of one kind, byte by byte for text; kinds are ordered among
    /// themselves so that the order is total. It only has to be the same for every writer.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::I64(a), Self::I64(b)) => a.cmp(b),
            (Self::F64(a), Self::F64(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::I64(_) => 2,
            Self::F64(_) => 3,
            Self::Text(_) => 4,
            Self::Bytes(_) => 5,
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            None => f.write_str("Null"),
            Some(kind) => write!(f, "{kind}({} bytes)", self.size()),
        }
    }
}

macro_rules! from_number {
    ($variant:ident as $wide:ty: $($narrow:ty),*) => {$(
        impl From<$narrow> for Value<'_> {
            fn from(value: $narrow) -> Self {
                Self::$variant(<$wide>::from(value))
            }
        }
    )*};
}

from_number!(Bool as bool: bool);
from_number!(I64 as i64: i8, i16, i32, i64, u8, u16, u32);
from_number!(F64 as f64: f32, f64);

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Cow::Owned(bytes))
    }
}

/// `None` is [`Value::Null`].
impl<T: Into<Self>> From<Option<T>> for Value<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// So that a record can push `&self.name` where the field is an `Option<String>`.
impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(text: &'a Option<String>) -> Self {
        text.as_deref().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_content() {
        let value = Value::from("Ada Lovelace");
        assert_eq!(format!("{value:?}"), "text(12 bytes)");
    }

    #[test]
    fn absent_options_are_null() {
        assert!(Value::from(None::<i64>).is_null());
        assert_eq!(Value::from(Some("x")), Value::from("x"));
    }
}
