//! What is asked for.

/// Keys in the order of their accesses, and which of them count for the hit ratio.
pub(crate) struct Trace {
    pub(crate) keys: Vec<u64>,
    /// So many of the first warm up.
    pub(crate) warm_up: usize,
}

pub(crate) const KEYS: usize = 1_000_000;
const ACCESSES: usize = 1_000_000;
const SCAN: usize = 100_000;

/// Keys from here on are those of scans, and do not count for the hit ratio.
pub(crate) const COLD: u64 = 1 << 40;

pub(crate) type Make = fn() -> Trace;

pub(crate) const TRACES: [(&str, Make); 3] =
    [("zipf-0.9", || zipf(0.9)), ("zipf-1.0", || zipf(1.0)), ("scans", with_scans)];

fn zipf(exponent: f64) -> Trace {
    Trace { keys: accesses(exponent).collect(), warm_up: ACCESSES }
}

/// After every hundred thousand accesses, as many keys that are never asked for again.
fn with_scans() -> Trace {
    let accesses: Vec<u64> = accesses(0.9).collect();
    let mut cold = COLD..;
    let mut keys = Vec::with_capacity(2 * accesses.len());
    for part in accesses.chunks(SCAN) {
        keys.extend(part);
        keys.extend(cold.by_ref().take(SCAN));
    }
    Trace { keys, warm_up: 2 * ACCESSES }
}

/// The same every time. Keys are mixed so that a small number does not mean a famous key.
fn accesses(exponent: f64) -> impl Iterator<Item = u64> {
    let mut random = fastrand::Rng::with_seed(7);
    #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
    let weights = (1..=KEYS).map(|rank| (rank as f64).powf(-exponent));
    let sums: Vec<f64> = weights
        .scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect();
    let total = sums[KEYS - 1];
    (0..2 * ACCESSES).map(move |_| {
        let share = random.f64() * total;
        let rank = sums.partition_point(|sum| *sum < share) as u64;
        // A bijection of the numbers below 2^20.
        rank.wrapping_mul(0x9_e377_79b1) & 0xf_ffff
    })
}
