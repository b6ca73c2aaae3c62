//! The pair of servers that all tests of a run share.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

use crate::{Error, find};

/// Names the shared PostgreSQL server; its user must be allowed to create databases.
pub const DATABASE_URL_VARIABLE: &str = "TEST_DATABASE_URL";

/// Names the shared Redis server.
pub const REDIS_URL_VARIABLE: &str = "TEST_REDIS_URL";

/// The URL of a new, empty database on the shared server, cloned from `template0`.
///
/// Nobody drops it: it goes with the server.
///
/// # Panics
///
/// When there is no server, with the command that starts one.
#[must_use]
pub fn postgres_url() -> String {
    new_database().unwrap_or_else(|error| panic!("{error}"))
}

/// The URL of the shared Redis server. Put [`unique_prefix`] before every key.
///
/// # Panics
///
/// When there is no server, with the command that starts one.
#[must_use]
pub fn redis_url() -> String {
    variable(REDIS_URL_VARIABLE).unwrap_or_else(|error| panic!("{error}"))
}

/// A prefix for keys and names that no other test, process or run has.
///
/// ```
/// assert_ne!(test_servers::unique_prefix(), test_servers::unique_prefix());
/// ```
#[must_use]
pub fn unique_prefix() -> String {
    format!("{}:", unique_name())
}

fn new_database() -> Result<String, Error> {
    let server = variable(DATABASE_URL_VARIABLE)?;
    create_database(&find::psql()?, &server)
}

fn variable(variable: &'static str) -> Result<String, Error> {
    env::var(variable).ok().filter(|url| !url.is_empty()).ok_or(Error::NotSet { variable })
}

/// The process id beside the random number: generators of two processes could start alike.
fn unique_name() -> String {
    format!("test_{:x}_{:016x}", std::process::id(), fastrand::u64(..))
}

/// Makes a database on the server at `url` by `psql`, so that no driver is a dependency here.
pub(crate) fn create_database(psql: &Path, url: &str) -> Result<String, Error> {
    let name = unique_name();
    let made = with_database(url, &name).ok_or(Error::Url { variable: DATABASE_URL_VARIABLE })?;
    let statement = format!(r#"CREATE DATABASE "{name}" TEMPLATE template0"#);
    let output = Command::new(psql)
        .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--no-password"])
        .args(["--command", &statement, "--dbname", url])
        .env("PGCONNECT_TIMEOUT", "10")
        .stdin(Stdio::null())
        .output()
        .map_err(Error::io("run", psql))?;
    if output.status.success() {
        return Ok(made);
    }
    let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Client { program: "psql", output })
}

/// `url` with its database replaced; host, user and parameters stay.
fn with_database(url: &str, database: &str) -> Option<String> {
    let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"))?;
    let (rest, parameters) = match rest.split_once('?') {
        Some((rest, parameters)) => (rest, format!("?{parameters}")),
        None => (rest, String::new()),
    };
    let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    Some(format!("postgres://{authority}/{database}{parameters}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_of_a_url_is_replaced() {
        let of = |url| with_database(url, "x");
        assert_eq!(of("postgres://u:p@h:1/db").unwrap(), "postgres://u:p@h:1/x");
        assert_eq!(of("postgresql://h").unwrap(), "postgres://h/x");
        assert_eq!(
            of("postgres:///db?host=/run/postgresql").unwrap(),
            "postgres:///x?host=/run/postgresql"
        );
        assert_eq!(of("mysql://h/db"), None);
    }

    #[test]
    fn an_unset_variable_names_the_command_that_sets_it() {
        let error = variable("TEST_SERVERS_NEVER_SET").unwrap_err();
        assert_eq!(
            error.to_string(),
            "TEST_SERVERS_NEVER_SET is not set: run the tests through `cargo xtask test`"
        );
    }
}
