//! How a value lies in a store: an envelope that describes itself.
//!
//! ```text
//! "QC"  format  serializer  compression  v | dictionary | created ms | fresh ms | stale ms |
//!   2      1         1           1       1 |     4      |     8      |    8     |    8     |
//!
//! n | n × (name, version) | length | payload | checksum
//! 2 |      32      v      |   8    |   ...   |    8
//! ```
//!
//! Numbers are big-endian; `v` is the size of a version; `length` is that of the payload before
//! compression; the checksum is the beginning of the SHA-256 of all before it.
//!
//! Times are durations, so that no two clocks need to agree: the value was made `created` before
//! the moment of writing, is fresh for `fresh` after that moment and stale for `stale` more.
//! Together with what the store says remains, they give the age.
//!
//! Format 1 had neither serializer, dictionary, created nor `v`. It is refused.

use std::ops::Range;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::compression::Method;
use crate::name::{Name, Version};

const MAGIC: [u8; 2] = *b"QC";
const FORMAT: u8 = 2;
/// The size of a version, at the only place that has to know.
const VERSION: usize = size_of::<Version>();
const FIXED: usize = 52;
pub(super) const CHECKSUM: usize = 8;

/// What is written with a value. See [`Policy`](crate::Policy) for the times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// So long before it was written the value was made.
    pub(crate) created: Duration,
    pub(crate) fresh: Duration,
    pub(crate) stale: Duration,
    pub(crate) versions: Box<[(Name, Version)]>,
}

/// Why bytes cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("not an envelope")]
    Foreign,
    #[error("an envelope of format {0}")]
    Format(u8),
    #[error("damaged, or cut off")]
    Damaged,
    #[error("written by serializer {0}")]
    Serializer(u8),
    #[error("compression {compression} with dictionary {dictionary} is not known here")]
    Method { compression: u8, dictionary: u32 },
    #[error("a value of {0} bytes is over the limit")]
    TooLong(u64),
    #[error("the payload does not unpack to what it says")]
    Payload,
}

/// An envelope whose checksum is right and whose header makes sense.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) header: Header,
    pub(super) serializer: u8,
    pub(super) method: Method,
    /// Of the payload, before compression.
    pub(super) length: u64,
    bytes: Vec<u8>,
    body: Range<usize>,
}

impl Envelope {
    /// What the value depends on.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Name> {
        self.header.versions.iter().map(|(name, _)| name)
    }

    /// What there is to work on, as far as it says.
    pub(crate) fn unpacked_len(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }

    /// The payload as it was sent.
    pub(super) fn body(&self) -> &[u8] {
        &self.bytes[self.body.clone()]
    }
}

/// `None` if there are too many versions.
pub(super) fn seal(
    header: &Header,
    serializer: u8,
    method: Method,
    length: usize,
    body: &[u8],
) -> Option<Vec<u8>> {
    let count = u16::try_from(header.versions.len()).ok()?;
    let size = u8::try_from(VERSION).ok()?;
    let versions = usize::from(count) * (size_of::<Name>() + VERSION);
    let mut out = Vec::with_capacity(FIXED + versions + body.len());
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[FORMAT, serializer, method.compression, size]);
    out.extend_from_slice(&method.dictionary.to_be_bytes());
    for time in [header.created, header.fresh, header.stale] {
        out.extend_from_slice(&millis(time).to_be_bytes());
    }
    out.extend_from_slice(&count.to_be_bytes());
    for (name, version) in &header.versions {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(version.as_bytes());
    }
    out.extend_from_slice(&(length as u64).to_be_bytes());
    out.extend_from_slice(body);
    let checksum = checksum(&out);
    out.extend_from_slice(&checksum);
    Some(out)
}

/// Reads the header. Costs the checksum of all `bytes`.
pub(super) fn open(bytes: Vec<u8>) -> Result<Envelope, Unreadable> {
    let mut rest = Reader(&bytes);
    let [m1, m2, format] = rest.take().map_err(|_| Unreadable::Foreign)?;
    if [m1, m2] != MAGIC {
        return Err(Unreadable::Foreign);
    }
    if format != FORMAT {
        return Err(Unreadable::Format(format));
    }
    let (content, sum) = rest.0.split_last_chunk::<CHECKSUM>().ok_or(Unreadable::Damaged)?;
    let end = bytes.len() - CHECKSUM;
    if checksum(&bytes[..end]) != *sum {
        return Err(Unreadable::Damaged);
    }
    rest = Reader(content);
    let [serializer, compression, size] = rest.take()?;
    if usize::from(size) != VERSION {
        return Err(Unreadable::Damaged);
    }
    let dictionary = u32::from_be_bytes(rest.take()?);
    let [created, fresh, stale] = [rest.time()?, rest.time()?, rest.time()?];
    let count = u16::from_be_bytes(rest.take()?);
    let versions = (0..count).map(|_| rest.version()).collect::<Result<_, _>>()?;
    let length = rest.number()?;
    let body = end - rest.0.len()..end;
    let header = Header { created, fresh, stale, versions };
    Ok(Envelope {
        header,
        serializer,
        method: Method { compression, dictionary },
        length,
        bytes,
        body,
    })
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Unreadable::Damaged)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<u64, Unreadable> {
        self.take().map(u64::from_be_bytes)
    }

    fn time(&mut self) -> Result<Duration, Unreadable> {
        self.number().map(Duration::from_millis)
    }

    fn version(&mut self) -> Result<(Name, Version), Unreadable> {
        Ok((Name::from_bytes(self.take()?), Version::from_bytes(self.take()?)))
    }
}

pub(super) fn checksum(content: &[u8]) -> [u8; CHECKSUM] {
    let digest: [u8; 32] = Sha256::digest(content).into();
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&digest[..CHECKSUM]);
    sum
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
