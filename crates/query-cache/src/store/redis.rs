//! The store on Redis, one server or a primary with replicas that are never read from.
//!
//! One connection carries the commands of all callers; it is made on first use and replaced when it
//! breaks. Every call is one round trip. Values of over 64 KiB go over a second one, so that others do
//! not wait for them, and cost one round trip more; what an invalidation leaves of them in memory
//! ends with its time to live. Nothing is ever searched: no `SCAN`, no `KEYS`. Needs
//! Redis 4 or later. On Redis Cluster: [`ClusterStore`].
//!
//! A server with `maxmemory` should evict (`allkeys-lru` or the like): a value or version that was
//! evicted costs a load and nothing else. With `noeviction` a full server still takes
//! invalidations, and nothing new.
//!
//! # What others do
//!
//! Removals and expiries are published, in the same step, on the channel `{prefix}{database}:news`. A
//! cache listens on a connection of its own (Redis 6 or later, RESP3), so it follows other processes
//! as they change things and need not compare what it has. Where it cannot listen it compares. A
//! user with an access list needs that channel besides the keys: without the right to publish it
//! cannot invalidate.
//!
//! # Restarts and fail-overs
//!
//! A server that comes back from an older snapshot, or a replica that takes over before it had got
//! everything, has forgotten invalidations that were confirmed. So all names contain a number that is
//! drawn anew whenever the server says by its `run_id` and `master_replid` (`INFO`) that it is not
//! what it was, and is kept in the server beside them: what was kept before is not found any more,
//! and ends with its time to live. **A restart or a fail-over makes the cache in Redis cold**, even
//! one that lost nothing. [`RedisStore::trust_restarts`] is for those who would rather risk the old
//! values.
//!
//! A server that refuses `INFO`, and a proxy that keeps a client's connection while it changes the
//! server behind it, hide a fail-over. A primary that is cut off and goes on answering is one as long
//! as somebody asks it; let it stop (`min-replicas-to-write`).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future;
use redis::{Client, Pipeline, Value};

use crate::error::StoreError;
use crate::name::{Name, Version};

pub use self::cluster::ClusterStore;
use self::link::{Fault, Link, Route, Session, Setup};
use self::node::Node;
use self::script::Scripts;
use self::wire::Deed;
use super::{Item, Store, Stored, Versions};

mod bulk;
mod clock;
mod cluster;
mod epoch;
mod link;
mod listen;
mod node;
mod script;
mod tally;
mod wire;

/// So many names are asked for by one command: a server does nothing else meanwhile.
const AT_ONCE: usize = 500;

/// Keeps values and versions in Redis, all names under one prefix. Cheap to clone; clones share
/// their connection, which is closed with the last of them.
#[derive(Clone)]
pub struct RedisStore {
    link: Arc<Link>,
    /// For large values: an answer waits for all those before it on its connection.
    bulk: Arc<Link>,
}

impl RedisStore {
    /// The store at `url` (`redis://host:port/db`), its names beginning with `prefix`. Programs
    /// that share values use one prefix; others on the same server use different ones.
    ///
    /// Does not connect yet, so that a program can start while Redis is away.
    ///
    /// # Errors
    ///
    /// If `url` is not one of Redis.
    pub fn open(url: &str, prefix: impl Into<String>) -> Result<Self, StoreError> {
        Client::open(url).map(|client| Self::new(client, prefix)).map_err(StoreError::new)
    }

    /// The store behind a client that was set up elsewhere.
    pub fn new(client: Client, prefix: impl Into<String>) -> Self {
        Self::set_up(client, prefix.into().into_bytes(), false)
    }

    /// Takes a server to remember after a restart or a fail-over all that it confirmed before. What
    /// was kept before is then found after it; if the server has forgotten an invalidation, the old
    /// value too, until the end of its time to live.
    ///
    /// To be called by all programs that share the prefix: one that does not makes the cache cold
    /// for all. Connects anew.
    #[must_use]
    pub fn trust_restarts(self) -> Self {
        match &self.link.route {
            Route::Server(node) => {
                Self::set_up(node.client.clone(), self.link.setup.prefix.clone(), true)
            }
            Route::Part(..) => self,
        }
    }

    fn set_up(client: Client, prefix: Vec<u8>, trusted: bool) -> Self {
        // All databases of a server have their channels in common.
        let database = client.get_connection_info().redis_settings().db();
        let channel = [&prefix, format!("{database}:news").as_bytes()].concat();
        let setup = Setup { prefix, channel, scripts: Arc::new(Scripts::new()) };
        let route = |client| Route::Server(Node::new(client, trusted));
        Self::over(setup, [client.clone(), client].map(route))
    }

