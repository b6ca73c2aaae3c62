//! From prices to a line: graph, planes and labels one after the other, as far as they are needed.

use super::guess::Guess;
use super::labels::{Arena, Effort, Solved};
use super::pass::Forwards;
use super::{LineProgram, NONE, Priced, charge, together};
use crate::ids::PeriodId;

impl LineProgram {
    /// The cheapest line under `prices` (one for each choice, in parts of [`UNIT`]) that costs less
    /// than `upper`.
    ///
    /// `dear` are the prices of a unit of the sums that have one; empty: all zero. A quick effort finds nothing
    /// when the line that is best under them breaks a limit or costs too much without them;
    /// [`Arena::sums`] and [`Arena::cost`] are those of that line.
    pub(crate) fn solve(
        &self,
        prices: &[i64],
        dear: &[i64],
        upper: i64,
        effort: Effort,
        guess: &mut Guess,
        arena: &mut Arena,
    ) -> Solved {
        arena.scratch.work = 1;
        let relaxed = self.pass(prices, dear, upper, guess, arena);
        let work = |arena: &Arena| arena.scratch.work;
        let Some(lower) = relaxed else {
            return Solved { cost: None, lower: upper, work: work(arena) };
        };
        if lower >= upper {
            return Solved { cost: None, lower, work: work(arena) };
        }
        let mut priced = self.priced.iter().zip(&arena.sums);
        let within = |(Priced { sum, .. }, value): (&Priced, &i64)| {
            sum.room.0 <= *value && *value <= sum.room.1
        };
        let kept = arena.exact && priced.all(within);
        arena.cost +=
            self.labelled_cost(arena, self.exact.iter().map(|(_, at)| *at)).unwrap_or(NONE);
        let extra = if kept { self.unchecked_cost(arena) } else { None };
        let cost = extra.map(|extra| arena.cost + extra);
        let found = cost.filter(|&cost| cost < upper);
        if cost.is_some_and(|cost| cost <= lower) {
            return Solved { cost: found, lower, work: work(arena) };
        }
        if !effort.labels && (self.unchecked.is_empty() || !kept) {
            return Solved { cost: found, lower, work: work(arena) };
        }
        let mut line = std::mem::take(&mut arena.other);
        line.clone_from(&arena.line);
        self.costs_to_go(prices, arena);
        arena.work = 0;
        let better = self.label_pass(prices, found.unwrap_or(upper), effort, arena);
        if better.is_none() {
            std::mem::swap(&mut arena.line, &mut line);
        }
        arena.other = line;
        let found = better.or(found);
        let lower = found.unwrap_or(upper).min(arena.lost).max(lower);
        Solved { cost: found, lower, work: work(arena) + arena.work }
    }

    /// No line costs less than this, whatever `dear` is; `arena.line` and `arena.sums` are those of the
    /// line where the minimum is. [`NONE`] when there is no line.
    pub(crate) fn minimum(
        &self,
        prices: &[i64],
        dear: &[i64],
        guess: &mut Guess,
        arena: &mut Arena,
    ) -> i64 {
        arena.scratch.work = 1;
        self.pass(prices, dear, NONE, guess, arena).unwrap_or(NONE)
    }

    /// The cheapest line that keeps what is in the graph and on the planes, with `dear` in place of
    /// the other limits: a lower bound on the cost of all legal lines. `None` when it is not below
    /// `upper`, or there is no line. Where costs are too large for the planes it is the cheapest line of
    /// the graph alone, and [`Arena::exact`] is false.
    fn pass(
        &self,
        prices: &[i64],
        dear: &[i64],
        upper: i64,
        guess: &mut Guess,
        arena: &mut Arena,
    ) -> Option<i64> {
        let found = self.pass_with(prices, dear, upper, guess, arena);
        // The guess may have moved since: what counts is what this pass was charged.
        if arena.scratch.is_coarse() && arena.leans.iter().any(|lean| *lean != 0) {
            guess.forget();
            return self.pass_with(prices, dear, upper, guess, arena);
        }
        found
    }

