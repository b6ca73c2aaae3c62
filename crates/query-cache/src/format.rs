//! How values become bytes for the store, and values again.

use std::io::{self, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(feature = "msgpack")]
mod msgpack;
mod trace;

/// How values are written to the store. In this process they are shared as they are.
///
/// All processes that share a store have to use the same one: to the others a value is a miss,
/// which [`Stats::unreadable`](crate::Stats::unreadable) counts.
///
/// Every format here names the fields. A format that only lists them is shorter still, but would
/// read what an earlier version of a program wrote, with the same types in another order, as
/// another value.
///
/// Each value is read back before it is stored: one that serde would bring back as another, such
/// as `Some(None)` or a number that is not finite in JSON, is not stored, and
/// [`Stats::unstorable`](crate::Stats::unstorable) counts it. A field that serde is told to skip
/// comes back with its default.
///
/// ```
/// # use query_cache::{Cache, Format};
/// let cache = Cache::builder().format(Format::Json).build();
/// # assert_eq!(Format::default(), Format::Json);
/// # drop(cache);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// JSON: other programs can read it. The default.
    #[default]
    Json,
    /// MessagePack: shorter and sooner read than JSON; binary data, times and identifiers go
    /// as bytes where their type allows it.
    ///
    /// A type that serde reads by way of a buffer (`flatten`, `untagged`) and that has such
    /// binary fields cannot be read back, and is not stored.
    #[cfg(feature = "msgpack")]
    MessagePack,
}

/// Why a value cannot go to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unencodable {
    #[error("it takes more than {limit} bytes")]
    TooLong { limit: usize },
    #[error("its serializer refuses it")]
    Refused,
    #[error("it would be read back as another value, or not at all")]
    Unfaithful,
}

impl Format {
    /// What an envelope says. A number is never used again for something else.
    pub(crate) fn id(self) -> u8 {
        match self {
            Self::Json => 1,
            #[cfg(feature = "msgpack")]
            Self::MessagePack => 2,
        }
    }

    /// `value` as at most `limit` bytes, of which [`decode`](Self::decode) makes the same value.
    ///
    /// Stops as soon as the limit is exceeded: the time is bounded by it.
    pub(crate) fn encode<T: Serialize + DeserializeOwned>(
        self,
        value: &T,
        limit: usize,
    ) -> Result<Vec<u8>, Unencodable> {
        let mut out = Bounded { bytes: Vec::new(), limit, exceeded: false };
        let written = self.write(value, &mut out);
        if out.exceeded {
            return Err(Unencodable::TooLong { limit });
        }
        written.ok_or(Unencodable::Refused)?;
        let back = self.decode::<T>(&out.bytes).ok_or(Unencodable::Unfaithful)?;
        if self.trace(value) == self.trace(&back) {
            Ok(out.bytes)
        } else {
            Err(Unencodable::Unfaithful)
        }
    }

    pub(crate) fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Option<T> {
        match self {
            Self::Json => serde_json::from_slice(bytes).ok(),
            #[cfg(feature = "msgpack")]
            Self::MessagePack => msgpack::decode(bytes),
        }
    }

    /// `value` as it would be written, whether or not it can be read back.
    #[cfg(feature = "zstd")]
    pub(crate) fn sample<T: Serialize>(self, value: &T) -> Option<Vec<u8>> {
        let mut out = Bounded { bytes: Vec::new(), limit: usize::MAX, exceeded: false };
        self.write(value, &mut out)?;
        Some(out.bytes)
    }

    fn write<T: Serialize>(self, value: &T, out: &mut Bounded) -> Option<()> {
        match self {
            Self::Json => serde_json::to_writer(out, value).ok(),
            #[cfg(feature = "msgpack")]
            Self::MessagePack => msgpack::write(value, out),
        }
    }

    fn trace<T: Serialize>(self, value: &T) -> Option<u64> {
        trace::of(value, self == Self::Json)
    }
}

/// Takes what is written to it until that is too much.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    exceeded: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.limit - self.bytes.len() {
            self.exceeded = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes).map(drop)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
