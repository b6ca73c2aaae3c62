//! The reference store: what the others are compared with.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::time::{Instant, timeout_at};

use crate::clock::LONGEST;
use crate::error::StoreError;
use crate::name::{Name, NameMap, Version};
use crate::sync::lock;
use crate::tally::{Tallies, Tally};

use super::{Heard, Item, Listen, Store, Stored, Versions};

/// A store in the memory of this process, for tests and for several caches of one process (through
/// an `Arc`). Unbounded: what has expired is dropped when its name is asked for, and in sweeps as
/// it grows.
#[derive(Debug)]
pub struct MemoryStore {
    kept: Mutex<Kept>,
    tallies: Tallies,
    /// Told while `kept` is locked, so that all hear the same order.
    news: broadcast::Sender<Heard>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        // Who is further behind than this has missed something.
        const BEHIND: usize = 256;
        let news = broadcast::Sender::new(BEHIND);
        Self { kept: Mutex::default(), tallies: Tallies::default(), news }
    }
}

#[derive(Debug, Default)]
struct Kept {
    values: NameMap<(Vec<u8>, Instant)>,
    versions: NameMap<(Version, Instant)>,
    sweep_at: usize,
}

impl Kept {
    fn version(&self, name: &Name, now: Instant) -> Option<Version> {
        self.versions.get(name).filter(|(_, until)| now < *until).map(|(version, _)| *version)
    }

    fn sweep_if_due(&mut self, now: Instant) {
        const SMALLEST: usize = 1024;
        if self.values.len() + self.versions.len() >= self.sweep_at.max(SMALLEST) {
            self.values.retain(|_, (_, until)| now < *until);
            self.versions.retain(|_, (_, until)| now < *until);
            self.sweep_at = 2 * (self.values.len() + self.versions.len());
        }
    }
}

impl Store for MemoryStore {
    async fn get_many(&self, names: &[Name]) -> Result<Vec<Option<Stored>>, StoreError> {
        let now = Instant::now();
        let kept = lock(&self.kept);
        let find = |name| {
            let (bytes, until) = kept.values.get(name).filter(|(_, until)| now < *until)?;
            Some(Stored { bytes: bytes.clone(), remaining: *until - now })
        };
        Ok(names.iter().map(find).collect())
    }

    async fn set_many(&self, items: &[Item<'_>]) -> Result<(), StoreError> {
        let now = Instant::now();
        let mut kept = lock(&self.kept);
        kept.sweep_if_due(now);
        let values = items
            .iter()
            .map(|item| (item.name, (item.bytes.to_vec(), now + item.ttl.min(LONGEST))));
        kept.values.extend(values);
        Ok(())
    }

    async fn remove(&self, names: &[Name]) -> Result<(), StoreError> {
        let mut kept = lock(&self.kept);
        for name in names {
            kept.values.remove(name);
            kept.versions.remove(name);
        }
        self.tell(Heard::Removed, names);
        Ok(())
    }
}

impl Tally for MemoryStore {
    async fn add(&self, name: &Name, by: i64, ttl: Duration) -> Result<Option<i64>, StoreError> {
        Ok(self.tallies.add(name, by, ttl))
    }
}

impl Versions for MemoryStore {
    async fn read(&self, names: &[Name]) -> Result<Vec<Option<Version>>, StoreError> {
        let now = Instant::now();
        let kept = lock(&self.kept);
        Ok(names.iter().map(|name| kept.version(name, now)).collect())
    }

    async fn ensure(
        &self,
        names: &[Name],
        offered: Version,
        ttl: Duration,
    ) -> Result<Vec<Version>, StoreError> {
        let now = Instant::now();
        let mut kept = lock(&self.kept);
        kept.sweep_if_due(now);
        let ensured = names.iter().map(|name| {
            let version = kept.version(name, now).unwrap_or(offered);
            let slot = kept.versions.entry(*name).or_insert((version, now));
            *slot = (version, slot.1.max(now + ttl.min(LONGEST)));
            version
        });
        Ok(ensured.collect())
    }

    async fn expire(&self, names: &[Name], offered: Version) -> Result<(), StoreError> {
        let mut kept = lock(&self.kept);
        for name in names {
            if let Some((version, _)) = kept.versions.get_mut(name) {
                *version = version.expired_to(offered);
            }
        }
        self.tell(Heard::Expired, names);
        Ok(())
    }
}

impl MemoryStore {
    fn tell(&self, heard: fn(Vec<Name>) -> Heard, names: &[Name]) {
        if self.news.receiver_count() > 0 {
            // Nobody listens any more: nothing is lost.
            _ = self.news.send(heard(names.to_vec()));
        }
    }
}

impl Listen for MemoryStore {
    async fn listen(&self, every: Duration, mut tell: impl FnMut(Heard) + Send) {
        let mut news = self.news.subscribe();
        let mut due = Instant::now();
        loop {
            if let Ok(heard) = timeout_at(due, news.recv()).await {
                // Never closed: the sender is here.
                tell(heard.unwrap_or(Heard::Gap));
            }
            let now = Instant::now();
            if now < due {
                continue;
            }
            // What was sent before `now` is here already.
            loop {
                match news.try_recv() {
                    Ok(heard) => tell(heard),
                    Err(TryRecvError::Empty) => break,
                    Err(_) => tell(Heard::Gap),
                }
            }
            tell(Heard::Proven(now.into_std()));
            due = now + every.min(LONGEST);
        }
    }
}
