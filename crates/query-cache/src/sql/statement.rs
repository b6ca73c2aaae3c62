//! A statement with its values, and the key that is made of them.

use std::borrow::Cow;
use std::iter;
use std::sync::Arc;

use crate::key::{Key, KeyPart, Namespace, PartWriter};

/// SQL text and the values bound to it.
///
/// ```
/// use query_cache::sql::Statement;
///
/// let of_person = Statement::new("SELECT * FROM shifts WHERE person = ? AND ward = ?")
///     .bind(7)
///     .bind("ICU");
/// assert_eq!(of_person.values().len(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Statement {
    text: Cow<'static, str>,
    values: Vec<Value>,
    tables: Option<Vec<Cow<'static, str>>>,
    accepts_volatile: bool,
}

impl Statement {
    /// A statement without values yet.
    ///
    /// Never write a value into the text: besides the danger, each text is parsed once and fills
    /// the memory of parsed texts.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into(), values: Vec::new(), tables: None, accepts_volatile: false }
    }

    /// Binds the next value.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Names the tables that the statement reads or writes, all of them. The text is then not
    /// looked at; that it is a query whose answer depends on these tables alone is the caller's word.
    #[must_use]
    pub fn tables<T: Into<Cow<'static, str>>>(
        mut self,
        tables: impl IntoIterator<Item = T>,
    ) -> Self {
        self.tables = Some(tables.into_iter().map(Into::into).collect());
        self
    }

    /// Accepts that the answer depends on the clock, on chance or on the session: it is then as old
    /// as the policy allows.
    #[must_use]
    pub fn accept_volatile(mut self) -> Self {
        self.accepts_volatile = true;
        self
    }

    /// The text, as given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The values, in the order they were bound.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    pub(crate) fn named_tables(&self) -> Option<&[Cow<'static, str>]> {
        self.tables.as_deref()
    }

    pub(crate) fn is_volatile_accepted(&self) -> bool {
        self.accepts_volatile
    }

    /// The key within `namespace`. Two statements share one exactly if their values are the same,
    /// type for type, and their texts differ in white space at most, and in that only before the
    /// first quote or comment.
    pub(crate) fn key(&self, namespace: Namespace) -> Key {
        Key::scoped(namespace).part(&*normalised(&self.text)).parts(&self.values)
    }
}

impl From<&'static str> for Statement {
    fn from(text: &'static str) -> Self {
        Self::new(text)
    }
}

/// `text` with runs of white space as one space, as far as that is safe without knowing the
/// database's rules: up to the first character that may begin a quoted text or a comment. The rest
/// stays as it is, but for white space at the ends.
fn normalised(text: &str) -> Cow<'_, str> {
    const WHITE: [char; 4] = [' ', '\t', '\r', '\n'];
    let text = text.trim_matches(WHITE);
    let plain = (0..text.len()).find(|&at| may_quote(&text.as_bytes()[at..])).unwrap_or(text.len());
    let (plain, rest) = text.split_at(plain);
    if !plain.contains(['\t', '\r', '\n']) && !plain.contains("  ") {
        return Cow::Borrowed(text);
    }
    let mut short = String::with_capacity(text.len());
    for char in plain.chars() {
        match char {
            white if !WHITE.contains(&white) => short.push(white),
            _ if short.ends_with(' ') => (),
            _ => short.push(' '),
        }
    }
    short.push_str(rest);
    Cow::Owned(short)
}

/// Whether a quoted text or a comment (`--`, `#`, `/*`) may begin here. A `$` begins one unless it is
/// the `$1` of a placeholder.
fn may_quote(rest: &[u8]) -> bool {
    match rest {
        [b'$', next, ..] => !next.is_ascii_digit(),
        [first, ..] => b"'\"`[-#/$".contains(first),
        [] => false,
    }
}

