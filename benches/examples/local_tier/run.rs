//! One run of one side.

use std::fs;
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use crate::sides::{Side, Value};
use crate::traces::{COLD, Trace};

pub(crate) struct Measured {
    /// Of what is not part of a scan.
    pub(crate) hit_ratio: f64,
    /// Of one operation, on the core.
    pub(crate) nanoseconds: f64,
    /// Of single operations, on the wall.
    pub(crate) p99: f64,
}

/// Each such operation is timed. A prime, so that it does not fall in step with any batch.
const SAMPLED: usize = 127;

/// What a thread saw.
struct Seen {
    hits: usize,
    asked: usize,
    operations: usize,
    busy: Duration,
    samples: Vec<Duration>,
}

pub(crate) fn run(side: &dyn Side, trace: &Trace, threads: usize) -> Measured {
    let (warm_up, counted) = trace.keys.split_at(trace.warm_up);
    for key in warm_up {
        ask(side, *key);
    }
    let together = Barrier::new(threads);
    let parts: Vec<&[u64]> = counted.chunks(counted.len().div_ceil(threads)).collect();
    let seen: Vec<Seen> = thread::scope(|scope| {
        let together = &together;
        let start = |part| {
            scope.spawn(move || {
                together.wait();
                go(side, part)
            })
        };
        let running: Vec<_> = parts.iter().copied().map(start).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let sum = |of: fn(&Seen) -> f64| seen.iter().map(of).sum::<f64>();
    let mut samples: Vec<Duration> = seen.iter().flat_map(|seen| seen.samples.clone()).collect();
    samples.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    Measured {
        hit_ratio: sum(|seen| seen.hits as f64) / sum(|seen| seen.asked as f64),
        nanoseconds: sum(|seen| seen.busy.as_secs_f64()) * 1e9 / sum(|seen| seen.operations as f64),
        p99: samples[samples.len() * 99 / 100].as_secs_f64() * 1e9,
    }
}

/// The loop around a source: what is not there is brought and kept.
fn ask(side: &dyn Side, key: u64) -> bool {
    let found: Option<Value> = side.get(key);
    let hit = found.is_some();
    match found {
        Some(value) => assert_eq!(black_box(value)[0], key, "another key's value"),
        None => side.insert(key, Arc::new([key; 4])),
    }
    hit
}

fn go(side: &dyn Side, keys: &[u64]) -> Seen {
    let mut seen = Seen {
        hits: 0,
        asked: 0,
        operations: keys.len(),
        busy: Duration::ZERO,
        samples: Vec::with_capacity(keys.len() / SAMPLED + 1),
    };
    let clock = Stopwatch::start();
    for (at, key) in keys.iter().enumerate() {
        let sampled = (at % SAMPLED == 0).then(Instant::now);
        let hit = ask(side, *key);
        seen.samples.extend(sampled.map(|began| began.elapsed()));
        seen.asked += usize::from(*key < COLD);
        seen.hits += usize::from(hit && *key < COLD);
    }
    seen.busy = clock.elapsed();
    seen
}

/// Time of this thread on a core where the system tells it, else on the wall.
struct Stopwatch {
    began: Instant,
    on_core: Option<Duration>,
}

impl Stopwatch {
    fn start() -> Self {
        Self { on_core: on_core(), began: Instant::now() }
    }

    fn elapsed(&self) -> Duration {
        let on_core = on_core().zip(self.on_core).map(|(now, then)| now - then);
        on_core.unwrap_or_else(|| self.began.elapsed())
    }
}

fn on_core() -> Option<Duration> {
    // The system adds up what ran when a thread leaves its core.
    thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
