//! How sums lie in a plane.

use super::graph::Graph;
use super::planes::LANES;
use super::sums::Sum;
use super::{charge, together};
use crate::tally::Tally;

/// How one sum lies in a plane.
pub(super) struct Axis<'s> {
    sum: &'s Sum,
    tally: &'s dyn Tally,
    stride: i64,
    /// Cells without guards.
    width: i64,
    guard: i64,
    /// Nothing lies beyond it that its cells could be taken for.
    outermost: bool,
}

/// The sums of a plane along its axes, the innermost first.
pub(super) struct Axes<'s>(Vec<Axis<'s>>);

/// What a cell of a plane is good for.
pub(super) struct Cell {
    /// It is none: it only catches what is pushed over the rim.
    pub(super) guard: bool,
    /// What it costs to end here, where that is within all limits.
    pub(super) end: Option<i64>,
}

impl<'s> Axes<'s> {
    /// Lays sums along the axes, the outermost last: it needs no guards, so it is the one whose guards would
    /// take most. `steps` are periods and tags that occur together on the edges of `graph`.
    pub(super) fn new(
        graph: &Graph,
        steps: &(impl Iterator<Item = (usize, u32)> + Clone),
        exact: &[(&'s Sum, &'s dyn Tally)],
    ) -> Self {
        let axis = |&(sum, tally): &(&'s Sum, &'s dyn Tally)| {
            let width = i64::try_from(sum.width()).unwrap_or(i64::MAX);
            let mut axis = Axis { sum, tally, stride: 1, width, guard: 0, outermost: false };
            let steps = steps.clone().map(|(period, tag)| axis.step(graph, period, tag).abs());
            axis.guard = steps.max().unwrap_or(0);
            axis
        };
        let mut axes: Vec<Axis<'_>> = exact.iter().map(axis).collect();
        // Sorted by guards in relation to cells.
        axes.sort_by(|a, b| (a.guard * b.width).cmp(&(b.guard * a.width)));
        let mut stride = 1;
        let count = axes.len();
        for (at, axis) in axes.iter_mut().enumerate() {
            if at + 1 == count {
                (axis.guard, axis.outermost) = (0, true);
            }
            axis.stride = stride;
            stride *= axis.width + axis.guard;
        }
        Self(axes)
    }

    /// Numbers in a plane, a multiple of [`LANES`].
    pub(super) fn size(&self) -> usize {
        let cells = self.0.last().map_or(0, |axis| axis.stride * axis.width);
        usize::try_from(cells).unwrap_or(usize::MAX).next_multiple_of(LANES)
    }

    pub(super) fn has_guards(&self) -> bool {
        self.0.iter().any(|axis| axis.guard > 0)
    }

    /// How far an edge of `period` with `tag` moves along the bands.
    pub(super) fn shift(&self, graph: &Graph, period: usize, tag: u32) -> i64 {
        self.0.iter().map(|axis| axis.step(graph, period, tag) * axis.stride).sum()
    }

    /// Calls `each` for every number of a plane after the last layer, in order, with what its edges added to
    /// the sum of each axis.
    pub(super) fn cells(&self, mut each: impl FnMut(Cell, &[i64])) {
        let size = i64::try_from(self.size()).unwrap_or(i64::MAX);
        let costs = self.0.iter().map(|axis| axis.end_costs(size));
        let costs: Vec<Vec<Option<i64>>> = costs.collect();
        let starts: Vec<i64> = self.0.iter().map(Axis::end_start).collect();
        let mut along = vec![0; self.0.len()];
        let mut sums = starts.clone();
        for _ in 0..size {
            let guard = self.0.iter().zip(&along).any(|(axis, &at)| axis.is_guard(at));
            let mut ends = costs.iter().zip(&along).map(|(costs, &at)| costs[at]);
            let end = ends.try_fold(0, |total, cost| together(total, cost?));
            each(Cell { guard, end }, &sums);
            for (at, (along, costs)) in along.iter_mut().zip(&costs).enumerate() {
                (*along, sums[at]) = (*along + 1, sums[at] + 1);
                if *along < costs.len() {
                    break;
                }
                (*along, sums[at]) = (0, starts[at]);
            }
        }
    }

    /// The axis of tally number `part`.
    pub(super) fn position(&self, part: usize) -> Option<usize> {
        self.0.iter().position(|axis| axis.sum.part == part)
    }
}

impl Axis<'_> {
    /// How far the sum moves along the band on an edge of `period` with `tag`.
    fn step(&self, graph: &Graph, period: usize, tag: u32) -> i64 {
        let bands = &self.sum.bands;
        let drift = bands[period + 1].start() - bands[period].start();
        self.sum.units(graph.amounts[tag as usize][self.sum.part]) - drift
    }

    fn is_guard(&self, along: usize) -> bool {
        !self.outermost && i64::try_from(along).is_ok_and(|along| along >= self.width)
    }

    /// Where the last band begins.
    fn end_start(&self) -> i64 {
        self.sum.bands.last().map_or(0, |band| *band.start())
    }

    /// What it costs to end at each place along the axis of a plane of `size` numbers; `None` at guards and
    /// beyond the limits.
    fn end_costs(&self, size: i64) -> Vec<Option<i64>> {
        let length = if self.outermost {
            (size + self.stride - 1) / self.stride
        } else {
            self.width + self.guard
        };
        let cost = |along: i64| {
            let sum = self.sum.start + (self.end_start() + along) * self.sum.unit;
            let within = self.sum.limits.0 <= sum && sum <= self.sum.limits.1;
            let cell = self.outermost || along < self.width;
            let sum = u32::try_from(sum).ok().filter(|_| within && cell)?;
            charge(0, self.tally.cost(sum))
        };
        (0..length).map(cost).collect()
    }
}
