//! Which node has which part of a cluster, and one connection to each.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::future;
use redis::{Client, ConnectionAddr, ErrorKind, Pipeline, RedisError, Value};

use crate::clock::now;
use crate::redis::node::{self, Connection, Node};
use crate::sync::lock;

use super::parts::{PARTS, Parts};

/// The cluster is asked where everything is no sooner again.
const BETWEEN: Duration = Duration::from_millis(50);

/// A node that does not say for so long where everything is does not count.
const PATIENCE: Duration = Duration::from_millis(500);

/// The nodes of a cluster, as far as they are known.
pub(in crate::store::redis) struct Nodes {
    parts: Arc<Parts>,
    seeds: Vec<Arc<Node>>,
    known: Mutex<Known>,
    /// One question at a time, and when the last one was answered.
    asked: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Known {
    /// The node that has each part. None at all before the cluster was asked.
    owners: Vec<Option<Arc<Node>>>,
    outdated: bool,
}

impl Nodes {
    pub(super) fn new(seeds: &[Client], parts: &Arc<Parts>) -> Arc<Self> {
        let seeds = seeds.iter().map(|seed| Node::new(seed.clone(), false)).collect();
        let (known, asked) = (Mutex::default(), tokio::sync::Mutex::default());
        Arc::new(Self { parts: Arc::clone(parts), seeds, known, asked })
    }

    /// To be called in a task of its own, as [`Node::connection`].
    pub(in crate::store::redis) async fn connection(
        &self,
        part: usize,
    ) -> Result<Arc<Connection>, RedisError> {
        let node = match self.owner(part) {
            Some(node) => node,
            None => {
                self.ask().await?;
                self.owner(part).ok_or((ErrorKind::Client, "no node has this slot"))?
            }
        };
        let connected = node.connection().await;
        if connected.is_err() {
            // Another one may have taken over.
            self.doubt();
        }
        connected
    }

    /// The nodes with the parts that each of them has.
    pub(super) async fn owners(&self) -> Result<Vec<(Arc<Node>, Vec<usize>)>, RedisError> {
        self.ask().await?;
        let mut nodes: Vec<(Arc<Node>, Vec<usize>)> = Vec::new();
        for part in 0..PARTS {
            let owner = self.owner(part).ok_or((ErrorKind::Client, "no node has this slot"))?;
            match nodes.iter_mut().find(|(node, _)| Arc::ptr_eq(node, &owner)) {
                Some((_, parts)) => parts.push(part),
                None => nodes.push((owner, vec![part])),
            }
        }
        Ok(nodes)
    }

    /// Where everything is will be asked before it is relied on again.
    pub(super) fn doubt(&self) {
        lock(&self.known).outdated = true;
    }

    /// Takes note if `error`, an answer of `from`, says that another node has `part` or may have it.
    pub(in crate::store::redis) fn redirected(
        &self,
        part: usize,
        from: &Client,
        error: &RedisError,
    ) {
        match error.code() {
            Some("MOVED") => (),
            // Perhaps for this one alone, cut off from where the others are.
            Some("CLUSTERDOWN") => return self.doubt(),
            _ => return,
        }
        let address = error.redirect_node().and_then(|(address, _)| {
            let (host, port) = address.rsplit_once(':')?;
            Some((host, port.parse().ok()?))
        });
        let mut known = lock(&self.known);
        match (address, known.owners.is_empty()) {
            (Some((host, port)), false) => {
                known.owners[part] = self.node(&known.owners, from, (host, port));
            }
            _ => known.outdated = true,
        }
    }

    fn owner(&self, part: usize) -> Option<Arc<Node>> {
        let known = lock(&self.known);
        if known.outdated { None } else { known.owners.get(part)?.clone() }
    }

    /// The node at an address that `from` told: the one that is known, so that there is one
    /// connection.
    fn node(
        &self,
        owners: &[Option<Arc<Node>>],
        from: &Client,
        (host, port): (&str, u16),
    ) -> Option<Arc<Node>> {
        let client = elsewhere(from, host, port)?;
        let is_it = |node: &&Arc<Node>| address(&node.client) == address(&client);
        let known = owners.iter().flatten().chain(&self.seeds).find(is_it);
        Some(known.map(Arc::clone).unwrap_or_else(|| Node::new(client, false)))
    }

