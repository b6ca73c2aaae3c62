//! What is done on the server in one step.

use std::time::Duration;

use redis::{Cmd, Pipeline, Script};

use crate::name::{Name, Version};

use super::link::Session;
use super::tally::ADD;

/// Gives each key its version, or the offered one, and keeps it for twice the time asked for: a
/// version that every load prolonged would be written as often as it is read.
///
/// The first key is the epoch's; nothing is done in another one.
const ENSURE: &str = r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return false
end
local versions = {}
for i = 2, #KEYS do
  local version = redis.call('GET', KEYS[i])
  if not version then
    redis.call('SET', KEYS[i], ARGV[2], 'PX', 2 * ARGV[3])
    version = ARGV[2]
  elseif redis.call('PTTL', KEYS[i]) < tonumber(ARGV[3]) then
    redis.call('PEXPIRE', KEYS[i], 2 * ARGV[3])
  end
  versions[i - 1] = version
end
return versions";

/// Removes all keys and tells those who listen: both or none, since whoever does not compare relies on
/// being told. A transaction would do but for a server without memory, which takes none.
///
/// The first key is the epoch's; nothing is done in another one.
const REMOVE: &str = r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return false
end
for i = 2, #KEYS, 1000 do
  redis.call('UNLINK', unpack(KEYS, i, math.min(i + 999, #KEYS)))
end
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1";

/// Overwrites the second half of each version that is there, and tells those who listen; how long it
/// lives stays as it is. Where there is no memory for that, the version is removed.
///
/// The first key is the epoch's; nothing is done in another one.
const EXPIRE: &str = r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return false
end
for i = 2, #KEYS do
  if redis.call('STRLEN', KEYS[i]) == 16 then
    local done = redis.pcall('SETRANGE', KEYS[i], 8, ARGV[2])
    if type(done) == 'table' and done.err then
      redis.call('DEL', KEYS[i])
    end
  end
end
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1";

#[derive(Debug)]
pub(super) struct Scripts {
    ensure: Script,
    expire: Script,
    add: Script,
    remove: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        let [ensure, expire, remove, add] = [ENSURE, EXPIRE, REMOVE, ADD].map(Script::new);
        Self { ensure, expire, remove, add }
    }

    /// Makes the server know them.
    pub(super) fn load(pipe: &mut Pipeline) {
        for text in [ENSURE, EXPIRE, REMOVE, ADD] {
            pipe.cmd("SCRIPT").arg("LOAD").arg(text);
        }
    }

    pub(super) fn ensure(
        &self,
        session: &Session,
        names: &[Name],
        offered: Version,
        ttl: Duration,
    ) -> Pipeline {
        let mut call = begin(&self.ensure, session, names);
        call.arg(&offered.as_bytes()[..]).arg(super::millis(ttl));
        alone(call)
    }

    pub(super) fn add(&self, session: &Session, name: &Name, (by, ttl): (i64, u64)) -> Pipeline {
        let mut call = begin(&self.add, session, std::slice::from_ref(name));
        call.arg(by).arg(ttl);
        alone(call)
    }

    pub(super) fn remove(&self, session: &Session, names: &[Name], message: &[u8]) -> Pipeline {
        let mut call = begin(&self.remove, session, names);
        call.arg(&*session.setup().channel).arg(message);
        alone(call)
    }

    pub(super) fn expire(
        &self,
        session: &Session,
        names: &[Name],
        offered: Version,
        message: &[u8],
    ) -> Pipeline {
        let mut call = begin(&self.expire, session, names);
        call.arg(&offered.as_bytes()[8..]).arg(&*session.setup().channel).arg(message);
        alone(call)
    }
}

/// A call up to its first argument.
fn begin(script: &Script, session: &Session, names: &[Name]) -> Cmd {
    let mut call = redis::cmd("EVALSHA");
    call.arg(script.get_hash()).arg(names.len() + 1).arg(session.setup().epoch_key());
    session.keys(names, |key| _ = call.arg(key));
    call.arg(session.epoch.as_bytes());
    call
}

fn alone(call: Cmd) -> Pipeline {
    let mut pipe = Pipeline::new();
    pipe.add_command(call);
    pipe
}
