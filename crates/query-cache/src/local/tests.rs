use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::entry::{Life, Moment, Times};
use crate::sync::AtomicBool;
use crate::tags::TagTable;

fn entry(value: u64, weight: u64) -> Arc<Entry> {
    let now = Instant::now();
    Arc::new(Entry {
        value: Arc::new(value),
        life: Life::starting(now, Times { fresh: Duration::from_secs(60), ..Times::default() }),
        tags: TagTable::default().snapshot(&[]),
        weight,
        proof: None,
        retry_at: Moment::new(now, now),
        expired: AtomicBool::new(false),
    })
}

fn key(n: u64) -> Key {
    Key::new("k").part(n)
}

fn value(entry: &Entry) -> u64 {
    *entry.value.downcast_ref().expect("a number")
}

fn tier(budget: u64) -> ShardedTier {
    ShardedTier::new(budget, NonZeroUsize::new(1000).expect("not zero"))
}

#[derive(Clone, Debug)]
enum Step {
    Get(u64),
    Insert { key: u64, weight: u64 },
    Remove(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0u64..200;
    prop_oneof![
        3 => key.clone().prop_map(Step::Get),
        3 => (key.clone(), 1u64..60).prop_map(|(key, weight)| Step::Insert { key, weight }),
        1 => key.prop_map(Step::Remove),
    ]
}

proptest! {
    #[test]
    fn returns_only_what_was_last_inserted_and_keeps_to_its_budget(
        steps in prop::collection::vec(step(), 0..600), budget in 0u64..3000,
    ) {
        let tier = tier(budget);
        let mut model = HashMap::new();
        for (turn, step) in (0u64..).zip(steps) {
            match step {
                Step::Get(n) => {
                    let found = tier.get(&key(n)).map(|entry| value(&entry));
                    prop_assert!(found.is_none() || found.as_ref() == model.get(&n));
                }
                Step::Insert { key: n, weight } => {
                    tier.insert(&key(n), entry(turn, weight));
                    model.insert(n, turn);
                }
                Step::Remove(n) => {
                    tier.remove(&key(n));
                    model.remove(&n);
                }
            }
            prop_assert!(tier.usage().weight <= budget);
        }
        let kept: Vec<_> = (0..200).filter_map(|n| tier.get(&key(n))).collect();
        let usage = tier.usage();
        prop_assert_eq!(usage.entries, kept.len() as u64);
        prop_assert_eq!(usage.weight, kept.iter().map(|entry| entry.weight()).sum::<u64>());
    }
}

#[test]
fn what_fits_stays() {
    let tier = ShardedTier::new(64, NonZeroUsize::new(64).expect("not zero"));
    (0..64).for_each(|n| tier.insert(&key(n), entry(n, 1)));
    let kept = (0..64).filter(|n| tier.get(&key(*n)).is_some()).count();
    assert_eq!((kept, tier.usage().evictions), (64, 0));
}

#[test]
fn a_large_tier_has_sixteen_shards_or_more_and_a_small_one_few() {
    let shards = sharded::shard_count;
    assert!(shards(10_000) >= 16);
    assert_eq!(shards(100), 1);
    assert!((1..=16).contains(&shards(1000)));
    assert!((0..100_000).step_by(77).all(|entries| shards(entries).is_power_of_two()));
}

/// Small numbers are asked for often, large ones seldom: a skewed load with scans in between.
struct Trace {
    state: u64,
}

impl Trace {
    fn random(&mut self) -> u64 {
        // xorshift64*: any spread will do, as long as it repeats.
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..keys")]
    fn skewed(&mut self, keys: u64) -> u64 {
        // Inverse of a density of 1/x: Zipf with exponent 1.
        let share = (self.random() >> 11) as f64 / (1u64 << 53) as f64;
        (keys as f64).powf(share) as u64 - 1
    }
}

/// Misses of the skewed part of the trace.
fn misses(mut get_or_insert: impl FnMut(u64) -> bool) -> u64 {
    let (mut trace, mut missed, mut fresh) = (Trace { state: 7 }, 0, 1u64 << 40);
    for turn in 0..60_000u64 {
        missed += u64::from(!get_or_insert(trace.skewed(20_000)));
        if turn % 4_000 > 2_000 {
            fresh += 1;
            get_or_insert(fresh);
        }
    }
    missed
}

#[test]
fn scans_do_not_push_out_what_is_asked_for_often() {
    const CAPACITY: u64 = 2_000;
    let tier = ShardedTier::new(CAPACITY, NonZeroUsize::new(2_000).expect("not zero"));
    let ours = misses(|n| {
        let found = tier.get(&key(n)).is_some();
        if !found {
            tier.insert(&key(n), entry(n, 1));
        }
        found
    });
    let mut plain = lru::LruCache::new(NonZeroUsize::new(2_000).expect("not zero"));
    let theirs = misses(|n| plain.get(&n).is_some() || plain.put(n, ()).is_some());
    assert!(ours * 100 < theirs * 90, "{ours} misses, plain LRU has {theirs}");
}

#[test]
fn to_look_again_before_a_load_makes_nobody_famous() {
    let tier = tier(1000);
    for _ in 0..2 {
        for n in 0..600 {
            if tier.get(&key(n)).is_none() {
                tier.insert(&key(n), entry(n, 1));
            }
        }
    }
    for n in 600..5000 {
        (0..3).for_each(|_| assert!(tier.get(&key(n)).is_none()));
        tier.insert(&key(n), entry(n, 1));
    }
    let kept = (0..600).filter(|n| tier.get(&key(*n)).is_some()).count();
    assert!(kept > 550, "{kept} of what was asked for again are left");
}

#[test]
fn many_threads_at_once_do_not_exceed_the_budget() {
    const BUDGET: u64 = 100_000;
    let tier = ShardedTier::new(BUDGET, NonZeroUsize::new(1000).expect("not zero"));
    let (tier, running) = (&tier, &AtomicUsize::new(4));
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            scope.spawn(move || {
                for n in 0..5_000u64 {
                    let key = key((n * (thread + 3)) % 2_000);
                    tier.insert(&key, entry(n, 1 + (n * 37) % 4_000));
                    if n % 7 == 0 {
                        tier.remove(&key);
                    }
                }
                running.fetch_sub(1, Ordering::AcqRel);
            });
        }
        let mut most = 0;
        while running.load(Ordering::Acquire) > 0 {
            most = most.max(tier.usage().weight);
        }
        assert!((BUDGET / 2..=BUDGET).contains(&most), "{most}");
    });
}
