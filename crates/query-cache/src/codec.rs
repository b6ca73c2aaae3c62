//! From a value to the bytes in a store, and back.

use std::borrow::Cow;

use crate::entry::AnyValue;
use crate::format::{Format, Unencodable};
use crate::shape::Shape;

mod compression;
#[cfg(feature = "zstd")]
mod dictionary;
mod envelope;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "lz4")]
mod lz4;
#[cfg(feature = "testing")]
mod packer;
#[cfg(any(feature = "gzip", feature = "zstd", feature = "lz4"))]
mod pool;
#[cfg(feature = "zstd")]
mod zstd;

pub use self::compression::Compression;
use self::compression::{Compressors, Method};
#[cfg(feature = "zstd")]
pub use self::dictionary::{Dictionary, DictionaryError};
pub(crate) use self::envelope::{Envelope, Header, Unreadable};
#[cfg(feature = "testing")]
pub use self::packer::{Packed, Packer};

/// How values are packed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) format: Format,
    pub(crate) compression: Compression,
    #[cfg(feature = "zstd")]
    pub(crate) dictionaries: Vec<Dictionary>,
    pub(crate) limits: Limits,
}

/// When to compress, and what not to unpack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Shorter payloads are written as they are. `None` leaves it to what compresses.
    pub(crate) compress_from: Option<usize>,
    /// Longer payloads are neither written nor unpacked.
    pub(crate) largest: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { compress_from: None, largest: 8 << 20 }
    }
}

#[derive(Debug)]
pub(crate) struct Codec {
    format: Format,
    compression: Compression,
    compress_from: usize,
    largest: usize,
    compressors: Compressors,
}

impl Codec {
    pub(crate) fn new(settings: &Settings) -> Self {
        #[cfg(feature = "zstd")]
        let compressors = Compressors::new(&settings.dictionaries);
        #[cfg(not(feature = "zstd"))]
        let compressors = Compressors::new();
        Self {
            format: settings.format,
            compression: settings.compression,
            compress_from: settings.compress_from(),
            largest: settings.limits.largest,
            compressors,
        }
    }

    /// What goes into an envelope, unless it takes more than `limit` bytes or those allowed.
    pub(crate) fn encode(
        &self,
        value: &AnyValue,
        shape: Shape,
        limit: usize,
    ) -> Result<Vec<u8>, Unencodable> {
        (shape.encode)(value.as_ref(), self.format, limit.min(self.largest))
    }

    /// Compresses `payload` where that saves a tenth, and seals the envelope; `None` if there are
    /// too many versions.
    pub(crate) fn pack(&self, header: &Header, payload: &[u8]) -> Option<Vec<u8>> {
        let compressed = (payload.len() >= self.compress_from)
            .then(|| self.compressors.compress(self.compression, payload))
            .flatten();
        let (method, body) = match &compressed {
            Some((method, body)) => (*method, body.as_slice()),
            None => (Method::PLAIN, payload),
        };
        envelope::seal(header, self.format.id(), method, payload.len(), body)
    }

    /// Reads the header of what [`pack`](Self::pack) gave.
    pub(crate) fn open(&self, bytes: Vec<u8>) -> Result<Envelope, Unreadable> {
        let envelope = envelope::open(bytes)?;
        if envelope.serializer != self.format.id() {
            return Err(Unreadable::Serializer(envelope.serializer));
        }
        if envelope.length > self.largest as u64 {
            return Err(Unreadable::TooLong(envelope.length));
        }
        Ok(envelope)
    }

    /// The payload that was packed.
    pub(crate) fn payload<'a>(&self, envelope: &'a Envelope) -> Result<Cow<'a, [u8]>, Unreadable> {
        let length = usize::try_from(envelope.length).map_err(|_| Unreadable::Payload)?;
        if envelope.method == Method::PLAIN && envelope.body().len() == length {
            return Ok(envelope.body().into());
        }
        Ok(self.compressors.expand(envelope.method, envelope.body(), length)?.into())
    }

    /// The value in `envelope`.
    pub(crate) fn decode(&self, envelope: &Envelope, shape: Shape) -> Result<AnyValue, Unreadable> {
        let payload = self.payload(envelope)?;
        (shape.decode)(&payload, self.format).ok_or(Unreadable::Payload)
    }
}

impl Settings {
    fn compress_from(&self) -> usize {
        // Below, what is saved is little beside the envelope. A dictionary pays sooner.
        const ALONE: usize = 1024;
        #[cfg(feature = "zstd")]
        const WITH_DICTIONARY: usize = 128;
        #[cfg(feature = "zstd")]
        let default = if self.dictionaries.is_empty() { ALONE } else { WITH_DICTIONARY };
        #[cfg(not(feature = "zstd"))]
        let default = ALONE;
        self.limits.compress_from.unwrap_or(default)
    }
}

#[cfg(test)]
mod tests;
