//! What is wrong with a text, and where.

use std::fmt;

/// A line that is not what the format asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Counted from one.
    pub(crate) line: usize,
    expected: String,
    found: String,
}

impl Fault {
    /// What was found is part of the text, and shown in quotes.
    pub(crate) fn new(line: usize, expected: impl Into<String>, found: impl Into<String>) -> Self {
        let found: String = found.into();
        // A line may be a whole file of another kind.
        let found = if found.chars().count() > 60 {
            found.chars().take(57).chain("...".chars()).collect()
        } else {
            found
        };
        Self::told(line, expected, format!("{found:?}"))
    }

    /// What was found is told in other words than the text's own.
    pub(crate) fn told(line: usize, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { line, expected: expected.into(), found: found.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.line, self.expected, self.found)
    }
}

impl std::error::Error for Fault {}
