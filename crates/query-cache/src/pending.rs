//! Invalidations that the store has not confirmed yet.
//!
//! A name is noted before anything else is done about it and struck out when the store has
//! confirmed: an invalidation whose caller went away half-way, or whose store was down, is still
//! sent. As long as a name is here the store may hold versions and values that are dead, so nothing
//! is read from it first.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::name::Name;
use crate::sync::lock;

#[derive(Debug)]
pub(crate) struct Pending {
    names: Mutex<Names>,
    count: AtomicUsize,
    limit: usize,
}

#[derive(Debug, Default)]
struct Names {
    /// Each name with the turn it was noted in.
    noted: HashMap<Name, u64>,
    turn: u64,
}

impl Pending {
    /// When more than `limit` names wait, they are replaced by the one that everything depends on.
    pub(crate) fn new(limit: usize) -> Self {
        Self { names: Mutex::default(), count: AtomicUsize::new(0), limit }
    }

    pub(crate) fn note(&self, names: impl IntoIterator<Item = Name>) {
        let mut state = lock(&self.names);
        state.turn += 1;
        let turn = state.turn;
        state.noted.extend(names.into_iter().map(|name| (name, turn)));
        if state.noted.len() > self.limit {
            state.noted.clear();
            state.noted.insert(Name::everything(), turn);
        }
        self.count.store(state.noted.len(), Ordering::Release);
    }

    /// What has to be sent, with the turn it was noted in.
    pub(crate) fn list(&self) -> Vec<(Name, u64)> {
        lock(&self.names).noted.iter().map(|(name, turn)| (*name, *turn)).collect()
    }

    /// Strikes out what was sent, unless it was noted again meanwhile.
    pub(crate) fn sent(&self, list: &[(Name, u64)]) {
        let mut state = lock(&self.names);
        for (name, turn) in list {
            if state.noted.get(name) == Some(turn) {
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
        let pending = Pending::new(10);
        pending.note([name(1), name(2)]);
        let list = pending.list();
        pending.note([name(1)]);
        pending.sent(&list);
        assert_eq!(pending.list().iter().map(|(name, _)| *name).collect::<Vec<_>>(), [name(1)]);
    }

    #[test]
    fn too_many_names_become_the_one_that_everything_depends_on() {
        let pending = Pending::new(10);
        pending.note((0..20).map(name));
        assert_eq!(pending.len(), 1);
        assert_eq!(pending.list()[0].0, Name::everything());
    }
}
