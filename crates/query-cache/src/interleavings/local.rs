use std::num::NonZeroUsize;

use crate::local::Sharded;
use crate::sync::AtomicU64;

use super::{in_any_order, together};

const BUDGET: u64 = 8;

fn tier() -> Sharded<u64, u64> {
    Sharded::new(BUDGET, NonZeroUsize::MIN)
}

#[test]
fn threads_find_what_they_kept_or_nothing_and_the_budget_holds() {
    in_any_order(600, || {
        let tier = tier();
        // Each has keys of its own; together they are too many.
        let thread = |first: u64| {
            for key in [first, first + 10] {
                for value in [1, 2] {
                    tier.insert(key, key + value, 1 + key % 5);
                    let found = tier.get(&key);
                    assert!(found.is_none_or(|found| found == key + value), "{found:?}");
                    assert!(tier.usage().weight <= BUDGET);
                }
                tier.remove(&key);
                assert_eq!(tier.get(&key), None);
            }
        };
        together([&|| thread(1), &|| thread(2), &|| thread(3)]);
        assert_eq!((tier.usage().entries, tier.usage().weight), (0, 0));
    });
}

#[test]
fn what_is_removed_is_not_found_and_what_is_replaced_does_not_come_back() {
    in_any_order(600, || {
        let (tier, newest) = (tier(), AtomicU64::new(1));
        tier.insert(7, 1, 1);
        let read = || {
            let least = newest.load(std::sync::atomic::Ordering::SeqCst);
            assert!(tier.get(&7).is_none_or(|found| found >= least), "an old value");
        };
        let replace = || {
            tier.insert(7, 2, 3);
            newest.store(2, std::sync::atomic::Ordering::SeqCst);
            read();
            tier.remove(&7);
            newest.store(3, std::sync::atomic::Ordering::SeqCst);
            read();
        };
        let crowd = || (20..26).for_each(|key| tier.insert(key, key, 2));
        together([&read, &replace, &crowd]);
        assert_eq!(tier.get(&7), None);
    });
}
