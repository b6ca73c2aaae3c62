//! How long the first legal roster of a large instance takes, and how much memory.

use std::error::Error;
use std::ops::ControlFlow;
use std::process::Command;
use std::time::{Duration, Instant};

use sched_optimizer::{Analysis, Budget, Options, Problem, Solver, Until};

use crate::data::{self, Data};
use crate::row::{Row, median};
use crate::{Rows, tell};

const GOAL: Duration = Duration::from_secs(10);
const MEBIBYTES: u64 = 2_048;
const ROUNDS: usize = 3;
/// Stops a solve that does not become legal.
const LIMIT: f64 = 60.0;

/// Each in a process of its own, whose memory is that of the solve.
pub(crate) fn measure(_: &Data) -> Rows {
    let what = "150 people x 364 days x 32 shifts";
    let (mut times, mut peak) = (Vec::new(), None);
    for _ in 0..ROUNDS {
        let child = Command::new(std::env::current_exe()?).arg("--solve-large").output()?;
        if !child.status.success() {
            return Err(String::from_utf8_lossy(&child.stderr).into());
        }
        let words = String::from_utf8(child.stdout)?;
        let mut numbers = words.split_whitespace();
        let legal = numbers.next().and_then(|word| word.parse::<f64>().ok());
        let memory = numbers.next().and_then(|word| word.parse::<u64>().ok());
        tell(&format!("  legal after {legal:?} s, {memory:?} kB"));
        times.push(legal.map_or(Duration::MAX, Duration::from_secs_f64));
        peak = peak.max(memory);
    }
    let took = median(times);
    let legal = if took == Duration::MAX {
        Row::new(format!("legal, {what}"), format!("<= {GOAL:?}"), "no legal roster", false)
    } else {
        Row::time(format!("legal, {what}"), GOAL, took)
    };
    let (what, goal) = (format!("memory, {what}"), format!("< {MEBIBYTES} MiB"));
    Ok(vec![
        legal.note("from a problem that is built"),
        match peak.map(|kilobytes| kilobytes / 1024) {
            Some(seen) => Row::new(what, goal, format!("{seen} MiB"), seen < MEBIBYTES),
            None => Row::unknown(what, goal, "/proc/self/status has no VmHWM"),
        },
    ])
}

/// Prints after how many seconds a roster was legal, `-` when none was, and the peak of this
/// process's memory in kB where the system tells.
pub(crate) fn solve() -> Result<(), Box<dyn Error>> {
    let problem: Problem = data::made_up(150, 364, 32)?;
    let started = Instant::now();
    let options = Options::default().budget(Budget::seconds(LIMIT)).until(Until::Legal);
    let outcome = Solver::new(options).solve(&problem, |_| ControlFlow::Continue(()));
    let took = started.elapsed().as_secs_f64();
    if Analysis::new(&problem, &outcome.roster)?.score.is_legal() {
        print!("{took:.2} ");
    } else {
        print!("- ");
    }
    println!("{}", peak().map_or("unknown".to_owned(), |kilobytes| kilobytes.to_string()));
    Ok(())
}

fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
