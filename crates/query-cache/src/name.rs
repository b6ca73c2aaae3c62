//! What a store sees: fixed-length names and opaque versions.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

use sha2::{Digest, Sha256};

/// Where a store keeps a value or a version: 32 bytes that look random.
///
/// `Display` writes 64 lower-case hexadecimal digits, fit for any store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name([u8; 32]);

impl Name {
    /// The name with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest of `bytes` in a family of its own: names of values and of versions never meet.
    pub(crate) fn digest(family: &[u8], bytes: &[u8]) -> Self {
        let length = (family.len() as u64).to_be_bytes();
        let digest = Sha256::new().chain_update(length).chain_update(family).chain_update(bytes);
        Self(digest.finalize().into())
    }

    /// What every entry depends on: renewing it makes all entries of all processes dead.
    pub(crate) fn everything() -> Self {
        Self::digest(b"everything", &[])
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

/// The state of a tag, a namespace or a key: equal as long as nothing was invalidated or expired. The
/// first half changes when it is invalidated, the second one when it is expired.
///
/// Versions are random, not counted. A version that a store lost (flushed, evicted, expired,
/// restarted empty) is replaced by one that no entry carries, so what depended on it is dead. A
/// counter would start again at a number that old entries still match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version([u8; 16]);

impl Version {
    /// The version with these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// This one with the second half of `other`, as after an expiry.
    #[must_use]
    pub fn expired_to(self, other: Self) -> Self {
        let mut bytes = self.0;
        bytes[8..].copy_from_slice(&other.0[8..]);
        Self(bytes)
    }

    /// Whether at most an expiry lies between the two.
    pub(crate) fn outlives(&self, other: &Self) -> bool {
        self.0[..8] == other.0[..8]
    }

    /// A version that nothing carries yet.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&random_u64().to_be_bytes());
        bytes[8..].copy_from_slice(&random_u64().to_be_bytes());
        Self(bytes)
    }
}

/// Unpredictable bits from the standard library's hash keys, which the system seeds.
pub(crate) fn random_u64() -> u64 {
    RandomState::new().build_hasher().finish()
}
