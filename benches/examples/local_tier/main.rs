//! The local tier beside other maps of bounded size: hit ratio, time of an operation, and its tail.
//!
//! Each line `figure ID VALUE` is held against the bound of that goal by `cargo xtask ratios cache`.
//! A million keys, a hundred thousand entries; a million accesses to warm up and a million that count.
//!
//! Hit ratios are exact. Times are those that the threads spent on a core, as far as the system tells,
//! so that other programs disturb less; the sides are measured in turn, and the medians of the ratios
//! of neighbours count. The tail is of single operations, by the clock on the wall, the least of the
//! rounds.

#![expect(clippy::print_stdout, reason = "a program")]
#![expect(clippy::unwrap_used, reason = "a program that measures may stop")]

mod run;
mod sides;
mod traces;

use std::collections::HashMap;

use crate::run::Measured;
use crate::sides::SIDES;
use crate::traces::{TRACES, Trace};

/// Enough for medians; `ROUNDS` in the environment says otherwise.
const ROUNDS: usize = 5;

fn main() {
    let rounds = std::env::var("ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    for (name, make) in TRACES {
        let trace = make();
        let all: Vec<HashMap<&str, Measured>> =
            (0..rounds).map(|round| measured(&trace, 1, round)).collect();
        let two: Vec<HashMap<&str, Measured>> =
            (0..rounds).map(|round| measured(&trace, 2, round)).collect();
        table(name, &all, &two);
        hit_ratios(name, &all[0]);
        times(name, "1-thread", &all);
        times(name, "2-threads", &two);
    }
}

/// Each side once. Who begins changes from round to round.
fn measured(trace: &Trace, threads: usize, round: usize) -> HashMap<&'static str, Measured> {
    let count = SIDES.len();
    let order = (0..count).map(|at| SIDES[(at + round) % count]);
    order.map(|(side, make)| (side, run::run(&*make(), trace, threads))).collect()
}

fn table(name: &str, one: &[HashMap<&str, Measured>], two: &[HashMap<&str, Measured>]) {
    println!("| {name} | hit ratio | ns, 1 thread | p99 | ns, 2 threads | p99 |");
    println!("|---|---|---|---|---|---|");
    for (side, _) in SIDES {
        let time = |rounds: &[HashMap<&str, Measured>]| {
            median(rounds.iter().map(|round| round[side].nanoseconds).collect())
        };
        let (hits, alone, both) = (one[0][side].hit_ratio, time(one), time(two));
        let (tail, tails) = (p99(one, side), p99(two, side));
        println!("| {side} | {hits:.4} | {alone:.0} | {tail:.0} | {both:.0} | {tails:.0} |");
    }
}

fn hit_ratios(name: &str, measured: &HashMap<&str, Measured>) {
    let peers = ["quick_cache", "moka", "foyer-s3fifo"].map(|peer| measured[peer].hit_ratio);
    let best = peers.into_iter().fold(0.0, f64::max);
    let ours = measured["ours"].hit_ratio;
    figure(&format!("hit-ratio-{name}"), best - ours);
    if name == "scans" {
        figure("misses-under-scans", (1.0 - ours) / (1.0 - measured["lru-16"].hit_ratio));
    }
}

fn times(name: &str, threads: &str, rounds: &[HashMap<&str, Measured>]) {
    for peer in ["quick_cache", "moka"] {
        let ratio =
            |round: &HashMap<&str, Measured>| round["ours"].nanoseconds / round[peer].nanoseconds;
        let id = format!("time-{threads}-{name}-{peer}");
        figure(&id, median(rounds.iter().map(ratio).collect()));
    }
    let peers = SIDES.iter().map(|(side, _)| *side).filter(|side| *side != "ours");
    let best = peers.map(|peer| p99(rounds, peer)).fold(f64::MAX, f64::min);
    figure(&format!("p99-{threads}-{name}"), p99(rounds, "ours") / best);
}

fn p99(rounds: &[HashMap<&str, Measured>], side: &str) -> f64 {
    rounds.iter().map(|round| round[side].p99).fold(f64::MAX, f64::min)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn figure(id: &str, value: f64) {
    println!("figure cache.{id} {value:.4}");
}
