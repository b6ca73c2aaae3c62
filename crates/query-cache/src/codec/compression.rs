//! The ways to compress, by name and by the number an envelope says.

use super::Unreadable;
#[cfg(feature = "zstd")]
use super::dictionary::Dictionary;
#[cfg(feature = "gzip")]
use super::gzip::Gzip;
#[cfg(feature = "lz4")]
use super::lz4::Lz4;
#[cfg(feature = "zstd")]
use super::zstd::Zstd;

/// How values are compressed in the store, each at its fastest useful level. What another process
/// has compressed in any way whose feature is on is read.
///
/// A value is compressed if it is long enough ([`compress_from`]) and that saves a tenth.
///
/// ```
/// # use query_cache::{Cache, Compression};
/// let cache = Cache::builder().compression(Compression::None).build();
/// # drop(cache);
/// ```
///
/// [`compress_from`]: crate::CacheBuilder::compress_from
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    #[cfg_attr(not(feature = "gzip"), default)]
    None,
    /// gzip by `flate2`, in Rust alone. The default where the feature is on.
    #[cfg(feature = "gzip")]
    #[default]
    Gzip,
    /// Zstandard by the C library: smaller and faster than gzip.
    #[cfg(feature = "zstd")]
    Zstd,
    /// LZ4 by `lz4_flex`, in Rust alone: the fastest, and the least smaller.
    #[cfg(feature = "lz4")]
    Lz4,
}

/// A payload as it lies in an envelope. The numbers are never used again for something else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Method {
    pub(super) compression: u8,
    pub(super) dictionary: u32,
}

impl Method {
    pub(super) const PLAIN: Self = Self { compression: 0, dictionary: 0 };
    #[cfg(feature = "gzip")]
    pub(super) const GZIP: Self = Self { compression: 1, dictionary: 0 };
    #[cfg(feature = "lz4")]
    pub(super) const LZ4: Self = Self { compression: 3, dictionary: 0 };

    #[cfg(feature = "zstd")]
    pub(super) fn zstd(dictionary: u32) -> Self {
        Self { compression: 2, dictionary }
    }
}

/// The states of all that was compiled in.
#[derive(Debug)]
pub(super) struct Compressors {
    #[cfg(feature = "gzip")]
    gzip: Gzip,
    #[cfg(feature = "zstd")]
    zstd: Zstd,
    #[cfg(feature = "lz4")]
    lz4: Lz4,
}

#[cfg_attr(
    not(any(feature = "gzip", feature = "zstd")),
    expect(clippy::unused_self, reason = "what is not compiled in has no state")
)]
impl Compressors {
    pub(super) fn new(#[cfg(feature = "zstd")] dictionaries: &[Dictionary]) -> Self {
        Self {
            #[cfg(feature = "gzip")]
            gzip: Gzip::new(),
            #[cfg(feature = "zstd")]
            zstd: Zstd::new(dictionaries),
            #[cfg(feature = "lz4")]
            lz4: Lz4::new(),
        }
    }

    /// The compressed payload, or `None` where it would save less than a tenth.
    pub(super) fn compress(
        &self,
        compression: Compression,
        payload: &[u8],
    ) -> Option<(Method, Vec<u8>)> {
        match compression {
            Compression::None => {
                _ = payload;
                None
            }
            #[cfg(feature = "gzip")]
            Compression::Gzip => Some((Method::GZIP, self.gzip.compress(payload)?)),
            #[cfg(feature = "zstd")]
            Compression::Zstd => {
                let (dictionary, body) = self.zstd.compress(payload)?;
                Some((Method::zstd(dictionary), body))
            }
            #[cfg(feature = "lz4")]
            Compression::Lz4 => Some((Method::LZ4, self.lz4.compress(payload)?)),
        }
    }

    /// The payload, which must be of `length` bytes: no more are made, nor room for more.
    pub(super) fn expand(
        &self,
        method: Method,
        body: &[u8],
        length: usize,
    ) -> Result<Vec<u8>, Unreadable> {
        let payload = match method {
            Method::PLAIN => (body.len() == length).then(|| body.to_vec()),
            #[cfg(feature = "gzip")]
            Method::GZIP => self.gzip.expand(body, length),
            #[cfg(feature = "zstd")]
            Method { compression: 2, dictionary } if self.zstd.knows(dictionary) => {
                self.zstd.expand(dictionary, body, length)
            }
            #[cfg(feature = "lz4")]
            Method::LZ4 => Lz4::expand(body, length),
            Method { compression, dictionary } => {
                return Err(Unreadable::Method { compression, dictionary });
            }
        };
        payload.ok_or(Unreadable::Payload)
    }
}

/// The most that a payload of `length` bytes may take compressed, to save a tenth.
#[cfg(any(feature = "gzip", feature = "zstd", feature = "lz4"))]
pub(super) fn worth(length: usize) -> usize {
    length / 10 * 9
}
