//! A roster made ready for questions: what would this change do?
//!
//! Only what a change touches is judged again: the rules of the touched workers, by their plain
//! definitions, the demands and ratios of the touched periods, from counts that are kept, and joint
//! rules, by their deltas.

use crate::checker::{self, Analysis, Item, Source, WrongShape};
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::problem::Problem;
use crate::prune::Triple;
use crate::roster::Roster;
use crate::rule::Line;
use crate::score::Score;

mod effect;
mod index;
mod joint;

pub use effect::{Barrier, Effect, Finding, WhyNot};
use index::CountIndex;

/// A change that names a worker, a period or an activity the problem does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the problem has no worker, period or activity as in {0:?}")]
pub struct NoSuchCell(pub Triple);

/// A roster with its counts and the judgement of every rule.
///
/// ```
/// # use sched_optimizer::{Demand, Problem, Roster, Span, Standing, Triple};
/// # let mut builder = Problem::builder();
/// # let [off, duty] = ["off", "duty"].map(|name| builder.activity(name));
/// # let monday = builder.period("monday", Span::new(0, 1440));
/// # builder.offer(monday, off, None).offer(monday, duty, None);
/// # builder.demand(Demand::at_least("ward", monday, [duty], 1));
/// # let [ada, ben] = ["Ada", "Ben"].map(|name| builder.worker(name));
/// # builder.cost(ben, monday, duty, 3);
/// # let problem = builder.build()?;
/// // On Monday Ada is on duty and Ben is off. What if they swap?
/// let roster = Roster::from_lines(1, &[vec![duty], vec![off]]).ok_or("one cell each")?;
/// let standing = Standing::new(&problem, roster)?;
/// let swap = standing.swap(ada, ben, [monday]);
/// let effect = standing.what_if(&swap)?;
/// assert!(effect.is_legal());
/// assert_eq!(effect.delta.soft, 3);
///
/// // And if Ada just stays at home?
/// let effect = standing.what_if(&[Triple { worker: ada, period: monday, activity: off }])?;
/// assert_eq!(effect.added[0].words(&problem), "ward has 0, needs at least 1 in monday");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Standing<'p> {
    problem: &'p Problem,
    index: CountIndex,
    roster: Roster,
    /// What each worker's rules say, by worker.
    rules: Vec<Vec<Item>>,
    /// What the joint rules say.
    joint: Vec<Item>,
    counts: Vec<u32>,
    score: Score,
}

impl<'p> Standing<'p> {
    /// Judges `roster` once as a whole. Costs as much as an [`Analysis`].
    ///
    /// # Errors
    ///
    /// When the roster has other dimensions than the problem.
    pub fn new(problem: &'p Problem, roster: Roster) -> Result<Self, WrongShape> {
        let score = Analysis::new(problem, &roster)?.score;
        let index = CountIndex::new(problem);
        let mut counts = vec![0; index.counts()];
        for worker in problem.worker_ids() {
            for (period, &activity) in problem.period_ids().zip(roster.line(worker)) {
                let parts = index.parts(period, activity);
                parts.filter(|part| index.is_counted(*part, worker)).for_each(|part| {
                    counts[part.index()] += 1;
                });
            }
        }
        let rules = problem.worker_ids().map(|w| judge(problem, w, roster.line(w))).collect();
        let joint = joint::judge(problem, &roster);
        Ok(Self { problem, index, roster, rules, joint, counts, score })
    }

    /// The score of the roster.
    #[must_use]
    pub const fn score(&self) -> Score {
        self.score
    }

    /// The roster as it stands.
    #[must_use]
    pub fn roster(&self) -> Roster {
        self.roster.clone()
    }

    /// What `worker` does in `period`.
    #[must_use]
    pub fn get(&self, worker: WorkerId, period: PeriodId) -> Option<ActivityId> {
        self.roster.get(worker, period)
    }

