//! The same program on a real PostgreSQL and a real Redis, with no other change than two URLs.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "support/program.rs"]
#[expect(dead_code, reason = "shared with the tests on the embedded default")]
mod program;

use program::{Ended, Place};

/// PostgreSQL and, at `redis`, a private Redis: the lease and the solution of another test, of the same
/// block, must not be met in the shared one.
fn on_servers(redis: &str) -> Place {
    Place::new().with("DATABASE_URL", &test_servers::postgres_url()).with("REDIS_URL", redis)
}

#[test]
fn the_job_is_the_same_on_servers() {
    let redis = test_servers::OwnRedis::start();
    let place = on_servers(&redis.url());
    let ended = place.run(&[]).with_code(0);
    assert!(ended.stdout.contains("legal: no violation"), "{}", ended.stdout);
    let (version, _, audit) = place.published().unwrap();
    assert_eq!(version, 1);
    assert!(audit.is_clean());
    // A later run finds the solution in Redis, and nothing to write. Not always the second one: a
    // Redis that does not answer in time, as on a busy machine, is done without.
    let mut later = (0..5).map(|_| place.run(&[]).with_code(0));
    let found = later.find(|ended| ended.stdout.contains("remembered from an earlier run"));
    let found = found.expect("no run found the solution of the one before");
    assert!(found.stdout.contains("0 inserted, 0 updated"), "{}", found.stdout);
    let (version, ..) = place.published().unwrap();
    let one = place.easily_spared("2026-11-02", "2026-11-06");
    let absence = ["replan", "--person", &one, "--from", "2026-11-02", "--to", "2026-11-06"];
    place.run(&[&absence[..], &["--seconds", "5"]].concat()).with_code(0);
    assert_eq!(place.published().unwrap().0, version + 1);
}

#[test]
fn two_processes_on_postgres_exclude_each_other() {
    // The lease and the fences are rows beside the schedule.
    let place = Place::new().with("DATABASE_URL", &test_servers::postgres_url());
    assert_one_publishes(&place);
}

#[test]
fn two_processes_on_postgres_and_redis_exclude_each_other() {
    // The lease is in Redis and hands its fence to PostgreSQL.
    let redis = test_servers::OwnRedis::start();
    assert_one_publishes(&on_servers(&redis.url()));
}

/// Of two processes started at once one publishes; the other waits, and leaves it at that.
fn assert_one_publishes(place: &Place) {
    let both = [place.start(&["--wait", "300"]), place.start(&["--wait", "300", "--seed", "2"])];
    let ended = both.map(|child| Ended::of(child.wait_with_output().unwrap()).with_code(0));
    let waited = ended.iter().filter(|e| e.stdout.contains("published the block meanwhile"));
    assert_eq!(waited.count(), 1, "{}\n{}", ended[0].stdout, ended[1].stdout);
    let held = ended.iter().filter(|e| e.stderr.contains("The block is held by process"));
    assert_eq!(held.count(), 1, "{}\n{}", ended[0].stderr, ended[1].stderr);
    let (version, _, audit) = place.published().unwrap();
    assert_eq!(version, 1);
    assert!(audit.is_clean(), "{:?}", audit.violations);
}

#[test]
fn a_redis_that_is_away_is_named() {
    let place = on_servers("redis://127.0.0.1:1");
    let ended = place.run(&[]).with_code(1);
    assert!(ended.stderr.contains("REDIS_URL"), "{}", ended.stderr);
}
