//! One roster: solved by ours or by the peer, then judged.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    cargo,
    ratios::rosters::{judge, places::Places, python::Python},
};

/// Threads of either side.
const THREADS: &str = "2";

/// What is to be solved, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    pub(super) instance: u32,
    pub(super) seconds: u32,
    pub(super) seed: u64,
}

/// What came of it. An objective is that of a roster which the judge has seen.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Solved {
    /// `None` when no legal roster was found.
    pub(super) objective: Option<f64>,
    /// No roster is worth less.
    pub(super) bound: f64,
    pub(super) seconds: f64,
    /// Value and bound over time.
    #[serde(default)]
    pub(super) trace: Vec<Point>,
}

/// Value and bound at a time.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Point {
    pub(super) seconds: f64,
    pub(super) value: Option<f64>,
    pub(super) bound: f64,
}

/// The part of the peer's report that is used.
#[derive(Deserialize)]
struct PeerReport {
    objective: Option<f64>,
    bound: f64,
    wall: f64,
}

impl Task {
    /// Our program's arguments after the instance.
    pub(super) fn ours(self) -> [String; 6] {
        let Self { seconds, seed, .. } = self;
        ["--seconds", &seconds.to_string(), "--threads", THREADS, "--seed", &seed.to_string()]
            .map(str::to_owned)
    }

    /// The peer's arguments after the instance.
    pub(super) fn peers(self) -> [String; 8] {
        let Self { seconds, seed, .. } = self;
        let (seconds, seed) = (seconds.to_string(), seed.to_string());
        let full = "max_lp";
        ["--time", &seconds, "--workers", THREADS, "--subsolvers", full, "--seed", &seed]
            .map(str::to_owned)
    }

    fn stem(self) -> String {
        let Self { instance, seconds, seed } = self;
        format!("Instance{instance}-{seconds}s-seed{seed}")
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { instance, seconds, seed } = self;
        write!(f, "instance {instance:2}, {seconds} s, seed {seed}")
    }
}

impl fmt::Display for Solved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { objective, bound, seconds, .. } = self;
        let objective = objective.map_or("found none".to_owned(), |value| format!("{value:.0}"));
        write!(f, "{objective}, bound {bound:.0}, {seconds:.1} s")
    }
}

/// Runs solvers and the judge.
#[derive(Debug)]
pub(super) struct Runner {
    pub(super) places: Places,
    pub(super) python: Python,
    pub(super) program: PathBuf,
    /// Where rosters and reports are left.
    pub(super) folder: PathBuf,
    /// Whether a peer's result that an earlier run left is taken for this one's.
    pub(super) reuse: bool,
}

impl Runner {
    pub(super) fn ours(&self, task: Task) -> anyhow::Result<Solved> {
        let mut command = Command::new(&self.program);
        command.arg(self.places.instance(task.instance)).args(task.ours());
        let (report, roster) = solve(command, &self.folder.join("ours"), task, false)?;
        let solved: Solved = parse(&report)?;
        if let Some(objective) = solved.objective {
            self.judge(task, &roster, Some(objective)).with_context(|| format!("{task}: ours"))?;
        }
        println!("{task}: ours {solved}");
        Ok(solved)
    }

    pub(super) fn peer(&self, task: Task) -> anyhow::Result<Solved> {
        let mut command = Command::new(&self.python.program);
        command.arg(self.places.peer()).arg(self.places.instance(task.instance));
        command.args(task.peers());
        let folder = self.folder.join(format!("ortools-{}", self.python.ortools));
        let (report, roster) = solve(command, &folder, task, self.reuse)?;
        let PeerReport { objective, bound, wall: seconds } = parse(&report)?;
        let worth = |claim: f64| {
            let worth = self.judge(task, &roster, None).with_context(|| format!("{task}: peer"))?;
            // Away from the optimum the peer's model may count workers as missing and as too many on
            // the same shift: its roster is then worth less than its objective, never more.
            ensure!(worth <= claim, "{task}: peer: a wrong claim: {claim}; the judge: {worth}");
            Ok(worth)
        };
        let objective = objective.map(worth).transpose()?;
        let solved = Solved { objective, bound, seconds, trace: Vec::new() };
        println!("{task}: peer {solved}");
        Ok(solved)
    }

