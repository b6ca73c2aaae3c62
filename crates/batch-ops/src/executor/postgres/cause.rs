//! What PostgreSQL's codes mean for a caller
//! (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).

use sqlx::Error;
use sqlx::postgres::PgDatabaseError;

use crate::cause::{Cause, CauseKind};
use crate::executor::sqlx_cause::outside;

pub(super) fn of(error: Error) -> Cause {
    let Error::Database(told) = &error else { return outside(error) };
    let code = told.code().unwrap_or_default().into_owned();
    let kind = kind(&code);
    let constraint = told.constraint().map(str::to_owned);
    let column = told.try_downcast_ref::<PgDatabaseError>().and_then(PgDatabaseError::column);
    let mut cause =
        Cause::new(kind).with_constraint(constraint).with_column(column.map(str::to_owned));
    // What refuses a row quotes its values. The others speak of names, connections and rights.
    if kind != CauseKind::Row {
        cause = cause.with_message(told.message());
    }
    cause.with_code(code).with_driver(error)
}

/// By the class, the first two characters, but for single codes.
fn kind(code: &str) -> CauseKind {
    match code {
        "40001" | "40P01" | "55P03" => CauseKind::Conflict,
        // What a trigger raises is about the row, and its text is free.
        "P0001" => CauseKind::Row,
        _ => match code.get(..2) {
            Some("22" | "23" | "44") => CauseKind::Row,
            Some("08" | "57") => CauseKind::Connection,
            _ => CauseKind::Other,
        },
    }
}
