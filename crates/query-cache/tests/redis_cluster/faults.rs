//! Nodes that are killed, and slots that are moved.

use std::net::TcpListener;

use redis::Value;
use test_servers::{Options, OwnRedis, OwnRedisCluster};

use crate::support::{Source, cache, hears, key, listener, send, until};

const IDS: u64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_node_is_no_error_and_is_used_again_when_it_is_back() {
    let (mut cluster, source) = (OwnRedisCluster::start(3), Source::default());
    let (here, there) = (cache(&cluster), cache(&cluster));
    for cache in [&here, &there] {
        source.ask_many(cache, IDS).await;
    }
    cluster.nodes()[1].kill();
    for value in 1..5 {
        source.write(value);
        // Some of its names are where nobody is.
        here.invalidate_tags((0..IDS).map(|id| format!("tag:{id}"))).await.unwrap_err();
        source.ask_many(&here, IDS).await;
    }
    cluster.nodes()[1].restart();
    until("the cluster never came back", async || cluster.is_whole()).await;
    until("the invalidations were never sent", async || here.stats().unsent == 0).await;
    for id in 0..IDS {
        until("an old value is served", async || source.ask(&there, id).await == 4).await;
    }
    for id in 0..IDS {
        until("a value was never stored again", async || {
            here.invalidate(&key(id)).await.is_ok() && {
                source.ask(&here, id).await;
                cache(&cluster).get::<u64>(&key(id)).await.unwrap().is_some()
            }
        })
        .await;
    }
}

/// What they kept has forgotten an invalidation that was confirmed, so nothing of it is found.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_come_back_from_a_snapshot_make_nothing_valid_again() {
    let (mut cluster, source) = (OwnRedisCluster::start(3), Source::default());
    let (here, there) = (cache(&cluster), listener(&cluster));
    hears(&cluster, 1, (&there, &source), 0..IDS).await;
    until("the values were never stored", async || {
        let fresh = cache(&cluster);
        source.ask_many(&fresh, IDS).await;
        fresh.stats().store_hits == IDS
    })
    .await;
    for url in cluster.urls() {
        let (): () = send(&url, "SAVE").await;
    }
    source.write(1);
    here.invalidate_tag("all").await.unwrap();
    for node in cluster.nodes() {
        node.kill();
        node.restart();
    }
    until("the cluster never came back", async || cluster.is_whole()).await;
    let fresh = cache(&cluster);
    until("the store is never used again", async || fresh.invalidate_tag("x").await.is_ok()).await;
    for id in 0..IDS {
        for cache in [&fresh, &there, &here] {
            assert_eq!(source.ask(cache, id).await, 1, "an old value is served");
        }
    }
}

