//! Numbers that programs measure by themselves, peers in the same run, held against their bounds.

use std::{
    collections::{BTreeSet, HashMap},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

use crate::{
    cargo::{self, BENCHES},
    goals::FigureGoal,
    ratios::built,
};

/// Runs the programs of `area`, and says whether all their numbers are within their bounds.
pub(super) fn run(
    area: Option<&str>,
    goals: &[FigureGoal],
    is_quick: bool,
) -> anyhow::Result<bool> {
    let wanted = |goal: &&FigureGoal| area.is_none_or(|area| goal.area == area);
    let goals: Vec<&FigureGoal> = goals.iter().filter(wanted).collect();
    let programs: BTreeSet<&str> = goals.iter().map(|goal| goal.program.as_str()).collect();
    let mut missed = 0;
    for program in programs {
        let output = output(program, is_quick)?;
        let (figures, tables) = read(&output);
        println!("{}", tables.join("\n"));
        for goal in goals.iter().filter(|goal| goal.program == program) {
            let value = figures.get(goal.id.as_str());
            let value = *value.with_context(|| format!("{program} did not tell {}", goal.id))?;
            println!("{}", line(goal, value));
            missed += usize::from(!meets(goal, value));
        }
    }
    if !goals.is_empty() {
        println!("{} of {} figures met", goals.len() - missed, goals.len());
    }
    Ok(missed == 0)
}

fn output(program: &str, is_quick: bool) -> anyhow::Result<String> {
    let mut command = Command::new(built::example(BENCHES, program)?);
    command.current_dir(cargo::root()).stdin(Stdio::null()).stderr(Stdio::inherit());
    if is_quick {
        command.env("ROUNDS", "1");
    }
    let output = command.output().with_context(|| format!("cannot run {program}"))?;
    if !output.status.success() {
        bail!("{}: {}", cargo::show(&command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The numbers by their names, and all other lines.
fn read(output: &str) -> (HashMap<&str, f64>, Vec<&str>) {
    let (mut figures, mut others) = (HashMap::new(), Vec::new());
    for line in output.lines() {
        let figure = line.strip_prefix("figure ").and_then(|figure| figure.split_once(' '));
        match figure.and_then(|(id, value)| Some((id, value.parse().ok()?))) {
            Some((id, value)) => _ = figures.insert(id, value),
            None => others.push(line),
        }
    }
    (figures, others)
}

fn line(goal: &FigureGoal, value: f64) -> String {
    let verdict = if meets(goal, value) { "met" } else { "NOT met" };
    format!("{:48} {value:>9.4} {:>6} {verdict}", goal.id, goal.bound)
}

/// What is no number meets nothing.
fn meets(goal: &FigureGoal, value: f64) -> bool {
    value <= goal.bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_apart_from_tables() {
        let (figures, tables) = read("| a |\nfigure x.y 0.5\nfigure z nothing\nfigure w -0.01\n");
        assert_eq!(figures, HashMap::from([("x.y", 0.5), ("w", -0.01)]));
        assert_eq!(tables, ["| a |", "figure z nothing"]);
    }

    #[test]
    fn a_missed_bound_says_so() {
        let [id, area, program] = ["hits", "cache", "local_tier"].map(str::to_owned);
        let goal = FigureGoal { id, area, program, bound: 0.005 };
        assert!(line(&goal, -0.1).ends_with(" 0.005 met"));
        assert!(line(&goal, 0.0051).ends_with("NOT met"));
        assert!(!meets(&goal, f64::NAN));
    }
}
