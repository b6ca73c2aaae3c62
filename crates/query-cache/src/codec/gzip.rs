//! gzip (RFC 1952) by `flate2`, with states that are used again.
//!
//! `flate2` reuses a state only for the bare DEFLATE stream, so the frame is made here.

use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};

use super::compression::worth;
use super::pool::Pool;

/// DEFLATE, no name, no time, made for speed, by an unknown system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];
const FLAGS: usize = 3;
/// CRC-32 and length of the payload.
const TAIL: usize = 8;

#[derive(Debug)]
pub(super) struct Gzip {
    compressors: Pool<Compress>,
    decompressors: Pool<Decompress>,
}

impl Gzip {
    pub(super) fn new() -> Self {
        Self { compressors: Pool::new(), decompressors: Pool::new() }
    }

    /// The compressed payload, or `None` where it would save less than a tenth.
    ///
    /// Level 1: on JSON of query results the higher levels cost several times as much for little.
    pub(super) fn compress(&self, payload: &[u8]) -> Option<Vec<u8>> {
        // Ends at what is worth it: what does not compress is given up early.
        let most = worth(payload.len());
        let mut frame = Vec::with_capacity(most);
        frame.extend_from_slice(&HEAD);
        let new = || Some(Compress::new(Compression::fast(), false));
        let ended = self.compressors.with(new, |state| {
            let ended = state.compress_vec(payload, &mut frame, FlushCompress::Finish);
            state.reset();
            matches!(ended, Ok(Status::StreamEnd))
        })?;
        if !ended || frame.len() + TAIL > most {
            return None;
        }
        frame.extend_from_slice(&check(payload));
        Some(frame)
    }

    /// The payload, which must be of `length` bytes.
    pub(super) fn expand(&self, bytes: &[u8], length: usize) -> Option<Vec<u8>> {
        // DEFLATE never makes more of a byte.
        const EXPANSION: usize = 1032;
        let (head, rest) = bytes.split_first_chunk::<{ HEAD.len() }>()?;
        let (body, tail) = rest.split_last_chunk::<TAIL>()?;
        let is_plain = head[..FLAGS] == HEAD[..FLAGS] && head[FLAGS] == 0;
        if !is_plain || length / EXPANSION > body.len() {
            return None;
        }
        // One more: the end of the stream is only seen while there is room.
        let mut payload = Vec::with_capacity(length + 1);
        let new = || Some(Decompress::new(false));
        let ended = self.decompressors.with(new, |state| {
            let ended = state.decompress_vec(body, &mut payload, FlushDecompress::Finish);
            let whole = state.total_in() == body.len() as u64;
            state.reset(false);
            matches!(ended, Ok(Status::StreamEnd)) && whole
        });
        (ended? && payload.len() == length && *tail == check(&payload)).then_some(payload)
    }
}

fn check(payload: &[u8]) -> [u8; TAIL] {
    let mut crc = Crc::new();
    crc.update(payload);
    let mut tail = [0; TAIL];
    tail[..4].copy_from_slice(&crc.sum().to_le_bytes());
    tail[4..].copy_from_slice(&crc.amount().to_le_bytes());
    tail
}
