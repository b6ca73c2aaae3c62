//! gzip by `flate2`.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// The compressed payload, or `None` where it would save less than a tenth.
///
/// Level 1: on JSON of query results the higher levels cost several times as much for little.
pub(super) fn compress(payload: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(payload.len() / 4), Compression::fast());
    encoder.write_all(payload).ok()?;
    let body = encoder.finish().ok()?;
    (body.len() <= payload.len() / 10 * 9).then_some(body)
}

/// The payload, which must be of `length` bytes: a longer one is not unpacked to its end.
pub(super) fn expand(body: &[u8], length: usize) -> Option<Vec<u8>> {
    // The length comes from the envelope: grow with what arrives rather than believe it.
    let mut payload = Vec::with_capacity(length.min(8 * body.len()));
    GzDecoder::new(body).take(length as u64 + 1).read_to_end(&mut payload).ok()?;
    (payload.len() == length).then_some(payload)
}