    /// What the roster would be like with the cells of `moves` changed together. Of several moves
    /// of one cell the last counts; one that changes nothing is fine.
    ///
    /// Costs a judgement of each touched worker's rules on one line, a delta of each
    /// [joint rule](crate::JointRule) for each cell, and little else; a joint rule that is broken before or after is
    /// judged as a whole, for its breaches.
    ///
    /// # Errors
    ///
    /// When a move names something that the problem does not have.
    pub fn what_if(&self, moves: &[Triple]) -> Result<Effect, NoSuchCell> {
        Ok(self.judge(&self.changes(moves)?).effect)
    }

    /// Makes the change and says what it did.
    ///
    /// # Errors
    ///
    /// As [`what_if`](Self::what_if); nothing changes then.
    pub fn apply(&mut self, moves: &[Triple]) -> Result<Effect, NoSuchCell> {
        let changes = self.changes(moves)?;
        let Judged { effect, rules, joint, counts } = self.judge(&changes);
        for change in &changes {
            self.roster.set(change.worker, change.period, change.new);
        }
        for (worker, items) in rules {
            self.rules[worker.index()] = items;
        }
        self.joint = joint;
        for (part, by) in counts {
            self.counts[part] = self.counts[part].saturating_add_signed(by);
        }
        self.score = effect.score;
        Ok(effect)
    }

