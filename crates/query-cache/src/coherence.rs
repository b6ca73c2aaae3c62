//! What was heard of changes that others made, and whether an entry is to be doubted for it.
//!
//! News are counted. An entry remembers the count from before its versions were read, its
//! *position*. It is doubted when there was news of its key since: news raise one of many stripes,
//! chosen by the key's version name, to their own number. As long as listening is unbroken since
//! the position and has been proven to be a moment ago, an entry without such news holds, and need
//! not be compared with the store. (News of tags and namespaces have their effect at once, in the
//! table of tags.)

use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use crate::name::Name;
use crate::sync::AtomicU64;

/// Keys share stripes, and a key is doubted in vain when there is news of a neighbour. Where this
/// many keys are invalidated elsewhere in a second, that is once a second.
const STRIPES: usize = 1 << 16;

/// Nothing reaches up to it.
const BROKEN: u64 = u64::MAX;

/// No moment: listening was not proven yet.
const NEVER: u64 = 0;

#[derive(Debug)]
pub(crate) struct News {
    count: AtomicU64,
    /// The first position since which listening is unbroken.
    floor: AtomicU64,
    /// The moment that the floor goes with.
    since: AtomicU64,
    /// As told to [`proven`](Self::proven).
    proven: AtomicU64,
    /// Made when there is news: many caches never hear any.
    stripes: OnceLock<Box<[AtomicU64]>>,
}

/// Which news concern a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stripe(u16);

impl Stripe {
    pub(crate) fn of(name: &Name) -> Self {
        let [first, second, ..] = *name.as_bytes();
        Self(u16::from_be_bytes([first, second]))
    }
}

impl News {
    pub(crate) fn new() -> Self {
        Self {
            count: AtomicU64::new(1),
            floor: AtomicU64::new(BROKEN),
            since: AtomicU64::new(NEVER),
            proven: AtomicU64::new(0),
            stripes: OnceLock::new(),
        }
    }

    /// To be taken before versions are read.
    pub(crate) fn position(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Something was done to `names` elsewhere. To be called when it is done: who takes a
    /// position after this reads the new versions.
    pub(crate) fn tell(&self, names: &[Name]) {
        let stripes = || (0..STRIPES).map(|_| AtomicU64::new(0)).collect();
        let stripes: &[AtomicU64] = self.stripes.get_or_init(stripes);
        let number = self.next();
        for name in names {
            let Stripe(at) = Stripe::of(name);
            stripes[usize::from(at)].fetch_max(number, Ordering::Release);
        }
    }

    /// Something may have been missed. Whether that was not known yet.
    pub(crate) fn gap(&self) -> bool {
        self.floor.swap(BROKEN, Ordering::AcqRel) != BROKEN
    }

    /// All that was done before `moment` has been told. Moments are numbers that grow; not 0.
    pub(crate) fn proven(&self, moment: u64) {
        if self.floor.load(Ordering::Relaxed) == BROKEN {
            // Positions taken before now may be older than the listening.
            self.floor.store(self.next(), Ordering::Release);
            self.since.store(moment, Ordering::Release);
        }
        self.proven.fetch_max(moment, Ordering::Release);
    }

    /// Whether there was news of a key since `position`.
    pub(crate) fn doubts(&self, Stripe(at): Stripe, position: u64) -> bool {
        let stripe = |stripes: &[AtomicU64]| stripes[usize::from(at)].load(Ordering::Acquire);
        self.stripes.get().is_some_and(|stripes| stripe(stripes) > position)
    }

    /// Whether something may have been missed that happened after `moment`, and the store can be asked
    /// about it by now. Of two things at one moment either may have been the first.
    pub(crate) fn outdates(&self, moment: u64) -> bool {
        match self.since.load(Ordering::Acquire) {
            NEVER => false,
            since => moment <= since,
        }
    }

    /// Whether listening is unbroken since `position`, and was so at `moment`.
    pub(crate) fn covers(&self, position: u64, moment: u64) -> bool {
        // In this order: what proves the time after a gap does so for its floor only.
        let proven = self.proven.load(Ordering::Acquire);
        moment < proven && position >= self.floor.load(Ordering::Acquire)
    }

    fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::AcqRel) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(byte: u8) -> Name {
        Name::from_bytes([byte; 32])
    }

    #[test]
    fn news_raise_doubt_about_positions_before_them() {
        let (news, one) = (News::new(), Stripe::of(&name(1)));
        let before = news.position();
        assert!(!news.doubts(one, before));
        news.tell(&[name(1), name(2)]);
        assert!(news.doubts(one, before) && news.doubts(Stripe::of(&name(2)), before));
        assert!(!news.doubts(Stripe::of(&name(3)), before));
        let after = news.position();
        assert!(!news.doubts(one, after));
        news.tell(&[name(3)]);
        assert!(!news.doubts(one, after));
    }

    #[test]
    fn only_unbroken_listening_covers() {
        let news = News::new();
        let early = news.position();
        assert!(!news.covers(early, 0), "never proven");
        news.proven(100);
        assert!(!news.covers(early, 50), "before the listening");
        let position = news.position();
        assert!(news.covers(position, 50) && !news.covers(position, 100));
        news.proven(200);
        assert!(news.covers(position, 150));
        news.gap();
        assert!(!news.covers(position, 150));
        let within = news.position();
        news.proven(300);
        assert!(!news.covers(position, 250) && !news.covers(within, 250));
        assert!(news.covers(news.position(), 250));
        assert!(news.outdates(300) && !news.outdates(301), "what was checked before the gap");
        news.gap();
        assert!(!news.outdates(301), "there is nobody to ask");
    }
}
