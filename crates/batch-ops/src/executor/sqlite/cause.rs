//! What SQLite's result codes mean for a caller (<https://www.sqlite.org/rescode.html>).

use sqlx::Error;
use sqlx::error::DatabaseError;

use crate::cause::{Cause, CauseKind};
use crate::executor::sqlx_cause::outside;

const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const IO: i32 = 10;
const CANNOT_OPEN: i32 = 14;
const TOO_BIG: i32 = 18;
const CONSTRAINT: i32 = 19;
const MISMATCH: i32 = 20;
const CONSTRAINT_TRIGGER: i32 = 1811;

pub(super) fn of(error: Error) -> Cause {
    let Error::Database(told) = &error else { return outside(error) };
    let code = told.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
    let (constraint, column) = names(told.as_ref());
    let mut cause = Cause::new(kind(code))
        .with_code(code.to_string())
        .with_constraint(constraint)
        .with_column(column);
    // A trigger's message is free text; all others hold names only.
    if code != CONSTRAINT_TRIGGER && kind(code) != CauseKind::Row {
        cause = cause.with_message(told.message());
    }
    cause.with_driver(error)
}

/// The low byte is the primary code; the rest tells more of the same.
fn kind(code: i32) -> CauseKind {
    match code & 0xff {
        BUSY | LOCKED => CauseKind::Conflict,
        CONSTRAINT | MISMATCH | TOO_BIG => CauseKind::Row,
        IO | CANNOT_OPEN => CauseKind::Connection,
        _ => CauseKind::Other,
    }
}

/// The constraint and the column in "UNIQUE constraint failed: people.id" and its kin.
fn names(told: &dyn DatabaseError) -> (Option<String>, Option<String>) {
    let Some((what, names)) = told.message().split_once(" constraint failed: ") else {
        return (None, None);
    };
    match what {
        "NOT NULL" => (None, names.rsplit('.').next().map(str::to_owned)),
        _ => (Some(names.to_owned()), None),
    }
}
