//! Why a backend did not do what it was asked, in words that hold no value of any row.

use std::error::Error as StdError;
use std::fmt;

/// What a backend reports when a statement or a transaction step fails.
///
/// Neither `Display` nor `Debug` nor [`source`](StdError::source) shows what the driver said
/// where that may quote values of the rows; [`driver`](Self::driver) does, for a caller who may
/// see them.
pub struct Cause {
    kind: CauseKind,
    code: Option<String>,
    constraint: Option<String>,
    column: Option<String>,
    message: Option<String>,
    driver: Option<Box<dyn StdError + Send + Sync>>,
}

/// What a caller can do about a [`Cause`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CauseKind {
    /// The database refuses a row: mend or leave out the row.
    Row,
    /// Another writer was in the way (a deadlock, a serialization failure, a busy database): the
    /// same transaction may succeed when it is run again.
    Conflict,
    /// The connection could not be had or was lost: connect again. Whether a commit in flight
    /// took place is not known.
    Connection,
    /// Anything else (a missing table, a missing right): mend the program or the schema.
    Other,
}

impl fmt::Display for CauseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Row => "the database refused a row",
            Self::Conflict => "another writer was in the way",
            Self::Connection => "the connection failed",
            Self::Other => "the database refused the statement",
        })
    }
}

impl Cause {
    /// A cause of the given kind; the setters add what is known.
    #[must_use]
    pub fn new(kind: CauseKind) -> Self {
        Self { kind, code: None, constraint: None, column: None, message: None, driver: None }
    }

    /// Adds the backend's code: the SQLSTATE on PostgreSQL, the extended result code on SQLite.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds the constraint that refused the row.
    #[must_use]
    pub fn with_constraint(mut self, constraint: Option<String>) -> Self {
        self.constraint = constraint;
        self
    }

    /// Adds the column that refused the row.
    #[must_use]
    pub fn with_column(mut self, column: Option<String>) -> Self {
        self.column = column;
        self
    }

    /// Adds a message for the reader. It must hold no value of a row.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Keeps the driver's own error for [`driver`](Self::driver).
    #[must_use]
    pub fn with_driver(mut self, driver: impl StdError + Send + Sync + 'static) -> Self {
        self.driver = Some(Box::new(driver));
        self
    }

    /// What a caller can do.
    #[must_use]
    pub fn kind(&self) -> CauseKind {
        self.kind
    }

    /// The SQLSTATE on PostgreSQL, the extended result code on SQLite.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The constraint that refused the row. SQLite names the columns of a unique constraint.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.constraint.as_deref()
    }

    /// The column that refused the row, where the backend says so.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.column.as_deref()
    }

    /// The driver's own error. **Its text may quote values of the rows**: personal data, perhaps.
    #[must_use]
    pub fn driver(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.driver.as_deref()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(code) = &self.code {
            write!(f, ", code {code}")?;
        }
        if let Some(constraint) = &self.constraint {
            write!(f, ", constraint {constraint}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cause")
            .field("kind", &self.kind)
            .field("code", &self.code)
            .field("constraint", &self.constraint)
            .field("column", &self.column)
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

impl StdError for Cause {}