    fn over(setup: Setup, [route, for_large]: [Route; 2]) -> Self {
        let setup = Arc::new(setup);
        Self { link: Link::new(Arc::clone(&setup), route), bulk: Link::new(setup, for_large) }
    }

    /// Removes `names`, and tells that `told` were.
    async fn remove_telling(&self, names: &[Name], told: &[Name]) -> Result<(), StoreError> {
        let message = wire::message(Deed::Removed, told);
        let build = |session: &Session| session.setup().scripts.remove(session, names, &message);
        self.link.run(build, done).await
    }

    /// Expires `names`, and tells that `told` were.
    async fn expire_telling(
        &self,
        names: &[Name],
        offered: Version,
        told: &[Name],
    ) -> Result<(), StoreError> {
        let message = wire::message(Deed::Expired, told);
        let build =
            |session: &Session| session.setup().scripts.expire(session, names, offered, &message);
        self.link.run(build, done).await
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the client: its settings may hold a password.
        let prefix = String::from_utf8_lossy(&self.link.setup.prefix);
        f.debug_struct("RedisStore").field("prefix", &prefix).finish_non_exhaustive()
    }
}

impl Store for RedisStore {
    async fn get_many(&self, names: &[Name]) -> Result<Vec<Option<Stored>>, StoreError> {
        let asked = names.chunks(AT_ONCE).map(|names| self.get_some(names));
        Ok(future::try_join_all(asked).await?.into_iter().flatten().collect())
    }

    async fn set_many(&self, items: &[Item<'_>]) -> Result<(), StoreError> {
        if items.is_empty() { Ok(()) } else { self.set_all(items).await }
    }

    async fn remove(&self, names: &[Name]) -> Result<(), StoreError> {
        if names.is_empty() {
            return Ok(());
        }
        self.remove_telling(names, names).await
    }
}

impl Versions for RedisStore {
    async fn read(&self, names: &[Name]) -> Result<Vec<Option<Version>>, StoreError> {
        let build = |session: &Session| {
            let mut pipe = Pipeline::with_capacity(1);
            mget(&mut pipe, session, names);
            pipe
        };
        let read = |session: &Session, answers: Vec<Value>| {
            let found = answers.into_iter().next().ok_or(Fault::Shape)?;
            Ok(each(session, found)?.map(|found| version(&found)).collect())
        };
        // What is on its way to another node is not known until it is there.
        let found = self.link.run_unless_moving(build, read).await?;
        Ok(found.unwrap_or_else(|| vec![None; names.len()]))
    }

    async fn ensure(
        &self,
        names: &[Name],
        offered: Version,
        ttl: Duration,
    ) -> Result<Vec<Version>, StoreError> {
        let build =
            |session: &Session| session.setup().scripts.ensure(session, names, offered, ttl);
        let read = |_: &Session, answers: Vec<Value>| match answers.as_slice() {
            [Value::Array(versions)] => {
                versions.iter().map(version).collect::<Option<Vec<_>>>().ok_or(Fault::Shape)
            }
            _ => Err(Fault::Epoch),
        };
        self.link.run(build, read).await
    }

    async fn expire(&self, names: &[Name], offered: Version) -> Result<(), StoreError> {
        self.expire_telling(names, offered, names).await
    }
}

/// A script that does nothing in another epoch has done it.
fn done(_: &Session, answers: Vec<Value>) -> Result<(), Fault> {
    match answers.into_iter().next() {
        Some(Value::Int(1)) => Ok(()),
        _ => Err(Fault::Epoch),
    }
}

/// Asks for the epoch and for what is under each of `names`.
fn mget(pipe: &mut Pipeline, session: &Session, names: &[Name]) {
    let mget = pipe.cmd("MGET").arg(session.setup().epoch_key());
    session.keys(names, |key| _ = mget.arg(key));
}

/// What was under each name, if the epoch is the one they were asked for in.
fn each(session: &Session, found: Value) -> Result<impl Iterator<Item = Value>, Fault> {
    let Value::Array(found) = found else { return Err(Fault::Shape) };
    let mut found = found.into_iter();
    session.check(found.next().as_ref())?;
    Ok(found)
}

fn version(found: &Value) -> Option<Version> {
    let Value::BulkString(bytes) = found else { return None };
    bytes.as_slice().try_into().ok().map(Version::from_bytes)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
