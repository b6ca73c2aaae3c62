//! A PostgreSQL and a Redis: given, found, or installed.

use std::{env, process::ExitCode, thread};

use anyhow::Context;
use test_servers::{
    DATABASE_URL_VARIABLE, Durability, OwnPostgres, OwnRedis, PostgresBinaries, REDIS_URL_VARIABLE,
};

use crate::install;

/// The arguments of `cargo xtask servers`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Writes survive a stop of the machine (fsync on), as measurements need.
    #[arg(long)]
    durable: bool,
}

/// Two servers, stopped when dropped as far as they were started here.
#[derive(Debug)]
pub(crate) struct Servers {
    postgres: Server<OwnPostgres>,
    redis: Server<OwnRedis>,
}

/// A server and its URL.
#[derive(Debug)]
struct Server<S> {
    url: String,
    /// `None` for one that the environment named.
    _own: Option<S>,
}

impl<S> Server<S> {
    fn given(variable: &str) -> Option<Self> {
        let url = env::var(variable).ok().filter(|url| !url.is_empty())?;
        Some(Self { url, _own: None })
    }
}

impl Servers {
    /// Those of the environment, else new ones; installs what is missing where it can.
    pub(crate) fn obtain(durability: Durability) -> anyhow::Result<Self> {
        let postgres = Server::given(DATABASE_URL_VARIABLE);
        let redis = Server::given(REDIS_URL_VARIABLE);
        install_missing(postgres.is_none(), redis.is_none())?;
        let postgres = postgres.map_or_else(|| start_postgres(durability), Ok)?;
        let redis = redis.map_or_else(|| start_redis(durability), Ok)?;
        Ok(Self { postgres, redis })
    }

    /// The variables that tests read, with their values.
    pub(crate) fn variables(&self) -> [(&'static str, &str); 2] {
        [(DATABASE_URL_VARIABLE, &self.postgres.url), (REDIS_URL_VARIABLE, &self.redis.url)]
    }
}

/// Prints the URLs of a new pair and waits to be stopped.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let durability = if options.durable { Durability::Durable } else { Durability::Fast };
    install_missing(true, true)?;
    let postgres = start_postgres(durability)?;
    let servers = Servers { postgres, redis: start_redis(durability)? };
    for (name, url) in servers.variables() {
        println!("export {name}={url}");
    }
    eprintln!("running until Ctrl-C");
    // Any signal ends this process, and with it the servers: see the guarantees of test-servers.
    loop {
        thread::park();
    }
}

/// Installs the server packages that are asked for and missing.
pub(crate) fn install_missing(postgres: bool, redis: bool) -> anyhow::Result<()> {
    let mut packages = Vec::new();
    if postgres && PostgresBinaries::find().is_err() {
        packages.push("postgresql");
    }
    if redis && test_servers::redis_server().is_err() {
        packages.push("redis-server");
    }
    if packages.is_empty() { Ok(()) } else { install::packages(&packages) }
}

fn start_postgres(durability: Durability) -> anyhow::Result<Server<OwnPostgres>> {
    let options = test_servers::Options::default().durability(durability);
    let own = OwnPostgres::start_with(&options).context("cannot start PostgreSQL")?;
    Ok(Server { url: own.url(), _own: Some(own) })
}

fn start_redis(durability: Durability) -> anyhow::Result<Server<OwnRedis>> {
    let options = test_servers::Options::default().durability(durability);
    let own = OwnRedis::start_with(&options).context("cannot start Redis")?;
    Ok(Server { url: own.url(), _own: Some(own) })
}
