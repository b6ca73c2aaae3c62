//! Our benches beside their peers, as ratios.

mod built;
mod estimate;
mod figures;
mod rosters;

use std::{
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context, bail};

use crate::{
    cargo::{self, Metadata},
    goals::{self, Goal},
    ratios::built::Programs,
    servers,
};

/// The arguments of `cargo xtask ratios`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// One area (cache, batch, explain, async, lock, optimizer); all when left out.
    area: Option<String>,
    /// Few, short runs: minutes for all areas, and a wide spread.
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Many, long runs, for figures that are kept. With the area optimizer, rosters of published
    /// instances too, beside their peer's: these need ROSTER_DATA and ROSTER_TOOLS.
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    rosters: rosters::RosterOptions,
}

/// How long is measured. Each round runs either side in a process of its own, because memory
/// layout and hash seeds differ from process to process more than runs do inside one.
#[derive(Clone, Copy, Debug)]
struct Effort {
    rounds: usize,
    warm_up_seconds: &'static str,
    measurement_seconds: &'static str,
    samples: &'static str,
}

const QUICK: Effort =
    Effort { rounds: 3, warm_up_seconds: "0.3", measurement_seconds: "1", samples: "10" };
const NORMAL: Effort =
    Effort { rounds: 5, warm_up_seconds: "0.5", measurement_seconds: "2", samples: "20" };
const FULL: Effort =
    Effort { rounds: 9, warm_up_seconds: "1", measurement_seconds: "5", samples: "50" };

/// What was measured for a goal.
#[derive(Clone, Debug, PartialEq)]
struct Outcome {
    /// Median over the rounds, in nanoseconds.
    ours: f64,
    peer: f64,
    /// Our time over the peer's, round by round, from the smallest.
    ratios: Vec<f64>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let goals = goals::read(&cargo::root().join("benches/goals.toml"))?;
    let area = options.area.as_deref();
    let rosters = if options.full && area == Some(rosters::AREA) {
        // First, because what they lack is to be told before the benches take their minutes.
        Some(rosters::Comparison::prepare(&options.rosters, &goals.rosters)?)
    } else {
        options.rosters.refuse()?;
        None
    };
    let mut met = true;
    if !options.rosters.leaves_out_benches() {
        met &= benches(options, goals.benches)?;
        met &= figures::run(area, &goals.figures, options.quick)?;
    }
    if let Some(rosters) = rosters {
        met &= rosters.run()?;
    } else if options.full && area.is_none() {
        println!("rosters not measured: cargo xtask ratios {} --full does", rosters::AREA);
    }
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Measures the benches, and says whether they meet their goals.
fn benches(options: &Options, goals: Vec<Goal>) -> anyhow::Result<bool> {
    let goals = wanted(goals, options.area.as_deref())?;
    servers::install_missing(
        false,
        goals.iter().any(|goal| ["cache", "lock"].contains(&goal.area.as_str())),
    )?;
    let effort = match (options.quick, options.full) {
        (true, _) => QUICK,
        (_, true) => FULL,
        _ => NORMAL,
    };
    let runner = Runner { effort, programs: built::programs(&goals)?, results: results_folder()? };
    println!("{}", header());
    let mut missed = 0;
    for goal in &goals {
        let outcome = runner.measure(goal).with_context(|| goal.id.clone())?;
        println!("{}", line(goal, &outcome));
        missed += usize::from(!outcome.meets(goal.bound));
    }
    println!("{} of {} goals met", goals.len() - missed, goals.len());
    Ok(missed == 0)
}

fn wanted(mut goals: Vec<Goal>, area: Option<&str>) -> anyhow::Result<Vec<Goal>> {
    goals.retain(|goal| area.is_none_or(|area| goal.area == area));
    if goals.is_empty() {
        bail!("no goal has the area {}", area.unwrap_or_default());
    }
    Ok(goals)
}

fn results_folder() -> anyhow::Result<PathBuf> {
    Ok(Metadata::of_workspace()?.target_directory.join("criterion"))
}

/// Runs single sides of benches and reads what criterion measured.
struct Runner {
    effort: Effort,
    programs: Programs,
    results: PathBuf,
}

impl Runner {
    /// The sides alternate, and so does who begins: a machine that grows slower favours neither.
    fn measure(&self, goal: &Goal) -> anyhow::Result<Outcome> {
        let (mut ours, mut peer) = (Vec::new(), Vec::new());
        for round in 0..self.effort.rounds {
            if round % 2 == 0 {
                ours.push(self.side(goal, &goal.ours)?);
                peer.push(self.side(goal, &goal.peer)?);
            } else {
                peer.push(self.side(goal, &goal.peer)?);
                ours.push(self.side(goal, &goal.ours)?);
            }
        }
        Ok(Outcome::of(&ours, &peer))
    }

