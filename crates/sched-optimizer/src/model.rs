//! A problem made ready for the search: line programmes, cover index, scaled costs.

mod twins;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::budget::Clock;
use crate::cover::CoverIndex;
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::line::{Cells, LineProgram, UNIT};
use crate::parameters::{Extent, Parameters};
use crate::problem::Problem;
use crate::roster::Roster;
use crate::time::Duty;

pub(crate) struct Model<'p> {
    pub(crate) problem: &'p Problem,
    /// By worker; workers who are alike share one.
    pub(crate) programs: Vec<Arc<LineProgram>>,
    pub(crate) cover: CoverIndex,
    /// Costs of all choices by worker, in parts of [`UNIT`].
    pub(crate) unary: Vec<Vec<i64>>,
    /// A typical cost and the largest one, in parts of [`UNIT`]; at least one unit.
    pub(crate) typical: i64,
    pub(crate) largest: i64,
    /// For each worker the positions of what it does where no line was found.
    pub(crate) fallback: Vec<Vec<u32>>,
}

impl<'p> Model<'p> {
    /// The model of the whole problem; `None` when it was cancelled.
    pub(crate) fn new(problem: &'p Problem, threads: usize, clock: &Clock) -> Option<Self> {
        let fallback = vec![vec![0; problem.periods()]; problem.workers()];
        Self::of(problem, threads, clock, fallback, Allowed(None))
    }

    /// A model with only the choices that `allowed` says of each worker, in the order of their
    /// choices; `None` when it was cancelled.
    pub(crate) fn within(
        problem: &'p Problem,
        threads: usize,
        clock: &Clock,
        allowed: impl Fn(WorkerId) -> Vec<bool>,
    ) -> Option<Self> {
        let allowed: Vec<Vec<bool>> = problem.worker_ids().map(allowed).collect();
        let own = problem.worker_ids().zip(&allowed);
        let fallback = own.map(|(worker, own)| first_allowed(problem, worker, own)).collect();
        Self::of(problem, threads, clock, fallback, Allowed(Some(&allowed)))
    }

    fn of(
        problem: &'p Problem,
        threads: usize,
        clock: &Clock,
        fallback: Vec<Vec<u32>>,
        allowed: Allowed<'_>,
    ) -> Option<Self> {
        let unary = unary_costs(problem);
        let (typical, largest) = cost_scale(problem, &unary);
        let programs = programs(problem, threads, clock, allowed)?;
        let cover = CoverIndex::new(problem);
        Some(Self { problem, programs, cover, unary, typical, largest, fallback })
    }

    /// Falls back on what `old` holds, where it is a choice.
    pub(crate) fn fall_back_on(&mut self, old: impl Fn(WorkerId, PeriodId) -> Option<ActivityId>) {
        for (worker, line) in self.problem.worker_ids().zip(&mut self.fallback) {
            for (period, place) in self.problem.period_ids().zip(line) {
                let Some(activity) = old(worker, period) else { continue };
                let choices = self.problem.choices(worker, period).iter();
                let same = (0..).zip(choices).find(|(_, choice)| choice.activity == activity);
                *place = same.map_or(*place, |(at, _)| at);
            }
        }
    }

    /// Adds to the problem's costs `extra` for each choice of a worker, at most `most`, in parts of
    /// [`UNIT`]; what was added before is forgotten.
    pub(crate) fn surcharge<I: Iterator<Item = i64>>(
        &mut self,
        most: i64,
        extra: impl Fn(WorkerId) -> I,
    ) {
        self.unary = unary_costs(self.problem);
        let (_, largest) = cost_scale(self.problem, &self.unary);
        self.largest = largest.max(most);
        for (worker, costs) in self.problem.worker_ids().zip(&mut self.unary) {
            costs.iter_mut().zip(extra(worker)).for_each(|(cost, extra)| *cost += extra);
        }
    }
}

impl Model<'_> {
    /// Workers for whom no line keeps the rules, whatever the others do.
    pub(crate) fn impossible(&self) -> Vec<WorkerId> {
        let programs = self.programs.iter().enumerate();
        let without = programs.filter(|(_, program)| !program.is_possible());
        without.map(|(worker, _)| WorkerId::new(worker)).collect()
    }

    /// The numbers of the choices at `positions`, one for each period.
    pub(crate) fn choices<'a>(
        &'a self,
        worker: usize,
        positions: &'a [u32],
    ) -> impl Iterator<Item = usize> + 'a {
        let starts = self.programs[worker].cells().starts;
        positions.iter().zip(starts).map(|(&position, &start)| start + position as usize)
    }

    /// The positions of `line`'s activities, or `None` when one of them is not a choice.
    pub(crate) fn positions(&self, worker: usize, line: &[ActivityId]) -> Option<Vec<u32>> {
        let Cells { activities, starts } = self.programs[worker].cells();
        if line.len() != starts.len() - 1 {
            return None;
        }
        let position = |(activity, bounds): (&ActivityId, &[usize])| {
            let at = activities[bounds[0]..bounds[1]].iter().position(|a| a == activity)?;
            u32::try_from(at).ok()
        };
        line.iter().zip(starts.windows(2)).map(position).collect()
    }

    pub(crate) fn activities<'a>(
        &'a self,
        worker: usize,
        positions: &'a [u32],
    ) -> impl Iterator<Item = ActivityId> + 'a {
        let activities = self.programs[worker].cells().activities;
        self.choices(worker, positions).map(|choice| activities[choice])
    }

    pub(crate) fn roster(&self, lines: &[Vec<u32>]) -> Roster {
        let cells = lines.iter().enumerate().flat_map(|(w, line)| self.activities(w, line));
        Roster::from_cells(self.problem.periods(), cells.collect())
    }
}

