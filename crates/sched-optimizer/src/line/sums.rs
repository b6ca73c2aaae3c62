//! Which sums matter, and between which values they can still end well.

use std::ops::RangeInclusive;

use pulp::{Arch, NullaryFnOnce};

use super::Cells;
use super::alike::Alike;
use super::graph::{Graph, Layer};
use crate::tally::Tally;

/// What is known of one tally on a graph.
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    /// Position in the amounts of an edge.
    pub(crate) part: usize,
    /// The sum before the first period.
    pub(crate) start: i64,
    /// Least and most at the end.
    pub(crate) limits: (i64, i64),
    /// Amounts are multiples of this, so that sums are counted in it.
    pub(crate) unit: i64,
    /// Least and most that the edges may add, in units.
    pub(crate) room: (i64, i64),
    /// The most that an edge adds, in units, or one.
    pub(crate) scale: i64,
    /// For each layer the sums that lie on some path to a good end, less the start, in units.
    pub(crate) bands: Vec<RangeInclusive<i64>>,
    /// Some sums within the limits cost something.
    pub(crate) has_cost: bool,
    /// Choices that add to it.
    pub(crate) choices: usize,
    /// Some line breaks a limit.
    pub(crate) binds: bool,
}

impl Sum {
    /// An amount in units.
    pub(crate) fn units(&self, amount: u32) -> i64 {
        i64::from(amount) / self.unit
    }

    /// Different sums that one layer has to tell apart, at most.
    pub(crate) fn width(&self) -> usize {
        let widths = self.bands.iter().map(|band| band.end() - band.start() + 1);
        usize::try_from(widths.max().unwrap_or(1)).unwrap_or(usize::MAX)
    }

    /// Whether a price on the amounts would be a poor stand-in: there is a cost, or a least sum too.
    pub(crate) const fn needs_cells(&self) -> bool {
        self.has_cost || self.limits.0 > self.start
    }
}

/// So many tallies are looked at together: the edges are many, and each is looked up once for all of them.
const TOGETHER: usize = 8;

/// A whole number for each of some tallies. Sums of amounts are far too small to be rounded, and every
/// processor takes the lesser of several such numbers at once.
type Each = [f64; TOGETHER];

/// Least and most sums on some paths.
#[derive(Clone, Copy)]
struct Reach {
    least: Each,
    most: Each,
}

impl Reach {
    /// Of an empty path.
    const NOTHING: Self = Self { least: [0.0; TOGETHER], most: [0.0; TOGETHER] };
    /// Of no path at all.
    const NONE: Self =
        Self { least: [f64::INFINITY; TOGETHER], most: [f64::NEG_INFINITY; TOGETHER] };

    /// Takes in the paths that `rest` tells of, with `more` on an edge.
    #[inline(always)]
    fn include(&mut self, rest: &Self, more: &Each) {
        // Not `min` and `max`, which also ask for what is no number.
        for ((least, rest), more) in self.least.iter_mut().zip(&rest.least).zip(more) {
            let through = rest + more;
            *least = if through < *least { through } else { *least };
        }
        for ((most, rest), more) in self.most.iter_mut().zip(&rest.most).zip(more) {
            let through = rest + more;
            *most = if through > *most { through } else { *most };
        }
    }

    /// Least and most for one of the tallies.
    #[expect(clippy::cast_possible_truncation, reason = "whole numbers")]
    const fn of(&self, at: usize) -> (i64, i64) {
        (self.least[at] as i64, self.most[at] as i64)
    }
}

/// All paths of a graph, whose edges are for classes of choices.
pub(super) struct Survey<'g> {
    graph: &'g Graph,
    alike: &'g Alike,
    /// Nodes before each layer.
    starts: Vec<usize>,
    /// The classes and tags that occur together in each period, each pair once.
    uses: Vec<Vec<(u32, u32)>>,
    /// The first of the tallies looked at, their units, and their amounts by tag.
    first: usize,
    units: [u32; TOGETHER],
    amounts: Vec<Each>,
    /// Their sums on the paths to every node, and from there to the end.
    before: Vec<Reach>,
    after: Vec<Reach>,
}

impl<'g> Survey<'g> {
    pub(super) fn new(graph: &'g Graph, alike: &'g Alike) -> Self {
        let mut starts = vec![0];
        for period in 0..=graph.layers.len() {
            starts.push(starts[period] + graph.nodes(period));
        }
        let tags = graph.amounts.len();
        let mut seen = Vec::new();
        let uses = (0..).zip(&graph.layers).map(|(period, layer)| {
            let mut uses = Vec::new();
            seen.resize(seen.len().max(alike.classes(period as usize) * tags), u32::MAX);
            for edge in &layer.edges {
                let last = &mut seen[edge.choice as usize * tags + edge.tag as usize];
                if *last != period {
                    *last = period;
                    uses.push((edge.choice, edge.tag));
                }
            }
            uses
        });
        Self {
            graph,
            alike,
            uses: uses.collect(),
            first: usize::MAX,
            units: [1; TOGETHER],
            amounts: Vec::new(),
            before: vec![Reach::NOTHING; starts[graph.layers.len() + 1]],
            after: vec![Reach::NOTHING; starts[graph.layers.len() + 1]],
            starts,
        }
    }

