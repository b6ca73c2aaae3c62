//! What is wrong with a text, and where.

use std::fmt;

/// A line that is not what the format asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Counted from one.
    pub(crate) line: usize,
    pub(crate) expected: String,
    pub(crate) found: String,
}

impl Fault {
    pub(crate) fn new(line: usize, expected: impl Into<String>, found: impl Into<String>) -> Self {
        let found: String = found.into();
        // A line may be a whole file of another kind.
        let found = if found.chars().count() > 60 {
            found.chars().take(57).chain("...".chars()).collect()
        } else {
            found
        };
        Self { line, expected: expected.into(), found }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {:?}", self.line, self.expected, self.found)
    }
}

impl std::error::Error for Fault {}
