//! Large values go a way of their own.

use std::time::Duration;

use query_cache::{Item, Name, Store};
use test_servers::OwnRedis;

use crate::relay::Relay;
use crate::support::{send, store, until};

const TTL: Duration = Duration::from_secs(600);

fn name(byte: u8) -> Name {
    Name::from_bytes([byte; 32])
}

async fn get(store: &impl Store, byte: u8) -> Option<Vec<u8>> {
    store.get_many(&[name(byte)]).await.unwrap().remove(0).map(|stored| stored.bytes)
}

async fn set(store: &impl Store, byte: u8, bytes: &[u8]) {
    store.set_many(&[Item { name: name(byte), bytes, ttl: TTL }]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_may_grow_and_shrink() {
    let server = OwnRedis::start();
    let store = store(&server.url());
    let (small, large, larger) = (vec![1; 10], vec![2; 70_000], vec![3; 200_000]);
    for value in [&small, &large, &larger, &large, &small, &larger] {
        set(&store, 1, value).await;
        assert_eq!(get(&store, 1).await.as_ref(), Some(value));
    }
    let items = [&small, &larger, &large].map(|bytes| Item { name: name(2), bytes, ttl: TTL });
    store.set_many(&items).await.unwrap();
    assert_eq!(get(&store, 2).await, Some(large.clone()), "the last one counts");
    let all = store.get_many(&[name(1), name(3), name(2)]).await.unwrap();
    let all: Vec<_> = all.into_iter().map(|stored| stored.map(|stored| stored.bytes)).collect();
    assert_eq!(all, [Some(larger), None, Some(large)]);
    store.remove(&[name(1), name(2)]).await.unwrap();
    assert_eq!((get(&store, 1).await, get(&store, 2).await), (None, None));
}

/// On a line that takes a while for each piece of what is sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_small_value_does_not_wait_for_a_large_one() {
    let server = OwnRedis::start();
    let line = Relay::to(&server.url()).await;
    let store = store(&line.url());
    set(&store, 1, &[7; 10]).await;
    set(&store, 2, &vec![8; 8 << 20]).await;
    line.slow_down(Duration::from_millis(20));
    let large = tokio::spawn({
        let store = store.clone();
        async move { get(&store, 2).await }
    });
    until("the large value was never asked for", async || {
        let sent: String = send(&server.url(), "INFO stats").await;
        let sent = sent.lines().find_map(|line| line.strip_prefix("total_net_output_bytes:"));
        sent.unwrap().trim().parse::<u64>().unwrap() > 64 << 10
    })
    .await;
    for _ in 0..3 {
        assert_eq!(get(&store, 1).await, Some(vec![7; 10]));
        assert!(!large.is_finished(), "it was not under way meanwhile");
    }
    assert_eq!(large.await.unwrap().map(|value| value.len()), Some(8 << 20));
}
