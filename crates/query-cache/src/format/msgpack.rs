//! MessagePack by `rmp-serde`, with the names of fields.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Bounded;

pub(super) fn write<T: Serialize>(value: &T, out: &mut Bounded) -> Option<()> {
    rmp_serde::encode::write_named(out, value).ok()
}

/// The value that takes all of `bytes`.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut rest = bytes;
    let value = rmp_serde::from_read(&mut rest).ok()?;
    rest.is_empty().then_some(value)
}