/// The position of the first choice of each period that is allowed.
fn first_allowed(problem: &Problem, worker: WorkerId, allowed: &[bool]) -> Vec<u32> {
    let mut rest = allowed;
    let first = |period| {
        let (own, others) = rest.split_at(problem.choices(worker, period).len());
        rest = others;
        (0..).zip(own).find(|(_, allowed)| **allowed).map_or(0, |(at, _)| at)
    };
    problem.period_ids().map(first).collect()
}

fn unary_costs(problem: &Problem) -> Vec<Vec<i64>> {
    let costs = |worker| {
        let cells = problem.period_ids().flat_map(|p| problem.choices(worker, p));
        cells.map(|choice| choice.cost * UNIT).collect()
    };
    problem.worker_ids().map(costs).collect()
}

/// By worker which choices count, in their order; all of them when not given.
#[derive(Clone, Copy)]
struct Allowed<'a>(Option<&'a [Vec<bool>]>);

impl Allowed<'_> {
    fn of(&self, worker: WorkerId) -> Option<&[bool]> {
        Some(self.0?[worker.index()].as_slice())
    }
}

/// Line programmes are independent and the dearest part of the preparation: one queue, all threads,
/// and a look at the cancel flag before each.
fn programs(
    problem: &Problem,
    threads: usize,
    clock: &Clock,
    allowed: Allowed<'_>,
) -> Option<Vec<Arc<LineProgram>>> {
    let firsts = twins::firsts(problem, allowed);
    let mut missing: Vec<WorkerId> = firsts.clone();
    missing.sort_unstable();
    missing.dedup();
    let threads = threads.min(missing.len());
    let queue = Mutex::new(missing.into_iter());
    let work = || {
        let mut done = Vec::new();
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            match next.filter(|_| !clock.is_cancelled()) {
                Some(worker) => {
                    let program = LineProgram::new(problem, worker, allowed.of(worker));
                    done.push((worker, Arc::new(program)));
                }
                None => return done,
            }
        }
    };
    let all: HashMap<WorkerId, Arc<LineProgram>> = std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for helper in helpers {
            match helper.join() {
                Ok(part) => all.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all.into_iter().collect()
    });
    firsts.iter().map(|first| all.get(first).cloned()).collect()
}

/// What joint rules are about: everything.
fn extent(problem: &Problem) -> Extent {
    let ids = problem.worker_ids();
    let settled: Vec<&Duty> = ids.flat_map(|worker| problem.duties(worker)).collect();
    let offered = problem.period_ids().flat_map(|period| {
        let shift = move |activity| problem.offer(period, activity).flatten();
        problem.activity_ids().filter_map(shift).map(|shift| shift.span.minutes())
    });
    let known = settled.iter().map(|duty| duty.span.minutes());
    let longest = known.chain(offered).max().unwrap_or(0).unsigned_abs();
    let cells = problem.workers() as u64 * problem.periods() as u64;
    Extent { cells, duties: cells + settled.len() as u64, longest_duty: longest.into() }
}

/// A typical and the largest of the costs of choices, of those that joint rules name, and of a worker less
/// or more on a demand or a ratio. The first of these are the typical ones.
fn cost_scale(problem: &Problem, unary: &[Vec<i64>]) -> (i64, i64) {
    let workers = u32::try_from(problem.workers()).unwrap_or(u32::MAX);
    let demands = problem.demands().iter();
    let ratios = problem.ratios().iter().filter_map(|ratio| ratio.excess_cost);
    let first = demands.clone().flat_map(|demand| [demand.under_cost, demand.over_cost]);
    let first = first.chain(ratios.clone()).map(|penalty| penalty.next(0) * UNIT);
    let last = demands.flat_map(|demand| demand.dearest_steps(workers));
    let last = last.chain(ratios.map(|cost| cost.next(workers.saturating_sub(1).into())));
    let largest = last.max().unwrap_or(0) * UNIT;
    let mut named = Parameters::new(extent(problem));
    problem.joint_rules().iter().for_each(|rule| rule.parameters(&mut named));
    let joint = named.charges.iter().map(|(cost, _)| cost.next(0) * UNIT);
    let all = unary.iter().flatten().copied().chain(first).chain(joint);
    let mut costs: Vec<i64> = all.filter(|&cost| cost > 0).collect();
    let middle = costs.len() / 4;
    let typical = match costs.len() {
        0 => UNIT,
        _ => *costs.select_nth_unstable(middle).1,
    };
    let largest = costs.into_iter().max().map_or(UNIT, |cost| cost.max(largest));
    (typical.max(UNIT), largest)
}
