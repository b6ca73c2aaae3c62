//! Finds, starts and stops real PostgreSQL and Redis servers for tests and benches.
//!
//! Two kinds of server, for two kinds of test:
//!
//! * The **shared** pair, which `cargo xtask test` starts once and names in `TEST_DATABASE_URL` and
//!   `TEST_REDIS_URL`. A test takes its own corner of it: [`postgres_url`] makes a new empty
//!   database, [`unique_prefix`] a key prefix nobody else has. Such tests run in parallel.
//! * A **private** server, [`OwnPostgres`], [`OwnRedis`] or [`OwnRedisCluster`], for a test that kills or pauses a
//!   server, counts its statistics or changes its settings.
//!
//! ```no_run
//! use test_servers::{OwnRedis, postgres_url};
//!
//! let url = postgres_url(); // postgres://postgres@127.0.0.1:20417/test_5b1f…
//! let mut redis = OwnRedis::start();
//! redis.kill(); // SIGKILL: what the code under test has to survive
//! redis.restart(); // same port, so `redis.url()` stays true
//! # drop(url);
//! ```
//!
//! Everything here blocks, and what a test calls directly panics with the command that helps: a
//! test has no other answer to a missing server. Programs use [`OwnPostgres::start_with`] and
//! [`OwnRedis::start_with`], which return [`Error`].
//!
//! # Guarantees
//!
//! * A server listens on 127.0.0.1 only and lives in a temporary directory of its own.
//! * It does not outlive the process that started it, however that process ends, SIGKILL included:
//!   a small shell holds the reading end of a pipe and stops the server when the pipe closes.
//! * Started by root, the servers run as `postgres` or `nobody`; PostgreSQL refuses root.
//! * Only processes started here are signalled, by their own id.
//!
//! # Limits
//!
//! Unix only. PostgreSQL trusts every local connection, so on a machine shared with people you do
//! not trust give `TEST_DATABASE_URL` instead. Databases made on a server that you gave stay there;
//! their names begin with `test_`.

mod account;
mod cluster;
mod error;
mod find;
mod options;
mod port;
mod postgres;
mod process;
mod redis;
mod shared;
mod wait;

pub use cluster::OwnRedisCluster;
pub use error::Error;
pub use find::{INSTALL_COMMAND, PostgresBinaries, redis_server};
pub use options::{Durability, Options};
pub use postgres::OwnPostgres;
pub use redis::OwnRedis;
pub use shared::{
    DATABASE_URL_VARIABLE, REDIS_URL_VARIABLE, postgres_url, redis_url, unique_prefix,
};
