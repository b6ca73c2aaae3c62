//! How a value lies in a store: an envelope that describes itself.
//!
//! ```text
//! "QC"  format  codec | fresh ms | stale ms | n | n × (name, version) | length | payload | checksum
//!   2      1      1   |    8     |    8     | 2 |      48 each        |   8    |   ...   |    8
//! ```
//!
//! Numbers are big-endian; `length` is that of the payload before compression; the checksum is the
//! beginning of the SHA-256 of all before it. Times are durations from the moment of writing:
//! together with what the store says remains, they give the age without comparing clocks.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::name::{Name, Version};

#[cfg(feature = "gzip")]
mod gzip;

const MAGIC: &[u8; 2] = b"QC";
const FORMAT: u8 = 1;
const PLAIN: u8 = 0;
const GZIP: u8 = 1;
const CHECKSUM: usize = 8;

/// What is written with a value. See [`Policy`](crate::Policy) for the times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) fresh: Duration,
    pub(crate) stale: Duration,
    pub(crate) versions: Box<[(Name, Version)]>,
}

/// When to compress, and what not to unpack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Shorter payloads are written as they are.
    pub(crate) compress_from: usize,
    /// Longer payloads are neither written nor unpacked.
    pub(crate) largest: usize,
}

/// The bytes cannot be used: not an envelope, damaged, from another version, or too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// Packs `payload`; `None` if it is longer than the limit or has too many versions.
pub(crate) fn pack(header: &Header, payload: &[u8], limits: Limits) -> Option<Vec<u8>> {
    if payload.len() > limits.largest {
        return None;
    }
    let count = u16::try_from(header.versions.len()).ok()?;
    let (codec, compressed) = compress(payload, limits.compress_from);
    let body = compressed.as_deref().unwrap_or(payload);
    let mut out = Vec::with_capacity(body.len() + 48 * header.versions.len() + 38);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[FORMAT, codec]);
    out.extend_from_slice(&millis(header.fresh).to_be_bytes());
    out.extend_from_slice(&millis(header.stale).to_be_bytes());
    out.extend_from_slice(&count.to_be_bytes());
    for (name, version) in &header.versions {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(version.as_bytes());
    }
    out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
    out.extend_from_slice(body);
    let checksum = checksum(&out);
    out.extend_from_slice(&checksum);
    Some(out)
}

/// Unpacks what [`pack`] gave, in this or an earlier version of this crate.
pub(crate) fn unpack(bytes: &[u8], limits: Limits) -> Result<(Header, Vec<u8>), Unreadable> {
    let (content, sum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(Unreadable)?;
    let mut rest = Reader(content);
    let [m1, m2, format, codec] = rest.take()?;
    if [m1, m2] != *MAGIC || format != FORMAT || checksum(content) != *sum {
        return Err(Unreadable);
    }
    let fresh = Duration::from_millis(u64::from_be_bytes(rest.take()?));
    let stale = Duration::from_millis(u64::from_be_bytes(rest.take()?));
    let count = u16::from_be_bytes(rest.take()?);
    let versions = (0..count).map(|_| rest.version()).collect::<Result<_, _>>()?;
    let length = usize::try_from(u64::from_be_bytes(rest.take()?)).map_err(|_| Unreadable)?;
    if length > limits.largest {
        return Err(Unreadable);
    }
    let payload = expand(codec, rest.0, length)?;
    Ok((Header { fresh, stale, versions }, payload))
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Unreadable)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn version(&mut self) -> Result<(Name, Version), Unreadable> {
        Ok((Name::from_bytes(self.take()?), Version::from_bytes(self.take()?)))
    }
}

#[cfg(feature = "gzip")]
fn compress(payload: &[u8], from: usize) -> (u8, Option<Vec<u8>>) {
    match (payload.len() >= from).then(|| gzip::compress(payload)).flatten() {
        Some(body) => (GZIP, Some(body)),
        None => (PLAIN, None),
    }
}

#[cfg(not(feature = "gzip"))]
fn compress(_payload: &[u8], _from: usize) -> (u8, Option<Vec<u8>>) {
    (PLAIN, None)
}

fn expand(codec: u8, body: &[u8], length: usize) -> Result<Vec<u8>, Unreadable> {
    let payload = match codec {
        PLAIN => body.to_vec(),
        #[cfg(feature = "gzip")]
        GZIP => gzip::expand(body, length).ok_or(Unreadable)?,
        #[cfg(not(feature = "gzip"))]
        GZIP => return Err(Unreadable),
        _ => return Err(Unreadable),
    };
    if payload.len() == length { Ok(payload) } else { Err(Unreadable) }
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM] {
    let digest: [u8; 32] = Sha256::digest(content).into();
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&digest[..CHECKSUM]);
    sum
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