    fn pass_with(
        &self,
        prices: &[i64],
        dear: &[i64],
        upper: i64,
        guess: &mut Guess,
        arena: &mut Arena,
    ) -> Option<i64> {
        arena.scratch.coarse = 0;
        arena.sums.clear();
        if self.graph.is_empty() {
            return None;
        }
        arena.leans.clear();
        arena.leans.extend(guess.prices(self.exact.len()));
        let bound = self.charged(prices, dear, arena);
        let slack = self.slack(dear);
        let limit = upper.saturating_add(slack).saturating_sub(bound).min(NONE);
        let least_end = self.planes.price_ends(&arena.leans, &mut arena.scratch);
        if limit <= least_end {
            return None;
        }
        let mut path = std::mem::take(&mut arena.path);
        path.clear();
        arena.exact = true;
        let step = |choice, toll| path.push((choice, toll));
        let mut last = self.planes.best_path(&arena.scratch, step);
        let own = self.end_cost(&path, guess, &arena.leans);
        // Without sums every end is as good as any.
        let mut total = own.unwrap_or(least_end);
        if self.planes.size > 0 && own.is_none_or(|own| own > least_end) {
            let mut found = std::mem::take(&mut arena.found);
            found.clear();
            let (limit, scratch) = (limit.min(own.unwrap_or(NONE)), &mut arena.scratch);
            let each = |choice, toll| found.push((choice, toll));
            match self.planes.forwards(limit, guess.loss, scratch, each) {
                Forwards::Found { total: least, node } => {
                    (total, last) = (least, node);
                    guess.expect(least - least_end);
                    found.reverse();
                    std::mem::swap(&mut path, &mut found);
                }
                Forwards::TooFar => (total, arena.exact) = (least_end, own.is_some()),
                Forwards::Nothing if own.is_some() => {}
                Forwards::Nothing => path.clear(),
            }
            arena.found = found;
        }
        arena.line.clear();
        let starts = self.planes.first_choices.iter();
        arena.line.extend(path.iter().zip(starts).map(|(&(choice, _), &start)| choice - start));
        let sums = self.priced.iter().map(|Priced { sum, amounts, .. }| {
            let amounts = path.iter().map(|&(choice, toll)| match amounts {
                Some(amounts) => amounts[choice as usize],
                None => sum.units(self.amount(toll, sum.part)),
            });
            amounts.sum::<i64>()
        });
        arena.sums.extend(sums);
        let nothing = path.is_empty();
        let toll = |toll: u32| self.planes.tolls[toll as usize].cost;
        let mut edges = path.iter().map(|&(choice, at)| (prices[choice as usize], toll(at)));
        let finish = self.graph.finish.get(last).copied().unwrap_or(NONE);
        let sums = edges.try_fold((0, finish), |(cells, rules), (price, toll)| {
            Some((cells + price, together(rules, toll)?))
        });
        (arena.cost, arena.exact) = match sums {
            Some((cells, rules)) => (cells + rules, arena.exact),
            None => (NONE, false),
        };
        arena.path = path;
        (!nothing).then_some(bound + total - slack)
    }

    /// What an edge with a toll adds to a sum.
    fn amount(&self, toll: u32, part: usize) -> u32 {
        self.graph.amounts[self.planes.tolls[toll as usize].tag as usize][part]
    }

    /// What the end of a path costs where its sums on the planes are within their limits, with `leans`
    /// given back. The guess learns from the sums.
    fn end_cost(&self, path: &[(u32, u32)], guess: &mut Guess, leans: &[i64]) -> Option<i64> {
        let (mut total, mut given_back) = (Some(0), 0);
        for (number, ((sum, at), lean)) in self.exact.iter().zip(leans).enumerate() {
            let units = path.iter().map(|&(_, toll)| sum.units(self.amount(toll, sum.part)));
            let amount = units.sum::<i64>();
            guess.learn(number, amount, sum.room);
            let value = sum.start + amount * sum.unit;
            let within = sum.limits.0 <= value && value <= sum.limits.1;
            let tally = self.labelled[*at].as_tally().filter(|_| within);
            let cost = tally.zip(u32::try_from(value).ok()).map(|(tally, sum)| tally.cost(sum));
            let asked = total.zip(cost).and_then(|(total, cost)| charge(total, cost));
            (total, given_back) = (asked, given_back + lean * amount);
        }
        total.map(|total| total - given_back)
    }