    fn side(&self, goal: &Goal, side: &str) -> anyhow::Result<f64> {
        let id = format!("{}/{side}", goal.operation);
        let file = self.results.join(&id).join("new/estimates.json");
        // What an earlier run left there must not pass for this one's.
        if file.exists() {
            std::fs::remove_file(&file).with_context(|| format!("cannot remove {file:?}"))?;
        }
        let mut command = self.command(goal, &id)?;
        let output = command.output().context("cannot run the bench")?;
        if !output.status.success() {
            bail!("{}: {}", cargo::show(&command), String::from_utf8_lossy(&output.stderr));
        }
        estimate::median(&file)
    }

    fn command(&self, goal: &Goal, id: &str) -> anyhow::Result<Command> {
        let program = self.programs.get(&goal.area).context("cargo built no such bench")?;
        let mut command = Command::new(program);
        command.current_dir(cargo::root()).args(["--bench", "--exact", id, "--noplot"]);
        command.args(["--warm-up-time", self.effort.warm_up_seconds]);
        command.args(["--measurement-time", self.effort.measurement_seconds]);
        command.args(["--sample-size", self.effort.samples]);
        command.env("CRITERION_HOME", &self.results).stdin(Stdio::null());
        Ok(command)
    }
}

impl Outcome {
    fn of(ours: &[f64], peer: &[f64]) -> Self {
        let mut ratios: Vec<_> = ours.iter().zip(peer).map(|(ours, peer)| ours / peer).collect();
        ratios.sort_by(f64::total_cmp);
        Self { ours: estimate::middle(ours), peer: estimate::middle(peer), ratios }
    }

    fn ratio(&self) -> f64 {
        estimate::middle(&self.ratios)
    }

    /// A ratio that is no number meets nothing.
    fn meets(&self, bound: f64) -> bool {
        self.ratio() <= bound
    }
}

fn header() -> String {
    let (ours, peer) = ("ours", "peer");
    format!("{:32} {ours:>11} {peer:>11} {:>7} {:>15} {:>6}", "goal", "ratio", "range", "bound")
}

fn line(goal: &Goal, outcome: &Outcome) -> String {
    let Outcome { ours, peer, ratios } = outcome;
    let bounds = ratios.first().zip(ratios.last());
    let range = bounds.map_or(String::new(), |(low, high)| format!("{low:.3}-{high:.3}"));
    let (ours, peer) = (estimate::show(*ours), estimate::show(*peer));
    let verdict = if outcome.meets(goal.bound) { "met" } else { "NOT met" };
    let (id, ratio, bound) = (&goal.id, outcome.ratio(), goal.bound);
    format!("{id:32} {ours:>11} {peer:>11} {ratio:>7.3} {range:>15} {bound:>6} {verdict}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_the_median_of_the_rounds_and_one_wild_round_changes_little() {
        let outcome = Outcome::of(&[10.0, 11.0, 900.0], &[20.0, 20.0, 20.0]);
        assert_eq!(outcome.ratios, [0.5, 0.55, 45.0]);
        assert!((outcome.ratio() - 0.55).abs() < 1e-9);
        assert!(outcome.meets(0.55 + 1e-9));
        assert!(!outcome.meets(0.5));
    }

    #[test]
    fn a_ratio_that_is_no_number_is_not_met() {
        assert!(!Outcome::of(&[0.0], &[0.0]).meets(1.0));
        assert!(!Outcome::of(&[], &[]).meets(1.0));
    }

    #[test]
    fn a_missed_goal_says_so_on_its_line() {
        let goal = Goal {
            id: "hit".into(),
            area: "cache".into(),
            operation: "hit".into(),
            ours: "ours".into(),
            peer: "moka".into(),
            bound: 0.5,
        };
        let line = |ours| line(&goal, &Outcome::of(&[ours], &[1_000.0]));
        assert!(line(500.0).ends_with(" 0.500     0.500-0.500    0.5 met"), "{}", line(500.0));
        assert!(line(501.0).ends_with("NOT met"));
    }
}
