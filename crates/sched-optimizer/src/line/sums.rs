//! Which sums matter, and between which values they can still end well.

use std::ops::RangeInclusive;

use super::Cells;
use super::alike::Alike;
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
    /// Looks at all paths of `graph`, whose edges are for classes of choices. `None` when no path
    /// ends within the limits.
    pub(crate) fn new(
        graph: &Graph,
        alike: &Alike,
        part: usize,
        tally: &dyn Tally,
    ) -> Option<Self> {
        if graph.is_empty() {
            return None;
        }
        let (start, (least, most)) = (i64::from(tally.start().1), tally.limits());
        let mut amounts = graph.part(part);
        let unit = amounts.iter().fold(0, |all, &own| gcd(all, own)).max(1);
        amounts.iter_mut().for_each(|amount| *amount /= unit);
        let before = forwards(graph, &amounts);
        let after = backwards(graph, &amounts);
        let limits = (i64::from(least), i64::from(most));
        let low = (limits.0 - start).max(0).div_euclid(unit)
            + i64::from((limits.0 - start).max(0).rem_euclid(unit) != 0);
        let high = (limits.1 - start).div_euclid(unit);
        let mut bands = Vec::new();
        for (before, after) in before.iter().zip(&after) {
            let nodes = before.iter().zip(after).filter_map(|(before, after)| {
                let from = before.0.max(low - after.1);
                let to = before.1.min(high - after.0);
                (from <= to).then_some((from, to))
            });
            let band = nodes.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
            bands.push(band.0..=band.1);
        }
        let reach = after.first()?.first()?;
        let binds = start + reach.0 * unit < limits.0 || start + reach.1 * unit > limits.1;
        let largest = amounts.iter().copied().max().unwrap_or(0);
        let (room, scale) = ((low, high), largest.max(1));
        let ends = bands.last().map_or((0, 0), |band| (*band.start(), *band.end()));
        let cost =
            |units: i64| u32::try_from(start + units * unit).map_or(0, |sum| tally.cost(sum));
        let has_cost = (ends.0..=ends.1).any(|units| cost(units) != 0);
        let choices = adding(graph, alike, &amounts);
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

/// What each choice adds to tally number `part`, when that is the same on all of its edges.
pub(super) fn amounts_by_choice(
    graph: &Graph,
    alike: &Alike,
    part: usize,
    cells: Cells<'_>,
) -> Option<Vec<u32>> {
    let mut all = vec![0; cells.activities.len()];
    for (period, (layer, &start)) in graph.layers.iter().zip(cells.starts).enumerate() {
        let mut known = vec![None; alike.classes(period)];
        for edge in &layer.edges {
            let amount = graph.amounts[edge.tag as usize][part];
            if *known[edge.choice as usize].get_or_insert(amount) != amount {
                return None;
            }
        }
        for (class, amount) in (0..).zip(known) {
            for &choice in alike.members(period, class) {
                all[start + choice as usize] = amount.unwrap_or_default();
            }
        }
    }
    Some(all)
}

/// Choices of all periods that add something on some edge.
fn adding(graph: &Graph, alike: &Alike, amounts: &[i64]) -> usize {
    let own = graph.layers.iter().enumerate().map(|(period, layer)| {
        let mut adds = vec![false; alike.classes(period)];
        for edge in &layer.edges {
            adds[edge.choice as usize] |= amounts[edge.tag as usize] > 0;
        }
        let classes = (0..).zip(adds).filter(|(_, adds)| *adds);
        classes.map(|(class, _)| alike.members(period, class).len()).sum::<usize>()
    });
    own.sum()
}

type Reach = Vec<Vec<(i64, i64)>>;

/// Least and most sum on the paths to every node.
fn forwards(graph: &Graph, amounts: &[i64]) -> Reach {
    let mut all = vec![vec![(0, 0)]];
    for (at, layer) in graph.layers.iter().enumerate() {
        let next = graph.layers.get(at + 1).map_or(graph.finish.len(), |layer| layer.nodes());
        let mut reach = vec![(i64::MAX, i64::MIN); next];
        for (node, &(least, most)) in (0..).zip(&all[at]) {
            for edge in layer.edges_of(node) {
                let own = amounts[edge.tag as usize];
                let there = &mut reach[edge.to as usize];
                there.0 = there.0.min(least + own);
                there.1 = there.1.max(most + own);
            }
        }
        all.push(reach);
    }
    all
}

/// Least and most sum on the paths from every node to the end.
fn backwards(graph: &Graph, amounts: &[i64]) -> Reach {
    let mut all = vec![vec![(0, 0); graph.finish.len()]];
    for layer in graph.layers.iter().rev() {
        let after = &all[all.len() - 1];
        let reach = (0..).take(layer.nodes()).map(|node| {
            layer.edges_of(node).iter().fold((i64::MAX, i64::MIN), |(least, most), edge| {
                let (own, there) = (amounts[edge.tag as usize], after[edge.to as usize]);
                (least.min(own + there.0), most.max(own + there.1))
            })
        });
        let reach = reach.collect();
        all.push(reach);
    }
    all.reverse();
    all
}
