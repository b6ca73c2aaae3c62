//! What is measured of the rosters, for how long, and where it goes.

use anyhow::{Context, ensure};

use crate::goals::RosterGoal;

/// The area whose full measurement the rosters belong to.
pub(in crate::ratios) const AREA: &str = "optimizer";

/// The arguments of `cargo xtask ratios` that concern rosters.
#[derive(clap::Args)]
pub(in crate::ratios) struct RosterOptions {
    /// Of the rosters only these instances (8,10), and no bench.
    #[arg(long, value_delimiter = ',', requires = "full")]
    instances: Option<Vec<u32>>,
    /// Seconds for a roster, in place of 30 and a longer run of 60; and no bench.
    #[arg(long, requires = "full", value_parser = clap::value_parser!(u32).range(1..))]
    seconds: Option<u32>,
    /// Puts the table of the rosters and their plots into docs; measures the peer anew.
    #[arg(long, requires = "full", conflicts_with_all = ["instances", "seconds"])]
    pub(super) write: bool,
}

/// Seconds for a roster: those the peer has too, and those of the longer run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limits {
    pub(super) seconds: u32,
    pub(super) longer: Option<u32>,
}

impl RosterOptions {
    /// Whether something was asked of rosters alone.
    pub(in crate::ratios) fn leaves_out_benches(&self) -> bool {
        self.instances.is_some() || self.seconds.is_some()
    }

    /// Fails when something was asked of rosters, for where none are measured.
    pub(in crate::ratios) fn refuse(&self) -> anyhow::Result<()> {
        ensure!(
            !self.leaves_out_benches() && !self.write,
            "--instances, --seconds and --write belong to: cargo xtask ratios {AREA} --full"
        );
        Ok(())
    }

    pub(super) fn wanted(&self, goals: &[RosterGoal]) -> anyhow::Result<Vec<RosterGoal>> {
        let Some(numbers) = &self.instances else { return Ok(goals.to_vec()) };
        let goal = |number: &u32| {
            let found = goals.iter().find(|goal| goal.instance == *number);
            found.cloned().with_context(|| format!("no goal has the instance {number}"))
        };
        numbers.iter().map(goal).collect()
    }

    pub(super) fn limits(&self) -> Limits {
        match self.seconds {
            Some(seconds) => Limits { seconds, longer: None },
            None => Limits { seconds: 30, longer: Some(60) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(instance: u32) -> RosterGoal {
        RosterGoal { instance, bound: 1.0, published: None, aim: None, gap: None }
    }

    #[test]
    fn instances_come_as_they_are_named_and_an_unknown_one_is_refused() {
        let goals = [goal(1), goal(8), goal(10)];
        let options = |instances| RosterOptions { instances, seconds: None, write: false };
        let wanted = options(Some(vec![10, 1])).wanted(&goals).unwrap();
        assert_eq!(wanted.iter().map(|goal| goal.instance).collect::<Vec<_>>(), [10, 1]);
        assert!(options(Some(vec![11])).wanted(&goals).is_err());
        assert_eq!(options(None).wanted(&goals).unwrap().len(), 3);
    }

    #[test]
    fn nothing_is_asked_of_rosters_where_none_are_measured() {
        let options = |instances, write| RosterOptions { instances, seconds: None, write };
        assert!(options(None, false).refuse().is_ok());
        assert!(options(None, true).refuse().is_err());
        assert!(options(Some(vec![8]), false).refuse().is_err());
    }
}