    /// What is known of tally number `part`. `None` when no path ends within the limits.
    pub(super) fn sum(&mut self, part: usize, tally: &dyn Tally) -> Option<Sum> {
        if self.graph.is_empty() {
            return None;
        }
        let at = part % TOGETHER;
        if self.first != part - at {
            self.look_at(part - at);
        }
        let (start, (least, most)) = (i64::from(tally.start().1), tally.limits());
        let unit = i64::from(self.units[at]);
        let limits = (i64::from(least), i64::from(most));
        let low = (limits.0 - start).max(0).div_euclid(unit)
            + i64::from((limits.0 - start).max(0).rem_euclid(unit) != 0);
        let high = (limits.1 - start).div_euclid(unit);
        let mut bands = Vec::with_capacity(self.starts.len() - 1);
        for nodes in self.starts.windows(2).map(|bounds| bounds[0]..bounds[1]) {
            let band = self.before[nodes.clone()].iter().zip(&self.after[nodes]);
            let band = band.fold((i64::MAX, i64::MIN), |band, (before, after)| {
                let (before, after) = (before.of(at), after.of(at));
                let (from, to) = (before.0.max(low - after.1), before.1.min(high - after.0));
                if from <= to { (band.0.min(from), band.1.max(to)) } else { band }
            });
            if band.0 > band.1 {
                return None;
            }
            bands.push(band.0..=band.1);
        }
        let reach = self.after.first()?;
        let reach = reach.of(at);
        let binds = start + reach.0 * unit < limits.0 || start + reach.1 * unit > limits.1;
        let amounts = self.graph.amounts.iter().map(|amounts| amounts[part]);
        let largest = i64::from(amounts.max().unwrap_or(0)) / unit;
        let (room, scale) = ((low, high), largest.max(1));
        let ends = bands.last().map_or((0, 0), |band| (*band.start(), *band.end()));
        let cost =
            |units: i64| u32::try_from(start + units * unit).map_or(0, |sum| tally.cost(sum));
        let has_cost = (ends.0..=ends.1).any(|units| cost(units) != 0);
        let choices = self.adding(part);
        Some(Sum { part, start, limits, unit, room, scale, bands, has_cost, choices, binds })
    }

    /// What each choice adds to tally number `part`, when that is the same on all of its edges.
    pub(super) fn amounts_by_choice(&self, part: usize, cells: Cells<'_>) -> Option<Vec<u32>> {
        let mut all = vec![0; cells.activities.len()];
        for (period, (uses, &start)) in self.uses.iter().zip(cells.starts).enumerate() {
            let mut known = vec![None; self.alike.classes(period)];
            for &(class, tag) in uses {
                let amount = self.graph.amounts[tag as usize][part];
                if *known[class as usize].get_or_insert(amount) != amount {
                    return None;
                }
            }
            for (class, amount) in (0..).zip(known) {
                for &choice in self.alike.members(period, class) {
                    all[start + choice as usize] = amount.unwrap_or_default();
                }
            }
        }
        Some(all)
    }

    /// Choices of all periods that add something to tally number `part` on some edge.
    fn adding(&self, part: usize) -> usize {
        let mut adds = Vec::new();
        let own = self.uses.iter().enumerate().map(|(period, uses)| {
            adds.clear();
            adds.resize(self.alike.classes(period), false);
            for &(class, tag) in uses {
                adds[class as usize] |= self.graph.amounts[tag as usize][part] > 0;
            }
            let classes = (0..).zip(&adds).filter(|(_, adds)| **adds);
            classes.map(|(class, _)| self.alike.members(period, class).len()).sum::<usize>()
        });
        own.sum()
    }

    /// Looks at the tallies from number `first` on.
    fn look_at(&mut self, first: usize) {
        self.first = first;
        let tags = &self.graph.amounts;
        let amount = |tag: &Vec<u32>, at| tag.get(first + at).copied().unwrap_or(0);
        let unit = |at| tags.iter().fold(0, |all, tag| gcd(all, amount(tag, at)));
        self.units = std::array::from_fn(|at| unit(at).max(1));
        let each = |tag| std::array::from_fn(|at| f64::from(amount(tag, at) / self.units[at]));
        self.amounts = tags.iter().map(each).collect();
        Arch::new().dispatch(Look {
            layers: &self.graph.layers,
            starts: &self.starts,
            amounts: &self.amounts,
            before: &mut self.before,
            after: &mut self.after,
        });
    }
}

/// Finds the sums before and after each node. A type of its own, because only what is inlined into a
/// dispatched call is compiled for the vectors of the processor.
struct Look<'s> {
    layers: &'s [Layer],
    starts: &'s [usize],
    amounts: &'s [Each],
    before: &'s mut [Reach],
    after: &'s mut [Reach],
}

impl NullaryFnOnce for Look<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        self.forwards();
        self.backwards();
    }
}

impl Look<'_> {
    #[inline(always)]
    fn forwards(&mut self) {
        self.before.fill(Reach::NONE);
        self.before[0] = Reach::NOTHING;
        for (period, layer) in self.layers.iter().enumerate() {
            let (before, after) = self.before.split_at_mut(self.starts[period + 1]);
            for (node, reach) in (0..).zip(&before[self.starts[period]..]) {
                for edge in layer.edges_of(node) {
                    after[edge.to as usize].include(reach, &self.amounts[edge.tag as usize]);
                }
            }
        }
    }

    #[inline(always)]
    fn backwards(&mut self) {
        self.after.fill(Reach::NOTHING);
        for (period, layer) in self.layers.iter().enumerate().rev() {
            let (before, after) = self.after.split_at_mut(self.starts[period + 1]);
            for (node, reach) in (0..).zip(&mut before[self.starts[period]..]) {
                let mut all = Reach::NONE;
                for edge in layer.edges_of(node) {
                    all.include(&after[edge.to as usize], &self.amounts[edge.tag as usize]);
                }
                *reach = all;
            }
        }
    }
}

const fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