    /// [`backwards`](Self::backwards) with the sums of choices charged to their prices.
    fn charged(&self, prices: &[i64], dear: &[i64], arena: &mut Arena) -> i64 {
        let mut charged = std::mem::take(&mut arena.charged);
        charged.clear();
        charged.extend_from_slice(prices);
        for (priced, &dear) in self.priced.iter().zip(dear).filter(|(_, dear)| **dear != 0) {
            for (price, &amount) in charged.iter_mut().zip(priced.amounts.iter().flatten()) {
                *price += dear * amount;
            }
        }
        let bound = self.backwards(&charged, dear, arena);
        arena.charged = charged;
        bound
    }

    /// Costs to go over the graph under `prices` alone.
    pub(super) fn costs_to_go(&self, prices: &[i64], arena: &mut Arena) {
        arena.leans.clear();
        self.backwards(prices, &[], arena);
    }

    /// Costs to go over the graph under `prices`, with sums of edges and `arena.leans` charged to the
    /// edges.
    fn backwards(&self, prices: &[i64], dear: &[i64], arena: &mut Arena) -> i64 {
        let tag = |amounts: &Vec<u32>| {
            let priced = self.priced.iter().zip(dear).filter(|(p, _)| p.amounts.is_none());
            let priced =
                priced.map(|(Priced { sum, .. }, dear)| dear * sum.units(amounts[sum.part]));
            let exact = self.exact.iter().zip(&arena.leans);
            let exact = exact.map(|((sum, _), lean)| lean * sum.units(amounts[sum.part]));
            priced.sum::<i64>() + exact.sum::<i64>()
        };
        let tags = self.graph.amounts.iter().map(tag);
        self.planes.backwards(&self.graph.finish, prices, tags, &mut arena.scratch)
    }

    /// The most that a legal line pays for its sums, at these prices of a unit.
    pub(crate) fn slack(&self, dear: &[i64]) -> i64 {
        let most = |(Priced { sum, .. }, &dear): (&Priced, &i64)| {
            let (least, most) = sum.room;
            if dear >= 0 { dear * most } else { dear * least }
        };
        self.priced.iter().zip(dear).map(most).sum()
    }

    /// Prices and costs of a line in the graph.
    fn path_edges(&self, line: &[u32], prices: &[i64]) -> Option<i64> {
        if line.len() != self.graph.layers.len() {
            return None;
        }
        let (mut node, mut cells, mut rules) = (0, 0, 0);
        for (period, (&choice, layer)) in line.iter().zip(&self.graph.layers).enumerate() {
            if layer.nodes() == 0 {
                return None;
            }
            let edge = layer.edges_of(node).iter().find(|edge| edge.choice == choice)?;
            cells += prices[self.starts[period] + choice as usize];
            rules = together(rules, edge.cost)?;
            node = edge.to;
        }
        Some(cells + together(rules, *self.graph.finish.get(node as usize)?)?)
    }

    /// The cost of a given line by its positions, or `None` when a rule refuses it.
    pub(crate) fn cost_of(&self, line: &[u32], prices: &[i64], arena: &mut Arena) -> Option<i64> {
        let cost = self.path_edges(line, prices)?;
        arena.line.clear();
        arena.line.extend_from_slice(line);
        Some(cost + self.labelled_cost(arena, 0..self.labelled.len())?)
    }

    fn unchecked_cost(&self, arena: &Arena) -> Option<i64> {
        self.labelled_cost(arena, self.unchecked.iter().copied())
    }

    /// What some labelled automata ask for `arena.line`, or `None` when one refuses it.
    fn labelled_cost(&self, arena: &Arena, which: impl Iterator<Item = usize>) -> Option<i64> {
        let mut total = 0;
        for automaton in which.map(|at| &self.labelled[at]) {
            let mut state = automaton.start();
            for (period, &choice) in arena.line.iter().enumerate() {
                let activity = self.activities[self.starts[period] + choice as usize];
                let step = automaton.step(state, PeriodId::new(period), activity)?;
                total = charge(total, step.cost)?;
                state = step.state;
            }
            total = charge(total, automaton.finish(state)?)?;
        }
        Some(total)
    }
}
