//! How an example ends.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

/// Success, or code 2 and what went wrong in words on standard error.
pub(crate) fn ended(done: Result<(), impl Display>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when this fails.
            _ = writeln!(io::stderr(), "{error}");
            ExitCode::from(2)
        }
    }
}