    fn judge(&self, task: Task, roster: &Path, expected: Option<f64>) -> anyhow::Result<f64> {
        let mut check = Command::new(&self.python.program);
        check.arg(self.places.judge());
        judge::judge(check, &self.places.instance(task.instance), roster, expected)
    }
}

/// Runs a solver that prints its report and writes its roster with `--out`; both are left in
/// `folder`, and with `reuse` taken from there.
fn solve(
    mut command: Command,
    folder: &Path,
    task: Task,
    reuse: bool,
) -> anyhow::Result<(String, PathBuf)> {
    let report = folder.join(task.stem()).with_extension("json");
    let roster = folder.join(task.stem()).with_extension("txt");
    if reuse && report.exists() {
        println!("{task}: {} is there from an earlier run", report.display());
        return Ok((fs::read_to_string(&report)?, roster));
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {folder:?}"))?;
    // What an earlier run left there must not pass for this one's.
    for file in [&report, &roster] {
        if file.exists() {
            fs::remove_file(file).with_context(|| format!("cannot remove {file:?}"))?;
        }
    }
    command.arg("--out").arg(&roster).stdin(Stdio::null());
    let output =
        command.output().with_context(|| format!("cannot run {}", cargo::show(&command)))?;
    if !output.status.success() {
        bail!("{}: {}", cargo::show(&command), String::from_utf8_lossy(&output.stderr));
    }
    // Last, so that a report there means a roster there, if one was found.
    fs::write(&report, &output.stdout).with_context(|| format!("cannot write {report:?}"))?;
    Ok((String::from_utf8_lossy(&output.stdout).into_owned(), roster))
}

fn parse<Report: DeserializeOwned>(report: &str) -> anyhow::Result<Report> {
    serde_json::from_str(report).with_context(|| format!("no report of a solver: {report}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: Task = Task { instance: 8, seconds: 30, seed: 1 };

    /// Reports its process id.
    fn solver() -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "echo $$"]);
        command
    }

    #[test]
    fn reports_of_both_sides_are_read() {
        let ours = r#"{"instance":"Instance8","objective":null,"bound":12,"status":"not_legal","seconds":1.5,
            "first_feasible_seconds":null,"work":3,"resampled":0,
            "trace":[{"seconds":0.1,"value":null,"bound":3},{"seconds":0.2,"value":20,"bound":12}]}"#;
        let ours: Solved = parse(ours).unwrap();
        assert_eq!((ours.objective, ours.trace[1].value), (None, Some(20.0)));
        let peer = r#"{"objective":1320.0,"bound":1290.5,"wall":30.1,"trace":[[0.5,9000]]}"#;
        let peer: PeerReport = parse(peer).unwrap();
        assert_eq!(peer.objective, Some(1320.0));
        assert!(parse::<Solved>("Killed").is_err());
    }

    #[test]
    fn a_result_is_reused_only_where_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let solve = |task, reuse| solve(solver(), folder.path(), task, reuse).unwrap().0;
        let first = solve(TASK, true);
        assert_eq!(solve(TASK, true), first);
        assert_ne!(solve(Task { seed: 2, ..TASK }, true), first);
        assert_ne!(solve(TASK, false), first);
    }

    #[test]
    fn a_roster_of_an_earlier_run_is_not_judged_in_place_of_one_that_was_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let (_, roster) = solve(solver(), folder.path(), TASK, false).unwrap();
        fs::write(&roster, "A:D").unwrap();
        solve(solver(), folder.path(), TASK, false).unwrap();
        assert!(!roster.exists());
    }
}
