//! The least that a lock in Redis needs: `SET NX PX`, asked for again and again.

use std::time::Duration;

use query_cache::{FillGuard, FillLock, Key};
use redis::aio::MultiplexedConnection;
use tokio::runtime::Handle;

/// Longer than any test: a holder that was killed keeps it.
const LEASE_MILLIS: u64 = 60_000;

const RELEASE: &str = r"
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end";

pub(crate) struct RedisLock {
    pub(crate) redis: MultiplexedConnection,
    pub(crate) prefix: String,
}

struct Locked {
    redis: MultiplexedConnection,
    name: String,
    holder: u64,
}

impl FillLock for RedisLock {
    async fn lock(&self, key: &Key) -> Option<FillGuard> {
        let name = format!("{}lock:{}", self.prefix, key.name());
        let (redis, holder) = (self.redis.clone(), fastrand::u64(..));
        let locked = Locked { redis, name, holder };
        loop {
            let mut set = redis::cmd("SET");
            set.arg(&locked.name).arg(holder).arg("NX").arg("PX").arg(LEASE_MILLIS);
            let set: Option<String> = set.query_async(&mut self.redis.clone()).await.ok()?;
            if set.is_some() {
                return Some(Box::new(locked));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        let (mut redis, name, holder) = (self.redis.clone(), self.name.clone(), self.holder);
        Handle::current().spawn(async move {
            let release = redis::Script::new(RELEASE);
            _ = release.key(name).arg(holder).invoke_async::<()>(&mut redis).await;
        });
    }
}
