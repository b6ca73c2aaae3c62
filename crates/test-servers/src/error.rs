//! What can go wrong, and what the reader can do about it.

use std::{io, path::PathBuf};

use crate::INSTALL_COMMAND;

/// Why a server could not be found, started or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program is in none of the usual places.
    #[error("{program} was not found on PATH or in the usual folders; run once: {INSTALL_COMMAND}")]
    NotFound {
        /// The program's file name.
        program: &'static str,
    },

    /// A shared server is asked for and nobody started one.
    #[error("{variable} is not set: run the tests through `cargo xtask test`")]
    NotSet {
        /// The environment variable that names the server.
        variable: &'static str,
    },

    /// The given URL does not name a server in a form understood here.
    #[error("{variable} does not begin with postgres:// or postgresql://")]
    Url {
        /// The environment variable it came from.
        variable: &'static str,
    },

    /// No unprivileged account exists to run the server; PostgreSQL refuses root.
    #[error("started by root, and /etc/passwd has neither a postgres nor a nobody account")]
    NoAccount,

    /// The server ended, or was not ready in time.
    #[error("{server} did not become ready; the end of its log:\n{log}")]
    NotReady {
        /// The program's file name.
        server: &'static str,
        /// The last lines it wrote.
        log: String,
    },

    /// A client program answered with a failure.
    #[error("{program} failed: {output}")]
    Client {
        /// The program that ran.
        program: &'static str,
        /// What it wrote to its error output.
        output: String,
    },

    /// The operating system refused something.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which file, folder or program.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
}

impl Error {
    /// Gives an [`io::Error`] its circumstances; for `map_err`.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.into(), source }
    }
}
