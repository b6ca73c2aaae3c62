//! Whether some members can be kept together: cheap proofs and cheap rosters first, a solve last.

use std::collections::HashMap;

use super::counts;
use super::elastic::{self, Solved};
use super::joint::{self, Joint};
use super::lines::{self, Lines};
use super::members::Catalogue;
use super::steps::Steps;
use super::witness::Keeping;
use crate::budget::{Budget, CancelToken, Clock};
use crate::ids::{ActivityId, WorkerId};
use crate::model::Model;
use crate::problem::Problem;
use crate::roster::Roster;

/// The limits of demands and ratios, which a relaxation may change.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) at_least: Vec<u32>,
    pub(super) at_most: Vec<u32>,
    pub(super) per_supervisor: Vec<u32>,
}

impl Limits {
    fn of(problem: &Problem) -> Self {
        Self {
            at_least: problem.demands().iter().map(|demand| demand.min).collect(),
            at_most: problem.demands().iter().map(|demand| demand.max).collect(),
            per_supervisor: problem.ratios().iter().map(|ratio| ratio.per_supervisor).collect(),
        }
    }
}

/// Whether members can be kept together.
pub(super) enum Answer {
    /// This roster keeps them, by their plain definitions.
    Possible(Roster),
    /// Already these of them cannot be kept.
    Impossible(Vec<usize>),
    /// Neither was shown.
    Unknown,
}

/// Work of one search for a worker's line, at most.
const LINE_WORK: u64 = 4_000_000;
/// Steps of a first and of a long look through the rosters of a small problem, at most.
const JOINT_WORK: [u64; 2] = [5_000, 4_000_000];
/// Work of a first and of a longer try of the solver between the two: many bounds show at once, and
/// the searches beside them use up all that they are given.
const SOLVE_WORK: [u64; 2] = [6_000, 200_000];
/// Steps of a search for a line that are worth one unit of the solver.
const STEPS_PER_UNIT: u64 = 4;

/// One way to settle a question, and how long.
enum Turn {
    Joint(u64),
    Solve(u64),
}

/// A line that keeps a worker's rules, where one was looked for and found.
type KnownLines = Vec<Option<Vec<ActivityId>>>;

pub(super) struct Oracle<'a> {
    pub(super) catalogue: &'a Catalogue<'a>,
    pub(super) limits: Limits,
    clock: &'a Clock,
    cancel: CancelToken,
    work: u64,
    /// Lines by worker and the kept members that concern it alone.
    lines: HashMap<(WorkerId, Vec<usize>), Lines>,
    /// The roster found last: the next one is often near it.
    last: Option<Roster>,
}

impl<'a> Oracle<'a> {
    pub(super) fn new(
        catalogue: &'a Catalogue<'a>,
        budget: Budget,
        cancel: CancelToken,
        clock: &'a Clock,
    ) -> Self {
        let work = budget.work.unwrap_or(u64::MAX);
        let limits = Limits::of(catalogue.problem);
        Self { catalogue, limits, clock, cancel, work, lines: HashMap::new(), last: None }
    }

    pub(super) fn is_over(&self) -> bool {
        self.work == 0 || self.clock.is_over()
    }

    /// Work of the budget that was not needed.
    pub(super) const fn work_left(&self) -> u64 {
        self.work
    }

    /// The cheap proofs alone, counts and then each worker's lines: the members that cannot be kept,
    /// or a line for everybody who has rules.
    pub(super) fn quick(&mut self, kept: &[bool]) -> Result<KnownLines, Vec<usize>> {
        if let Some(members) = counts::proof(self.catalogue, kept, &self.limits) {
            return Err(members);
        }
        let mut found = Vec::new();
        for worker in self.catalogue.problem.worker_ids() {
            if !self.catalogue.has_rules(kept, worker) {
                found.push(None);
                continue;
            }
            match self.line(kept, worker) {
                (Lines::None(_), own) => return Err(own),
                (Lines::Some(line), _) => found.push(Some(line)),
                (Lines::Unknown, _) => found.push(None),
            }
        }
        Ok(found)
    }

    /// Whether the kept members can be kept together, with at most `effort` of the solver's work.
    pub(super) fn ask(&mut self, kept: &[bool], effort: u64) -> Answer {
        let lines = match self.quick(kept) {
            Ok(lines) => lines,
            Err(members) => return Answer::Impossible(members),
        };
        let keeping = Keeping { catalogue: self.catalogue, kept, limits: &self.limits };
        let start = keeping.start(&lines);
        let near = self.last.iter().chain(&start).find_map(|base| keeping.repaired(base));
        if let Some(roster) = near {
            self.last = Some(roster.clone());
            return Answer::Possible(roster);
        }
        if self.is_over() {
            return Answer::Unknown;
        }
        let problem = keeping.elastic(&lines);
        self.settle(kept, &problem, effort)
    }

