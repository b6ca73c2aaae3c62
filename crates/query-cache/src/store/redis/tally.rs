//! Counters.

use std::time::Duration;

use redis::Value;

use super::link::{Fault, Session};
use super::{RedisStore, millis};
use crate::error::StoreError;
use crate::name::Name;
use crate::tally::Tally;

/// Adds to the counter and gives one that begins its time to live. The sum is read as text: as a number
/// it would pass through a double.
///
/// The first key is the epoch's; nothing is done in another one.
pub(super) const ADD: &str = r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return false
end
local sum = redis.pcall('INCRBY', KEYS[2], ARGV[2])
if type(sum) == 'table' and sum.err then
  if string.find(sum.err, 'overflow') then
    return 'overflow'
  end
  return sum
end
if redis.call('PTTL', KEYS[2]) < 0 then
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
return redis.call('GET', KEYS[2])";

impl Tally for RedisStore {
    async fn add(&self, name: &Name, by: i64, ttl: Duration) -> Result<Option<i64>, StoreError> {
        let build =
            |session: &Session| session.setup().scripts.add(session, name, (by, millis(ttl)));
        let read = |_: &Session, answers: Vec<Value>| match answers.as_slice() {
            [Value::BulkString(sum)] if sum == b"overflow" => Ok(None),
            [Value::BulkString(sum)] => {
                let sum = str::from_utf8(sum).ok().and_then(|sum| sum.parse().ok());
                sum.map(Some).ok_or(Fault::Shape)
            }
            _ => Err(Fault::Epoch),
        };
        self.link.run(build, read).await
    }
}
