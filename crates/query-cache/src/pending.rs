//! Invalidations that the store has not confirmed yet.
//!
//! A name is noted before anything else is done about it and struck out when the store has
//! confirmed: an invalidation whose caller went away half-way, or whose store was down, is still
//! sent. As long as a name is here the store may hold versions and values that are dead, so nothing
//! is read from it first.

use std::sync::Mutex;
use std::sync::atomic::Ordering;

use crate::name::{Name, NameMap};
use crate::sync::{AtomicUsize, lock};
use crate::tags::Change;

#[derive(Debug, Default)]
pub(crate) struct Pending {
    names: Mutex<Names>,
    count: AtomicUsize,
}

/// When a name was noted, and what was done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    turn: u64,
    pub(crate) change: Change,
}

#[derive(Debug, Default)]
struct Names {
    /// Each name with the turn it was noted in, and what was done to it.
    noted: NameMap<Noted>,
    turn: u64,
}

impl Pending {
    pub(crate) fn note(&self, names: impl IntoIterator<Item = Name>, change: Change) {
        let mut state = lock(&self.names);
        state.turn += 1;
        let turn = state.turn;
        for name in names {
            // What is outdated already is not saved by an expiry.
            let change = state.noted.get(&name).map_or(change, |noted| noted.change.max(change));
            state.noted.insert(name, Noted { turn, change });
        }
        self.count.store(state.noted.len(), Ordering::Release);
    }

    /// Where more than `limit` names wait, they are replaced by the one that everything depends on.
    pub(crate) fn cut(&self, limit: usize) {
        let mut state = lock(&self.names);
        if state.noted.len() <= limit {
            return;
        }
        tracing::warn!(
            limit,
            "too many invalidations wait for the store: it will forget everything"
        );
        state.turn += 1;
        let change = state.noted.values().map(|noted| noted.change).max();
        let noted = Noted { turn: state.turn, change: change.unwrap_or(Change::Outdated) };
        state.noted.clear();
        state.noted.insert(Name::everything(), noted);
        self.count.store(1, Ordering::Release);
    }

    /// What has to be sent.
    pub(crate) fn list(&self) -> Vec<(Name, Noted)> {
        lock(&self.names).noted.iter().map(|(name, noted)| (*name, *noted)).collect()
    }

    /// Strikes out what was sent, unless it was noted again meanwhile.
    pub(crate) fn sent(&self, list: &[(Name, Noted)]) {
        let mut state = lock(&self.names);
        for (name, noted) in list {
            if state.noted.get(name) == Some(noted) {
                state.noted.remove(name);
            }
        }
        self.count.store(state.noted.len(), Ordering::Release);
    }

    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(n: u8) -> Name {
        Name::from_bytes([n; 32])
    }

    #[test]
    fn what_is_noted_again_while_it_is_sent_stays() {
        let pending = Pending::default();
        pending.note([name(1), name(2)], Change::Outdated);
        let list = pending.list();
        pending.note([name(1)], Change::Outdated);
        pending.sent(&list);
        assert_eq!(pending.list().iter().map(|(name, _)| *name).collect::<Vec<_>>(), [name(1)]);
    }

    #[test]
    fn too_many_names_become_the_one_that_everything_depends_on() {
        let pending = Pending::default();
        pending.note((0..20).map(name), Change::Outdated);
        pending.cut(20);
        assert_eq!(pending.len(), 20);
        pending.cut(10);
        assert_eq!(pending.len(), 1);
        assert_eq!(pending.list()[0].0, Name::everything());
    }

    #[test]
    fn an_expiry_saves_nothing_that_is_outdated() {
        let pending = Pending::default();
        pending.note([name(1)], Change::Outdated);
        pending.note([name(1), name(2)], Change::Expired);
        let change = |wanted| {
            let found = pending.list().into_iter().find(|(name, _)| *name == wanted);
            found.map(|(_, noted)| noted.change)
        };
        assert_eq!(change(name(1)), Some(Change::Outdated));
        assert_eq!(change(name(2)), Some(Change::Expired));
        pending.cut(1);
        assert_eq!(change(Name::everything()), Some(Change::Outdated));
    }
}
