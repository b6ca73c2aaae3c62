//! Leases in this process: the reference the other stores are compared with.

use super::{Attempt, Claim, Holder, Holders, LeaseStore};
use crate::error::StoreError;
use crate::lease::{FencingToken, OwnerToken};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// How many entries may pile up before the first look for expired ones.
const SWEEP_AT: usize = 64;

/// Leases in this process, by tokio's clock. Clones share them.
///
/// Exclusion is absolute within the process, and ends with it; so do the fences. Waiters are woken by a
/// release, all at once and in no particular order. Nothing is kept for a free name: fences come from
/// one counter. What dead owners leave behind is swept as the map grows, at constant cost a claim.
#[derive(Clone, Debug, Default)]
pub struct MemoryLeases(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    table: Mutex<Table>,
    waiters: Mutex<HashMap<String, Arc<Notify>>>,
}

#[derive(Debug, Default)]
struct Table {
    entries: HashMap<String, Entry>,
    last_fence: u64,
    sweep_at: usize,
}

#[derive(Debug)]
struct Entry {
    owner: OwnerToken,
    fence: FencingToken,
    label: String,
    expires: Instant,
}

impl MemoryLeases {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Entries kept, those of dead owners included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table().entries.len()
    }

    /// Whether nothing is kept at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.0.table)
    }

    fn wake(&self, name: &str) {
        if let Some(waiters) = lock(&self.0.waiters).get(name) {
            waiters.notify_waiters();
        }
    }
}

/// No holder of these locks can leave half a change behind, so one that panicked does no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Table {
    fn live(&self, name: &str, now: Instant) -> Option<&Entry> {
        self.entries.get(name).filter(|entry| entry.expires > now)
    }

    fn claim(&mut self, claim: &Claim<'_>, now: Instant) -> Attempt {
        if let Some(entry) = self.live(claim.name, now).filter(|entry| entry.owner != claim.owner) {
            return Attempt::Held { expires_in: entry.expires - now };
        }
        self.sweep(now);
        self.last_fence += 1;
        let fence = FencingToken::new(self.last_fence);
        let entry = Entry {
            owner: claim.owner,
            fence,
            label: claim.label.to_owned(),
            expires: now + claim.ttl,
        };
        self.entries.insert(claim.name.to_owned(), entry);
        Attempt::Granted(fence)
    }

    /// Drops expired entries whenever the map has doubled since the last time.
    fn sweep(&mut self, now: Instant) {
        if self.entries.len() >= self.sweep_at.max(SWEEP_AT) {
            self.entries.retain(|_, entry| entry.expires > now);
            self.sweep_at = self.entries.len() * 2;
        }
    }

    fn renew(&mut self, claim: &Claim<'_>, now: Instant) -> bool {
        let entry = self.entries.get_mut(claim.name);
        let Some(entry) = entry.filter(|entry| entry.owner == claim.owner && entry.expires > now)
        else {
            return false;
        };
        entry.expires = now + claim.ttl;
        true
    }

    fn release(&mut self, name: &str, owner: OwnerToken, now: Instant) -> bool {
        let Some(entry) = self.entries.get(name).filter(|entry| entry.owner == owner) else {
            return false;
        };
        let was_live = entry.expires > now;
        self.entries.remove(name);
        was_live
    }
}

impl LeaseStore for MemoryLeases {
    async fn try_acquire(&self, claim: &Claim<'_>) -> Result<Attempt, StoreError> {
        Ok(self.table().claim(claim, Instant::now()))
    }

    async fn renew(&self, claim: &Claim<'_>) -> Result<bool, StoreError> {
        Ok(self.table().renew(claim, Instant::now()))
    }

    async fn release(&self, name: &str, owner: OwnerToken) -> Result<bool, StoreError> {
        let released = self.table().release(name, owner, Instant::now());
        if released {
            self.wake(name);
        }
        Ok(released)
    }

    async fn released(&self, name: &str) {
        let waiting = Waiting::join(&self.0, name);
        waiting.notify.notified().await;
    }
}

impl Holders for MemoryLeases {
    async fn holder(&self, name: &str) -> Result<Option<Holder>, StoreError> {
        let now = Instant::now();
        let describe = |entry: &Entry| Holder::new(&*entry.label, entry.fence, entry.expires - now);
        Ok(self.table().live(name, now).map(describe))
    }
}

/// A place among those waiting for a name; the last to leave clears it away.
struct Waiting<'a> {
    shared: &'a Shared,
    name: &'a str,
    notify: Arc<Notify>,
}

impl<'a> Waiting<'a> {
    fn join(shared: &'a Shared, name: &'a str) -> Self {
        let notify = Arc::clone(lock(&shared.waiters).entry(name.to_owned()).or_default());
        Self { shared, name, notify }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiters = lock(&self.shared.waiters);
        // Ours and the map's: joining happens under the same mutex, so nobody is about to add a third.
        if Arc::strong_count(&self.notify) == 2 {
            waiters.remove(self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn what_dead_owners_leave_is_swept_as_the_map_grows() {
        let store = MemoryLeases::new();
        for round in 0..100 {
            for name in 0..100 {
                let name = format!("{round}/{name}");
                let claim = Claim::new(&name, OwnerToken::random(), Duration::from_secs(1));
                store.try_acquire(&claim).await.unwrap();
            }
            tokio::time::advance(Duration::from_secs(2)).await;
        }
        assert!(store.len() <= 400, "{} entries are left", store.len());
    }

    #[tokio::test(start_paused = true)]
    async fn waiters_leave_nothing_behind() {
        let store = MemoryLeases::new();
        let wait = tokio::time::timeout(Duration::from_secs(1), store.released("a"));
        assert!(wait.await.is_err());
        assert!(lock(&store.0.waiters).is_empty());
    }
}
