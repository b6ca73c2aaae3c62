//! Private servers through their whole life: started, killed, paused, started again, gone.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use test_servers::{
    Durability, Error, Options, OwnPostgres, OwnRedis, OwnRedisCluster, PostgresBinaries,
};

fn psql(url: &str, statement: &str) -> Result<String, String> {
    let binaries = PostgresBinaries::find().unwrap();
    let arguments = ["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement, "-d", url];
    let output =
        Command::new(binaries.psql).args(arguments).env("PGCONNECT_TIMEOUT", "2").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn address(url: &str) -> &str {
    url.trim_start_matches("redis://").trim_end_matches('/')
}

/// One inline command, one line of answer.
fn redis(url: &str, command: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address(url))?;
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    write!(stream, "{command}\r\n")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

fn within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if condition() {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

#[test]
fn databases_of_one_server_are_empty_and_apart() {
    let server = OwnPostgres::start();
    let (one, two) = (server.create_database().unwrap(), server.create_database().unwrap());
    psql(&one, "CREATE TABLE t (id int)").unwrap();
    let count = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(psql(&one, count).unwrap(), "1");
    assert_eq!(psql(&two, count).unwrap(), "0");
}

#[test]
fn the_shared_server_gives_each_caller_a_database_of_its_own() {
    let (one, two) = (test_servers::postgres_url(), test_servers::postgres_url());
    assert_ne!(one, two);
    assert_eq!(psql(&one, "SELECT 1").unwrap(), "1");
    assert_eq!(redis(&test_servers::redis_url(), "PING").unwrap(), "+PONG");
}

#[test]
fn a_killed_postgres_comes_back_on_its_port_with_what_was_committed() {
    let mut server = OwnPostgres::start();
    let url = server.url();
    psql(&url, "CREATE TABLE t AS SELECT 7 AS id").unwrap();
    server.kill();
    assert!(psql(&url, "SELECT 1").is_err());
    server.restart();
    assert_eq!(server.url(), url);
    assert_eq!(psql(&url, "SELECT id FROM t").unwrap(), "7");
}

#[test]
fn fsync_is_off_for_tests_and_on_for_measurements() {
    let fast = OwnPostgres::start();
    let durable =
        OwnPostgres::start_with(&Options::default().durability(Durability::Durable)).unwrap();
    assert_eq!(psql(&fast.url(), "SHOW fsync").unwrap(), "off");
    assert_eq!(psql(&durable.url(), "SHOW fsync").unwrap(), "on");
}

#[test]
fn a_setting_the_server_does_not_know_is_told_in_its_own_words() {
    let wrong = Options::default().setting("max_conections", "7");
    let error = OwnPostgres::start_with(&wrong).unwrap_err();
    assert!(matches!(error, Error::NotReady { .. }), "{error}");
    assert!(error.to_string().contains("max_conections"), "{error}");
    let wrong = Options::default().setting("maxmemori", "7");
    assert!(matches!(OwnRedis::start_with(&wrong).unwrap_err(), Error::NotReady { .. }));
}

#[test]
fn a_paused_redis_keeps_connections_and_answers_after_resume() {
    let mut server = OwnRedis::start();
    server.pause();
    assert!(TcpStream::connect(address(&server.url())).is_ok());
    assert!(redis(&server.url(), "PING").is_err());
    server.resume();
    assert_eq!(redis(&server.url(), "PING").unwrap(), "+PONG");
}

#[test]
fn a_paused_postgres_freezes_open_sessions_too() {
    let mut server = OwnPostgres::start();
    let url = server.url();
    let binaries = PostgresBinaries::find().unwrap();
    let mut session = Command::new(binaries.psql)
        .args(["-XAtq", "-d", &url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = session.stdin.take().unwrap();
    let mut output = BufReader::new(session.stdout.take().unwrap());
    let mut line = String::new();
    writeln!(input, "SELECT 'one';").unwrap();
    output.read_line(&mut line).unwrap();

    server.pause();
    writeln!(input, "SELECT 'two' || extract(epoch FROM clock_timestamp());").unwrap();
    assert!(psql(&url, "SELECT 1").is_err());
    let resumed = std::time::SystemTime::now();
    server.resume();
    line.clear();
    output.read_line(&mut line).unwrap();
    let answered: f64 = line.trim().trim_start_matches("two").parse().unwrap();
    let resumed = resumed.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!(answered >= resumed, "the backend ran while paused");
    drop(input);
    session.wait().unwrap();
}

#[test]
fn a_redis_killed_and_restarted_is_empty_unless_durable() {
    let durable = Options::default().durability(Durability::Durable);
    for (options, kept) in [(Options::default(), "$-1"), (durable, "$1")] {
        let mut server = OwnRedis::start_with(&options).unwrap();
        assert_eq!(redis(&server.url(), "SET key 7").unwrap(), "+OK");
        server.kill();
        assert!(redis(&server.url(), "PING").is_err());
        server.restart();
        assert_eq!(redis(&server.url(), "GET key").unwrap(), kept);
    }
}

#[test]
fn nodes_of_a_cluster_share_the_slots_and_stay_members_when_killed() {
    let mut cluster = OwnRedisCluster::start(3);
    assert!(cluster.is_whole());
    let urls = cluster.urls();
    let moved = format!("-MOVED 12182 {}", address(&urls[2]));
    assert_eq!(redis(&urls[0], "SET foo 7").unwrap(), moved);
    assert_eq!(redis(&urls[2], "SET foo 7").unwrap(), "+OK");
    cluster.nodes()[2].kill();
    assert!(!cluster.is_whole());
    cluster.nodes()[2].restart();
    assert!(within(Duration::from_secs(20), || cluster.is_whole()), "it was not taken back");
    assert_eq!(redis(&urls[2], "GET foo").unwrap(), "$-1");
}

#[test]
fn dropping_a_paused_server_stops_it_and_removes_its_folder() {
    let mut server = OwnRedis::start();
    let url = server.url();
    server.pause();
    drop(server);
    assert!(redis(&url, "PING").is_err());
}

/// The example starts both servers, prints where they are, and waits to be killed.
#[test]
fn servers_die_with_a_parent_killed_by_sigkill() {
    let example = std::env::current_exe().unwrap();
    let example = example.parent().unwrap().parent().unwrap().join("examples/servers");
    assert!(Path::new(&example).exists(), "built beside this test by cargo: {example:?}");
    let mut parent =
        Command::new(example).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(parent.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        line.trim().split_once('=').unwrap().1.to_owned()
    };
    let (postgres, cache) = (next(), next());
    assert_eq!(psql(&postgres, "SELECT 1").unwrap(), "1");
    assert_eq!(redis(&cache, "PING").unwrap(), "+PONG");

    let folder = psql(&postgres, "SHOW data_directory").unwrap();
    parent.kill().unwrap();
    parent.wait().unwrap();
    let limit = Duration::from_secs(20);
    assert!(within(limit, || redis(&cache, "PING").is_err()), "Redis outlived its parent");
    assert!(within(limit, || psql(&postgres, "SELECT 1").is_err()), "PostgreSQL outlived it");
    assert!(within(limit, || !Path::new(&folder).exists()), "the data directory stayed");
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap(); // nobody kept the pipe open
}