/// A value bound to a statement, with its type: `1` is not `"1"`, and no text is NULL.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// NULL.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number of any width. A `u64` too large for it becomes [`Other`](Self::Other) of the kind
    /// `numeric`.
    Integer(i64),
    /// A binary fraction. All bits count, so 0.0 and -0.0 are two keys.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An array.
    List(Vec<Self>),
    /// A value of another type, a date or a UUID for example, as text. See [`Value::other`].
    Other {
        /// The type.
        kind: Cow<'static, str>,
        /// The value.
        text: String,
    },
}

impl Value {
    /// A value of a type that has no variant: `Value::other("date", day.to_string())`. Equal
    /// values must give equal texts, different ones different texts.
    pub fn other(kind: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        Self::Other { kind: kind.into(), text: text.into() }
    }
}

impl KeyPart for Value {
    fn write(&self, part: &mut PartWriter<'_>) {
        // What has no kind of its own among the parts is a list that begins with its name. No other
        // value is a list, so none is mistaken for it.
        match self {
            Self::Null => None::<bool>.write(part),
            Self::Bool(flag) => part.flag(*flag),
            Self::Integer(number) => part.integer(i128::from(*number)),
            Self::Real(number) => part.list([Piece::Name("real"), Piece::Bits(number.to_bits())]),
            Self::Text(text) => part.text(text),
            Self::Bytes(bytes) => part.bytes(bytes),
            Self::List(values) => {
                part.list(iter::once(Piece::Name("list")).chain(values.iter().map(Piece::Value)));
            }
            Self::Other { kind, text } => {
                part.list([Piece::Name("other"), Piece::Name(kind), Piece::Name(text)]);
            }
        }
    }
}

/// A piece of a value that has several.
enum Piece<'a> {
    Name(&'a str),
    Bits(u64),
    Value(&'a Value),
}

impl KeyPart for Piece<'_> {
    fn write(&self, part: &mut PartWriter<'_>) {
        match self {
            Self::Name(name) => part.text(name),
            Self::Bits(bits) => part.integer(i128::from(*bits)),
            Self::Value(value) => value.write(part),
        }
    }
}

macro_rules! values_from {
    ($($from:ty => $value:expr),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                ($value)(value)
            }
        }
    )*};
}

/// Databases differ in what they have for numbers above those of 64 bits with a sign.
fn wide(number: u64) -> Value {
    match i64::try_from(number) {
        Ok(number) => Value::Integer(number),
        Err(_) => Value::other("numeric", number.to_string()),
    }
}

#[cfg(feature = "uuid")]
impl From<uuid::Uuid> for Value {
    fn from(uuid: uuid::Uuid) -> Self {
        Self::other("uuid", uuid.to_string())
    }
}

values_from! {
    bool => Self::Bool,
    i64 => Self::Integer,
    i32 => |number| Self::Integer(i64::from(number)),
    i16 => |number| Self::Integer(i64::from(number)),
    i8 => |number| Self::Integer(i64::from(number)),
    u32 => |number| Self::Integer(i64::from(number)),
    u16 => |number| Self::Integer(i64::from(number)),
    u8 => |number| Self::Integer(i64::from(number)),
    f64 => Self::Real,
    f32 => |number| Self::Real(f64::from(number)),
    String => Self::Text,
    u64 => wide,
    usize => |number| wide(number as u64),
    char => |letter: char| Self::Text(letter.to_string()),
    &str => |text: &str| Self::Text(text.to_owned()),
    &String => |text: &String| Self::Text(text.clone()),
    Cow<'_, str> => |text: Cow<'_, str>| Self::Text(text.into_owned()),
    Arc<str> => |text: Arc<str>| Self::Text(text.as_ref().to_owned()),
    Box<str> => |text: Box<str>| Self::Text(text.into_string()),
    Vec<u8> => Self::Bytes,
    &[u8] => |bytes: &[u8]| Self::Bytes(bytes.to_owned()),
}

impl<V: Into<Self>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests;
