//! The store on Redis Cluster.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future;
use redis::{Client, Pipeline, Value};

use crate::error::StoreError;
use crate::name::{Name, Version};
use crate::store::{Heard, Item, Listen, Store, Stored, Versions};
use crate::tally::Tally;

use super::RedisStore;
use super::link::{Route, Setup};
use super::listen::{self, Line};
use super::script::Scripts;

use self::nodes::Nodes;
use self::parts::{PARTS, Parts};

pub(super) mod nodes;
mod parts;

/// Keeps values and versions in Redis Cluster, all names under one prefix. Cheap to clone; clones share
/// their connections, two to each primary, which are closed with the last of them. Replicas are never
/// read from.
///
/// Names are spread over 256 slots, each with an epoch of its own, and what is said of
/// [`RedisStore`] is true of each of them. What differs:
///
/// * A call about several names asks all nodes that have some of them at once, by one command for
///   each slot. It fails as a whole where one of them does not answer, so as long as the cluster
///   lacks a node, values are loaded, and those in a process are served on, also when another one was
///   told that they are invalidated.
/// * An invalidation takes effect slot by slot. If the process dies meanwhile, some of its names may be
///   invalidated and others not; nobody was told then that they are.
/// * A node that takes over makes only its own share of the cache cold, and so does a slot that
///   was moved. While it is moved, its values are not found and not kept, and invalidations wait.
///
/// ```no_run
/// use query_cache::Cache;
/// use query_cache::redis::ClusterStore;
///
/// # fn main() -> Result<(), query_cache::StoreError> {
/// // Any of its nodes: the others are found out.
/// let store = ClusterStore::open(&["redis://node-1:6379", "redis://node-2:6379"], "app:")?;
/// let cache = Cache::builder().store(store).build();
/// # drop(cache);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ClusterStore {
    parts: Arc<[RedisStore]>,
    layout: Arc<Parts>,
    nodes: Arc<Nodes>,
    prefix: Arc<str>,
}

impl ClusterStore {
    /// The store on the cluster to which the nodes at `urls` belong, its names beginning with
    /// `prefix`. The others are found out, so one is enough, and a second one helps if it is
    /// away. All are asked with the user, the password and the kind of connection of the one that
    /// told of them.
    ///
    /// Does not connect yet, so that a program can start while the cluster is away.
    ///
    /// # Errors
    ///
    /// If there is no URL, or one is not of Redis.
    pub fn open(urls: &[&str], prefix: impl Into<String>) -> Result<Self, StoreError> {
        let clients = urls.iter().map(|url| Client::open(*url)).collect::<Result<Vec<_>, _>>();
        Self::new(&clients.map_err(StoreError::new)?, prefix)
    }

    /// The store behind clients of some nodes that were set up elsewhere.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn new(clients: &[Client], prefix: impl Into<String>) -> Result<Self, StoreError> {
        if clients.is_empty() {
            return Err(StoreError::new("a cluster needs at least one known node"));
        }
        let layout = Arc::new(Parts::new());
        let nodes = Nodes::new(clients, &layout);
        let for_large = Nodes::new(clients, &layout);
        let (prefix, scripts): (String, _) = (prefix.into(), Arc::new(Scripts::new()));
        let part = |part| {
            // The tag first: the prefix may contain braces too.
            let prefix = format!("{{{}}}{prefix}", layout.tag(part)).into_bytes();
            let channel = [&prefix, &b"news"[..]].concat();
            let setup = Setup { prefix, channel, scripts: Arc::clone(&scripts) };
            let route = |nodes| Route::Part(Arc::clone(nodes), part);
            RedisStore::over(setup, [route(&nodes), route(&for_large)])
        };
        let parts = (0..PARTS).map(part).collect();
        Ok(Self { parts, layout, nodes, prefix: prefix.into() })
    }

    fn part_of(&self, name: &Name) -> &RedisStore {
        &self.parts[part(name)]
    }

    /// Asks every part for what it has of `names`, all at once. The answers are in the order of
    /// `names`.
    async fn each<'a, T, F>(
        &'a self,
        names: &[Name],
        ask: impl Fn(&'a RedisStore, Vec<Name>) -> F,
    ) -> Result<Vec<T>, StoreError>
    where
        F: Future<Output = Result<Vec<T>, StoreError>>,
    {
        let groups = grouped(names, part);
        let asking = groups.iter().map(|(part, places)| {
            ask(&self.parts[*part], places.iter().map(|at| names[*at]).collect())
        });
        let answers = future::try_join_all(asking).await?;
        let places = groups.values().flatten();
        let mut placed: Vec<_> = places.zip(answers.into_iter().flatten()).collect();
        placed.sort_unstable_by_key(|(at, _)| **at);
        Ok(placed.into_iter().map(|(_, answer)| answer).collect())
    }

    /// Has every part change what it has of `names`, all at once, and waits for all of them. Each is
    /// given its names, and those to tell: the last one besides, by which it is known who did it.
    async fn change<'a, F>(
        &'a self,
        names: &[Name],
        change: impl Fn(&'a RedisStore, Vec<Name>, Vec<Name>) -> F,
    ) -> Result<(), StoreError>
    where
        F: Future<Output = Result<(), StoreError>>,
    {
        let Some(last) = names.last() else { return Ok(()) };
        let changing = grouped(names, part).into_iter().map(|(part, places)| {
            let names: Vec<Name> = places.iter().map(|at| names[*at]).collect();
            let mut told = names.clone();
            if !told.contains(last) {
                told.push(*last);
            }
            change(&self.parts[part], names, told)
        });
        future::join_all(changing).await.into_iter().collect()
    }
}

