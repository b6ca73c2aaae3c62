//! The old roster in the ids of the changed problem.

use crate::budget::Clock;
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::problem::{Choice, Problem};
use crate::prune::Triple;
use crate::replan::options::Nearness;
use crate::replan::{Changes, ReplanOptions};
use crate::roster::Roster;
use crate::standing::{Effect, Standing};

/// Draws lines towards an old roster.
pub(super) struct Pull<'r> {
    /// The old line of each worker, empty for a new one.
    old: Vec<&'r [ActivityId]>,
    /// For each period how many times the change cost a changed cell costs.
    weights: Vec<i64>,
    /// For each period whether its cells keep what they have, where they can.
    frozen: Vec<bool>,
}

impl<'r> Pull<'r> {
    pub(super) fn new(problem: &Problem, old: &'r Roster, options: &ReplanOptions) -> Self {
        let today = options.frozen_until.map_or(0, PeriodId::index);
        let weights = weights(problem, options.nearness, today);
        let mut frozen: Vec<bool> = (0..problem.periods()).map(|period| period < today).collect();
        for period in &options.frozen {
            if let Some(frozen) = frozen.get_mut(period.index()) {
                *frozen = true;
            }
        }
        Self { old: lines(problem, old, options.workers.as_deref()), weights, frozen }
    }

    /// How many times the change cost the choice costs: zero for what the old roster holds.
    pub(super) fn weight(&self, worker: WorkerId, period: PeriodId, choice: &Choice) -> i64 {
        let stays = self.old(worker, period).is_none_or(|old| old == choice.activity);
        if stays { 0 } else { self.weight_of(period) }
    }

    pub(super) fn weight_of(&self, period: PeriodId) -> i64 {
        self.weights.get(period.index()).copied().unwrap_or(1)
    }

    pub(super) fn heaviest(&self) -> i64 {
        self.weights.iter().copied().max().unwrap_or(1)
    }

    /// For all choices of a worker whether they are left.
    pub(super) fn allowed(&self, problem: &Problem, worker: WorkerId) -> Vec<bool> {
        let cells = problem.period_ids().flat_map(|period| {
            let keeps = self.keeps(problem, worker, period);
            let choices = problem.choices(worker, period).iter();
            choices.map(move |choice| !keeps || self.weight(worker, period, choice) == 0)
        });
        cells.collect()
    }

    /// Whether the cell keeps its old activity.
    fn keeps(&self, problem: &Problem, worker: WorkerId, period: PeriodId) -> bool {
        let old = self.old(worker, period);
        self.frozen.get(period.index()).is_some_and(|frozen| *frozen)
            && old.is_some_and(|activity| problem.cost(worker, period, activity).is_some())
    }

    /// What the old roster holds.
    pub(super) fn old(&self, worker: WorkerId, period: PeriodId) -> Option<ActivityId> {
        self.line(worker).get(period.index()).copied()
    }

    /// The old line; empty for a new worker.
    pub(super) fn line(&self, worker: WorkerId) -> &'r [ActivityId] {
        self.old.get(worker.index()).copied().unwrap_or_default()
    }

    /// The roster with the old lines of all who can have them back, one after the other: those with the
    /// fewest changes first, where it is legal then and costs no more.
    pub(super) fn put_back(&self, problem: &Problem, roster: Roster, clock: &Clock) -> Roster {
        let changes = self.changes(problem, &roster);
        let mut lines: Vec<_> = changes.cells.chunk_by(|a, b| a.0 == b.0).collect();
        lines.sort_by_key(|cells| cells.len());
        let Ok(mut standing) = Standing::new(problem, roster.clone()) else { return roster };
        let mut before = usize::MAX;
        // Who goes back may have stood in the way of somebody earlier.
        while lines.len() < before {
            before = lines.len();
            lines.retain(|cells| clock.is_cancelled() || !self.goes_back(&mut standing, cells));
        }
        standing.roster()
    }

    /// Gives one worker's changed cells back what they held, if that is legal and costs no more.
    fn goes_back(&self, standing: &mut Standing<'_>, cells: &[(WorkerId, PeriodId)]) -> bool {
        let old = |&(worker, period): &(WorkerId, PeriodId)| {
            Some(Triple { worker, period, activity: self.old(worker, period)? })
        };
        let moves: Vec<Triple> = cells.iter().filter_map(old).collect();
        let effect = standing.what_if(&moves);
        let as_good = |effect: Effect| effect.is_legal() && effect.score <= standing.score();
        effect.is_ok_and(as_good) && standing.apply(&moves).is_ok()
    }

    /// How `new` differs from the old roster.
    pub(super) fn changes(&self, problem: &Problem, new: &Roster) -> Changes {
        let differs = |&(worker, period): &(WorkerId, PeriodId)| {
            let old = self.old(worker, period);
            old.is_some() && old != new.get(worker, period)
        };
        let all = problem.worker_ids().flat_map(|w| problem.period_ids().map(move |p| (w, p)));
        let cells: Vec<_> = all.filter(differs).collect();
        let possible = |&&(worker, period): &&(WorkerId, PeriodId)| {
            let activity = self.old(worker, period);
            activity.is_some_and(|activity| problem.cost(worker, period, activity).is_some())
        };
        let forced = cells.len() - cells.iter().filter(possible).count();
        let weight = cells.iter().map(|&(_, period)| self.weight_of(period)).sum();
        let mut workers: Vec<WorkerId> = cells.iter().map(|cell| cell.0).collect();
        workers.dedup();
        Changes { cells, weight, forced, workers }
    }
}

fn lines<'r>(
    problem: &Problem,
    old: &'r Roster,
    workers: Option<&[Option<WorkerId>]>,
) -> Vec<&'r [ActivityId]> {
    let Some(workers) = workers else {
        return problem.worker_ids().map(|worker| old.line(worker)).collect();
    };
    let mut lines: Vec<&[ActivityId]> = vec![&[]; problem.workers()];
    for (from, to) in workers.iter().enumerate() {
        if let Some(place) = to.and_then(|to| lines.get_mut(to.index())) {
            *place = old.line(WorkerId::new(from));
        }
    }
    lines
}

fn weights(problem: &Problem, nearness: Nearness, today: usize) -> Vec<i64> {
    let starts: Vec<i32> = problem.period_ids().map(|p| problem.period_span(p).start).collect();
    let today = starts.get(today).copied().unwrap_or(i32::MAX);
    starts.iter().map(|start| nearness.weight(start.saturating_sub(today))).collect()
}
