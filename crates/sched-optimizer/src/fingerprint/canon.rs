//! Descriptions in which only what has a meaning leaves a trace.

use xxhash_rust::xxh3::xxh3_128;

use crate::ids::{ActivityId, WorkerId};
use crate::problem::Problem;

/// Bytes of numbers that are added at once: every piece that is added looks whether there is room.
const FEW: usize = 4 * 8;

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
    #[inline]
    pub fn ints<const N: usize>(&mut self, values: [impl Into<i64>; N]) {
        let words = values.map(|value| value.into().to_le_bytes());
        let mut piece = [b'i'; FEW + 1];
        match piece.get_mut(1..=N * 8) {
            Some(place) => {
                place.copy_from_slice(words.as_flattened());
                self.bytes.extend_from_slice(&piece[..=N * 8]);
            }
            None => {
                self.bytes.push(b'i');
                self.bytes.extend_from_slice(words.as_flattened());
            }
        }
    }

    /// Adds a length, or the index of a period.
    #[inline]
    pub fn len(&mut self, value: usize) {
        let mut piece = [b'n'; 9];
        piece[1..].copy_from_slice(&(value as u64).to_le_bytes());
        self.bytes.extend_from_slice(&piece);
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
    #[inline]
    pub(crate) fn set(&mut self, count: usize, sum: u128) {
        let mut piece = [b'n'; 25];
        piece[1..9].copy_from_slice(&(count as u64).to_le_bytes());
        piece[9..].copy_from_slice(&sum.to_le_bytes());
        self.bytes.extend_from_slice(&piece);
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
    match digests.get(index) {
        Some(&digest) => digest,
        None => unknown(index),
    }
}

#[cold]
const fn unknown(index: usize) -> u128 {
    index as u128
}

/// How many different `ids` there are, and the sum of their digests.
fn sum_of_set<I: Copy + Ord>(ids: &[I], digest: impl Fn(I) -> u128) -> (usize, u128) {
    if let [id] = *ids {
        return (1, digest(id));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(values: [i64; N]) -> Vec<u8> {
        let mut canon = Canon { activities: Vec::new(), workers: Vec::new(), bytes: Vec::new() };
        canon.ints(values);
        canon.bytes
    }

    fn expected(values: &[i64]) -> Vec<u8> {
        let words = values.iter().flat_map(|value| value.to_le_bytes());
        std::iter::once(b'i').chain(words).collect()
    }

    #[test]
    fn few_and_many_numbers_are_written_alike() {
        let all = [1, -2, i64::MAX, 4, 5, 6];
        assert_eq!(bytes([]), expected(&[]));
        assert_eq!(bytes([1]), expected(&all[..1]));
        assert_eq!(bytes([1, -2, i64::MAX, 4]), expected(&all[..4]));
        assert_eq!(bytes([1, -2, i64::MAX, 4, 5]), expected(&all[..5]));
        assert_eq!(bytes(all), expected(&all));
    }
}
