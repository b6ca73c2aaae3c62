//! The store on Redis, one server or a primary with replicas that are never read from.
//!
//! One connection carries the commands of all callers; it is made on first use and replaced when it
//! breaks. Every call is one round trip. Nothing is ever searched: no `SCAN`, no `KEYS`. Needs
//! Redis 4 or later. Redis Cluster is not supported: versions of one value lie in different slots.
//!
//! A server with `maxmemory` should evict (`allkeys-lru` or the like): a value or version that was
//! evicted costs a load and nothing else.

use std::fmt;
use std::time::Duration;

use futures::future;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, Script};

use crate::error::StoreError;
use crate::name::{Name, Version};

use super::{Item, Store, Stored, Versions};

/// Gives each key its version, or the offered one, and keeps it for twice the time asked for: a
/// version that every load prolonged would be written as often as it is read.
const ENSURE: &str = r"
local versions = {}
for i, key in ipairs(KEYS) do
  local version = redis.call('GET', key)
  if not version then
    redis.call('SET', key, ARGV[1], 'PX', 2 * ARGV[2])
    version = ARGV[1]
  elseif redis.call('PTTL', key) < tonumber(ARGV[2]) then
    redis.call('PEXPIRE', key, 2 * ARGV[2])
  end
  versions[i] = version
end
return versions";

/// The bytes of each key with the milliseconds it will last: in one script, so that they belong together
/// and the answer is one array.
const GET: &str = r"
local found = {}
for i, key in ipairs(KEYS) do
  local bytes = redis.call('GET', key)
  found[i] = bytes and { bytes, redis.call('PTTL', key) } or false
end
return found";

/// Overwrites the second half of each version that is there; how long it lives stays as it is.
const EXPIRE: &str = r"
for _, key in ipairs(KEYS) do
  if redis.call('STRLEN', key) == 16 then
    redis.call('SETRANGE', key, 8, ARGV[1])
  end
end";

/// So many names are asked for by one script: a server does nothing else meanwhile.
const AT_ONCE: usize = 500;

/// Keeps values and versions in Redis, all names under one prefix. Cheap to clone.
#[derive(Clone)]
pub struct RedisStore {
    connection: ConnectionManager,
    prefix: String,
    get: Script,
    ensure: Script,
    expire: Script,
}

impl RedisStore {
    /// The store at `url` (`redis://host:port/db`), its names beginning with `prefix`. Programs
    /// that share values use one prefix; others on the same server use different ones.
    ///
    /// Does not connect yet, so that a program can start while Redis is away. Must be called inside
    /// a tokio runtime.
    ///
    /// # Errors
    ///
    /// If `url` is not one of Redis.
    pub fn open(url: &str, prefix: impl Into<String>) -> Result<Self, StoreError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(Duration::from_secs(5)))
            .set_min_delay(Duration::from_millis(50))
            .set_max_delay(Duration::from_millis(500))
            .set_number_of_retries(3)
            .set_pipeline_buffer_size(512);
        let connection = Client::open(url)
            .and_then(|client| client.get_connection_manager_lazy(config))
            .map_err(StoreError::new)?;
        Ok(Self::new(connection, prefix))
    }

    /// The store behind a connection that was set up elsewhere.
    pub fn new(connection: ConnectionManager, prefix: impl Into<String>) -> Self {
        let [get, ensure, expire] = [GET, ENSURE, EXPIRE].map(Script::new);
        Self { connection, prefix: prefix.into(), get, ensure, expire }
    }

    fn key(&self, name: &Name) -> String {
        format!("{}{name}", self.prefix)
    }

    async fn get_some(&self, names: &[Name]) -> Result<Vec<Option<(Vec<u8>, i64)>>, RedisError> {
        if let [name] = names {
            let key = self.key(name);
            let (bytes, millis): (Option<Vec<u8>>, i64) = redis::pipe()
                .atomic()
                .get(&key)
                .pttl(&key)
                .query_async(&mut self.connection.clone())
                .await?;
            return Ok(vec![bytes.map(|bytes| (bytes, millis))]);
        }
        let mut call = self.get.prepare_invoke();
        names.iter().for_each(|name| _ = call.key(self.key(name)));
        call.invoke_async(&mut self.connection.clone()).await
    }

    fn keys(&self, names: &[Name]) -> Vec<String> {
        names.iter().map(|name| self.key(name)).collect()
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the connection: its settings may hold a password.
        f.debug_struct("RedisStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Store for RedisStore {
    async fn get_many(&self, names: &[Name]) -> Result<Vec<Option<Stored>>, StoreError> {
        let asked = names.chunks(AT_ONCE).map(|names| self.get_some(names));
        let found = future::try_join_all(asked).await.map_err(failed)?.into_iter().flatten();
        let stored = found.map(|found| {
            let (bytes, millis) = found?;
            // Negative where the key was made to last for ever, which we never do.
            let remaining = Duration::from_millis(u64::try_from(millis).ok()?);
            Some(Stored { bytes, remaining })
        });
        Ok(stored.collect())
    }

    async fn set_many(&self, items: &[Item<'_>]) -> Result<(), StoreError> {
        if items.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        for Item { name, bytes, ttl } in items {
            let key = self.key(name);
            pipe.cmd("SET").arg(key).arg(*bytes).arg("PX").arg(millis(*ttl)).ignore();
        }
        pipe.exec_async(&mut self.connection.clone()).await.map_err(failed)
    }

    async fn remove(&self, names: &[Name]) -> Result<(), StoreError> {
        if names.is_empty() {
            return Ok(());
        }
        redis::cmd("UNLINK")
            .arg(self.keys(names))
            .exec_async(&mut self.connection.clone())
            .await
            .map_err(failed)
    }
}

impl Versions for RedisStore {
    async fn read(&self, names: &[Name]) -> Result<Vec<Option<Version>>, StoreError> {
        if names.is_empty() {
            let ping = redis::cmd("PING").exec_async(&mut self.connection.clone()).await;
            return ping.map(|()| Vec::new()).map_err(failed);
        }
        let found: Vec<Option<Vec<u8>>> = redis::cmd("MGET")
            .arg(self.keys(names))
            .query_async(&mut self.connection.clone())
            .await
            .map_err(failed)?;
        Ok(found.into_iter().map(|bytes| version(&bytes?)).collect())
    }

    async fn ensure(
        &self,
        names: &[Name],
        offered: Version,
        ttl: Duration,
    ) -> Result<Vec<Version>, StoreError> {
        let mut call = self.ensure.prepare_invoke();
        names.iter().for_each(|name| _ = call.key(self.key(name)));
        call.arg(&offered.as_bytes()[..]).arg(millis(ttl));
        let found: Vec<Vec<u8>> =
            call.invoke_async(&mut self.connection.clone()).await.map_err(failed)?;
        let versions = found.iter().map(|bytes| version(bytes)).collect::<Option<Vec<_>>>();
        versions.ok_or_else(|| StoreError::new("a key of versions holds something else"))
    }

    async fn expire(&self, names: &[Name], offered: Version) -> Result<(), StoreError> {
        let mut call = self.expire.prepare_invoke();
        names.iter().for_each(|name| _ = call.key(self.key(name)));
        call.arg(&offered.as_bytes()[8..]);
        call.invoke_async(&mut self.connection.clone()).await.map_err(failed)
    }
}

fn version(bytes: &[u8]) -> Option<Version> {
    bytes.try_into().ok().map(Version::from_bytes)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn failed(error: RedisError) -> StoreError {
    StoreError::new(error)
}
