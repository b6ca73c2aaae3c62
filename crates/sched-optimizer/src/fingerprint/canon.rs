//! Descriptions in which only what has a meaning leaves a trace.

use xxhash_rust::xxh3::xxh3_128;

use crate::ids::{ActivityId, WorkerId};
use crate::problem::Problem;

/// Collects the parts of a description so that no two different lists of parts read the same: every
/// part carries its kind, and texts and lists their length.
///
/// Activities are written by [`activity`](Self::activity) and [`activities`](Self::activities), workers by
/// [`worker`](Self::worker) and [`workers`](Self::workers), never by their index, which depends on the order of
/// declaration. What has no order is written by [`bag`](Self::bag).
#[derive(Clone, Debug)]
pub struct Canon {
    /// Digests of the names, by index.
    activities: Vec<u128>,
    workers: Vec<u128>,
    bytes: Vec<u8>,
}

impl Canon {
    /// Empty, for parts of `problem`.
    pub(crate) fn of(problem: &Problem) -> Self {
        let digest = |name: &str| xxh3_128(name.as_bytes());
        let activities = problem.activity_ids().map(|id| digest(problem.activity_name(id)));
        let workers = problem.worker_ids().map(|id| digest(problem.worker_name(id)));
        Self { activities: activities.collect(), workers: workers.collect(), bytes: Vec::new() }
    }

    /// Adds a number.
    pub fn int(&mut self, value: impl Into<i64>) {
        self.ints([value]);
    }

    /// Adds numbers.
    pub fn ints<const N: usize>(&mut self, values: [impl Into<i64>; N]) {
        self.bytes.push(b'i');
        let words = values.map(|value| value.into().to_le_bytes());
        self.bytes.extend_from_slice(words.as_flattened());
    }

    /// Adds a length, or the index of a period.
    pub fn len(&mut self, value: usize) {
        self.bytes.push(b'n');
        self.bytes.extend_from_slice(&(value as u64).to_le_bytes());
    }

    /// Adds a text.
    pub fn text(&mut self, text: &str) {
        self.len(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Adds an activity.
    pub fn activity(&mut self, activity: ActivityId) {
        self.set(1, self.activity_digests().of(activity));
    }

    /// Adds a set of activities: neither their order nor how often one is listed has a meaning.
    pub fn activities(&mut self, activities: &[ActivityId]) {
        let names = &self.activities;
        let (count, sum) = sum_of_set(activities, |activity| name(names, activity.index()));
        self.set(count, sum);
    }

    /// Adds a list: its length, then each item by `item`.
    pub fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.len(items.len());
        items.iter().for_each(|one| item(self, one));
    }

    /// Adds a list whose order has no meaning, each item by `item`. How often an item is listed has one.
    pub fn bag<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        // An item by itself has no order that a digest would have to hide.
        if let [_] = items {
            return self.list(items, item);
        }
        let digests = items.iter().map(|one| self.digest(|canon| item(canon, one)));
        let sum = digests.fold(0, u128::wrapping_add);
        self.set(items.len(), sum);
    }

    /// Adds a value that may be missing.
    pub fn option<T>(&mut self, value: Option<T>, item: impl FnOnce(&mut Self, T)) {
        self.bytes.push(if value.is_some() { b'+' } else { b'-' });
        if let Some(value) = value {
            item(self, value);
        }
    }

    /// Adds a worker.
    pub fn worker(&mut self, worker: WorkerId) {
        self.set(1, self.worker_digest(worker));
    }

    /// Adds a set of workers: neither their order nor how often one is listed has a meaning.
    pub fn workers(&mut self, workers: &[WorkerId]) {
        let names = &self.workers;
        let (count, sum) = sum_of_set(workers, |worker| name(names, worker.index()));
        self.set(count, sum);
    }

    pub(crate) fn activity_digests(&self) -> Digests<'_> {
        Digests(&self.activities)
    }

    pub(crate) fn worker_digest(&self, worker: WorkerId) -> u128 {
        name(&self.workers, worker.index())
    }

    /// The digest of what `part` adds, which is taken out again.
    pub(crate) fn digest(&mut self, part: impl FnOnce(&mut Self)) -> u128 {
        let from = self.bytes.len();
        part(self);
        let digest = xxh3_128(&self.bytes[from..]);
        self.bytes.truncate(from);
        digest
    }

    /// Adds bytes whose number follows from what was added before.
    pub(crate) fn raw<const N: usize>(&mut self, parts: impl ExactSizeIterator<Item = [u8; N]>) {
        let from = self.bytes.len();
        self.bytes.resize(from + parts.len() * N, 0);
        let places = self.bytes[from..].chunks_exact_mut(N);
        places.zip(parts).for_each(|(place, part)| place.copy_from_slice(&part));
    }

    /// Adds `count` digests without an order by their sum: it takes part of all bits of all of them, and
    /// two sums are as unlikely to agree as two digests.
    pub(crate) fn set(&mut self, count: usize, sum: u128) {
        self.len(count);
        self.bytes.extend_from_slice(&sum.to_le_bytes());
    }
}

/// The digests of the names of activities.
#[derive(Clone, Copy)]
pub(crate) struct Digests<'c>(&'c [u128]);

impl Digests<'_> {
    pub(crate) fn of(self, activity: ActivityId) -> u128 {
        name(self.0, activity.index())
    }
}

/// The digest of a name; an id that the problem does not have stands for itself.
fn name(digests: &[u128], index: usize) -> u128 {
    digests.get(index).copied().unwrap_or(index as u128)
}

/// How many different `ids` there are, and the sum of their digests.
fn sum_of_set<I: Copy + Ord>(ids: &[I], digest: impl Fn(I) -> u128) -> (usize, u128) {
    // Most sets are listed in the order of declaration.
    if ids.is_sorted_by(|a, b| a < b) {
        let sum = ids.iter().fold(0, |sum: u128, &id| sum.wrapping_add(digest(id)));
        return (ids.len(), sum);
    }
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    sum_of_set(&ids, digest)
}
