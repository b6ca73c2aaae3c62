//! Which sums matter, and between which values they can still end well.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use super::graph::Graph;
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
    /// Looks at all paths of `graph`. `None` when no path ends within the limits.
    pub(crate) fn new(graph: &Graph, part: usize, tally: &dyn Tally) -> Option<Self> {
        if graph.is_empty() {
            return None;
        }
        let (start, (least, most)) = (i64::from(tally.start().1), tally.limits());
        let amount = |tag: u32| i64::from(graph.amounts[tag as usize][part]);
        let unit = graph.amounts.iter().fold(0, |all, own| gcd(all, i64::from(own[part]))).max(1);
        let before = forwards(graph, amount);
        let after = backwards(graph, amount);
        let limits = (i64::from(least), i64::from(most));
        let low = (limits.0 - start).max(0).div_euclid(unit)
            + i64::from((limits.0 - start).max(0).rem_euclid(unit) != 0);
        let high = (limits.1 - start).div_euclid(unit);
        let mut bands = Vec::new();
        for (before, after) in before.iter().zip(&after) {
            let nodes = before.iter().zip(after).filter_map(|(before, after)| {
                let from = (before.0 / unit).max(low - after.1 / unit);
                let to = (before.1 / unit).min(high - after.0 / unit);
                (from <= to).then_some((from, to))
            });
            let band = nodes.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
            bands.push(band.0..=band.1);
        }
        let reach = after.first()?.first()?;
        let binds = start + reach.0 < limits.0 || start + reach.1 > limits.1;
        let largest = graph.amounts.iter().map(|own| i64::from(own[part])).max().unwrap_or(0);
        let (room, scale) = ((low, high), (largest / unit).max(1));
        let ends = bands.last().map_or((0, 0), |band| (*band.start(), *band.end()));
        let cost =
            |units: i64| u32::try_from(start + units * unit).map_or(0, |sum| tally.cost(sum));
        let has_cost = (ends.0..=ends.1).any(|units| cost(units) != 0);
        let choices = adding(graph, amount);
        Some(Self { part, start, limits, unit, room, scale, bands, has_cost, choices, binds })
    }

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

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Choices of all periods that add something on some edge.
fn adding(graph: &Graph, amount: impl Fn(u32) -> i64) -> usize {
    let own = graph.layers.iter().map(|layer| {
        let adding = layer.edges.iter().filter(|edge| amount(edge.tag) > 0);
        adding.map(|edge| edge.choice).collect::<HashSet<u32>>().len()
    });
    own.sum()
}

type Reach = Vec<Vec<(i64, i64)>>;

/// Least and most sum on the paths to every node.
fn forwards(graph: &Graph, amount: impl Fn(u32) -> i64) -> Reach {
    let mut all = vec![vec![(0, 0)]];
    for (at, layer) in graph.layers.iter().enumerate() {
        let next = graph.layers.get(at + 1).map_or(graph.finish.len(), |layer| layer.nodes());
        let mut reach = vec![(i64::MAX, i64::MIN); next];
        for (node, &(least, most)) in (0..).zip(&all[at]) {
            for edge in layer.edges_of(node) {
                let there = &mut reach[edge.to as usize];
                there.0 = there.0.min(least + amount(edge.tag));
                there.1 = there.1.max(most + amount(edge.tag));
            }
        }
        all.push(reach);
    }
    all
}

/// Least and most sum on the paths from every node to the end.
fn backwards(graph: &Graph, amount: impl Fn(u32) -> i64) -> Reach {
    let mut all = vec![vec![(0, 0); graph.finish.len()]];
    for layer in graph.layers.iter().rev() {
        let after = &all[all.len() - 1];
        let reach = (0..).take(layer.nodes()).map(|node| {
            layer.edges_of(node).iter().fold((i64::MAX, i64::MIN), |(least, most), edge| {
                let (own, there) = (amount(edge.tag), after[edge.to as usize]);
                (least.min(own + there.0), most.max(own + there.1))
            })
        });
        let reach = reach.collect();
        all.push(reach);
    }
    all.reverse();
    all
}
