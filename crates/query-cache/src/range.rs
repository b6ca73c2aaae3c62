//! What depends on a range of days, seconds or other numbers, and falls with each of them.
//!
//! A value over a window is tagged with the few *dyadic* intervals (a power of two long, beginning
//! at a multiple of their length) that tile the window. A changed point outdates all dyadic
//! intervals that contain it. Of the tiles of a window at most one contains the point, and one does
//! exactly if the window does: nothing is missed and nothing is dropped in vain.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::key::Key;
use crate::tags::Tag;

/// The lengths of intervals in use, as powers of two. Every power up to 2^16 (more days than
/// anybody plans), then every fourth: a changed point costs one tag for each length, a window longer
/// than 2^16 up to thirty tags for each length beyond.
const LENGTHS: [u32; 29] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52,
    56, 60, 64,
];

/// Tags for values that depend on a window of numbers, within one scope (a person, a ward).
///
/// The scope is a [`Key`], so it may have parts and a tenant. Windows of different scopes share
/// nothing. Numbers are whatever the application counts in: days since an epoch, seconds, versions.
///
/// ```
/// use query_cache::{Cache, Error, Key, Policy, Windows};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// # let cache = Cache::builder().build();
/// # let hour = Duration::from_secs(3600);
/// let person_7 = Windows::of(Key::new("duty").part(7u32));
/// for last_day in [28, 29, 60] {
///     let window = last_day - 27..=last_day; // the 28 days that end there
///     let policy = Policy::ttl(hour).tags(person_7.covering(window));
///     cache.set(&Key::new("hours").part(7u32).part(last_day), 64u32, &policy).await?;
/// }
///
/// cache.invalidate_tags(person_7.changed([28])).await?;
///
/// let hours = async |last_day: i64| cache.get::<u32>(&Key::new("hours").part(7u32).part(last_day)).await;
/// assert!(hours(28).await?.is_none()); // days 1 to 28
/// assert!(hours(29).await?.is_none()); // days 2 to 29
/// assert!(hours(60).await?.is_some()); // days 33 to 60
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Windows {
    scope: Key,
}

impl Windows {
    /// Windows within `scope`.
    pub fn of(scope: Key) -> Self {
        Self { scope }
    }

    /// The tags of a value that depends on every number of `window`, both ends included: at most
    /// `2 log2 n` of them for `n` up to 65,536 numbers, 8 for 28 days. None for an empty window.
    pub fn covering(&self, window: RangeInclusive<i64>) -> Vec<Tag> {
        tiles(window).into_iter().map(|interval| self.tag(interval)).collect()
    }

    /// The tags to invalidate when what belongs to `points` has changed: 29 for one point, fewer
    /// for each of several that lie together. Give a range to name all points of it.
    pub fn changed(&self, points: impl IntoIterator<Item = i64>) -> Vec<Tag> {
        let intervals: BTreeSet<Interval> = points.into_iter().flat_map(containing).collect();
        intervals.into_iter().map(|interval| self.tag(interval)).collect()
    }

    fn tag(&self, interval: Interval) -> Tag {
        let mut bytes = vec![RANGE];
        bytes.extend_from_slice(self.scope.as_bytes());
        bytes.extend_from_slice(&interval.length.to_be_bytes());
        bytes.extend_from_slice(&interval.first.to_be_bytes());
        Tag::from_bytes(bytes)
    }
}

/// The first byte of these tags, apart from those of tags made from text. Part of stored names.
const RANGE: u8 = 3;

/// The numbers from `first` on, 2^`length` of them; `first` is a multiple of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Interval {
    length: u32,
    first: u64,
}

/// Numbers in their order from zero on. Moves by half the range, so multiples stay multiples.
fn position(number: i64) -> u64 {
    number.cast_unsigned() ^ (1 << 63)
}

/// The longest intervals in use that fit, from left to right.
fn tiles(window: RangeInclusive<i64>) -> Vec<Interval> {
    let mut tiles = Vec::new();
    if window.is_empty() {
        return tiles;
    }
    // One past the last number may lie beyond 64 bits.
    let mut next = u128::from(position(*window.start()));
    let end = u128::from(position(*window.end())) + 1;
    while let Ok(first) = u64::try_from(next)
        && next < end
    {
        let fits = |length: &&u32| {
            let count = 1u128 << **length;
            next.is_multiple_of(count) && next + count <= end
        };
        let length = LENGTHS.iter().rev().find(fits).copied().unwrap_or_default();
        tiles.push(Interval { length, first });
        next += 1 << length;
    }
    tiles
}

fn containing(number: i64) -> impl Iterator<Item = Interval> {
    let position = position(number);
    LENGTHS.into_iter().map(move |length| {
        let first = position.checked_shr(length).map_or(0, |index| index << length);
        Interval { length, first }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use proptest::prelude::*;

    fn is_dropped(scopes: (u8, u8), window: RangeInclusive<i64>, day: i64) -> bool {
        let windows = |scope: u8| Windows::of(Key::new("duty").part(scope));
        let carried: HashSet<Tag> = windows(scopes.0).covering(window).into_iter().collect();
        windows(scopes.1).changed([day]).iter().any(|tag| carried.contains(tag))
    }

    /// Numbers near each other, near zero, near the ends, and anywhere.
    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![
            -40i64..40,
            65_400i64..65_700,
            (0i64..70).prop_map(|n| i64::MAX - n),
            (0i64..70).prop_map(|n| i64::MIN + n),
            any::<i64>(),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        /// The law: a changed day drops exactly the windows that contain it, in its own scope.
        #[test]
        fn a_changed_day_drops_exactly_the_windows_that_contain_it(
            a in number(), b in number(), days in prop::collection::vec(number(), 1..6),
            mine in 7u8..9, theirs in 7u8..9,
        ) {
            let window = a..=b;
            for day in days.into_iter().chain([a, b, a.saturating_sub(1), b.saturating_add(1)]) {
                let expected = mine == theirs && window.contains(&day);
                prop_assert_eq!(is_dropped((mine, theirs), window.clone(), day), expected, "day {}", day);
            }
        }

        #[test]
        fn a_window_has_few_tags(start in number(), length in 1i64..65_536) {
            let Some(last) = start.checked_add(length - 1) else { return Ok(()) };
            let tiles = tiles(start..=last);
            prop_assert!(tiles.len() <= 2 * (length.ilog2() as usize).max(1), "{}", tiles.len());
            prop_assert_eq!(tiles.iter().map(|tile| 1i64 << tile.length).sum::<i64>(), length);
        }
    }

    #[test]
    fn every_window_of_28_days_is_checked_against_every_day() {
        for first in -40i64..40 {
            let window = first..=first + 27;
            assert!(tiles(window.clone()).len() <= 8);
            for day in -80..120 {
                assert_eq!(is_dropped((7, 7), window.clone(), day), window.contains(&day));
            }
        }
    }

    #[test]
    fn all_numbers_are_one_window_and_none_is_none() {
        assert_eq!(tiles(i64::MIN..=i64::MAX).len(), 1);
        assert!(is_dropped((7, 7), i64::MIN..=i64::MAX, 0));
        #[expect(clippy::reversed_empty_ranges, reason = "an empty window is what is tested")]
        let empty = 5..=4;
        assert!(Windows::of(Key::new("duty")).covering(empty).is_empty());
    }

    #[test]
    fn days_that_lie_together_share_most_tags() {
        let windows = Windows::of(Key::new("duty"));
        assert_eq!(windows.changed([5]).len(), LENGTHS.len());
        assert!(windows.changed(0..28).len() < 28 * 2 + LENGTHS.len());
    }
}
