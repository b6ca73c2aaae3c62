//! Leases in one Redis server.

use super::{Attempt, Claim, Holder, Holders, LeaseStore, fence_from, from_millis, millis};
use crate::error::StoreError;
use crate::lease::{FencingToken, OwnerToken};
use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, RedisError, Script, ScriptInvocation};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// KEYS: lease, fence. ARGV: owner, TTL in ms, label, highest fence this client has seen.
/// Answers `{0, ms left}` held, `{1, fence}` granted, `{2, fence}` refused: not above what was seen.
///
/// The fence is the larger of counter + 1 and the time in µs, so that it grows on after a restart that
/// lost the counter. Lua would print such a number as 1.7e+15, hence the format.
const ACQUIRE: &str = "
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and owner ~= ARGV[1] then
    return {0, redis.call('PTTL', KEYS[1])}
end
local time = redis.call('TIME')
local micros = tonumber(time[1]) * 1000000 + tonumber(time[2])
local fence = math.max(tonumber(redis.call('GET', KEYS[2]) or '0') + 1, micros)
if fence <= tonumber(ARGV[4]) then
    return {2, fence}
end
local number = string.format('%.0f', fence)
redis.call('SET', KEYS[2], number)
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'fence', number, 'label', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {1, fence}";

/// KEYS: lease. ARGV: owner, TTL in ms.
const RENEW: &str = "
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then
    return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])";

/// KEYS: lease. ARGV: owner.
const RELEASE: &str = "
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then
    return 0
end
return redis.call('DEL', KEYS[1])";

/// KEYS: lease. Answers nil, or label, fence and ms left.
const HOLDER: &str = "
local lease = redis.call('HMGET', KEYS[1], 'label', 'fence')
if not lease[2] then
    return false
end
return {lease[1], tonumber(lease[2]), redis.call('PTTL', KEYS[1])}";

/// How long one command may take, if [`RedisLeases::connect`] makes the connection. A TTL of three times
/// this much survives one command that is lost.
pub const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Leases in one Redis server, over one connection that is opened again when it breaks. Clones share it.
///
/// One script a call, `EVALSHA` with the text sent only to a server that does not know it. The fence is
/// one counter for all names: released names leave no key. All keys share the hash tag
/// `{dist-lock:<prefix>}`, so that they live in one slot of a cluster. Needs Redis 5 or later.
///
/// # What it cannot do
///
/// A server that restarts without its data, or a replica that takes over without the last writes, grants
/// a lease that somebody still relies on. The first holder learns of it at its next renewal, and the
/// second one's token is larger as long as the clocks of the servers agree to within the time between the
/// grants. A token that is not larger than one seen by this client is refused with
/// [`StoreError::EpochLost`]; one that only *another* client has seen cannot be noticed. Where a stale
/// write must never happen, keep the locks beside the data, in SQL.
#[derive(Clone)]
pub struct RedisLeases {
    connection: ConnectionManager,
    prefix: Arc<str>,
    scripts: Arc<Scripts>,
    highest: Arc<AtomicU64>,
}

struct Scripts {
    acquire: Script,
    renew: Script,
    release: Script,
    holder: Script,
}

impl RedisLeases {
    /// Connects to `url` (`redis://host:port/db`). Locks of different prefixes never meet.
    ///
    /// # Errors
    /// When the URL is malformed or the server cannot be reached.
    pub async fn connect(url: &str, prefix: &str) -> Result<Self, StoreError> {
        let client = Client::open(url).map_err(StoreError::unavailable)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_connection_timeout(Some(RESPONSE_TIMEOUT))
            .set_max_delay(RESPONSE_TIMEOUT);
        let connection = ConnectionManager::new_with_config(client, config);
        Ok(Self::new(connection.await.map_err(StoreError::unavailable)?, prefix))
    }

    /// Leases over a connection of the caller, which decides how long a command may take: keep its
    /// response timeout below a third of the TTL. Braces do not belong in a prefix.
    #[must_use]
    pub fn new(connection: ConnectionManager, prefix: &str) -> Self {
        let scripts = Scripts {
            acquire: Script::new(ACQUIRE),
            renew: Script::new(RENEW),
            release: Script::new(RELEASE),
            holder: Script::new(HOLDER),
        };
        Self {
            connection,
            prefix: format!("{{dist-lock:{prefix}}}").into(),
            scripts: Arc::new(scripts),
            highest: Arc::default(),
        }
    }

    fn lease_key(&self, name: &str) -> String {
        format!("{}:lease:{name}", self.prefix)
    }

    fn fence_key(&self) -> String {
        format!("{}:fence", self.prefix)
    }

    async fn invoke<T: ::redis::FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection.clone();
        let answer: Result<T, RedisError> = script.invoke_async(&mut connection).await;
        answer.map_err(StoreError::unavailable)
    }

    fn granted(&self, fence: i64) -> Result<Attempt, StoreError> {
        let fence = fence_from(fence)?;
        self.highest.fetch_max(fence.get(), Relaxed);
        Ok(Attempt::Granted(fence))
    }
}

impl LeaseStore for RedisLeases {
    async fn try_acquire(&self, claim: &Claim<'_>) -> Result<Attempt, StoreError> {
        let seen = self.highest.load(Relaxed);
        let mut script = self.scripts.acquire.key(self.lease_key(claim.name));
        script.key(self.fence_key());
        script.arg(claim.owner.to_string()).arg(millis(claim.ttl)).arg(claim.label).arg(seen);
        match self.invoke(&script).await? {
            (0, left) => Ok(Attempt::Held { expires_in: from_millis(left) }),
            (1, fence) => self.granted(fence),
            (_, fence) => Err(StoreError::EpochLost {
                offered: fence_from(fence)?,
                highest: FencingToken::new(seen),
            }),
        }
    }

    async fn renew(&self, claim: &Claim<'_>) -> Result<bool, StoreError> {
        let mut script = self.scripts.renew.key(self.lease_key(claim.name));
        script.arg(claim.owner.to_string()).arg(millis(claim.ttl));
        self.invoke(&script).await
    }

    async fn release(&self, name: &str, owner: OwnerToken) -> Result<bool, StoreError> {
        let mut script = self.scripts.release.key(self.lease_key(name));
        script.arg(owner.to_string());
        self.invoke(&script).await
    }
}

impl Holders for RedisLeases {
    async fn holder(&self, name: &str) -> Result<Option<Holder>, StoreError> {
        let script = self.scripts.holder.key(self.lease_key(name));
        let row: Option<(String, i64, i64)> = self.invoke(&script).await?;
        row.map(|(label, fence, left)| {
            Ok(Holder::new(label, fence_from(fence)?, from_millis(left)))
        })
        .transpose()
    }
}

impl fmt::Debug for RedisLeases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLeases").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