    /// Why `worker` does not do `activity` in `period`: what stands in the way, or what it would
    /// change while everything else stays.
    ///
    /// # Errors
    ///
    /// When the problem does not have the cell or the activity.
    pub fn why_not(
        &self,
        worker: WorkerId,
        period: PeriodId,
        activity: ActivityId,
    ) -> Result<WhyNot<'p>, NoSuchCell> {
        let effect = self.what_if(&[Triple { worker, period, activity }])?;
        let barrier = if !self.problem.offered(period, activity) {
            Some(Barrier::NotOffered)
        } else {
            self.problem.why_removed(worker, period, activity).map(Barrier::Removed)
        };
        Ok(WhyNot { barrier, effect })
    }

    /// Everybody who could do `activity` in `period` instead of what they do, the best first, with
    /// what it would change while everything else stays.
    ///
    /// # Errors
    ///
    /// When the problem does not have the period or the activity.
    pub fn who_could(
        &self,
        period: PeriodId,
        activity: ActivityId,
    ) -> Result<Vec<(WorkerId, Effect)>, NoSuchCell> {
        let mut all = Vec::new();
        for worker in self.problem.worker_ids() {
            let other = self.get(worker, period) != Some(activity);
            if other && self.problem.cost(worker, period, activity).is_some() {
                all.push((worker, self.what_if(&[Triple { worker, period, activity }])?));
            }
        }
        all.sort_by_key(|(worker, effect)| (effect.score, *worker));
        Ok(all)
    }

    /// The moves that exchange what `a` and `b` do in `periods`. Periods that the problem does not
    /// have are left out.
    pub fn swap(
        &self,
        a: WorkerId,
        b: WorkerId,
        periods: impl IntoIterator<Item = PeriodId>,
    ) -> Vec<Triple> {
        let pair = |period| Some((self.get(a, period)?, self.get(b, period)?));
        let pairs = periods.into_iter().filter_map(|period| Some((period, pair(period)?)));
        let moves = pairs.flat_map(|(period, (of_a, of_b))| {
            [(a, of_b), (b, of_a)].map(|(worker, activity)| Triple { worker, period, activity })
        });
        moves.collect()
    }

    fn line(&self, worker: WorkerId) -> &[ActivityId] {
        self.roster.line(worker)
    }

    /// The cells that really change, each once, by worker and period.
    fn changes(&self, moves: &[Triple]) -> Result<Vec<Change>, NoSuchCell> {
        let mut changes: Vec<Change> = Vec::with_capacity(moves.len());
        for &made in moves {
            let Triple { worker, period, activity: new } = made;
            let old = self.get(worker, period).ok_or(NoSuchCell(made))?;
            if new.index() >= self.problem.activities() {
                return Err(NoSuchCell(made));
            }
            changes.push(Change { worker, period, old, new });
        }
        // Stable: of several moves of a cell the last one stays last.
        changes.sort_by_key(|change| (change.worker, change.period));
        changes.dedup_by(|later, earlier| {
            let same = (later.worker, later.period) == (earlier.worker, earlier.period);
            if same {
                earlier.new = later.new;
            }
            same
        });
        changes.retain(|change| change.old != change.new);
        Ok(changes)
    }

    fn judge(&self, changes: &[Change]) -> Judged {
        let mut effect = Effect::none(self.score);
        let counts = self.count(changes);
        for change in changes {
            let item =
                |activity| checker::cell(self.problem, change.worker, change.period, activity);
            effect.replace(&item(change.old), &item(change.new));
        }
        let mut rules = Vec::new();
        let mut line = Vec::new();
        for own in changes.chunk_by(|a, b| a.worker == b.worker) {
            let worker = own[0].worker;
            line.clear();
            line.extend_from_slice(self.line(worker));
            own.iter().for_each(|change| line[change.period.index()] = change.new);
            let items = judge(self.problem, worker, &line);
            let before = &self.rules[worker.index()];
            before.iter().zip(&items).for_each(|(old, new)| effect.replace(old, new));
            rules.push((worker, items));
        }
        self.judge_counts(&counts, &mut effect);
        let joint = self.judge_joint_rules(changes, &mut effect);
        Judged { effect, rules, joint, counts }
    }

    /// By how much each touched count changes, by count.
    fn count(&self, changes: &[Change]) -> Vec<(usize, i32)> {
        let mut counts: Vec<(usize, i32)> = Vec::new();
        for change in changes {
            for (activity, by) in [(change.old, -1), (change.new, 1)] {
                let parts = self.index.parts(change.period, activity);
                let own = parts.filter(|part| self.index.is_counted(*part, change.worker));
                counts.extend(own.map(|part| (part.index(), by)));
            }
        }
        counts.sort_unstable();
        counts.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                earlier.1 += later.1;
            }
            same
        });
        counts.retain(|(_, by)| *by != 0);
        counts
    }

    fn judge_counts(&self, counts: &[(usize, i32)], effect: &mut Effect) {
        let same_source =
            |a: &(usize, i32), b: &(usize, i32)| self.index.source(a.0) == self.index.source(b.0);
        for own in counts.chunk_by(same_source) {
            let source = self.index.source(own[0].0);
            let now = |part: usize| self.counts[part];
            let then = |part: usize| {
                let by = own.iter().find(|(at, _)| *at == part).map_or(0, |(_, by)| *by);
                now(part).saturating_add_signed(by)
            };
            let [old, new]: [Item; 2] = match source {
                Source::Ratio(at) => {
                    let [s, v] = self.index.ratio(at);
                    let judged = |count: &dyn Fn(usize) -> u32| {
                        checker::ratio(self.problem, at, count(s), count(v))
                    };
                    [judged(&now), judged(&then)]
                }
                Source::Demand(at) => {
                    [now(at), then(at)].map(|count| checker::demand(self.problem, at, count))
                }
                // Counts belong to demands and ratios alone.
                Source::Rule { .. } | Source::Cell { .. } | Source::JointRule(_) => continue,
            };
            effect.replace(&old, &new);
        }
    }
}

/// A cell that changes.
struct Change {
    worker: WorkerId,
    period: PeriodId,
    old: ActivityId,
    new: ActivityId,
}

/// What a change does, and what has to be kept when it is made.
struct Judged {
    effect: Effect,
    rules: Vec<(WorkerId, Vec<Item>)>,
    joint: Vec<Item>,
    counts: Vec<(usize, i32)>,
}

fn judge(problem: &Problem, worker: WorkerId, activities: &[ActivityId]) -> Vec<Item> {
    let line = Line::new(problem, worker, activities);
    let duties = line.duties();
    let line = line.with_duties(&duties);
    let rules = problem.rules(worker).iter().enumerate();
    let judged =
        rules.map(|(rule, own)| checker::judged(Source::Rule { worker, rule }, own.judge(&line)));
    judged.collect()
}
