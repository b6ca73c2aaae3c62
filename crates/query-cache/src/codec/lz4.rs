//! LZ4 blocks by `lz4_flex`, with tables that are used again.

use lz4_flex::block::{
    CompressTable, compress_into_with_table, decompress_into, get_maximum_output_size,
};

use super::compression::worth;
use super::pool::Pool;

#[derive(Debug)]
pub(super) struct Lz4 {
    /// A table that has seen a large value is slower for small ones, so there are two kinds.
    small: Pool<CompressTable>,
    large: Pool<CompressTable>,
}

impl Lz4 {
    pub(super) fn new() -> Self {
        Self { small: Pool::new(), large: Pool::new() }
    }

    /// The compressed payload, or `None` where it would save less than a tenth.
    pub(super) fn compress(&self, payload: &[u8]) -> Option<Vec<u8>> {
        let is_small = payload.len() < usize::from(u16::MAX);
        let pool = if is_small { &self.small } else { &self.large };
        let new = || Some(if is_small { CompressTable::small() } else { CompressTable::large() });
        let mut body = vec![0; get_maximum_output_size(payload.len())];
        let written =
            pool.with(new, |table| compress_into_with_table(payload, &mut body, table))?.ok()?;
        body.truncate(written);
        (written <= worth(payload.len())).then_some(body)
    }

    /// The payload, which must be of `length` bytes.
    pub(super) fn expand(body: &[u8], length: usize) -> Option<Vec<u8>> {
        // No byte of a block makes more.
        const EXPANSION: usize = 255;
        if length / EXPANSION > body.len() {
            return None;
        }
        let mut payload = vec![0; length];
        (decompress_into(body, &mut payload).ok()? == length).then_some(payload)
    }
}
