//! Solved problems kept by query-cache, under the fingerprint of the problem and what was asked of it.

use std::collections::HashMap;
use std::time::Duration;

use query_cache::{AnyStore, Cache, Error, Key, Policy};
use sched_optimizer::{ActivityId, Problem, Roster};

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

/// The names of the activities, and for each worker by name a line of positions among them. The
/// fingerprint does not tell in which order either is declared.
type Stored = (Vec<String>, HashMap<String, Vec<usize>>);

/// The roster stored for `problem`, if there is one of its size.
pub async fn find(cache: &Cache<AnyStore>, problem: &Problem, asked: Asked) -> Option<Roster> {
    // Whatever is wrong with a remembered solution, searching anew is right.
    let stored = cache.get::<Stored>(&key(problem, asked)).await.ok()??;
    let (names, lines) = &*stored;
    let ids = problem.activity_ids().map(|id| (problem.activity_name(id), id));
    let ids: HashMap<&str, ActivityId> = ids.collect();
    let cell = |&position: &usize| ids.get(names.get(position)?.as_str()).copied();
    let line = |worker| lines.get(problem.worker_name(worker))?.iter().map(cell).collect();
    let lines: Vec<Vec<ActivityId>> = problem.worker_ids().map(line).collect::<Option<_>>()?;
    Roster::from_lines(problem.periods(), &lines)
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
    let names = problem.activity_ids().map(|id| problem.activity_name(id).to_owned());
    let line = |worker| roster.line(worker).iter().map(|activity| activity.index()).collect();
    let lines = problem.worker_ids().map(|id| (problem.worker_name(id).to_owned(), line(id)));
    let stored: Stored = (names.collect(), lines.collect());
    cache.set(&key(problem, asked), stored, &Policy::ttl(TTL)).await.map(drop)
}

fn key(problem: &Problem, asked: Asked) -> Key {
    let problem = sched_optimizer::Fingerprint::of(problem).to_string();
    Key::new("solution").part(problem).part(asked.seed).part(asked.millis)
}
