//! Versions per tag, checked when a value is read. Nothing is ever searched.
//!
//! An entry remembers the state of its tags from *before* its load began. Invalidating a tag
//! changes the state; every entry that remembers the old one is dead from that moment, wherever it
//! is, and so is the result of every load still under way.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use crate::coherence::{News, Stripe};
use crate::name::{Name, NameMap};
use crate::sync::{AtomicU64, lock};

/// What a cached value depends on, in the words of the application: `person:7`, `table:shifts`.
///
/// Made from text, or by [`Tenant::tag`](crate::Tenant::tag).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tag {
    bytes: Arc<[u8]>,
    /// Follows from the bytes, so it may take part in `Eq`. Digested once, not with each load.
    name: Name,
}

impl Tag {
    /// The tag `text`, shared by all tenants.
    pub fn new(text: &str) -> Self {
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.push(0);
        bytes.extend_from_slice(text.as_bytes());
        Self::from_bytes(bytes)
    }

    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        let name = Name::digest(b"tag", &bytes);
        Self { bytes: bytes.into(), name }
    }

    pub(crate) fn version_name(&self) -> Name {
        self.name
    }
}

impl From<&str> for Tag {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Tag {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<&Self> for Tag {
    fn from(tag: &Self) -> Self {
        tag.clone()
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({})", self.bytes.escape_ascii())
    }
}

/// What is done to a tag, a namespace or a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    /// What depends on it may be served as stale.
    Expired,
    /// What depends on it is dead.
    Outdated,
}

/// The states of all tags that some entry or load of this process depends on.
#[derive(Debug, Default)]
pub(crate) struct TagTable {
    cells: Mutex<Cells>,
}

#[derive(Debug, Default)]
struct Cells {
    by_name: NameMap<Arc<AtomicU64>>,
    /// Unused cells are dropped when the table has grown to this size.
    sweep_at: usize,
}

impl TagTable {
    /// The present state of `names`. To be taken before the load that it is to guard.
    pub(crate) fn snapshot(&self, names: &[Name]) -> Snapshot {
        let mut cells = lock(&self.cells);
        cells.sweep_if_due();
        let seen = names.iter().map(|name| {
            let cell = Arc::clone(cells.by_name.entry(*name).or_default());
            let state = cell.load(Ordering::Acquire);
            (cell, state)
        });
        Snapshot { tags: seen.collect(), key: None }
    }

    /// Tells every snapshot that contains `name`. Costs one look-up, whatever depends on it.
    pub(crate) fn bump(&self, name: &Name, change: Change) {
        // A name without a cell has no snapshot either: there is nobody to tell.
        if let Some(cell) = lock(&self.cells).by_name.get(name) {
            let next = |state| Some(after(state, change));
            // Never refused, so there is nothing to be done about an error.
            _ = cell.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        lock(&self.cells).by_name.len()
    }
}

impl Cells {
    /// Drops cells that only the table holds. Cells are cloned under the table's lock only, so a
    /// cell seen alone here is not about to be shared, and nobody can compare against it later.
    fn sweep_if_due(&mut self) {
        const SMALLEST: usize = 1024;
        if self.by_name.len() >= self.sweep_at.max(SMALLEST) {
            self.by_name.retain(|_, cell| Arc::strong_count(cell) > 1);
            self.sweep_at = 2 * self.by_name.len();
        }
    }
}

/// How often a tag was outdated in the upper half, and expired in the lower one.
const fn after(state: u64, change: Change) -> u64 {
    match change {
        Change::Outdated => state.wrapping_add(1 << 32),
        Change::Expired => (state & !LOWER) | (state.wrapping_add(1) & LOWER),
    }
}

const LOWER: u64 = u32::MAX as u64;

/// The state of some tags at one moment, and of what others did to a key.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    tags: Box<[(Arc<AtomicU64>, u64)]>,
    key: Option<KeySeen>,
}

/// A key, and the news of the store up to one moment.
#[derive(Clone, Debug)]
struct KeySeen {
    news: Arc<News>,
    stripe: Stripe,
    position: u64,
}

impl Snapshot {
    /// The same for a key too, whose version has this name.
    pub(crate) fn and_key(mut self, name: &Name, news: &Arc<News>) -> Self {
        let (stripe, position) = (Stripe::of(name), news.position());
        self.key = Some(KeySeen { news: Arc::clone(news), stripe, position });
        self
    }

    /// Which news are of the key, and how much news there was.
    pub(crate) fn key(&self) -> Option<(Stripe, u64)> {
        self.key.as_ref().map(|key| (key.stripe, key.position))
    }

    /// What the list takes of the heap. The states are shared.
    pub(crate) fn owned_bytes(&self) -> usize {
        size_of_val(&*self.tags)
    }

    /// Whether none of the tags was invalidated or expired since, and nothing was heard of the key.
    pub(crate) fn is_current(&self) -> bool {
        let doubted = |key: &KeySeen| key.news.doubts(key.stripe, key.position);
        self.change().is_none() && !self.key.as_ref().is_some_and(doubted)
    }

    /// The worst that happened to any of the tags since.
    pub(crate) fn change(&self) -> Option<Change> {
        let changes = self.tags.iter().filter_map(|(cell, state)| {
            match cell.load(Ordering::Acquire) ^ *state {
                0 => None,
                1..=LOWER => Some(Change::Expired),
                _ => Some(Change::Outdated),
            }
        });
        changes.max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(tag: &str) -> Name {
        Tag::new(tag).version_name()
    }

    #[test]
    fn a_bump_outdates_only_the_snapshots_that_contain_the_tag() {
        let table = TagTable::default();
        let both = table.snapshot(&[name("a"), name("b")]);
        let other = table.snapshot(&[name("b")]);
        table.bump(&name("a"), Change::Outdated);
        assert!(!both.is_current());
        assert!(other.is_current());
        assert!(table.snapshot(&[name("a")]).is_current());
    }

    #[test]
    fn an_expiry_is_told_apart_and_the_worst_counts() {
        let table = TagTable::default();
        let both = table.snapshot(&[name("a"), name("b")]);
        table.bump(&name("a"), Change::Expired);
        assert_eq!(both.change(), Some(Change::Expired));
        let later = table.snapshot(&[name("a")]);
        table.bump(&name("b"), Change::Outdated);
        table.bump(&name("b"), Change::Expired);
        assert_eq!((both.change(), later.change()), (Some(Change::Outdated), None));
    }

    #[test]
    fn no_number_of_expiries_outdates_anything() {
        let state = 7 << 32 | LOWER;
        assert_eq!(after(state, Change::Expired), 7 << 32);
        assert_eq!(after(state, Change::Outdated), 8 << 32 | LOWER);
    }

    #[test]
    fn unused_tags_are_forgotten_and_used_ones_are_not() {
        let table = TagTable::default();
        let kept = table.snapshot(&[name("kept")]);
        for i in 0..10_000 {
            table.snapshot(&[name(&i.to_string())]);
        }
        assert!(table.len() < 3_000, "{} cells", table.len());
        table.bump(&name("kept"), Change::Outdated);
        assert!(!kept.is_current());
    }
}