/// A replica of the second node.
async fn replica(cluster: &OwnRedisCluster) -> OwnRedis {
    let bus = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options = Options::default()
        .setting("cluster-enabled", "yes")
        .setting("cluster-port", bus.to_string())
        .setting("cluster-announce-ip", "127.0.0.1")
        .setting("cluster-node-timeout", "2000");
    let replica = OwnRedis::start_with(&options).unwrap();
    let [known, primary, _] = cluster.urls().try_into().unwrap();
    let meet = format!("CLUSTER MEET 127.0.0.1 {} {bus}", port(&replica.url()));
    let (): () = send(&known, &meet).await;
    let primary = id(&primary).await;
    until("the nodes never met", async || {
        let nodes: String = send(&replica.url(), "CLUSTER NODES").await;
        nodes.lines().any(|line| line.starts_with(&primary) && !line.contains("handshake"))
    })
    .await;
    let (): () = send(&replica.url(), &format!("CLUSTER REPLICATE {primary}")).await;
    until("it never followed", async || {
        let info: String = send(&replica.url(), "INFO replication").await;
        info.contains("master_link_status:up")
    })
    .await;
    replica
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_takes_over_is_found_and_has_nothing_of_before() {
    let (mut cluster, source) = (OwnRedisCluster::start(3), Source::default());
    let replica = replica(&cluster).await;
    let (here, there) = (cache(&cluster), listener(&cluster));
    hears(&cluster, 1, (&there, &source), 0..IDS).await;
    cluster.nodes()[1].kill();
    source.write(1);
    _ = here.invalidate_tag("all").await;
    until("nobody took over", async || {
        let info: String = send(&replica.url(), "INFO replication").await;
        info.contains("role:master")
    })
    .await;
    until("the invalidation was never sent", async || here.stats().unsent == 0).await;
    for id in 0..IDS {
        until("an old value is served", async || source.ask(&there, id).await == 1).await;
    }
    source.write(2);
    until("nothing can be invalidated", async || here.invalidate_tag("all").await.is_ok()).await;
    for id in 0..IDS {
        until("an old value is served", async || source.ask(&there, id).await == 2).await;
        until("a value was never stored again", async || {
            source.ask(&here, id).await;
            cache(&cluster).get::<u64>(&key(id)).await.unwrap() == Some(2.into())
        })
        .await;
    }
}

fn port(url: &str) -> &str {
    url.trim_end_matches('/').rsplit(':').next().unwrap()
}

/// A slot with its keys, from the first node to the second.
struct Move {
    slot: u16,
    from: String,
    to: String,
}

impl Move {
    /// All slots of the first node that have keys, on their way: the keys are there, the slot is not.
    async fn begin(cluster: &OwnRedisCluster) -> Vec<Self> {
        let [from, to, _] = cluster.urls().try_into().unwrap();
        let mut begun = Vec::new();
        for slot in 0..5_461 {
            let keys: Vec<Value> = send(&from, &format!("CLUSTER GETKEYSINSLOT {slot} 1000")).await;
            if !keys.is_empty() {
                let moving = Self { slot, from: from.clone(), to: to.clone() };
                moving.mark().await;
                moving.carry(keys).await;
                begun.push(moving);
            }
        }
        begun
    }

    async fn mark(&self) {
        let Self { slot, from, to } = self;
        let [source, target]: [String; 2] = [id(from).await, id(to).await];
        let (): () = send(to, &format!("CLUSTER SETSLOT {slot} IMPORTING {source}")).await;
        let (): () = send(from, &format!("CLUSTER SETSLOT {slot} MIGRATING {target}")).await;
    }

    async fn carry(&self, keys: Vec<Value>) {
        let mut call = redis::cmd("MIGRATE");
        call.arg("127.0.0.1").arg(port(&self.to)).arg("").arg(0).arg(5_000).arg("KEYS");
        for key in keys {
            let Value::BulkString(key) = key else { panic!("no key: {key:?}") };
            call.arg(key);
        }
        let client = redis::Client::open(&*self.from).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let _: Value = call.query_async(&mut connection).await.unwrap();
    }

    async fn end(&self) {
        let target = id(&self.to).await;
        // What was written meanwhile.
        let keys = send(&self.from, &format!("CLUSTER GETKEYSINSLOT {} 1000", self.slot)).await;
        if !Vec::is_empty(&keys) {
            self.carry(keys).await;
        }
        for node in [&self.to, &self.from] {
            let (): () = send(node, &format!("CLUSTER SETSLOT {} NODE {target}", self.slot)).await;
        }
    }
}

async fn id(node: &str) -> String {
    send(node, "CLUSTER MYID").await
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_that_are_moved_cost_loads_and_no_stale_value() {
    let (cluster, source) = (OwnRedisCluster::start(3), Source::default());
    let (here, there) = (cache(&cluster), listener(&cluster));
    hears(&cluster, 1, (&there, &source), 0..IDS).await;
    let moving = Move::begin(&cluster).await;
    assert!(moving.len() > 10, "the first node had a share: {}", moving.len());
    // Neither here nor there: loaded.
    let fresh = cache(&cluster);
    source.ask_many(&fresh, IDS).await;
    source.write(1);
    let told = tokio::spawn(async move {
        _ = here.invalidate_tag("all").await;
        here
    });
    for slot in &moving {
        slot.end().await;
    }
    let here = told.await.unwrap();
    until("the invalidation was never sent", async || here.stats().unsent == 0).await;
    for id in 0..IDS {
        until("an old value is served", async || source.ask(&there, id).await == 1).await;
    }
    // All of it is in use again, and heard of.
    source.write(2);
    until("nothing can be invalidated", async || here.invalidate_tag("all").await.is_ok()).await;
    for id in 0..IDS {
        until("an old value is served", async || source.ask(&there, id).await == 2).await;
        until("a value was never stored again", async || {
            cache(&cluster).get::<u64>(&key(id)).await.unwrap() == Some(2.into())
        })
        .await;
    }
}