    /// Asks the cluster where everything is, unless it was asked just now.
    async fn ask(&self) -> Result<(), RedisError> {
        let mut asked = self.asked.lock().await;
        if let Some(when) = *asked
            && now().saturating_duration_since(when) < BETWEEN
            && !lock(&self.known).owners.is_empty()
        {
            lock(&self.known).outdated = false;
            return Ok(());
        }
        let mut candidates = self.seeds.clone();
        for owner in lock(&self.known).owners.iter().flatten() {
            if !candidates.iter().any(|node| Arc::ptr_eq(node, owner)) {
                candidates.push(Arc::clone(owner));
            }
        }
        // All at once, so that those who are silent cost no time; the first answer counts.
        let asking = candidates.iter().map(|node| Box::pin(self.ask_one(node)));
        let (owners, _) = future::select_ok(asking).await?;
        *lock(&self.known) = Known { owners, outdated: false };
        *asked = Some(now());
        Ok(())
    }

    async fn ask_one(&self, node: &Node) -> Result<Vec<Option<Arc<Node>>>, RedisError> {
        let answer = async {
            let connection = node.connection().await?;
            let mut slots = Pipeline::with_capacity(1);
            slots.cmd("CLUSTER").arg("SLOTS");
            connection.ask(&slots).await
        };
        let answers = node::in_time(PATIENCE, answer).await?;
        let ranges = answers.first().map(ranges).unwrap_or_default();
        let before = lock(&self.known).owners.clone();
        let mut met: Vec<(&Range, Option<Arc<Node>>)> = Vec::new();
        let owners = (0..PARTS).map(|part| {
            let range = ranges.iter().find(|range| range.contains(self.parts.slot(part)))?;
            if let Some((_, owner)) = met.iter().find(|(other, _)| other.id == range.id) {
                return owner.clone();
            }
            let owner = self.node(&before, &node.client, (&range.host, range.port));
            met.push((range, owner.clone()));
            owner
        });
        let owners: Vec<_> = owners.collect();
        if owners.iter().all(Option::is_none) {
            return Err((ErrorKind::Client, "this node knows no cluster").into());
        }
        Ok(owners)
    }
}

/// Slots that one node has.
pub(super) struct Range {
    first: u16,
    last: u16,
    host: String,
    port: u16,
    /// The identity of the node.
    pub(super) id: Vec<u8>,
}

impl Range {
    pub(super) fn contains(&self, slot: u16) -> bool {
        (self.first..=self.last).contains(&slot)
    }
}

/// What the answer to `CLUSTER SLOTS` says, as far as it is understood.
pub(super) fn ranges(answer: &Value) -> Vec<Range> {
    let Value::Array(ranges) = answer else { return Vec::new() };
    ranges.iter().filter_map(range).collect()
}

fn range(answer: &Value) -> Option<Range> {
    let Value::Array(parts) = answer else { return None };
    let [Value::Int(first), Value::Int(last), Value::Array(primary), ..] = parts.as_slice() else {
        return None;
    };
    let [host, Value::Int(port), Value::BulkString(id), ..] = primary.as_slice() else {
        return None;
    };
    let host = match host {
        Value::BulkString(host) => String::from_utf8(host.clone()).ok()?,
        _ => String::new(),
    };
    let number = |number: &i64| u16::try_from(*number).ok();
    let (first, last, port) = (number(first)?, number(last)?, number(port)?);
    Some(Range { first, last, host, port, id: id.clone() })
}

/// A client as `from` is one, but of another node. One that does not know its host has the same.
fn elsewhere(from: &Client, host: &str, port: u16) -> Option<Client> {
    let info = from.get_connection_info().clone();
    let at = |same: &str| if host.is_empty() { same } else { host }.to_owned();
    let address = match info.addr() {
        ConnectionAddr::Tcp(same, _) => ConnectionAddr::Tcp(at(same), port),
        ConnectionAddr::TcpTls { host: same, insecure, tls_params, .. } => ConnectionAddr::TcpTls {
            host: at(same),
            port,
            insecure: *insecure,
            tls_params: tls_params.clone(),
        },
        _ => return None,
    };
    Client::open(info.set_addr(address)).ok()
}

pub(super) fn address(client: &Client) -> &ConnectionAddr {
    client.get_connection_info().addr()
}
