//! The compressors alone, for measurements.

#[cfg(feature = "zstd")]
use super::Dictionary;
use super::compression::{Compressors, Method};
use super::{Codec, Compression, Settings};
use crate::format::Format;
use crate::shape::Cacheable;

/// What a cache does to the bytes of a value on their way to a store and back, without the
/// envelope around them: for measurements.
///
/// ```
/// # use query_cache::{Compression, testing::Packer};
/// let packer = Packer::new(Compression::default());
/// let bytes = b"night ".repeat(100);
/// if let Some(packed) = packer.compress(&bytes) {
///     assert!(packed.len() < bytes.len() / 2);
///     assert_eq!(packer.expand(&packed, bytes.len()), Some(bytes));
/// }
/// ```
#[derive(Debug)]
pub struct Packer {
    compression: Compression,
    compressors: Compressors,
}

/// What a [`Packer`] made.
#[derive(Clone, Debug)]
pub struct Packed {
    method: Method,
    body: Vec<u8>,
}

impl Packer {
    /// Compresses as a cache with this setting.
    pub fn new(compression: Compression) -> Self {
        Self::with(&Settings { compression, ..Settings::default() })
    }

    /// Compresses as a cache with this dictionary.
    #[cfg(feature = "zstd")]
    pub fn with_dictionary(dictionary: Dictionary) -> Self {
        let dictionaries = vec![dictionary];
        Self::with(&Settings {
            compression: Compression::Zstd,
            dictionaries,
            ..Settings::default()
        })
    }

    /// `value` as it is written, and read back to see that it can be.
    pub fn encode<T: Cacheable>(format: Format, value: &T) -> Option<Vec<u8>> {
        format.encode(value, usize::MAX).ok()
    }

    /// The value that was written.
    pub fn decode<T: Cacheable>(format: Format, bytes: &[u8]) -> Option<T> {
        format.decode(bytes)
    }

    fn with(settings: &Settings) -> Self {
        let Codec { compression, compressors, .. } = Codec::new(settings);
        Self { compression, compressors }
    }

    /// The compressed bytes, or `None` where that would save less than a tenth.
    pub fn compress(&self, bytes: &[u8]) -> Option<Packed> {
        let (method, body) = self.compressors.compress(self.compression, bytes)?;
        Some(Packed { method, body })
    }

    /// What was compressed, if it is of so many bytes.
    pub fn expand(&self, packed: &Packed, length: usize) -> Option<Vec<u8>> {
        self.compressors.expand(packed.method, &packed.body, length).ok()
    }
}

impl Packed {
    /// Its size in bytes.
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.body.len()
    }
}
