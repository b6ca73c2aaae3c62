//! What small values have in common, told once.

use std::fmt;
use std::io;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};
use zstd::bulk::{Compressor, Decompressor};

use super::zstd::LEVEL;
use crate::format::Format;

/// What values have in common, so that small ones compress as well as large ones.
///
/// Made from typical values, once; then kept with the program, as all processes that share a store
/// need the same one.
///
/// ```
/// # use query_cache::{Cache, Dictionary, DictionaryError, Format};
/// # fn main() -> Result<(), DictionaryError> {
/// # let shifts: Vec<_> = (0..500).map(|i| ("ICU", i, "night", "2025-07-01")).collect();
/// // Once, from some hundred values as they are cached:
/// let dictionary = Dictionary::train(&shifts, Format::Json)?;
/// let file = dictionary.as_bytes().to_vec();
///
/// // In each process:
/// let cache = Cache::builder().dictionary(Dictionary::from_bytes(file)?).build();
/// # drop(cache);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Dictionary {
    bytes: Arc<[u8]>,
    id: u32,
}

/// A dictionary could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DictionaryError {
    /// One of the values cannot be serialized.
    #[error("a value cannot be written as {format:?}")]
    Value {
        /// What it was to be written as.
        format: Format,
    },
    /// Too few or too short values.
    #[error("no dictionary could be trained: some hundred values are needed")]
    Train(#[source] io::Error),
    /// The bytes begin as a dictionary and do not go on as one.
    #[error("the bytes are no dictionary")]
    Bytes(#[source] io::Error),
}

impl Dictionary {
    /// The dictionary for values like `values`, of 16 KB at most. Some hundred are needed, of the
    /// kinds and in the proportions in which they are cached. Takes about a second for each
    /// 10 MB.
    ///
    /// # Errors
    ///
    /// [`DictionaryError::Value`] and [`DictionaryError::Train`].
    pub fn train<T: Serialize>(values: &[T], format: Format) -> Result<Self, DictionaryError> {
        const SIZE: usize = 16 << 10;
        let sample = |value| format.sample(value).ok_or(DictionaryError::Value { format });
        let samples = values.iter().map(sample).collect::<Result<Vec<_>, _>>()?;
        let bytes = zstd::dict::from_samples(&samples, SIZE).map_err(DictionaryError::Train)?;
        Self::from_bytes(bytes)
    }

    /// The dictionary that [`as_bytes`](Self::as_bytes), or the program `zstd --train`, gave.
    ///
    /// # Errors
    ///
    /// [`DictionaryError::Bytes`].
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Result<Self, DictionaryError> {
        let bytes = bytes.into();
        Compressor::with_dictionary(LEVEL, &bytes)
            .and_then(|mut state| state.compress(&[]))
            .and_then(|_| Decompressor::with_dictionary(&bytes))
            .map_err(DictionaryError::Bytes)?;
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        let [a, b, c, d, ..] = digest;
        // 0 says that there is none.
        let id = u32::from_be_bytes([a, b, c, d]).max(1);
        Ok(Self { bytes, id })
    }

    /// What to keep with the program.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What an envelope says: different for different bytes, as far as 32 bits go. A wrong one
    /// is noticed all the same, by the length or by the serializer.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }
}

impl fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dictionary").field("id", &self.id).finish_non_exhaustive()
    }
}
