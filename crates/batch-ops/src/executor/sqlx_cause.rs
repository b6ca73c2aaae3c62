//! From errors of sqlx to causes, without a value of any row.

use sqlx::Error;

use crate::cause::{Cause, CauseKind};

/// What does not come from the database itself.
pub(super) fn outside(error: Error) -> Cause {
    let kind = match error {
        Error::Io(_)
        | Error::Tls(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed
        | Error::Configuration(_) => CauseKind::Connection,
        _ => CauseKind::Other,
    };
    let cause = Cause::new(kind);
    // What could not be encoded or decoded may be quoted; the rest is about the connection.
    let cause = match error {
        Error::Encode(_) | Error::Decode(_) | Error::ColumnDecode { .. } => cause,
        _ => cause.with_message(error.to_string()),
    };
    cause.with_driver(error)
}
