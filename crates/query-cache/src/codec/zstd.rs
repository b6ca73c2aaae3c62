//! Zstandard (RFC 8878) by `zstd`, with states that are used again and dictionaries for small
//! values.

use zstd::bulk::{Compressor, Decompressor};

use super::compression::worth;
use super::dictionary::Dictionary;
use super::pool::Pool;

/// Smaller and sooner than gzip at its fastest; the next levels save little more.
pub(super) const LEVEL: i32 = 1;

#[derive(Debug)]
pub(super) struct Zstd {
    plain: States,
    /// All are read, the last is used to write.
    dictionaries: Vec<(Dictionary, States)>,
}

/// States that know one dictionary, or none.
struct States {
    compressors: Pool<Compressor<'static>>,
    decompressors: Pool<Decompressor<'static>>,
}

impl Zstd {
    pub(super) fn new(dictionaries: &[Dictionary]) -> Self {
        let with_states = |dictionary: &Dictionary| (dictionary.clone(), States::new());
        let dictionaries = dictionaries.iter().map(with_states).collect();
        Self { plain: States::new(), dictionaries }
    }

    /// The number of the dictionary, 0 for none, and the compressed payload; `None` where it would
    /// save less than a tenth.
    pub(super) fn compress(&self, payload: &[u8]) -> Option<(u32, Vec<u8>)> {
        // A longer value holds most repetitions itself, and takes longer by a dictionary.
        const DICTIONARY_UP_TO: usize = 4 << 10;
        match self.dictionaries.last() {
            Some((dictionary, states)) if payload.len() <= DICTIONARY_UP_TO => {
                Some((dictionary.id(), states.compress(payload, dictionary.as_bytes())?))
            }
            _ => Some((0, self.plain.compress(payload, &[])?)),
        }
    }

    pub(super) fn knows(&self, dictionary: u32) -> bool {
        dictionary == 0 || self.dictionaries.iter().any(|known| known.0.id() == dictionary)
    }

    /// The payload, which must be of `length` bytes.
    pub(super) fn expand(&self, dictionary: u32, body: &[u8], length: usize) -> Option<Vec<u8>> {
        if dictionary == 0 {
            return self.plain.expand(body, length, &[]);
        }
        let is_meant = |known: &&(Dictionary, States)| known.0.id() == dictionary;
        let (dictionary, states) = self.dictionaries.iter().find(is_meant)?;
        states.expand(body, length, dictionary.as_bytes())
    }
}

impl States {
    fn new() -> Self {
        Self { compressors: Pool::new(), decompressors: Pool::new() }
    }

    fn compress(&self, payload: &[u8], dictionary: &[u8]) -> Option<Vec<u8>> {
        // Ends at what is worth it: what does not compress is given up early.
        let most = worth(payload.len());
        let mut body = Vec::with_capacity(most);
        let new = || Compressor::with_dictionary(LEVEL, dictionary).ok();
        self.compressors.with(new, |state| state.compress_to_buffer(payload, &mut body))?.ok()?;
        (body.len() <= most).then_some(body)
    }

    fn expand(&self, body: &[u8], length: usize, dictionary: &[u8]) -> Option<Vec<u8>> {
        // Frames that do not tell their length would be given room for what the envelope claims.
        if Decompressor::upper_bound(body) != Some(length) {
            return None;
        }
        let new = || Decompressor::with_dictionary(dictionary).ok();
        let payload = self.decompressors.with(new, |state| state.decompress(body, length))?.ok()?;
        (payload.len() == length).then_some(payload)
    }
}

impl std::fmt::Debug for States {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("States").finish_non_exhaustive()
    }
}
