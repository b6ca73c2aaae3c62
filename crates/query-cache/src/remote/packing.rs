//! Values on their way to the store and back: where they are packed, and what is counted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::now;
use crate::codec::{Codec, Envelope, Header, Unreadable};
use crate::entry::AnyValue;
use crate::format::Unencodable;
use crate::name::{Name, Version};
use crate::shape::Shape;
use crate::store::{Backend, Item};
use crate::tags::Change;

use super::{Found, Held, Remote};

/// A value on its way to the store.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) value: AnyValue,
    pub(crate) shape: Shape,
    /// When it was there to be served.
    pub(crate) created: Instant,
    /// From then on.
    pub(crate) fresh: Duration,
    pub(crate) stale: Duration,
    /// Those it was loaded under.
    pub(crate) versions: Box<[(Name, Version)]>,
}

/// An envelope, and how long the store keeps it.
struct Packed {
    bytes: Vec<u8>,
    ttl: Duration,
    /// Bytes before compression.
    encoded: usize,
}

impl<S> Remote<S> {
    pub(super) async fn open(&self, bytes: Vec<u8>) -> Option<Envelope> {
        let (codec, length) = (Arc::clone(&self.codec), bytes.len());
        self.readable(aside(length, move || codec.open(bytes)).await)
    }

    /// The value in `envelope`, to whose versions `change` happened.
    pub(super) async fn found(
        &self,
        envelope: Envelope,
        remaining: Duration,
        (shape, change): (Shape, Option<Change>),
        asked: Instant,
    ) -> Option<Found> {
        let header = &envelope.header;
        let stale = header.stale;
        if change == Some(Change::Outdated) || (change.is_some() && stale.is_zero()) {
            return None;
        }
        let life = header.created + header.fresh + stale;
        // Whatever the store's clock did meanwhile.
        let remaining = remaining.min(header.fresh + stale);
        let (codec, length) = (Arc::clone(&self.codec), envelope.unpacked_len());
        let decode = move || Ok((codec.decode(&envelope, shape)?, envelope.header.versions));
        let (value, versions) = self.readable(aside(length, decode).await)?;
        // So much remained when the store was asked, or a little later.
        let remaining = remaining.checked_sub(now().saturating_duration_since(asked))?;
        let fresh = match change {
            None => remaining.saturating_sub(stale),
            Some(_) => Duration::ZERO,
        };
        let (stale, age) = (remaining - fresh, life.saturating_sub(remaining));
        Some(Found { value, fresh, stale, age, held: Held { versions, asked } })
    }

    /// `None` stands for code of the value's type that panicked.
    fn readable<T>(&self, read: Option<Result<T, Unreadable>>) -> Option<T> {
        let reason = match read {
            Some(Ok(value)) => return Some(value),
            Some(Err(reason)) => Some(reason),
            None => None,
        };
        tracing::debug!(?reason, "what is in the store cannot be read");
        self.counters.unreadable.one();
        None
    }

    /// Small values are packed here. A large one is noticed by its length when it is written, and
    /// then written anew where it holds up nobody.
    async fn pack(&self, outgoing: Outgoing) -> Option<Packed> {
        let mut packed = Some(outgoing.pack(&self.codec, LARGE));
        if let Some(Err(Unencodable::TooLong { limit: LARGE })) = packed {
            let codec = Arc::clone(&self.codec);
            packed = aside(LARGE, move || outgoing.pack(&codec, usize::MAX)).await;
        }
        match packed {
            Some(Ok(packed)) => Some(packed),
            refused => {
                let reason = refused.and_then(Result::err);
                tracing::debug!(?reason, "a value cannot go to the store");
                self.counters.unstorable.one();
                None
            }
        }
    }
}

impl<S: Backend> Remote<S> {
    /// Writes a value. If one of the versions it was loaded under is outdated by now, what is
    /// written is dead from the start. Costs one round trip. Whether the store has it.
    pub(crate) async fn write(&self, name: Name, outgoing: Outgoing) -> bool {
        self.write_many(vec![(name, outgoing)]).await == 1
    }

