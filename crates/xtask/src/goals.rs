//! The goals of `benches/goals.toml`.

use std::{collections::HashSet, fs, path::Path};

use anyhow::{Context, ensure};
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Goals {
    #[serde(rename = "goal")]
    pub(crate) benches: Vec<Goal>,
    #[serde(rename = "figure", default)]
    pub(crate) figures: Vec<FigureGoal>,
    #[serde(rename = "roster", default)]
    pub(crate) rosters: Vec<RosterGoal>,
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

/// A number that a program measures, its peers in the same run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FigureGoal {
    /// Unique; the program prints `figure ID VALUE`.
    pub(crate) id: String,
    /// The area it is measured with.
    pub(crate) area: String,
    /// The program: an example of the benches.
    pub(crate) program: String,
    /// The largest value that meets the goal.
    pub(crate) bound: f64,
}

/// What the roster of a published instance has to reach: our objective over the peer's after the same
/// time, and aims of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RosterGoal {
    /// The number of the instance.
    pub(crate) instance: u32,
    /// The largest ratio that meets the goal.
    pub(crate) bound: f64,
    /// The lowest objective that was published.
    pub(crate) published: Option<u32>,
    /// The largest objective that meets the aim.
    pub(crate) aim: Option<u32>,
    /// The largest share of the objective between it and its lower bound that meets the aim.
    pub(crate) gap: Option<f64>,
}

/// Reads and checks the goals.
pub(crate) fn read(path: &Path) -> anyhow::Result<Goals> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {path:?}"))?;
    parse(&text).with_context(|| format!("cannot read {path:?}"))
}

fn parse(text: &str) -> anyhow::Result<Goals> {
    let goals: Goals = toml::from_str(text)?;
    let mut seen = HashSet::new();
    for goal in &goals.benches {
        let id = &goal.id;
        ensure!(is_positive(goal.bound), "{id}: the bound is not positive");
        ensure!(goal.ours != goal.peer, "{id}: both sides are {}", goal.peer);
        ensure!(seen.insert(id.clone()), "{id} stands twice");
    }
    for FigureGoal { id, bound, .. } in &goals.figures {
        ensure!(is_positive(*bound), "{id}: the bound is not positive");
        ensure!(seen.insert(id.clone()), "{id} stands twice");
    }
    for goal in &goals.rosters {
        let id = format!("roster {}", goal.instance);
        ensure!(is_positive(goal.bound), "{id}: the bound is not positive");
        ensure!(goal.gap.is_none_or(is_positive), "{id}: the gap is not positive");
        ensure!(seen.insert(id.clone()), "{id} stands twice");
    }
    Ok(goals)
}

fn is_positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
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
        assert_eq!(parse(&goal("0.5", "moka")).unwrap().benches.len(), 1);
        assert!(parse(&goal("0.0", "moka")).is_err());
        assert!(parse(&goal("nan", "moka")).is_err());
        assert!(parse(&goal("0.5", "ours")).is_err());
        assert!(parse(&goal("0.5", "moka").repeat(2)).is_err());
    }

    #[test]
    fn an_instance_stands_once_and_its_limits_are_positive() {
        let with = |more: &str| parse(&format!("goal = []\n[[roster]]\ninstance = 8\n{more}"));
        let goals = with("bound = 1.0\naim = 1306\ngap = 0.01").unwrap();
        assert_eq!(goals.rosters[0].aim, Some(1306));
        assert!(with("bound = 0.0").is_err());
        assert!(with("bound = 1.0\ngap = -0.1").is_err());
        assert!(with("bound = 1.0\n[[roster]]\ninstance = 8\nbound = 1.0").is_err());
    }

    #[test]
    fn every_figure_has_a_program_and_a_bound() {
        let benches = crate::cargo::root().join("benches");
        let figures = read(&benches.join("goals.toml")).unwrap().figures;
        assert!(!figures.is_empty());
        for figure in figures {
            let folder = benches.join("examples").join(&figure.program);
            assert!(folder.join("main.rs").exists(), "{}: no {}", figure.id, figure.program);
        }
        let twice = "[[figure]]\nid = \"a\"\narea = \"cache\"\nprogram = \"p\"\nbound = 1.0\n";
        assert!(parse(&format!("goal = []\n{twice}")).is_ok());
        assert!(parse(&format!("goal = []\n{}", twice.repeat(2))).is_err());
    }

    #[test]
    fn every_goal_has_a_bench_that_names_both_sides() {
        let benches = crate::cargo::root().join("benches");
        let goals = read(&benches.join("goals.toml")).unwrap().benches;
        assert!(!goals.is_empty());
        for Goal { id, area, operation, ours, peer, .. } in goals {
            let path = benches.join("benches").join(&area);
            let mut text = fs::read_to_string(path.with_extension("rs")).unwrap_or_default();
            // An area may have its parts in a folder.
            for part in fs::read_dir(&path).into_iter().flatten() {
                text += &fs::read_to_string(part.unwrap().path()).unwrap();
            }
            for word in [&operation, &ours, &peer] {
                assert!(text.contains(&format!("\"{word}\"")), "{id}: no {word:?} in {path:?}");
            }
        }
    }
}
