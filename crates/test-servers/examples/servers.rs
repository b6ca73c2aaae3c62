//! Starts both servers and holds them until its input ends or it is killed.

#![expect(clippy::print_stdout, reason = "the lines are for a shell to evaluate")]

use std::io;

use test_servers::{
    DATABASE_URL_VARIABLE, Error, Options, OwnPostgres, OwnRedis, REDIS_URL_VARIABLE,
};

fn main() -> Result<(), Error> {
    let options = Options::default();
    let postgres = OwnPostgres::start_with(&options)?;
    let redis = OwnRedis::start_with(&options)?;
    println!("export {DATABASE_URL_VARIABLE}={}", postgres.url());
    println!("export {REDIS_URL_VARIABLE}={}", redis.url());
    io::stdin().lines().for_each(drop);
    Ok(())
}
