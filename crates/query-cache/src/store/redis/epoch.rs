//! Which life of which server the names belong to.
//!
//! A server that is restarted from an older snapshot, or a replica that is promoted before it had
//! got everything, has forgotten removals that were confirmed: old versions are back, and so would be
//! the values that carry them. So every name contains a number that is drawn anew for each life
//! of a server, and kept under a name of its own beside what tells that life from others. Nothing of
//! an earlier life is ever found again; it ends with its time to live.

use redis::Value;
use sha2::{Digest, Sha256};

use crate::name::random_u64;

/// Gives out the number of this life: the one that is there, or a new one if there is none or it
/// belongs to another life. Who does not know the life (its bytes are empty) takes what is there.
const CLAIM: &str = r"
local held = redis.call('GET', KEYS[1])
if held and #held == 16 and held:sub(1, #ARGV[1]) == ARGV[1] then
  return held
end
local made = (ARGV[1] == '' and 'anyserve' or ARGV[1]) .. ARGV[2]
redis.call('SET', KEYS[1], made)
return made";

/// Eight bytes for the life of a server, and eight that were drawn in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Epoch([u8; 16]);

impl Epoch {
    /// What is kept under the epoch's name.
    pub(super) fn read(answer: &Value) -> Option<Self> {
        match answer {
            Value::BulkString(bytes) => bytes.as_slice().try_into().ok().map(Self),
            _ => None,
        }
    }

    /// What names contain.
    pub(super) fn number(&self) -> &[u8] {
        &self.0[8..]
    }

    /// What its name holds.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The call that gives out the epoch kept under `key`.
    pub(super) fn claim(key: &[u8], life: &Life) -> redis::Cmd {
        let mut claim = redis::cmd("EVAL");
        claim.arg(CLAIM).arg(1).arg(key).arg(life.0.as_slice());
        claim.arg(&random_u64().to_be_bytes()[..]);
        claim
    }
}

/// What tells one life of a server from another: both change when it is restarted or when another
/// one takes over, the second one also when a former primary becomes one again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Life(Vec<u8>);

impl Life {
    /// A server that does not tell, or must not be asked.
    pub(super) fn unknown() -> Self {
        Self(Vec::new())
    }

    /// What the answer to `INFO` says; `None` where it is no primary.
    pub(super) fn read(info: &str) -> Option<Self> {
        let of = |field: &str| {
            let mut lines = info.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(name, _)| *name == field).map(|(_, value)| value.trim())
        };
        if of("role").is_some_and(|role| role != "master") {
            return None;
        }
        let (Some(run), Some(history)) = (of("run_id"), of("master_replid")) else {
            return Some(Self::unknown());
        };
        let digest = Sha256::new().chain_update(run).chain_update(history).finalize();
        Some(Self(digest[..8].to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_told_by_its_process_and_its_history() {
        let info = |run: &str, history: &str, role: &str| {
            format!("# Server\r\nrun_id:{run}\r\nrole:{role}\r\nmaster_replid:{history}\r\n")
        };
        let first = Life::read(&info("a", "x", "master")).unwrap();
        assert_eq!(first.0.len(), 8);
        assert_eq!(Life::read(&info("a", "x", "master")), Some(first.clone()));
        assert_ne!(Life::read(&info("b", "x", "master")), Some(first.clone()));
        assert_ne!(Life::read(&info("a", "y", "master")), Some(first));
        assert_eq!(Life::read(&info("a", "x", "slave")), None);
        assert_eq!(Life::read("redis_version:7"), Some(Life::unknown()));
    }
}