/// Names look random, their first byte too.
fn part(name: &Name) -> usize {
    let [first, ..] = *name.as_bytes();
    usize::from(first)
}

/// The places of `all` by what they belong to.
fn grouped<T>(all: &[T], part: impl Fn(&T) -> usize) -> BTreeMap<usize, Vec<usize>> {
    let mut groups = BTreeMap::<_, Vec<usize>>::new();
    for (at, one) in all.iter().enumerate() {
        groups.entry(part(one)).or_default().push(at);
    }
    groups
}

impl fmt::Debug for ClusterStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the clients: their settings may hold a password.
        f.debug_struct("ClusterStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Store for ClusterStore {
    async fn get_many(&self, names: &[Name]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.each(names, async |part, names| part.get_many(&names).await).await
    }

    async fn set_many(&self, items: &[Item<'_>]) -> Result<(), StoreError> {
        let groups = grouped(items, |item| part(&item.name));
        let setting = groups.into_iter().map(|(part, places)| async move {
            let items: Vec<_> = places.iter().map(|at| items[*at]).collect();
            self.parts[part].set_many(&items).await
        });
        future::try_join_all(setting).await.map(|_| ())
    }

    async fn remove(&self, names: &[Name]) -> Result<(), StoreError> {
        let remove = async |part: &RedisStore, names: Vec<Name>, told: Vec<Name>| {
            part.remove_telling(&names, &told).await
        };
        self.change(names, remove).await
    }
}

impl Versions for ClusterStore {
    async fn read(&self, names: &[Name]) -> Result<Vec<Option<Version>>, StoreError> {
        self.each(names, async |part, names| part.read(&names).await).await
    }

    async fn ensure(
        &self,
        names: &[Name],
        offered: Version,
        ttl: Duration,
    ) -> Result<Vec<Version>, StoreError> {
        self.each(names, async |part, names| part.ensure(&names, offered, ttl).await).await
    }

    async fn expire(&self, names: &[Name], offered: Version) -> Result<(), StoreError> {
        let expire = async |part: &RedisStore, names: Vec<Name>, told: Vec<Name>| {
            part.expire_telling(&names, offered, &told).await
        };
        self.change(names, expire).await
    }
}

impl Tally for ClusterStore {
    async fn add(&self, name: &Name, by: i64, ttl: Duration) -> Result<Option<i64>, StoreError> {
        self.part_of(name).add(name, by, ttl).await
    }
}

impl Listen for ClusterStore {
    async fn listen(&self, every: Duration, tell: impl FnMut(Heard) + Send) {
        listen::listen(|| self.line(every), every, tell).await;
    }
}

impl ClusterStore {
    /// A connection to each primary, on which it tells what is done to the parts that it has. What
    /// breaks one of them may have moved something between them, so it ends all.
    async fn line(&self, every: Duration) -> Result<Line, StoreError> {
        self.nodes.doubt();
        let mut line = Line::new();
        for (node, parts) in self.nodes.owners().await.map_err(StoreError::new)? {
            let Some(first) = parts.first() else { continue };
            let connection = node.connection().await.map_err(StoreError::new)?;
            let mut question = Pipeline::with_capacity(1);
            question.cmd("CLUSTER").arg("MYID");
            let id = connection.ask(&question).await.map_err(StoreError::new)?;
            let Some(Value::BulkString(id)) = id.into_iter().next() else {
                return Err(StoreError::new("a node does not say who it is"));
            };
            let slots = parts.iter().map(|part| self.layout.slot(*part)).collect();
            let channel = |part: &usize| self.parts[*part].link.setup.channel.clone();
            let channels: Vec<_> = parts.iter().map(channel).collect();
            line.add(&self.parts[*first], &channels, Some(Share { id, slots }), every).await?;
        }
        Ok(line)
    }
}

/// The slots that a node has to have as long as it is listened to.
#[derive(Debug)]
pub(super) struct Share {
    id: Vec<u8>,
    slots: Vec<u16>,
}

impl Share {
    /// Whether it has them, as it says itself by its answer to `CLUSTER SLOTS`.
    pub(super) fn is_in(&self, answer: Option<&Value>) -> bool {
        let ranges = answer.map(nodes::ranges).unwrap_or_default();
        let has = |slot| ranges.iter().any(|range| range.id == self.id && range.contains(slot));
        self.slots.iter().all(|slot| has(*slot))
    }
}
