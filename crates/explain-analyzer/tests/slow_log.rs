//! The log of slow statements beside a map that forgets nothing.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use explain_analyzer::SlowLog;
use proptest::prelude::*;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn statements_are_told_apart_by_shape_and_not_by_value() {
    let log = SlowLog::default();
    log.record("SELECT * FROM shift WHERE id = 1", ms(5), 1);
    log.record("SELECT * FROM shift WHERE id = 22", ms(9), 1);
    log.record("SELECT * FROM shift WHERE id = 3", ms(2), 1);
    log.record("SELECT * FROM person", ms(10), 400);
    let total = log.by_total(10);
    assert_eq!(total[0].normalized, "SELECT * FROM shift WHERE id = ?");
    assert_eq!(total[0].example, "SELECT * FROM shift WHERE id = 22");
    assert_eq!(
        (total[0].calls, total[0].rows, total[0].total, total[0].longest),
        (3, 3, ms(16), ms(9))
    );
    assert_eq!(log.by_longest(1)[0].normalized, "SELECT * FROM person");
    let stats = log.stats();
    assert_eq!((stats.recorded, stats.kept, stats.displaced, stats.total), (4, 2, 0, ms(26)));
}

#[test]
fn texts_without_end_take_no_room_without_end() {
    let log = SlowLog::default();
    let long = format!("SELECT {} FROM t", vec!["\u{e9}clair"; 20_000].join(", "));
    log.record(&long, ms(5), 0);
    log.record("SELECT 1", ms(1), 0);
    let kept = log.by_total(2);
    assert!(kept[0].cut && kept[0].example.len() <= 16_384 && kept[0].normalized.len() <= 16_384);
    assert!(long.starts_with(&kept[0].example));
    assert!(!kept[1].cut);
    // Many rows of values are one short text, but the example is cut.
    log.record(
        &format!("INSERT INTO t VALUES {}", vec!["(1, 'x')"; 5_000].join(", ")),
        ms(9),
        5_000,
    );
    assert_eq!(log.by_total(1)[0].normalized, "INSERT INTO t VALUES (?, ...), ...");
    assert!(log.by_total(1)[0].cut);
}

#[test]
fn many_threads_lose_nothing() {
    let log = SlowLog::default();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let log = &log;
            scope.spawn(move || {
                (0..250).for_each(|i| log.record(&format!("SELECT {i} FROM t{thread}"), ms(1), 2))
            });
        }
    });
    let all = log.by_total(10);
    assert_eq!(all.iter().map(|each| (each.calls, each.rows)).collect::<Vec<_>>(), [(250, 500); 4]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Whatever the order, the log is bounded, its numbers are no more than the truth and the truth
    /// is no more than they and the doubt together; what takes more than its part of the whole is
    /// in it, and so is the longest single run.
    #[test]
    fn what_takes_much_time_is_never_lost(
        runs in prop::collection::vec((0..40u64, 1..100u64), 1..400),
        capacity in 1..12usize,
    ) {
        let log = SlowLog::new(NonZeroUsize::new(capacity).unwrap());
        let mut truth: HashMap<String, (u64, u64)> = HashMap::new();
        for &(table, time) in &runs {
            log.record(&format!("SELECT a FROM t{table}"), ms(time), 0);
            let (total, longest) = truth.entry(format!("SELECT a FROM t{table}")).or_default();
            *total += time;
            *longest = (*longest).max(time);
        }
        let kept = log.by_total(usize::MAX);
        prop_assert!(kept.len() <= capacity + 1);
        prop_assert_eq!(log.stats().kept, kept.len());
        for each in &kept {
            let (total, _) = truth[&each.normalized];
            prop_assert!(each.total <= ms(total) && ms(total) <= each.total + each.unseen);
        }
        let all: u64 = truth.values().map(|(total, _)| total).sum();
        for (text, &(total, _)) in &truth {
            if total * u64::try_from(capacity).unwrap() > all {
                prop_assert!(kept.iter().any(|each| &each.normalized == text), "{} of {}", total, all);
            }
        }
        let longest = truth.values().map(|&(_, longest)| longest).max().unwrap();
        prop_assert_eq!(log.by_longest(1)[0].longest, ms(longest));
    }
}
