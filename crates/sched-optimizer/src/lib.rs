//! An anytime rostering solver: who works what and when, under rules about each person's line and
//! demands on all of them together.
//!
//! A [`Problem`] has periods (half-days, nights, days), activities with start and end in minutes,
//! and workers who do exactly one activity in every period. A [`Rule`] is about one worker's line:
//! pauses, hours, free days, runs. It is hard, or [soft](rules::Soft): then each unit by which a line breaks
//! it has a weight. [`Demand`]s and [`Ratio`]s are about counts in one period, hard or with a linear or
//! convex [`Penalty`]. What else concerns several workers is a [`JointRule`].
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use sched_optimizer::rules::Rest;
//! use sched_optimizer::{Budget, Demand, Options, Problem, Shift, Solver, Span, Status};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut builder = Problem::builder();
//! let [off, duty] = ["off", "duty"].map(|name| builder.activity(name));
//! for day in 0..4 {
//!     let midnight = day * 1440;
//!     let period = builder.period(format!("day {day}"), Span::new(midnight, midnight + 1440));
//!     builder.offer(period, off, None);
//!     builder.offer(period, duty, Some(Shift::new(midnight + 480, midnight + 1440)));
//!     builder.demand(Demand::at_least("somebody is on duty", period, [duty], 1));
//! }
//! for name in ["Ada", "Ben"] {
//!     let worker = builder.worker(name);
//!     builder.rule(worker, Rest { join: 0, short: 11 * 60, long_after: 1440, long: 0 });
//! }
//! let problem = builder.build()?;
//!
//! let solver = Solver::new(Options::default().budget(Budget::work(100_000)));
//! let outcome = solver.solve(&problem, |_progress| ControlFlow::Continue(()));
//! assert_eq!(outcome.status, Status::Optimal);
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! Everything about one worker compiles to automata and [tallies](Tally), and a dynamic programme over
//! them finds the best line that keeps all of the worker's rules under any prices. Lagrangean prices on
//! the demands give the bound (Held and Karp 1971; steps after Polyak 1969) and guide the search: it
//! takes one worker out at a time, adds noise to the prices, and puts the best line back, so that hard
//! rules of a line never break on the way. In each of its cycles it goes from the Lagrangean prices
//! step by step to what a choice really changes in the cover. The lines of the rosters that cycles end
//! with are kept, and recombined by chains of exchanges: one worker takes a dearer line, others answer,
//! until the whole is better (after Lin and Kernighan 1973, Glover 1996).
//!
//! # Guarantees
//!
//! * [`Analysis`] judges a roster by the rules' plain definitions and shares no code with the search;
//!   every [`Outcome::score`] is its verdict.
//! * The bound is computed in integers and holds at any prices: no legal roster costs less.
//! * [`verify`] proves the bound from the prices alone; it shares no code with what found them.
//! * The same problem, seed and work limit give the same roster on any number of threads.
//! * A [`Standing`] says of any change exactly what judging the changed roster from scratch would.
//! * A [`Conflict`] excludes every roster: proved. Where it claims to be minimal, a roster was found for
//!   each member that keeps all others.
//! * A legal hint is never made worse. [`prune()`] removes nothing that a legal roster uses.
//!
//! # Limits
//!
//! * Costs are whole numbers, and all that a roster could be charged for may come to 10¹⁵ together. What could
//!   come to more is refused when the problem is built, as far as rules [say](Parameters) what they charge.
//! * What concerns several workers and is no function of counts in one period is a matter of the search
//!   alone: a [`JointRule`] is judged and priced cell by cell, but no bound, pruning or conflict knows it. A
//!   solve with such rules seldom proves its roster best, and never that they cannot be kept.
//! * On small, dense problems the bound stays away from the best roster: what it misses is proved by
//!   enumeration or cuts, not by prices. There an exact solver proves what this one only finds.
//! * The search tries whole lines. A single changed cell is priced by a [`Standing`], which judges every
//!   rule of the line by its definition: fit for questions, not for a search of one's own by millions of
//!   small moves.
//! * The line programme is exact while its labels fit; where they do not, lines are good rather than
//!   best, and the bound falls back to what was proved.
//! * A solve does not prove legality impossible, except where one worker has no legal line at all.
//!   [`find_conflict`] proves more, but not everything: it may end [undecided](Feasibility::Undecided).
//! * Two searches run side by side: more than two threads only speed up the preparation and the climb of
//!   the prices, in which they wait for each other at every step. It is not made for more than sixteen.

#![warn(clippy::print_stderr)]

#[cfg(test)]
extern crate self as sched_optimizer;
#[cfg(test)]
#[path = "../tests/support/problems.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod problems;

pub mod rules;

mod alternatives;
mod bound;
mod budget;
mod certificate;
mod checker;
mod conflict;
mod cover;
mod demand;
mod duals;
mod error;
mod fingerprint;
mod ids;
mod joint_rule;
mod line;
mod memo;
mod model;
mod pace;
mod parameters;
mod penalty;
mod portfolio;
mod problem;
mod progress;
mod prune;
mod replan;
mod roster;
mod rule;
mod score;
mod search;
mod solver;
mod standing;
mod start;
mod tally;
mod time;

pub use alternatives::{Alternative, AlternativeOptions, alternatives};
pub use budget::{Budget, CancelToken, Until};
pub use certificate::{Certificate, Refused, verify};
pub use checker::{Analysis, Item, Share, Source, WrongShape};
pub use conflict::{Cause, Conflict, Feasibility, Member, Relief, find_conflict};
pub use demand::{Demand, Ratio};
pub use duals::Prices;
pub use error::{Fault, ProblemError};
pub use fingerprint::{Canon, Fingerprint, Likeness, Sketch};
pub use ids::{ActivityId, PeriodId, WorkerId};
pub use joint_rule::{JointRule, judged_delta};
pub use memo::{LruSolutions, Solution, SolutionStore, WarmStart, warm_start};
pub use parameters::Parameters;
pub use penalty::Penalty;
pub use problem::{Choice, Problem, ProblemBuilder, Removed};
pub use progress::Progress;
pub use prune::{Pruned, Triple, prune, prune_with};
pub use replan::{Changes, Nearness, ReplanOptions, Replanned, replan, trade_offs};
pub use roster::Roster;
pub use rule::{Automaton, Breach, Judgement, Line, LineContext, Rule, Step, automata_cost};
pub use score::Score;
pub use solver::{Options, Outcome, Solver, Stats, Status};
pub use standing::{Barrier, Effect, Finding, NoSuchCell, Standing, WhyNot};
pub use start::Start;
pub use tally::{Summed, Tally};
pub use time::{Duty, DutyKind, Shift, Span};