    /// Writes several values, in one round trip as long as they are together under
    /// [`TOGETHER`]. How many the store has.
    pub(crate) async fn write_many(&self, all: Vec<(Name, Outgoing)>) -> usize {
        let (mut packed, mut bytes, mut written) = (Vec::new(), 0, 0);
        let mut pace = Pace::default();
        for (name, outgoing) in all {
            let Some(value) = self.pack(outgoing).await else { continue };
            pace.worked_on(value.encoded).await;
            if value.ttl < Duration::from_millis(1) {
                continue;
            }
            bytes += value.bytes.len();
            packed.push((name, value));
            if bytes >= TOGETHER {
                written += self.send(&packed).await;
                packed.clear();
                bytes = 0;
            }
        }
        written + self.send(&packed).await
    }

    /// How many of them the store has now: all or, as far as is known, none.
    async fn send(&self, packed: &[(Name, Packed)]) -> usize {
        let items: Vec<Item<'_>> = packed
            .iter()
            .map(|(name, value)| Item { name: *name, bytes: &value.bytes, ttl: value.ttl })
            .collect();
        // The values were delivered already; a failure is counted by `ask`.
        if items.is_empty() || self.ask(self.store.set_many(&items)).await.is_err() {
            return 0;
        }
        let sum = |size: fn(&Packed) -> usize| packed.iter().map(|(_, p)| size(p) as u64).sum();
        self.counters.encoded_bytes.add(sum(|packed| packed.encoded));
        self.counters.stored_bytes.add(sum(|packed| packed.bytes.len()));
        items.len()
    }
}

impl Outgoing {
    fn pack(&self, codec: &Codec, limit: usize) -> Result<Packed, Unencodable> {
        let payload = codec.encode(&self.value, self.shape, limit)?;
        // Its life in the store ends when it does here, however long the packing took.
        let created = now().saturating_duration_since(self.created);
        let fresh = self.fresh.saturating_sub(created);
        let stale = (self.fresh + self.stale).saturating_sub(created).saturating_sub(fresh);
        let header = Header { created, fresh, stale, versions: self.versions.clone() };
        let bytes = codec.pack(&header, &payload).ok_or(Unencodable::Refused)?;
        Ok(Packed { bytes, ttl: fresh + stale, encoded: payload.len() })
    }
}

/// From so many bytes on, values are sent before the next ones are packed: what is written together
/// holds up what others ask for, and waits in memory.
const TOGETHER: usize = 1 << 20;

/// Lets other tasks run while many small values are worked on.
#[derive(Default)]
pub(super) struct Pace(usize);

impl Pace {
    pub(super) async fn worked_on(&mut self, bytes: usize) {
        self.0 += bytes;
        if self.0 >= LARGE {
            self.0 = 0;
            tokio::task::yield_now().await;
        }
    }
}

/// From this size on, bytes are worked on where that holds up no other task: it takes up to a
/// millisecond for each 100 KB.
const LARGE: usize = 64 << 10;

/// What `work` on so many bytes makes; `None` if it panicked elsewhere.
async fn aside<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if bytes < LARGE { Some(work()) } else { tokio::task::spawn_blocking(work).await.ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a value that was packed so many seconds late goes to the store: for how long, and the
    /// times in its envelope.
    fn packed_late(seconds: u64) -> [u64; 4] {
        let codec = Codec::new(&crate::codec::Settings::default());
        let outgoing = Outgoing {
            value: Arc::new("night".to_owned()),
            shape: Shape::of::<String>(),
            created: now() - Duration::from_secs(seconds),
            fresh: Duration::from_secs(60),
            stale: Duration::from_secs(30),
            versions: Box::default(),
        };
        let Packed { bytes, ttl, .. } = outgoing.pack(&codec, LARGE).expect("a small value");
        let Header { created, fresh, stale, .. } = codec.open(bytes).expect("was packed").header;
        [ttl, created, fresh, stale].map(|time| time.as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_that_is_packed_late_ends_in_time() {
        assert_eq!(packed_late(0), [90, 0, 60, 30]);
        assert_eq!(packed_late(20), [70, 20, 40, 30]);
        assert_eq!(packed_late(70), [20, 70, 0, 20]);
        assert_eq!(packed_late(100), [0, 100, 0, 0]);
    }
}
