//! A byte budget counts what is really taken.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use query_cache::{Cache, Cacheable, Key, Policy};
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

#[derive(Serialize, Deserialize)]
struct Shift {
    person: u32,
    rotation: String,
    day: (i32, u8, u8),
    hours: f64,
    note: Option<String>,
    swapped_with: Option<u64>,
    kind: Kind,
}

#[derive(Serialize, Deserialize)]
enum Kind {
    Regular,
    Call { hours: u32 },
    Other(String),
}

fn shift(n: u32) -> Shift {
    Shift {
        person: n,
        rotation: "intensive care".to_owned(),
        day: (2026, 7, 1),
        hours: 8.0,
        note: n.is_multiple_of(3).then(|| "asked for the day off before".to_owned()),
        swapped_with: n.is_multiple_of(2).then_some(7),
        kind: match n % 3 {
            0 => Kind::Regular,
            1 => Kind::Call { hours: 24 },
            _ => Kind::Other("backup".to_owned()),
        },
    }
}

/// What a cache says it holds, and what it made the heap grow by.
fn weighed<T: Cacheable>(runtime: &Runtime, keys: u32, make: fn(u32) -> T) -> (f64, f64) {
    let before = dhat::HeapStats::get().curr_bytes;
    let cache = Cache::builder().local_bytes(600_000).build();
    let policy = Policy::ttl(Duration::from_secs(3600)).tags(["assignments", "block:3"]);
    runtime.block_on(async {
        for n in 0..keys {
            let load = move || async move { Ok::<_, Infallible>(make(n)) };
            let key = Key::new("schedule").part(n);
            cache.get_or_load(&key, &policy, load).await.expect("the load cannot fail");
        }
        cache.close().await.expect("there is no store");
    });
    let heap = dhat::HeapStats::get().curr_bytes - before;
    let weight = cache.stats().weight;
    assert!((400_000..=600_000).contains(&weight), "{:?}", cache.stats());
    #[expect(clippy::cast_precision_loss, reason = "less than a megabyte")]
    (weight as f64, heap as f64)
}

#[test]
fn what_is_accounted_is_within_a_tenth_of_what_is_taken() {
    let _profiler = dhat::Profiler::builder().testing().trim_backtraces(Some(4)).build();
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _inside = runtime.enter();
    // A first cache warms up what the runtime keeps.
    weighed(&runtime, 3_000, |n| vec![u64::from(n); 8]);
    let all = [
        ("few numbers", weighed(&runtime, 3_000, |n| vec![u64::from(n); 8])),
        ("numbers", weighed(&runtime, 250, |n| vec![u64::from(n); 500])),
        ("text", weighed(&runtime, 1_500, |n| n.to_string().repeat(200))),
        ("rows", weighed(&runtime, 600, |n| (n..n + 12).map(shift).collect::<Vec<_>>())),
        (
            "maps",
            weighed(&runtime, 500, |n| {
                (0..20).map(|i| (format!("{n}-{i}"), n)).collect::<HashMap<_, _>>()
            }),
        ),
        ("many rows", weighed(&runtime, 40, |n| (n..n + 300).map(shift).collect::<Vec<_>>())),
    ];
    for (name, (weight, heap)) in all {
        assert!((0.9..=1.1).contains(&(weight / heap)), "{name}: {weight} accounted, {heap} taken");
    }
}
