//! Rosters of published instances, ours beside those of a general solver.

mod compared;
mod judge;
mod options;
mod page;
mod places;
mod plot;
mod python;
mod solve;
mod table;

use std::path::PathBuf;

use crate::{
    cargo::{self, Metadata},
    goals::RosterGoal,
    ratios::{
        built,
        rosters::{
            compared::Compared,
            options::Limits,
            places::Places,
            python::Python,
            solve::{Runner, Task},
        },
    },
};

pub(super) use options::{AREA, RosterOptions};

/// Seeds of ours: the median of the runs counts.
const SEEDS: [u64; 3] = [0, 1, 2];
const PEER_SEED: u64 = 1;

/// The instances that are drawn: on each of them value and bound move for long.
const DRAWN: [u32; 4] = [8, 10, 16, 19];

/// Everything that is needed to compare rosters, at hand.
pub(super) struct Comparison {
    goals: Vec<RosterGoal>,
    limits: Limits,
    runner: Runner,
    plots: PathBuf,
    write: bool,
}

impl Comparison {
    /// Finds the instances and the tools, obtains the peer and builds our program.
    pub(super) fn prepare(options: &RosterOptions, goals: &[RosterGoal]) -> anyhow::Result<Self> {
        let goals = options.wanted(goals)?;
        let places = Places::of_environment()?;
        places.check(goals.iter().map(|goal| goal.instance))?;
        let folder = Metadata::of_workspace()?.target_directory.join("rosters");
        let python = Python::obtain(&folder.join("python"))?;
        let program = built::example("sched-optimizer", "shift_scheduling")?;
        let (plots, write) = (folder.join("plots"), options.write);
        let runner = Runner { places, python, program, folder, reuse: !write };
        Ok(Self { goals, limits: options.limits(), runner, plots, write })
    }

    /// Solves and judges every instance, prints the table, and says whether all goals are met.
    ///
    /// # Errors
    ///
    /// Also when a roster or a bound is not what its solver claims.
    pub(super) fn run(&self) -> anyhow::Result<bool> {
        let Limits { seconds, longer } = self.limits;
        let each = seconds * 4 + longer.unwrap_or(0);
        println!("{} instances, at most {each} s each, the peer included", self.goals.len());
        let rows = self.goals.iter().map(|goal| self.compare(goal));
        let rows = rows.collect::<anyhow::Result<Vec<_>>>()?;
        let drawn: Vec<_> = rows.iter().filter(|row| DRAWN.contains(&row.goal.instance)).collect();
        plot::draw_all(&drawn, &self.plots)?;
        let table = table::table(&rows, self.limits, &self.runner.python.ortools);
        println!("\n{table}");
        if self.write {
            let docs = cargo::root().join("docs");
            plot::draw_all(&drawn, &docs.join("plots"))?;
            let shown = drawn.iter().map(|row| plot::link(row.goal.instance)).collect::<String>();
            page::write(&docs.join("benchmarks.md"), &format!("{table}\n{shown}"))?;
        }
        let met = rows.iter().filter(|row| row.is_met()).count();
        println!("{met} of {} goals met", rows.len());
        Ok(met == rows.len())
    }

    fn compare(&self, goal: &RosterGoal) -> anyhow::Result<Compared> {
        let task = |seconds, seed| Task { instance: goal.instance, seconds, seed };
        let Limits { seconds, longer } = self.limits;
        let peer = self.runner.peer(task(seconds, PEER_SEED))?;
        let runs = SEEDS.iter().map(|seed| self.runner.ours(task(seconds, *seed)));
        let runs = runs.collect::<anyhow::Result<Vec<_>>>()?;
        let longer = longer.map(|seconds| self.runner.ours(task(seconds, SEEDS[0]))).transpose()?;
        Compared::new(goal.clone(), runs, longer, peer)
    }
}
