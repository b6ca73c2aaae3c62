//! What a store sees: fixed-length names and opaque versions.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

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

    /// The digest of `bytes` in a family of its own, of fewer than 255 bytes: names of values and of
    /// versions never meet.
    pub(crate) fn digest(family: &[u8], bytes: &[u8]) -> Self {
        // One byte: what is hashed of a short key is one block of SHA-256.
        let length = [u8::try_from(family.len()).unwrap_or(u8::MAX)];
        let digest = Sha256::new().chain_update(length).chain_update(family).chain_update(bytes);
        Self(digest.finalize().into())
    }

    /// What every entry depends on: renewing it makes all entries of all processes dead. The digest of
    /// nothing in the family `everything`.
    pub(crate) const fn everything() -> Self {
        Self([
            0xf8, 0x8a, 0x7d, 0x94, 0xab, 0xf7, 0xe2, 0x37, 0xc3, 0x94, 0x65, 0xb1, 0x0f, 0xbb,
            0x73, 0xdf, 0xe3, 0x49, 0xf0, 0x6e, 0x04, 0x69, 0x1d, 0xba, 0xe6, 0x94, 0xcd, 0xec,
            0xd8, 0x05, 0x96, 0xde,
        ])
    }

    /// The name of a key's version beside the name of its value, and the other way round: no other
    /// digest is known that differs from this one in that bit alone.
    #[must_use]
    pub(crate) const fn twin(mut self) -> Self {
        self.0[31] ^= 1;
        self
    }
}

/// A map by names. They are digests, which nobody can choose: some of their bits serve as the hash.
pub(crate) type NameMap<V> = HashMap<Name, V, BuildHasherDefault<Given>>;

/// Takes a hash from the bytes that are written, which are random.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Given(u64);

impl Hasher for Given {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 ^= u64::from_ne_bytes(*first);
        }
    }

    fn finish(&self) -> u64 {
        self.0
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_everything_is_a_digest_like_the_others() {
        assert_eq!(Name::everything(), Name::digest(b"everything", &[]));
    }

    #[test]
    fn a_name_and_its_twin_are_two() {
        let name = Name::digest(b"key", b"a");
        assert_ne!(name.twin(), name);
        assert_eq!(name.twin().twin(), name);
    }
}
