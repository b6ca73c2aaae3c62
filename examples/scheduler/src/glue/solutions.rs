//! Solved problems kept by query-cache, under the fingerprint of the problem and what was asked of it.

use std::time::Duration;

use query_cache::{AnyStore, Cache, Error, Key, Policy};
use sched_optimizer::{ActivityId, Problem, Roster, WorkerId};

/// A day: long enough for a repeated run, short enough to forget programmes that were changed.
const TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// What a search was asked for besides its problem.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The seed.
    pub seed: u64,
    /// The time given to it, in milliseconds.
    pub millis: u64,
}

/// One line of activity indices a worker.
type Lines = Vec<Vec<usize>>;

/// The roster stored for `problem`, if there is one of its size.
pub async fn find(cache: &Cache<AnyStore>, problem: &Problem, asked: Asked) -> Option<Roster> {
    // Whatever is wrong with a remembered solution, searching anew is right.
    let lines = cache.get::<Lines>(&key(problem, asked)).await.ok()?;
    lines.and_then(|lines| {
        let ids = |line: &Vec<usize>| line.iter().map(|a| ActivityId::new(*a)).collect();
        let lines: Vec<Vec<ActivityId>> = lines.iter().map(ids).collect();
        let known = lines.iter().flatten().all(|a| a.index() < problem.activities());
        let whole = lines.len() == problem.workers() && known;
        Roster::from_lines(problem.periods(), &lines).filter(|_| whole)
    })
}

/// Stores a roster for `problem`.
///
/// # Errors
/// Another type is kept under the key.
pub async fn keep(
    cache: &Cache<AnyStore>,
    problem: &Problem,
    asked: Asked,
    roster: &Roster,
) -> Result<(), Error> {
    let indices = |w| roster.line(WorkerId::new(w)).iter().map(|a| a.index()).collect();
    let lines: Lines = (0..roster.workers()).map(indices).collect();
    cache.set(&key(problem, asked), lines, &Policy::ttl(TTL)).await.map(drop)
}

fn key(problem: &Problem, asked: Asked) -> Key {
    let problem = sched_optimizer::Fingerprint::of(problem).to_string();
    Key::new("solution").part(problem).part(asked.seed).part(asked.millis)
}