    /// Exact search and the solver by turns: the one is quick for small problems, the other for those
    /// with a bound.
    fn settle(&mut self, kept: &[bool], problem: &Problem, effort: u64) -> Answer {
        let turns = [
            Turn::Joint(JOINT_WORK[0]),
            Turn::Solve(effort.min(SOLVE_WORK[0])),
            Turn::Solve(effort.min(SOLVE_WORK[1])),
            Turn::Joint(JOINT_WORK[1]),
            Turn::Solve(effort.saturating_sub(SOLVE_WORK[1])),
        ];
        let mut model = None;
        for turn in turns {
            let answer = match turn {
                Turn::Solve(0) => continue,
                _ if self.is_over() => return Answer::Unknown,
                Turn::Joint(steps) => self.look_through(kept, problem, steps),
                Turn::Solve(effort) => self.solve(kept, problem, &mut model, effort),
            };
            if !matches!(answer, Answer::Unknown) {
                return answer;
            }
        }
        Answer::Unknown
    }

    fn look_through(&mut self, kept: &[bool], problem: &Problem, steps: u64) -> Answer {
        let keeping = Keeping { catalogue: self.catalogue, kept, limits: &self.limits };
        let steps = steps.min(self.work.saturating_mul(STEPS_PER_UNIT));
        let mut left = Steps::new(steps, self.clock);
        let found = joint::search(keeping, problem, &mut left);
        self.work = self.work.saturating_sub((steps - left.left()) / STEPS_PER_UNIT);
        match found {
            Joint::Met(roster) => self.judged(kept, roster),
            Joint::Excluded => {
                let keeping = Keeping { catalogue: self.catalogue, kept, limits: &self.limits };
                Answer::Impossible(keeping.used())
            }
            Joint::Open => Answer::Unknown,
        }
    }

    fn solve<'p>(
        &mut self,
        kept: &[bool],
        problem: &'p Problem,
        model: &mut Option<Model<'p>>,
        effort: u64,
    ) -> Answer {
        let budget = Budget { time: self.clock.left(), work: Some(effort.min(self.work)) };
        let (solved, work) = elastic::solve(problem, model, budget, &self.cancel);
        self.work = self.work.saturating_sub(work.max(1));
        match solved {
            Solved::Met(roster) | Solved::Open(roster) => self.judged(kept, roster),
            Solved::Lineless(worker) => Answer::Impossible(self.own(kept, worker)),
            Solved::Excluded => {
                let keeping = Keeping { catalogue: self.catalogue, kept, limits: &self.limits };
                Answer::Impossible(keeping.used())
            }
        }
    }

    /// What `roster` shows, by the members themselves.
    fn judged(&mut self, kept: &[bool], roster: Roster) -> Answer {
        let keeping = Keeping { catalogue: self.catalogue, kept, limits: &self.limits };
        let possible = keeping.broken(&roster).is_empty();
        self.last = Some(roster.clone());
        if possible { Answer::Possible(roster) } else { Answer::Unknown }
    }

    /// The roster that the last answer left.
    pub(super) fn last(&self) -> Option<&Roster> {
        self.last.as_ref()
    }

    /// What is known about `worker`'s lines, and the kept members it depends on.
    fn line(&mut self, kept: &[bool], worker: WorkerId) -> (Lines, Vec<usize>) {
        let mut own = self.own(kept, worker);
        let key = (worker, own.clone());
        let known = self.lines.get(&key).cloned();
        let found = known.unwrap_or_else(|| {
            let found = self.search_line(kept, worker);
            self.lines.insert(key, found.clone());
            found
        });
        if let Lines::None(rules) = &found {
            let kept_rules: Vec<usize> = self.catalogue.kept_rules(kept, worker).collect();
            let all = &self.catalogue.rules[worker.index()];
            let used: Vec<usize> = rules.iter().filter_map(|&rule| all[kept_rules[rule]]).collect();
            own.retain(|member| !all.contains(&Some(*member)) || used.contains(member));
        }
        (found, own)
    }

    fn search_line(&mut self, kept: &[bool], worker: WorkerId) -> Lines {
        let keeping = Keeping { catalogue: self.catalogue, kept, limits: &self.limits };
        let steps = LINE_WORK.min(self.work.saturating_mul(STEPS_PER_UNIT));
        let mut left = Steps::new(steps, self.clock);
        let found = lines::find(&keeping.alone(worker), worker, &mut left);
        self.work = self.work.saturating_sub((steps - left.left()) / STEPS_PER_UNIT);
        found
    }

    /// The kept members that are about `worker`'s line alone.
    fn own(&self, kept: &[bool], worker: WorkerId) -> Vec<usize> {
        let periods = self.catalogue.problem.periods();
        let cells = &self.catalogue.removed[worker.index() * periods..][..periods];
        let removed = cells.iter().flatten().map(|&(_, member)| member);
        let rules = self.catalogue.rules[worker.index()].iter().flatten().copied();
        let mut own: Vec<usize> = rules.chain(removed).filter(|&member| kept[member]).collect();
        own.sort_unstable();
        own.dedup();
        own
    }
}

impl Keeping<'_> {
    /// The given lines; whoever has none does the first thing available.
    fn start(&self, lines: &[Option<Vec<ActivityId>>]) -> Option<Roster> {
        let problem = self.catalogue.problem;
        let line = |worker: WorkerId| match &lines[worker.index()] {
            Some(line) => Some(line.clone()),
            None => problem
                .period_ids()
                .map(|period| self.catalogue.available(self.kept, worker, period).next())
                .collect(),
        };
        let lines: Option<Vec<Vec<ActivityId>>> = problem.worker_ids().map(line).collect();
        Roster::from_lines(problem.periods(), &lines?)
    }
}
