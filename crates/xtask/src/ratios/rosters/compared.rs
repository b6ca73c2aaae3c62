//! An instance, solved by both sides.

use anyhow::ensure;

use crate::{goals::RosterGoal, ratios::rosters::solve::Solved};

/// What the rosters of an instance came to.
#[derive(Clone, Debug)]
pub(super) struct Compared {
    pub(super) goal: RosterGoal,
    /// Ours after the peer's time, from the lowest objective; one without a roster comes last.
    runs: Vec<Solved>,
    /// Ours after more time.
    pub(super) longer: Option<Solved>,
    pub(super) peer: Solved,
}

impl Compared {
    pub(super) fn new(
        goal: RosterGoal,
        mut runs: Vec<Solved>,
        longer: Option<Solved>,
        peer: Solved,
    ) -> anyhow::Result<Self> {
        runs.sort_by(|a, b| worth(a).total_cmp(&worth(b)));
        let compared = Self { goal, runs, longer, peer };
        compared.check_bounds()?;
        Ok(compared)
    }

    /// The run in the middle, ours after the peer's time.
    pub(super) fn median(&self) -> &Solved {
        &self.runs[self.runs.len() / 2]
    }

    /// The lowest and the largest objective, while every run found one.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        self.runs.first()?.objective.zip(self.runs.last()?.objective)
    }

    /// The run that the aims are about.
    pub(super) fn longest(&self) -> &Solved {
        self.longer.as_ref().unwrap_or(self.median())
    }

    /// Our objective over the peer's after the same time: nothing unless both found a roster.
    pub(super) fn ratio(&self) -> Option<f64> {
        Some(self.median().objective? / self.peer.objective?)
    }

    /// A roster beside a peer without one meets any goal; no roster meets none.
    pub(super) fn is_met(&self) -> bool {
        match (self.median().objective, self.peer.objective) {
            (Some(ours), Some(peer)) => ours <= peer * self.goal.bound,
            (ours, _) => ours.is_some(),
        }
    }

    /// The share of the longest run's objective that lies above its bound.
    pub(super) fn gap(&self) -> Option<f64> {
        let Solved { objective, bound, .. } = *self.longest();
        let objective = objective?;
        Some(if objective > bound { (objective - bound) / objective } else { 0.0 })
    }

    /// Whether the longest run does what is aimed at; nothing where nothing is.
    pub(super) fn reaches_aim(&self) -> Option<bool> {
        let RosterGoal { aim, gap, .. } = self.goal;
        let objective = aim.map(|aim| worth(self.longest()) <= f64::from(aim));
        let gap = gap.map(|aim| self.gap().is_some_and(|gap| gap <= aim));
        objective.into_iter().chain(gap).reduce(|one, other| one && other)
    }

    /// How many rosters were judged, and how many runs there were.
    pub(super) fn judged(&self) -> (usize, usize) {
        (self.all().filter(|run| run.objective.is_some()).count(), self.all().count())
    }

    /// A roster that was judged refutes every bound above it, whoever found either.
    fn check_bounds(&self) -> anyhow::Result<()> {
        let lowest = self.all().map(worth).fold(f64::INFINITY, f64::min);
        for Solved { bound, .. } in self.all() {
            // The peer computes with floating-point numbers.
            ensure!(
                *bound <= lowest + 1e-3,
                "instance {}: a wrong claim: the bound {bound} stands above a roster of {lowest}",
                self.goal.instance
            );
        }
        Ok(())
    }

    fn all(&self) -> impl Iterator<Item = &Solved> {
        self.runs.iter().chain(&self.longer).chain([&self.peer])
    }
}

/// The objective; larger than any other where there is none.
fn worth(run: &Solved) -> f64 {
    run.objective.unwrap_or(f64::INFINITY)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::ratios::rosters) const GOAL: RosterGoal = RosterGoal {
        instance: 8,
        bound: 1.0,
        published: Some(1308),
        aim: Some(1306),
        gap: Some(0.01),
    };

    pub(in crate::ratios::rosters) fn solved(
        objective: impl Into<Option<f64>>,
        bound: f64,
    ) -> Solved {
        Solved { objective: objective.into(), bound, ..Solved::default() }
    }

    fn compared(ours: [Option<f64>; 3], longer: Option<Solved>, peer: Option<f64>) -> Compared {
        let runs = ours.map(|objective| solved(objective, 0.0)).to_vec();
        Compared::new(GOAL, runs, longer, solved(peer, 0.0)).unwrap()
    }

    #[test]
    fn the_median_of_ours_counts_and_must_not_be_above_the_peers() {
        let row = compared([Some(1400.0), Some(1310.0), Some(1320.0)], None, Some(1320.0));
        assert_eq!((row.range(), row.ratio()), (Some((1310.0, 1400.0)), Some(1.0)));
        assert!(row.is_met());
        assert!(!compared([Some(1400.0), Some(1310.0), Some(1320.0)], None, Some(1319.0)).is_met());
    }

    #[test]
    fn a_run_without_a_roster_is_worse_than_any() {
        let row = compared([None, Some(1310.0), Some(1320.0)], None, None);
        assert_eq!((row.median().objective, row.range(), row.ratio()), (Some(1320.0), None, None));
        assert!(row.is_met());
        assert_eq!(row.judged(), (2, 4));
        assert!(!compared([None, None, Some(1320.0)], None, None).is_met());
    }

    #[test]
    fn an_aim_is_reached_by_objective_and_gap_of_the_longest_run() {
        let with = |objective, bound| {
            compared([Some(1310.0); 3], Some(solved(objective, bound)), Some(1310.0)).reaches_aim()
        };
        assert_eq!(with(1306.0, 1295.0), Some(true));
        assert_eq!(with(1306.0, 1290.0), Some(false));
        assert_eq!(with(1307.0, 1300.0), Some(false));
        let none = RosterGoal { aim: None, gap: None, ..GOAL };
        let runs = vec![solved(1.0, 0.0)];
        assert_eq!(Compared::new(none, runs, None, solved(1.0, 0.0)).unwrap().reaches_aim(), None);
    }

    #[test]
    fn a_bound_above_a_roster_of_either_side_is_a_wrong_claim() {
        let with = |bound, peer| {
            Compared::new(GOAL, vec![solved(1310.0, bound)], None, solved(peer, 1300.0))
        };
        assert!(with(1309.0, 1309.0).is_ok());
        assert!(
            with(1309.0, 1308.0).unwrap_err().to_string().contains("instance 8: a wrong claim")
        );
        assert!(with(1300.0, 1299.0).is_err());
    }
}
