//! The goals of `benches/goals.toml`.

use std::{fs, path::Path};

use anyhow::{Context, ensure};
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    goal: Vec<Goal>,
}

/// A ratio that has to be reached: our time over the peer's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Goal {
    /// Unique, and short enough for a line.
    pub(crate) id: String,
    /// The bench target: the file below `benches/benches`.
    pub(crate) area: String,
    /// The operation: first half of the ids `operation/side`.
    pub(crate) operation: String,
    /// Our side.
    pub(crate) ours: String,
    /// The other side.
    pub(crate) peer: String,
    /// The largest ratio that meets the goal.
    pub(crate) bound: f64,
}

/// Reads and checks the goals.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Goal>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {path:?}"))?;
    parse(&text).with_context(|| format!("cannot read {path:?}"))
}

fn parse(text: &str) -> anyhow::Result<Vec<Goal>> {
    let File { goal: goals } = toml::from_str(text)?;
    for (index, goal) in goals.iter().enumerate() {
        let id = &goal.id;
        ensure!(goal.bound.is_finite() && goal.bound > 0.0, "{id}: the bound is not positive");
        ensure!(goal.ours != goal.peer, "{id}: both sides are {}", goal.peer);
        ensure!(goals[..index].iter().all(|other| other.id != *id), "{id} stands twice");
    }
    Ok(goals)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(bound: &str, peer: &str) -> String {
        format!(
            "[[goal]]\nid = \"a\"\narea = \"cache\"\noperation = \"hit\"\nours = \"ours\"\n\
             peer = \"{peer}\"\nbound = {bound}\n"
        )
    }

    #[test]
    fn a_goal_with_an_impossible_bound_one_side_or_a_repeated_id_is_refused() {
        assert_eq!(parse(&goal("0.5", "moka")).unwrap().len(), 1);
        assert!(parse(&goal("0.0", "moka")).is_err());
        assert!(parse(&goal("nan", "moka")).is_err());
        assert!(parse(&goal("0.5", "ours")).is_err());
        assert!(parse(&goal("0.5", "moka").repeat(2)).is_err());
    }

    #[test]
    fn every_goal_has_a_bench_that_names_both_sides() {
        let benches = crate::cargo::root().join("benches");
        let goals = read(&benches.join("goals.toml")).unwrap();
        assert!(!goals.is_empty());
        for Goal { id, area, operation, ours, peer, .. } in goals {
            let path = benches.join("benches").join(&area).with_extension("rs");
            let text = fs::read_to_string(&path).unwrap_or_default();
            for word in [&operation, &ours, &peer] {
                assert!(text.contains(&format!("\"{word}\"")), "{id}: no {word:?} in {path:?}");
            }
        }
    }
}
