//! A server that has forgotten what it confirmed.

use std::net::SocketAddr;
use std::time::Duration;

use test_servers::{Options, OwnRedis};

use crate::relay::Relay;
use crate::support::{Source, cache, client, is_stored, on, send, store, until};

/// Stores a value, has the server saved, invalidates, and brings the server back as it was saved.
async fn back_from_a_snapshot(server: &mut OwnRedis, source: &Source) {
    let cache = on(store(&server.url()));
    source.write(1);
    source.ask(&cache).await;
    until("the value was never stored", async || is_stored(&server.url()).await).await;
    let (): () = send(&server.url(), "SAVE").await;
    source.write(2);
    cache.invalidate_tag("tag").await.unwrap();
    server.kill();
    server.restart();
    let keys: u64 = send(&server.url(), "DBSIZE").await;
    assert!(keys > 2, "the server has the old value again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_from_an_older_snapshot_brings_no_old_value_back() {
    let (mut server, source) = (OwnRedis::start(), Source::default());
    back_from_a_snapshot(&mut server, &source).await;
    assert_eq!(source.ask(&cache(&server.url())).await, 2);
}

/// What the option above all is for: nothing is lost by a restart that lost nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_trusted_keeps_its_values_over_a_restart() {
    let (mut server, source) = (OwnRedis::start(), Source::default());
    let trusting = |url: &str| on(store(url).trust_restarts());
    source.write(1);
    source.ask(&trusting(&server.url())).await;
    until("the value was never stored", async || {
        trusting(&server.url()).get::<u64>(&crate::support::key(1)).await.unwrap().is_some()
    })
    .await;
    let (): () = send(&server.url(), "SAVE").await;
    server.kill();
    server.restart();
    source.ask(&trusting(&server.url())).await;
    assert_eq!(source.loads(), 1);
}

/// A primary and a replica of it behind one address each: `(line, feed)` lead to the primary and
/// from the primary to the replica.
async fn pair() -> (OwnRedis, OwnRedis, Relay, Relay) {
    // The first copy is sent at once, not after a wait for more replicas.
    let at_once = Options::default().setting("repl-diskless-sync-delay", "0");
    let (primary, replica) =
        (OwnRedis::start_with(&at_once).unwrap(), OwnRedis::start_with(&at_once).unwrap());
    let (line, feed) = (Relay::to(&primary.url()).await, Relay::to(&primary.url()).await);
    follow(&replica, &feed.url()).await;
    (primary, replica, line, feed)
}

async fn follow(replica: &OwnRedis, primary: &str) {
    let address: SocketAddr =
        primary.trim_start_matches("redis://").trim_end_matches('/').parse().unwrap();
    let command = format!("REPLICAOF {} {}", address.ip(), address.port());
    let (): () = send(&replica.url(), &command).await;
    until("the replica never followed", async || {
        let info: String = send(&replica.url(), "INFO replication").await;
        info.contains("master_link_status:up")
    })
    .await;
}

/// Until the replica has got all that the primary has.
async fn caught_up(primary: &OwnRedis) {
    until("the replica never caught up", async || {
        let mut client = client(&primary.url()).await;
        let wait = redis::cmd("WAIT").arg(1).arg(100).query_async::<u64>(&mut client).await;
        wait.unwrap() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fail_over_to_a_replica_that_lagged_brings_no_old_value_back() {
    let (mut primary, replica, line, feed) = pair().await;
    let (here, there, source) = (cache(&line.url()), cache(&line.url()), Source::default());
    source.write(1);
    source.ask(&here).await;
    until("the value was never stored", async || is_stored(&line.url()).await).await;
    source.ask(&there).await;
    caught_up(&primary).await;
    let keys: u64 = send(&replica.url(), "DBSIZE").await;
    assert!(keys > 2, "the replica has the old value");
    // What is confirmed from here on the replica never gets.
    feed.cut();
    source.write(2);
    here.invalidate_tag("tag").await.unwrap();
    primary.pause();
    let (): () = send(&replica.url(), "REPLICAOF NO ONE").await;
    line.lead_to(&replica.url());
    assert_eq!(source.ask(&cache(&line.url())).await, 2, "who comes anew");
    until("the old value is still served", async || source.ask(&there).await == 2).await;
    assert_eq!(source.ask(&here).await, 2);
    primary.resume();
}

/// The former primary is the same process, and has got its data from the one that lagged.
#[tokio::test(flavor = "multi_thread")]
async fn nor_does_a_fail_over_back_to_the_first_primary() {
    let (primary, replica, line, feed) = pair().await;
    let source = Source::default();
    source.write(1);
    source.ask(&cache(&line.url())).await;
    until("the value was never stored", async || is_stored(&line.url()).await).await;
    caught_up(&primary).await;
    feed.cut();
    source.write(2);
    cache(&line.url()).invalidate_tag("tag").await.unwrap();
    let (): () = send(&replica.url(), "REPLICAOF NO ONE").await;
    follow(&primary, &replica.url()).await;
    let (): () = send(&primary.url(), "REPLICAOF NO ONE").await;
    line.lead_to(&primary.url());
    assert_eq!(source.ask(&cache(&line.url())).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_no_primary_is_not_used() {
    let (_primary, replica, ..) = pair().await;
    let (cache, source) = (cache(&replica.url()), Source::default());
    source.write(1);
    assert_eq!(source.ask(&cache).await, 1);
    assert!(cache.invalidate_tag("tag").await.is_err());
    tokio::time::timeout(Duration::from_secs(5), source.ask(&cache)).await.unwrap();
    assert_eq!(source.loads(), 2);
}
