//! Thins out members that exclude each other until none can be missed.

use std::collections::BTreeMap;

use super::oracle::{Answer, Oracle};
use super::witness::Keeping;
use crate::roster::Roster;

/// Work of the solver for one question.
const EFFORT: u64 = 60_000;

/// A member that is left.
pub(super) struct Needed {
    pub(super) member: usize,
    /// A roster that keeps all others; `None` when none was found in the budget.
    pub(super) without: Option<Roster>,
}

/// A part of `members` that still exclude each other, in ascending order. Dropping halves, quarters
/// and so on first makes it cheap where few of many are left.
pub(super) fn shrink(oracle: &mut Oracle<'_>, members: Vec<usize>) -> Vec<Needed> {
    let mut chunk = members.len().div_ceil(2);
    let mut state = Shrink { kept: members.clone(), open: members, needed: BTreeMap::new() };
    while !state.open.is_empty() {
        let mut at = 0;
        while at < state.open.len() {
            at = state.try_without(oracle, at, chunk.max(1));
        }
        chunk /= 2;
    }
    let needed = state.needed.into_iter();
    needed.map(|(member, without)| Needed { member, without }).collect()
}

struct Shrink {
    /// These exclude each other: proved.
    kept: Vec<usize>,
    /// Those of them that may still be missed.
    open: Vec<usize>,
    /// The others.
    needed: BTreeMap<usize, Option<Roster>>,
}

impl Shrink {
    /// Asks about all but `chunk` open members from `at`, and says where to go on.
    fn try_without(&mut self, oracle: &mut Oracle<'_>, at: usize, chunk: usize) -> usize {
        let end = self.open.len().min(at + chunk);
        let mut kept = vec![false; oracle.catalogue.members.len()];
        self.kept.iter().for_each(|&member| kept[member] = true);
        self.open[at..end].iter().for_each(|&member| kept[member] = false);
        let answer = if oracle.is_over() { Answer::Unknown } else { oracle.ask(&kept, EFFORT) };
        match answer {
            Answer::Impossible(members) => {
                self.kept.retain(|member| members.binary_search(member).is_ok());
                self.open.retain(|member| members.binary_search(member).is_ok());
                self.needed.retain(|member, _| members.binary_search(member).is_ok());
                at
            }
            Answer::Possible(roster) => {
                let before = self.open.len();
                self.learn(oracle, roster);
                if chunk == 1 && self.open.len() == before {
                    // The roster keeps what was proved to exclude each other: automata refuse what
                    // the rule's definition accepts.
                    self.needed.insert(self.open.remove(at), None);
                    return at;
                }
                if self.open.len() < end { at } else { end }
            }
            Answer::Unknown if chunk == 1 => {
                self.needed.insert(self.open.remove(at), None);
                at
            }
            Answer::Unknown => end,
        }
    }

    /// A roster that breaks a single member shows that it is needed.
    fn learn(&mut self, oracle: &Oracle<'_>, roster: Roster) {
        let mut kept = vec![false; oracle.catalogue.members.len()];
        self.kept.iter().for_each(|&member| kept[member] = true);
        let keeping = Keeping { catalogue: oracle.catalogue, kept: &kept, limits: &oracle.limits };
        let mut broken = keeping.broken(&roster);
        broken.dedup();
        if let [member] = broken[..] {
            self.open.retain(|open| *open != member);
            self.needed.insert(member, Some(roster));
        }
    }
}
